//! Tables: the method of a move, how paths lie, and every state that a kill can leave behind.

use super::{
    Arrived, Circumstances, Journal, Method, Next, Position, Reason, Remains, Stage, VERSION,
    choose, next, position,
};
use std::path::Path;

const PLAIN: Circumstances = Circumstances {
    is_copy_asked: false,
    is_one_mount: true,
    is_mount_point: false,
    has_foreign: false,
    is_root: false,
    can_leave: true,
    is_linked_elsewhere: false,
};

fn journal(method: Method, stage: Stage) -> Journal {
    Journal {
        version: VERSION,
        shown: "/old".into(),
        source: "/old".into(),
        identity: (1, 2),
        method,
        stage,
        name: "target".into(),
        arrived: Some((1, 3)),
        aside: Some(".old.migrated-1".into()),
        workplace: Some((1, 9)),
        parent: Some((2, 8)),
        checkout: None,
    }
}

#[test]
fn renames_unless_something_stands_against_it() {
    for (circumstances, expected) in [
        (PLAIN, None),
        (Circumstances { has_foreign: true, is_root: true, ..PLAIN }, None),
        (Circumstances { has_foreign: true, ..PLAIN }, Some(Reason::Foreign)),
        (Circumstances { is_copy_asked: true, ..PLAIN }, Some(Reason::Asked)),
        (Circumstances { is_one_mount: false, ..PLAIN }, Some(Reason::OtherFileSystem)),
        (Circumstances { is_mount_point: true, ..PLAIN }, Some(Reason::MountPoint)),
        (Circumstances { can_leave: false, ..PLAIN }, Some(Reason::FixedParent)),
        (Circumstances { is_linked_elsewhere: true, ..PLAIN }, None),
        (
            Circumstances { is_linked_elsewhere: true, is_root: true, ..PLAIN },
            Some(Reason::LinkedElsewhere),
        ),
    ] {
        let kind = if expected.is_some() { Method::Copy } else { Method::Rename };
        assert_eq!(choose(circumstances), (kind, expected), "{circumstances:?}");
    }
}

#[test]
fn knows_how_paths_lie_to_one_another() {
    for (source, expected) in [
        ("/srv/old", Position::Apart),
        ("/r/bob", Position::Apart),
        ("/r/alice/old", Position::Apart),
        ("/r/alice/target-old", Position::Apart),
        ("/r/alice/target", Position::Same),
        ("/r/alice", Position::PrivateDir),
        ("/r", Position::SourceAbove),
        ("/", Position::SourceAbove),
        ("/r/alice/target/debug", Position::SourceBelow),
    ] {
        assert_eq!(position(Path::new(source), Path::new("/r/alice"), "target"), expected);
    }
}

#[test]
fn a_next_run_continues_or_undoes_whatever_was_interrupted() {
    use Arrived::{Expected, Nothing, Other};
    for (kind, stage, has_source, arrived, is_placed, expected) in [
        (Method::Rename, Stage::Moving, true, Nothing, false, Next::Begin),
        (Method::Rename, Stage::Moving, false, Expected, false, Next::Adopt),
        (Method::Rename, Stage::Moving, true, Expected, false, Next::Adopt),
        (Method::Rename, Stage::Moving, true, Other, false, Next::Lost),
        (Method::Rename, Stage::Moving, false, Nothing, false, Next::Lost),
        (Method::Rename, Stage::Moving, false, Other, false, Next::Lost),
        (Method::Gather, Stage::Moving, true, Nothing, false, Next::Adopt),
        (Method::Gather, Stage::Moving, true, Other, false, Next::Adopt),
        (Method::Rename, Stage::Moving, false, Nothing, true, Next::Finish),
        (Method::Rename, Stage::Moving, false, Other, true, Next::Finish),
        (Method::Gather, Stage::Moving, true, Expected, false, Next::Adopt),
        (Method::Gather, Stage::Moving, true, Nothing, true, Next::Finish),
        (Method::Copy, Stage::Copying, true, Other, false, Next::Discard),
        (Method::Copy, Stage::Copying, true, Nothing, false, Next::Discard),
        (Method::Copy, Stage::Copying, false, Nothing, false, Next::Discard),
        (Method::Copy, Stage::Placing, true, Expected, false, Next::Place),
        (Method::Copy, Stage::Placing, true, Other, true, Next::Clear),
        (Method::Copy, Stage::Placing, true, Nothing, false, Next::Discard),
        (Method::Copy, Stage::Placing, true, Other, false, Next::Lost),
        (Method::Copy, Stage::Placing, false, Nothing, false, Next::Lost),
        (Method::Copy, Stage::Clearing, true, Nothing, true, Next::Clear),
        (Method::Copy, Stage::Clearing, false, Nothing, true, Next::Clear),
        (Method::Copy, Stage::Clearing, true, Nothing, false, Next::Leave),
    ] {
        let remains = Remains { has_source, arrived, is_placed };
        assert_eq!(
            next(&journal(kind, stage), remains),
            expected,
            "{kind:?} {stage:?} {remains:?}"
        );
    }
}

