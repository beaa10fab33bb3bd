//! Trees written out by hand: what is refused in them, and what counts as a difference.

use super::access::{Listed, Subject};
use super::secrets::{Giving, Known, Mover, Stands};
use super::{Inventory, Node, first_change, first_difference, own_mode};
use crate::error::{Kind, Objection};
use std::ffi::CString;

const ALICE: u32 = 1500;
const BOB: u32 = 1501;

pub(super) fn node(parent: Option<usize>, name: &str, kind: Kind, inode: u64) -> Node {
    Node {
        parent,
        name: CString::new(name).unwrap(),
        kind,
        uid: ALICE,
        gid: ALICE,
        mode: if kind == Kind::Directory { 0o755 } else { 0o644 },
        identity: (1, inode),
        mount: 7,
        links: 1,
        size: 10,
        occupied: 4096,
        modified: (100, 5),
        accessed: (100, 5),
        changed: (100, 5),
        target: (kind == Kind::Symlink).then(|| c"app".to_owned()),
    }
}

/// `debug/app` and its other name `debug/deps/app`.
fn cache() -> Inventory {
    let mut nodes = vec![
        node(None, "", Kind::Directory, 1),
        node(Some(0), "debug", Kind::Directory, 2),
        node(Some(1), "app", Kind::File, 3),
        node(Some(1), "deps", Kind::Directory, 4),
        node(Some(3), "app", Kind::File, 3),
    ];
    for at in [2, 4] {
        nodes[at].links = 2;
    }
    Inventory { nodes }
}

impl Inventory {
    /// What is refused where root gives the cache to a person, or an ordinary account takes it for
    /// itself.
    fn refused_to(&self, person: Option<u32>) -> Option<(usize, Objection)> {
        let (lists, known) = (|_| Listed::Nothing, Known::new());
        let person = person.map(|uid| Subject { uid, groups: vec![uid] });
        let giving = person.map(|person| Giving {
            person,
            stands: Stands::Whole,
            lists: &lists,
            known: &known,
        });
        self.refused(giving.as_ref().map_or(Mover::Oneself, Mover::Root))
    }
}

fn with(change: impl FnOnce(&mut Vec<Node>)) -> Inventory {
    let mut inventory = cache();
    change(&mut inventory.nodes);
    inventory
}

#[test]
fn a_plain_cache_with_hard_links_inside_is_no_matter() {
    assert_eq!(cache().refused_to(Some(BOB)), None);
    assert_eq!(cache().bytes(), (10, 4096));
    let path: Vec<_> =
        cache().path(4).into_iter().map(|name| name.into_string().unwrap()).collect();
    assert_eq!(path, ["debug", "deps", "app"]);
}

#[test]
fn special_files_mounts_and_names_elsewhere_are_refused() {
    for kind in [Kind::Fifo, Kind::Socket, Kind::Device] {
        let special = with(|nodes| nodes.push(node(Some(1), "x", kind, 9)));
        assert_eq!(special.refused_to(None), Some((5, Objection::Special(kind))));
    }
    let other_device = with(|nodes| {
        nodes[3].identity = (2, 4);
        nodes.iter_mut().for_each(|node| node.mount = 0);
    });
    assert_eq!(other_device.refused_to(Some(BOB)), Some((3, Objection::Mount)));
    let bind_mount = with(|nodes| nodes[3].mount = 8);
    assert_eq!(bind_mount.refused_to(Some(BOB)), Some((3, Objection::Mount)));
    let linked = with(|nodes| nodes[2].links = 3);
    let objection = Objection::LinkedElsewhere { links: 3, inside: 2 };
    assert_eq!(
        (linked.linked_elsewhere(), linked.refused_to(Some(BOB))),
        (Some((2, objection)), None)
    );
    let symlink = with(|nodes| {
        for at in [2, 4] {
            nodes[at].kind = Kind::Symlink;
            nodes[at].target = Some(c"deps".to_owned());
        }
        nodes[4].links = 3;
    });
    assert!(symlink.linked_elsewhere().is_some());
    assert_eq!(cache().linked_elsewhere(), None);
    // Files on an overlay may show the device below.
    let overlay = with(|nodes| nodes[2].identity = (2, 9));
    assert!(!matches!(overlay.refused_to(Some(BOB)), Some((_, Objection::Mount))));
}

#[test]
fn symlinks_must_not_be_able_to_lead_out() {
    for (target, is_refused) in [
        ("app", false),
        ("./deps//app", false),
        ("..", false),
        (".././release/app", false),
        ("nothing", false),
        ("/etc/passwd", true),
        ("../..", true),
        ("../../old/debug", true),
        // `deps` may be a symlink, of which `..` is somewhere else.
        ("deps/../app", true),
        ("deps/../../..", true),
    ] {
        let inventory = with(|nodes| {
            let target = Some(CString::new(target).unwrap());
            nodes.push(Node { target, ..node(Some(1), "link", Kind::Symlink, 9) });
        });
        let expected = is_refused.then_some((5, Objection::LeadsOut));
        for person in [Some(BOB), None] {
            assert_eq!(inventory.refused_to(person), expected, "{target}");
        }
    }
    let unknown = with(|nodes| {
        nodes.push(Node { target: None, ..node(Some(1), "link", Kind::Symlink, 9) });
    });
    assert_eq!(unknown.refused_to(Some(BOB)), Some((5, Objection::LeadsOut)));
}

