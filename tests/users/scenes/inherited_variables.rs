//! `su -m`, `su -c`, `setpriv`, `sudo -E`: a session with another user's variables.

use crate::prelude::*;

/// The value of root's variable, and where root builds then. `{}` is the shared root, `{stage}` the
/// directory around it, `{alice}` her home.
const ROOTS: &[(&str, &str)] = &[
    ("{alice}/target", "{}/root/target"),
    // Alice did not create it.
    ("{alice}/a/b/c", "{}/root/target"),
    ("{stage}/out", "{stage}/out"),
];

/// `OUT_DIR`, its owner and mode, and whether it is accepted as a build script's.
const OUT_DIRS: &[(&str, &str, u32, bool)] = &[
    ("{alice}/out", "alice", 0o775, true),
    ("{}/alice/out", "alice", 0o755, true),
    ("{stage}/out", "alice", 0o755, true),
    ("{stage}/out", "alice", 0o777, false),
    ("{alice}/out", "alice", 0o1777, false),
    ("{stage}/out", "mallory", 0o777, false),
    ("{stage}/out", "root", 0o755, false),
    // Behind one that is missing.
    ("{alice}/no/../../x", "mallory", 0o777, false),
];

tests![
    test!("another_persons_session_goes_to_the_callers_own", others),
    test!("a_session_of_somebody_who_builds_at_home_does_not_decide", at_home,),
    test!("root_believes_no_variable_of_alices", roots),
    test!("an_out_dir_counts_only_in_a_place_of_ones_own", out_dirs),
];

/// The words of a row as paths.
fn filled(text: &str, stage: &Stage, alice: &Person<'_>) -> PathBuf {
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    let text = text.replace("{stage}", &shown(&stage.directory));
    text.replace("{alice}", &shown(&alice.home)).replace("{}", &shown(&stage.root)).into()
}

/// Another person's home, and root's whole session with alice's credentials.
fn others(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let (bob, superuser) = (stage.person("bob"), stage.person("root"));
    superuser.cargo(["build"]).run().silently();
    for other in [&bob, &superuser] {
        let run = alice.cargo(["build"]).env("HOME", &other.home).env("USER", other.name());
        run.env("CARGO_TARGET_DIR", root.join(other.name()).join("target"))
            .run()
            .silently()
            .builds_in(root.join("alice/target"));
    }
    assert!(is_empty(&bob.home), "bob's home is no longer empty");
    private(&root.join("root"), 0);
    private(&root.join("alice"), alice.uid());
}

/// As after `sudo -E` or `su -m` in alice's session.
fn roots(stage: &Stage) {
    let (_, alice) = stage.sticky();
    let superuser = stage.person("root");
    for (value, expected) in ROOTS {
        let inherited = filled(value, stage, &alice);
        let run = superuser.cargo(["build"]).env("CARGO_TARGET_DIR", &inherited).run();
        run.builds_in(filled(expected, stage, &alice));
        // A choice that is weaker than the other variable is left to cargo.
        let run = superuser.cargo(["build"]).env("CARGO_BUILD_TARGET_DIR", &inherited).run();
        let is_left = run.target_dir().is_none();
        assert!(is_left == (value == expected), "{value}: {}", run.stdout);
        // The same where a choice of root's own is weaker than the variable.
        let words = ["--config", "build.target-dir='/srv/x'", "check"];
        let run = superuser.cargo(words).env("CARGO_TARGET_DIR", &inherited).run();
        assert!(value == expected || run.target_dir().is_none(), "{value}: {}", run.stdout);
        assert!(is_empty(&alice.home), "root wrote into alice's home");
    }
}

/// A nested run that inherits alice's own directory.
fn out_dirs(stage: &Stage) {
    let (root, alice) = stage.sticky();
    alice.cargo(["check"]).run().silently();
    for (place, owner, mode, is_believed) in OUT_DIRS {
        // The target that a missing one would have.
        let is_there = place.replace("{alice}/no/../..", "{stage}/home");
        let is_there = filled(&is_there, stage, &alice);
        let uid = account(owner).uid;
        make::directory(&is_there, uid, uid, *mode);
        let out_dir = filled(place, stage, &alice);
        let signs = ["HOST", "TARGET", "NUM_JOBS"];
        let run = signs.into_iter().fold(alice.cargo(["check"]), |run, name| run.env(name, "x"));
        let run = run.env("OUT_DIR", &out_dir).env("CARGO_TARGET_DIR", root.join("alice/target"));
        let expected = if *is_believed { out_dir } else { root.join("alice") }.join("target");
        let run = run.run();
        let _context = context(|| format!("{owner}'s {place}, {mode:04o}"));
        run.builds_in(expected);
        make::nothing(&is_there);
    }
}

/// Mallory has no directory in the shared root, and bob has her session after `su`.
fn at_home(stage: &Stage) {
    let root = stage.shared_root().provisioned();
    let (bob, mallory) = (stage.person("bob"), stage.person("mallory"));
    let hers = mallory.home.join(".cache/cargo-peruser/target");
    for mode in [0o700, 0o777] {
        make::own(&mallory.home, mallory.uid(), mallory.uid(), mode);
        for above in [".cache", ".cache/cargo-peruser", ".cache/cargo-peruser/target"] {
            let path = mallory.home.join(above);
            fs::create_dir_all(&path).unwrap();
            make::own(&path, mallory.uid(), mallory.uid(), mode);
        }
        let run = bob.cargo(["build"]).env("CARGO_TARGET_DIR", &hers).run();
        run.ok().builds_in(root.join("bob/target"));
    }
}
