//! Trees written out by hand: what is refused in them, and what counts as a difference.

use super::{Inventory, Node, first_change, first_difference, own_mode};
use crate::error::{Kind, Objection};
use std::ffi::CString;

const ALICE: u32 = 1500;
const BOB: u32 = 1501;

fn node(parent: Option<usize>, name: &str, kind: Kind, inode: u64) -> Node {
    Node {
        parent,
        name: CString::new(name).unwrap(),
        kind,
        uid: ALICE,
        gid: ALICE,
        mode: if kind == Kind::Directory { 0o700 } else { 0o644 },
        identity: (1, inode),
        mount: 7,
        links: 1,
        size: 10,
        occupied: 4096,
        modified: (100, 5),
        accessed: (100, 5),
        changed: (100, 5),
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

fn with(change: impl FnOnce(&mut Vec<Node>)) -> Inventory {
    let mut inventory = cache();
    change(&mut inventory.nodes);
    inventory
}

#[test]
fn a_plain_cache_with_hard_links_inside_is_no_matter() {
    assert_eq!(cache().objection(BOB, true), None);
    assert_eq!(cache().bytes(), (10, 4096));
    let path: Vec<_> =
        cache().path(4).into_iter().map(|name| name.into_string().unwrap()).collect();
    assert_eq!(path, ["debug", "deps", "app"]);
}

#[test]
fn special_files_mounts_and_names_elsewhere_are_refused() {
    for kind in [Kind::Fifo, Kind::Socket, Kind::Device] {
        let special = with(|nodes| nodes.push(node(Some(1), "x", kind, 9)));
        assert_eq!(special.objection(ALICE, false), Some((5, Objection::Special(kind))));
    }
    let other_device = with(|nodes| nodes[3].identity = (2, 4));
    assert_eq!(other_device.objection(ALICE, true), Some((3, Objection::Mount)));
    let bind_mount = with(|nodes| nodes[3].mount = 8);
    assert_eq!(bind_mount.objection(ALICE, true), Some((3, Objection::Mount)));
    let linked = with(|nodes| nodes[2].links = 3);
    let objection = Objection::LinkedElsewhere { links: 3, inside: 2 };
    assert_eq!(linked.objection(BOB, true), Some((2, objection)));
    let symlink = with(|nodes| {
        nodes[2].kind = Kind::Symlink;
        nodes[4].kind = Kind::Symlink;
        nodes[4].links = 3;
    });
    assert!(symlink.objection(BOB, true).is_some());
    // Her own file, and a person who reads with no more than their own rights.
    assert_eq!(linked.objection(ALICE, true), None);
    assert_eq!(linked.objection(BOB, false), None);
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
    assert_eq!(cache().to_be_given(ALICE, ALICE), 0);
    assert_eq!(cache().to_be_given(BOB, BOB), 5);
    assert_eq!(with(|nodes| nodes[2].mode = 0o664).to_be_given(ALICE, ALICE), 1);
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
    assert_eq!(first_change(&cache(), &with(|nodes| drop(nodes.pop()))), Some(4));
    assert_eq!(
        first_change(&cache(), &with(|nodes| nodes.push(node(Some(0), "x", Kind::File, 9)))),
        Some(5)
    );
}