#[test]
fn what_stands_above_a_target_directory_is_refused() {
    for name in ["Cargo.toml", ".git", ".jj", "src", ".migration"] {
        let above = with(|nodes| nodes.push(node(Some(0), name, Kind::Directory, 9)));
        let objection = Objection::Above { holds: name, has_target: false };
        assert_eq!(above.refused_to(None), Some((0, objection)));
        let below = with(|nodes| nodes.push(node(Some(1), name, Kind::Directory, 9)));
        assert_eq!(below.refused_to(None), None);
    }
    let directory = |nodes: &mut Vec<Node>| {
        nodes.push(node(Some(0), "target", Kind::Directory, 9));
    };
    assert_eq!(with(directory).refused_to(None), None);
    let tagged = with(|nodes| {
        directory(nodes);
        nodes.push(node(Some(5), "CACHEDIR.TAG", Kind::File, 10));
    });
    let objection = Objection::Above { holds: "target", has_target: true };
    assert_eq!(tagged.refused_to(None), Some((0, objection)));
}

#[test]
fn a_lock_further_down_is_cargos_only_below_a_tag() {
    for (parent, is_tagged, expected) in
        [(0, true, false), (1, false, true), (1, true, true), (3, false, false), (3, true, true)]
    {
        let locked = with(|nodes| nodes.push(node(Some(parent), ".cargo-lock", Kind::File, 9)));
        assert_eq!(locked.is_cargos(is_tagged), expected, "{parent} {is_tagged}");
    }
    let known = with(|nodes| nodes.push(node(Some(0), ".rustc_info.json", Kind::File, 9)));
    assert!(known.is_cargos(false) && !cache().is_cargos(true));
}

#[test]
fn the_modes_that_remain_give_nothing_to_others() {
    for (kind, mode, expected) in [
        (Kind::File, 0o664, 0o644),
        (Kind::File, 0o600, 0o600),
        (Kind::File, 0o6777, 0o755),
        (Kind::Directory, 0o2775, 0o700),
        (Kind::Directory, 0o1777, 0o700),
        (Kind::Directory, 0o070, 0o700),
    ] {
        assert_eq!(own_mode(kind, mode), expected, "{mode:o}");
    }
}

#[test]
fn gives_only_what_is_not_given_yet() {
    let close = |nodes: &mut Vec<Node>| [0, 1, 3].into_iter().for_each(|at| nodes[at].mode = 0o700);
    assert_eq!(with(close).to_be_given(ALICE, ALICE), 0);
    assert_eq!(with(close).to_be_given(BOB, BOB), 5);
    let open = with(|nodes| {
        close(nodes);
        nodes[2].mode = 0o664;
    });
    assert_eq!(open.to_be_given(ALICE, ALICE), 1);
    assert_eq!(with(|nodes| nodes[2].uid = BOB).owners(), [(ALICE, 4), (BOB, 1)]);
}

#[test]
fn a_copy_is_compared_by_name_kind_length_time_and_hard_links() {
    let copied = |inventory: &Inventory| {
        let mut nodes = inventory.nodes.clone();
        for node in &mut nodes {
            node.identity = (2, node.identity.1 + 100);
            node.changed = (900, 0);
        }
        Inventory { nodes }
    };
    assert_eq!(first_difference(&cache(), &copied(&cache())), None);
    for (at, change) in [
        (2, (|nodes| nodes[2].size = 11) as fn(&mut Vec<Node>)),
        (2, |nodes| nodes[2].modified = (100, 6)),
        (3, |nodes| nodes[3].kind = Kind::File),
        (2, |nodes| nodes[2].target = Some(c"elsewhere".to_owned())),
        (4, |nodes| nodes[4].identity = (1, 77)),
        (4, |nodes| drop(nodes.pop())),
        (0, |nodes| nodes.push(node(Some(0), "more", Kind::File, 9))),
    ] {
        assert_eq!(first_difference(&cache(), &copied(&with(change))), Some(at));
    }
}

#[test]
fn a_source_that_changes_meanwhile_is_noticed() {
    assert_eq!(first_change(&cache(), &cache()), None);
    assert_eq!(first_change(&cache(), &with(|nodes| nodes[2].accessed = (900, 0))), None);
    assert_eq!(first_change(&cache(), &with(|nodes| nodes[2].changed = (900, 0))), Some(2));
    let led_elsewhere = with(|nodes| nodes[2].target = Some(c"elsewhere".to_owned()));
    assert_eq!(first_change(&cache(), &led_elsewhere), Some(2));
    assert_eq!(first_change(&cache(), &with(|nodes| drop(nodes.pop()))), Some(4));
    assert_eq!(
        first_change(&cache(), &with(|nodes| nodes.push(node(Some(0), "x", Kind::File, 9)))),
        Some(5)
    );
}
