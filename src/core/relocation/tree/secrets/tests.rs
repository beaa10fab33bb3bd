//! What root gives away and what not, by owner, modes and place.

use super::{Giving, Known, Mover, Stands};
use crate::core::relocation::tree::access::{Listed, Subject};
use crate::core::relocation::tree::tests::node;
use crate::core::relocation::tree::{Inventory, Node};
use crate::error::{Kind, Objection};

const ALICE: u32 = 1500;
const BOB: u32 = 1501;
const DEVS: u32 = 3000;

/// Owner and mode of the top, of the directory in it, and of the file in that.
type Tree = [(u32, u32); 3];

fn inventory(tree: Tree) -> Inventory {
    let [top, directory, file] = tree.map(|(uid, mode)| (uid, DEVS, mode));
    let made = |parent, name, kind, (uid, gid, mode)| Node {
        uid,
        gid,
        mode,
        ..node(parent, name, kind, 1)
    };
    Inventory {
        nodes: vec![
            made(None, "", Kind::Directory, top),
            made(Some(0), "debug", Kind::Directory, directory),
            made(Some(1), "x", Kind::File, file),
        ],
    }
}

/// What becomes of it where root gives it to alice, who is in the group of everything.
fn given(inventory: &Inventory, stands: Stands) -> Option<(usize, Objection)> {
    let person = Subject { uid: ALICE, groups: vec![ALICE, DEVS] };
    let lists = |_| Listed::Nothing;
    inventory.refused(Mover::Root(&Giving { person, stands, lists: &lists, known: &Known::new() }))
}

const SECRET: Option<(usize, Objection)> = Some((2, Objection::Secret));
const OPEN: Option<(usize, Objection)> = None;

#[test]
fn what_the_person_could_not_read_is_refused() {
    for (tree, expected) in [
        ([(BOB, 0o755), (BOB, 0o755), (BOB, 0o644)], OPEN),
        ([(BOB, 0o2770), (BOB, 0o2770), (BOB, 0o660)], OPEN),
        ([(BOB, 0o755), (BOB, 0o755), (BOB, 0o600)], SECRET),
        ([(BOB, 0o755), (BOB, 0o755), (BOB, 0o604)], SECRET),
        // What bars the way is named.
        ([(BOB, 0o755), (BOB, 0o700), (BOB, 0o644)], Some((1, Objection::Secret))),
        ([(BOB, 0o700), (BOB, 0o755), (BOB, 0o644)], Some((0, Objection::Secret))),
        ([(ALICE, 0o700), (ALICE, 0), (BOB, 0o644)], OPEN),
        ([(BOB, 0o755), (BOB, 0o700), (ALICE, 0o600)], OPEN),
        ([(0, 0o755), (0, 0o755), (0, 0o600)], SECRET),
        // That nobody else can write there now does not tell who could.
        ([(BOB, 0o700), (BOB, 0o700), (BOB, 0o600)], Some((0, Objection::Secret))),
    ] {
        assert_eq!(given(&inventory(tree), Stands::Whole), expected, "{tree:?}");
    }
    let mut empty = inventory([(BOB, 0o700), (BOB, 0o700), (BOB, 0o600)]);
    empty.nodes[2].size = 0;
    assert_eq!(given(&empty, Stands::Whole), OPEN);
    let mine = inventory([(BOB, 0o700), (BOB, 0o700), (BOB, 0o600)]);
    assert_eq!(mine.refused(Mover::Oneself), OPEN);
}

#[test]
fn what_was_open_a_moment_ago_is_no_secret_unless_it_has_changed() {
    let mut moved = inventory([(BOB, 0o755), (BOB, 0o700), (BOB, 0o644)]);
    let before = moved.known();
    let given = |inventory: &Inventory| {
        let person = Subject { uid: ALICE, groups: vec![ALICE, DEVS] };
        let lists = |_| Listed::Nothing;
        let stands = Stands::Whole;
        inventory.refused(Mover::Root(&Giving { person, stands, lists: &lists, known: &before }))
    };
    assert_eq!(given(&moved), OPEN);
    moved.nodes[2].changed.1 += 1;
    assert_eq!(given(&moved), Some((1, Objection::Secret)));
}

#[test]
fn a_room_of_roots_is_no_part_of_what_was_gathered_in_it() {
    let gathered = inventory([(0, 0o700), (BOB, 0o755), (BOB, 0o644)]);
    assert_eq!(given(&gathered, Stands::Gathered), OPEN);
    assert_eq!(given(&gathered, Stands::Whole), Some((0, Objection::Secret)));
    let closed = inventory([(0, 0o700), (BOB, 0o700), (BOB, 0o644)]);
    assert_eq!(given(&closed, Stands::Gathered), Some((1, Objection::Secret)));
}