#[test]
fn a_device_is_known_again_by_a_directory_on_it() {
    let moving = journal(Method::Rename, Stage::Moving);
    let copied = Journal { identity: (2, 7), ..journal(Method::Copy, Stage::Placing) };
    for (before, workplace, parent, source, arrived) in [
        // As it was.
        (&moving, (1, 9), Some((1, 8)), (1, 2), (1, 3)),
        (&copied, (1, 9), Some((2, 8)), (2, 7), (1, 3)),
        // Other numbers, or each the other's.
        (&moving, (5, 9), Some((5, 8)), (5, 2), (5, 3)),
        (&copied, (5, 9), Some((6, 8)), (6, 7), (5, 3)),
        (&copied, (2, 9), Some((1, 8)), (1, 7), (2, 3)),
        // Something else stands there now.
        (&moving, (5, 99), Some((5, 8)), (1, 2), (1, 3)),
        (&copied, (5, 9), Some((6, 88)), (2, 7), (5, 3)),
        (&copied, (5, 9), None, (2, 7), (5, 3)),
    ] {
        let after = before.renumbered(workplace, parent);
        assert_eq!((after.identity, after.arrived), (source, Some(arrived)), "{workplace:?}");
        // Once more it is the same.
        assert_eq!(after.renumbered(workplace, parent), after);
    }
    // What an earlier version has written is taken as it is.
    let before = Journal { workplace: None, parent: None, ..copied };
    assert_eq!(before.renumbered((5, 9), Some((6, 8))), before);
}

#[test]
fn a_journal_keeps_the_form_that_an_earlier_run_has_written() {
    let text = r#"{"version":1,"shown":"/old","source":{"Unix":[47,111,108,100]},"identity":[1,2],
        "way":"copy","stage":"placing","name":"target","arrived":[1,3],
        "aside":{"Unix":[46,111,108,100,46,109,105,103,114,97,116,101,100,45,49]},
        "workplace":[1,9],"parent":[2,8],"checkout":null}"#;
    let read: Journal = serde_json::from_str(text).unwrap();
    let written = journal(Method::Copy, Stage::Placing);
    assert_eq!(read, written);
    let text: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_value(written).unwrap(), text);
}

#[test]
fn a_journal_is_believed_only_with_plain_names() {
    let good = journal(Method::Copy, Stage::Clearing);
    assert!(good.is_sound());
    for name in ["", ".", "..", "a/b", "/etc", "a/", "./a"] {
        assert!(!Journal { name: name.into(), ..good.clone() }.is_sound(), "{name}");
        assert!(!Journal { aside: Some(name.into()), ..good.clone() }.is_sound(), "{name}");
    }
    assert!(!Journal { version: 2, ..good }.is_sound());
}
