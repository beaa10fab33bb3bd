//! Whatever is typed, exported or configured: no panic, nothing outside the private directory,
//! nothing inside anyone else's, and every argument arrives as it is.

mod cases;

use std::path::Component;

use cargo_peruser::private_dir::place::PlaceKind;
use cargo_peruser::shim::argv::Invocation;
use cargo_peruser::shim::decide::Rule;
use cargo_peruser::shim::decide::decide;
use cargo_peruser::shim::environment::changes;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::TestRunner;

use cases::facts;
use cases::words;

use crate::prelude::*;

tests![
    reading_any_arguments_never_panics,
    any_decision_stays_inside_the_private_directory,
    any_arguments_arrive_as_they_are,
];

/// A runner that leaves no file behind; PROPTEST_CASES raises the number of cases.
fn runner(at_most: u32) -> TestRunner {
    let default = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { u32::MAX } else { at_most };
    let cases = cases.min(default.cases.max(at_most));
    TestRunner::new(Config { cases, failure_persistence: None, ..default })
}

fn check<S: Strategy>(cases: u32, strategy: &S, property: impl Fn(S::Value)) {
    let tested = runner(cases).run(strategy, |value| {
        property(value);
        Ok(())
    });
    if let Err(error) = tested {
        panic!("{error}");
    }
}

fn reading_any_arguments_never_panics() {
    check(4096, &words(), |words| {
        let invocation = Invocation::read(&words);
        let _ = invocation.target_use();
        // Whatever was found was there.
        let found = invocation.command.into_iter().chain(invocation.toolchain);
        for word in found {
            assert!(words.contains(&word));
        }
    });
}

/// Whether `path` is below `directory`, lexically, and not the directory itself.
fn is_strictly_inside(path: &Path, directory: &Path) -> bool {
    path.strip_prefix(directory).is_ok_and(|rest| {
        let mut parts = rest.components().peekable();
        parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
    })
}

fn any_decision_stays_inside_the_private_directory() {
    check(4096, &facts(), |facts| {
        let decision = decide(&facts);
        let changes = changes(&decision);
        if facts.is_bypassed {
            assert_eq!(decision.rule, Rule::Bypassed);
            assert!(changes.iter().all(|change| change.value.is_none()), "{changes:?}");
            assert_eq!(decision.required, None);
            return;
        }
        let make = decision.required.as_ref().and_then(|required| required.target.as_deref());
        let private = decision.required.as_ref().map(|required| {
            let place = &required.place;
            let parent = match place.kind {
                PlaceKind::BelowSharedRoot => facts.settings.shared_root().unwrap().to_owned(),
                PlaceKind::InOwnCache => PathBuf::from("/home/alice/.cache"),
            };
            assert_eq!(place.private_dir().parent(), Some(&*parent), "a direct child of the root");
            assert!(is_strictly_inside(&place.private_dir(), &parent));
            place.private_dir()
        });
        match (&decision.rule, &decision.target_dir, &private) {
            (Rule::Redirected, Some(target), Some(private)) => {
                assert_eq!(target.parent(), Some(&**private));
                assert!(is_strictly_inside(target, private));
                assert_eq!(target.file_name(), make.map(AsRef::as_ref));
            }
            (Rule::BuildScript, Some(target), None) => {
                assert!(target.starts_with(facts.variables.out_dir.as_deref().unwrap()));
            }
            (rule, target, _) => {
                assert_ne!(*rule, Rule::Redirected);
                assert_eq!((target, make), (&None, None));
            }
        }
        if let (Some(moved), Some(private)) = (&decision.build_dir, &private) {
            assert!(is_strictly_inside(&moved.to, private), "{}", moved.to.display());
        }
        let names = changes.iter().map(|change| change.name);
        assert!(names.clone().all(|name| name.starts_with("CARGO_") && name.ends_with("_DIR")));
    });
}

fn any_arguments_arrive_as_they_are() {
    let world = World::new();
    let plain = World::without_root();
    check(96, &words(), |words| {
        for world in [&world, &plain] {
            let output = world.shim(&words).run();
            let (name, arguments) = output.call().argv.split_first().unwrap();
            assert_eq!((&**name, arguments), (&b"cargo"[..], &*bytes(&words)));
        }
    });
}
