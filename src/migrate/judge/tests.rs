//! Trees written by hand: what is refused in them, and what counts as a difference.

use super::{
    difference, is_target_dir, is_to_be_given, is_unchanged_since, linked_elsewhere, own_mode,
    refused,
};
use crate::os::entry::Kind;
use crate::os::node::tests::node;
use crate::os::node::{Inventory, Node};
use std::ffi::CString;

const ALICE: u32 = 1500;
const BOB: u32 = 1501;

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
        nodes[at].entry.links = 2;
    }
    Inventory { nodes }
}

fn with(change: impl FnOnce(&mut Vec<Node>)) -> Inventory {
    let mut inventory = cache();
    change(&mut inventory.nodes);
    inventory
}

/// Where an objection is, and whether it says that.
fn objects(inventory: &Inventory, at: usize, says: &str) {
    let found = refused(inventory);
    let is_it = found.as_ref().is_some_and(|it| it.index == at && it.why.contains(says));
    assert!(is_it, "{found:?}");
}

#[test]
fn a_plain_cache_with_hard_links_inside_is_no_matter() {
    assert_eq!(refused(&cache()), None);
    assert_eq!(cache().bytes(), (10, 4096));
    let path: Vec<_> =
        cache().path(4).into_iter().map(|name| name.into_string().unwrap()).collect();
    assert_eq!(path, ["debug", "deps", "app"]);
}

#[test]
fn special_files_mounts_and_names_elsewhere_are_refused() {
    for kind in [Kind::Fifo, Kind::Socket, Kind::Device] {
        let special = with(|nodes| nodes.push(node(Some(1), "x", kind, 9)));
        objects(&special, 5, &format!("it is a {kind}"));
    }
    let other_device = with(|nodes| {
        nodes[3].entry.identity = (2, 4);
        nodes.iter_mut().for_each(|node| node.entry.mount = 0);
    });
    objects(&other_device, 3, "mounted");
    let bind_mount = with(|nodes| nodes[3].entry.mount = 8);
    objects(&bind_mount, 3, "mounted");
    let linked = with(|nodes| nodes[2].entry.links = 3);
    assert_eq!((linked_elsewhere(&linked), refused(&linked)), (Some(2), None));
    let symlink = with(|nodes| {
        for at in [2, 4] {
            nodes[at].entry.kind = Kind::Symlink;
            nodes[at].target = Some(c"deps".to_owned());
        }
        nodes[4].entry.links = 3;
    });
    assert!(linked_elsewhere(&symlink).is_some());
    assert_eq!(linked_elsewhere(&cache()), None);
    // Files on an overlay may have the lower file system's device number.
    let overlay = with(|nodes| nodes[2].entry.identity = (2, 9));
    assert_eq!(refused(&overlay), None);
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
        // `deps` may be a symlink, and its `..` somewhere else.
        ("deps/../app", true),
        ("deps/../../..", true),
    ] {
        let inventory = with(|nodes| {
            let target = Some(CString::new(target).unwrap());
            nodes.push(Node { target, ..node(Some(1), "link", Kind::Symlink, 9) });
        });
        let expected = is_refused.then_some(5);
        assert_eq!(refused(&inventory).map(|it| it.index), expected, "{target}");
    }
    let unknown = with(|nodes| {
        nodes.push(Node { target: None, ..node(Some(1), "link", Kind::Symlink, 9) });
    });
    objects(&unknown, 5, "symlink");
}

#[test]
fn what_stands_above_a_target_directory_is_refused() {
    for name in ["Cargo.toml", ".git", ".jj", "src", ".migration"] {
        let above = with(|nodes| nodes.push(node(Some(0), name, Kind::Directory, 9)));
        objects(&above, 0, name);
        let below = with(|nodes| nodes.push(node(Some(1), name, Kind::Directory, 9)));
        assert_eq!(refused(&below), None);
    }
    let directory = |nodes: &mut Vec<Node>| {
        nodes.push(node(Some(0), "target", Kind::Directory, 9));
    };
    assert_eq!(refused(&with(directory)), None);
    let tagged = with(|nodes| {
        directory(nodes);
        nodes.push(node(Some(5), "CACHEDIR.TAG", Kind::File, 10));
    });
    objects(&tagged, 0, "`target`");
}

#[test]
fn cargo_has_built_where_a_profile_has_its_lock_or_rustc_is_described() {
    for (parent, expected) in [(0, false), (1, true), (3, false)] {
        let locked = with(|nodes| nodes.push(node(Some(parent), ".cargo-lock", Kind::File, 9)));
        assert_eq!(is_target_dir(&locked), expected, "{parent}");
    }
    let known = with(|nodes| nodes.push(node(Some(0), ".rustc_info.json", Kind::File, 9)));
    assert!(is_target_dir(&known) && !is_target_dir(&cache()));
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
    let given = |inventory: &Inventory, uid| {
        inventory.nodes.iter().filter(|node| is_to_be_given(node, uid, uid)).count()
    };
    let close =
        |nodes: &mut Vec<Node>| [0, 1, 3].into_iter().for_each(|at| nodes[at].entry.mode = 0o700);
    assert_eq!((given(&with(close), ALICE), given(&with(close), BOB)), (0, 5));
    let open = with(|nodes| {
        close(nodes);
        nodes[2].entry.mode = 0o664;
    });
    assert_eq!(given(&open, ALICE), 1);
}

#[test]
fn a_copy_is_compared_by_name_kind_length_time_and_hard_links() {
    let copied = |inventory: &Inventory| {
        let mut nodes = inventory.nodes.clone();
        for node in &mut nodes {
            node.entry.identity = (2, node.identity.1 + 100);
            node.entry.changed = (900, 0);
        }
        Inventory { nodes }
    };
    assert_eq!(difference(&cache(), &copied(&cache())), None);
    for (at, change) in [
        (2, (|nodes| nodes[2].entry.size = 11) as fn(&mut Vec<Node>)),
        (2, |nodes| nodes[2].entry.modified = (100, 6)),
        (3, |nodes| nodes[3].entry.kind = Kind::File),
        (2, |nodes| nodes[2].target = Some(c"elsewhere".to_owned())),
        (4, |nodes| nodes[4].entry.identity = (1, 77)),
        (0, |nodes| drop(nodes.pop())),
        (0, |nodes| nodes.push(node(Some(0), "more", Kind::File, 9))),
    ] {
        assert_eq!(difference(&cache(), &copied(&with(change))), Some(at));
    }
}

#[test]
fn a_source_that_changes_meanwhile_is_noticed() {
    assert!(is_unchanged_since(&cache(), &cache()));
    assert!(is_unchanged_since(&cache(), &with(|nodes| nodes[2].entry.accessed = (900, 0))));
    for change in [
        (|nodes| nodes[2].entry.changed = (900, 0)) as fn(&mut Vec<Node>),
        |nodes| drop(nodes.pop()),
        |nodes| nodes.push(node(Some(0), "x", Kind::File, 9)),
        |nodes| nodes[2].entry.identity = (1, 99),
    ] {
        assert!(!is_unchanged_since(&cache(), &with(change)));
    }
}
