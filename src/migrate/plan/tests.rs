//! Tables of every state that a kill can leave.

use super::{Arrived, Journal, Method, Next, Remains, Stage, next};

fn journal(method: Method, stage: Stage) -> Journal {
    Journal {
        version: Journal::VERSION,
        source: "/old".into(),
        inode: 2,
        method,
        stage,
        name: "target".into(),
        arrived: Some(3),
    }
}

#[test]
fn a_next_run_continues_or_undoes_whatever_was_interrupted() {
    use Arrived::{Expected, Nothing, Other};
    use Method::{Copy, Descend, Rename};
    use Stage::{Copying, Moving, Placing};
    for (method, stage, has_source, arrived, is_placed, expected) in [
        (Rename, Moving, true, Nothing, false, Next::Begin),
        (Rename, Moving, false, Expected, false, Next::Adopt),
        (Rename, Moving, true, Expected, false, Next::Adopt),
        (Rename, Moving, true, Other, false, Next::Lost),
        (Rename, Moving, false, Nothing, false, Next::Lost),
        (Rename, Moving, false, Other, false, Next::Lost),
        (Rename, Moving, false, Nothing, true, Next::Finish),
        (Rename, Moving, false, Other, true, Next::Finish),
        (Descend, Moving, true, Nothing, false, Next::Adopt),
        (Descend, Moving, true, Other, false, Next::Adopt),
        (Descend, Moving, true, Expected, false, Next::Adopt),
        (Descend, Moving, true, Nothing, true, Next::Finish),
        (Copy, Copying, true, Other, false, Next::Begin),
        (Copy, Copying, false, Nothing, false, Next::Begin),
        (Copy, Placing, true, Expected, false, Next::Place),
        (Copy, Placing, true, Other, true, Next::Remove),
        (Copy, Placing, true, Nothing, false, Next::Begin),
        (Copy, Placing, true, Other, false, Next::Lost),
        (Copy, Placing, false, Nothing, false, Next::Lost),
        (Copy, Placing, true, Nothing, true, Next::Remove),
        (Copy, Placing, false, Nothing, true, Next::Remove),
    ] {
        let remains = Remains { has_source, arrived, is_placed };
        let found = next(&journal(method, stage), remains);
        assert_eq!(found, expected, "{method:?} {stage:?} {remains:?}");
    }
}

#[test]
fn a_journal_is_believed_only_with_a_plain_name_and_of_this_version() {
    let good = journal(Method::Copy, Stage::Placing);
    assert!(good.is_sound());
    for name in ["", ".", "..", "a/b", "/etc", "a/", "./a"] {
        assert!(!Journal { name: name.into(), ..good.clone() }.is_sound(), "{name}");
    }
    assert!(!Journal { version: 1, ..good }.is_sound());
}
