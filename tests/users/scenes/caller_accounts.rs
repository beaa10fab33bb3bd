//! Who is calling: the effective uid and the account database decide, not the session's variables.

use crate::prelude::*;

/// Account names that cannot be directory names, and the directory that they get.
const NAMES: &[(&[u8], &str)] = &[
    (b"1st.user", "uid-2301"),
    (b"m\xc3\xbc", "uid-2302"),
    (b"m\xfc", "uid-2303"),
    (b"..", "uid-2304"),
    // No account can claim another's uid by its name.
    (b"uid-2001", "uid-2305"),
];

/// Accounts that get no directory: those without a login shell, and one excluded by a setting.
const SERVICES: &[(&str, &str)] = &[("doorman", ""), ("gate", ""), ("robot", "service")];

tests![
    test!("an_account_without_a_plain_name_is_named_by_number", by_number),
    test!("passes_through_for_accounts_that_get_no_directory", services),
    test!("a_group_that_only_the_process_has_is_excluded_as_well", process_group,),
];

fn by_number(stage: &Stage) {
    let root = stage.shared_root().sticky().make();
    let builds_in = |person: Person<'_>, directory: &str| {
        person.cargo(["build"]).run().silently().builds_in(root.join(directory).join("target"));
        private(&root.join(directory), person.uid());
    };
    for (name, directory) in NAMES {
        builds_in(stage.person(name), directory);
    }
    builds_in(stage.stranger(4242), "uid-4242");
    let made = fs::read_dir(&root).unwrap().count();
    assert!(made == NAMES.len() + 1, "the shared root has {made} entries");
}

/// A service account inherits a session variable into the root: it must not write there either.
fn services(stage: &Stage) {
    let root = stage.shared_root().sticky().make();
    let outside = stage.at("outside");
    for (account, groups) in SERVICES {
        let person = stage.person(account);
        for (inherited, expected) in [
            (None, None),
            (Some(root.clone()), None),
            (Some(root.join(account)), None),
            (Some(root.join("alice/target")), None),
            (Some(outside.clone()), Some(outside.clone())),
        ] {
            let run = person.cargo(["check"]).env("CARGO_PERUSER_EXCLUDE_GROUPS", groups);
            let run = inherited.iter().fold(run, |run, path| run.env("CARGO_TARGET_DIR", path));
            let target = run.run().target_dir();
            assert!(target == expected, "{account}: {inherited:?} became {target:?}");
        }
    }
    assert!(is_empty(&root), "the shared root is no longer empty");
}

/// Directory services do not always list a group's members, but the session has the group.
fn process_group(stage: &Stage) {
    let (_, alice) = stage.sticky();
    for (groups, is_excluded) in [("--groups=3001,3000", true), ("--groups=3000", false)] {
        let run = alice.cargo(["check"]).env("CARGO_PERUSER_EXCLUDE_GROUPS", "service");
        let run = run.identity(["--reuid=2001", "--regid=2001", groups]).run();
        let target = run.target_dir();
        assert!(target.is_none() == is_excluded, "with {groups}: {target:?}");
    }
}
