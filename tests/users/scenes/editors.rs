//! `editor --write` changes the caller's own settings, whatever the session's variables are.

use crate::prelude::*;

const WRITE: [&str; 3] = ["editor", "zed", "--write"];

tests![
    test!("what_was_written_before_a_directory_was_provisioned_is_ours", earlier),
    test!("another_persons_home_gets_no_settings", foreign_home),
    test!("root_leaves_a_file_of_somebody_elses_alone", root),
];

fn settings(person: &Person<'_>) -> PathBuf {
    person.home.join(".config/zed/settings.json")
}

/// The settings name a directory below alice's own cache, and later one in the shared root.
fn earlier(stage: &Stage) {
    let root = stage.shared_root().make();
    let alice = stage.person("alice");
    for remove_first in [true, false] {
        alice.by_name(WRITE).run().ok();
        let cache = alice.home.join(".cache/cargo-peruser");
        let text = fs::read_to_string(settings(&alice)).unwrap();
        assert!(text.contains(&*cache.to_string_lossy()), "alice is told {text}");
        if remove_first {
            alice.by_name(["editor", "zed", "--remove"]).run().ok();
            assert!(!settings(&alice).exists(), "the settings are still there");
        }
    }
    stage.shared_root().provisioned();
    alice.by_name(WRITE).run().ok();
    let text = fs::read_to_string(settings(&alice)).unwrap();
    assert!(text.contains(&*root.join("alice").to_string_lossy()), "alice is told {text}");
}

/// As after `su -m`.
fn foreign_home(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let bob = stage.person("bob");
    // Even if bob lets everyone write there.
    make::own(&bob.home, bob.uid(), bob.uid(), 0o777);
    alice.by_name(WRITE).env("HOME", &bob.home).run();
    alice.by_name(WRITE).env("HOME", bob.home.join("not-yet")).run();
    assert!(is_empty(&bob.home), "bob's home is no longer empty");
    let superuser = stage.person("root");
    superuser.by_name(WRITE).env("HOME", &bob.home).run();
    assert!(is_empty(&bob.home), "bob's home is no longer empty");
}

fn root(stage: &Stage) {
    use std::os::unix::fs::MetadataExt;
    stage.shared_root().provisioned();
    let (superuser, alice) = (stage.person("root"), stage.person("alice"));
    make::directories(&superuser.home, ".config/zed", 0);
    make::file(&settings(&superuser), "{}", alice.uid(), 0o640);
    superuser.by_name(WRITE).run().fails().blames("others can change").helps("without sudo");
    let found = fs::metadata(settings(&superuser)).unwrap();
    assert!((found.uid(), found.mode() & 0o7777) == (alice.uid(), 0o640), "it changed hands");
    assert!(fs::read_to_string(settings(&superuser)).unwrap() == "{}", "it was written");
}
