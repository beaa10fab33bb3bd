//! What the real cargo removes in a private directory, and what a cargo that bypasses the shim writes.

use crate::prelude::*;

const CARGO: &[Need] = &[Need::Cargo];

tests![
    test!("a_cargo_that_bypasses_us_still_writes_where_only_alice_can_look", bypassed,)
        .needs(CARGO),
    test!("clean_succeeds_where_alice_may_make_her_directory", |stage| {
        stage.shared_root().group("devs").mode(0o3775).accepted().make();
        clean(stage);
    })
    .needs(CARGO),
    test!("clean_succeeds_where_root_has_made_it", |stage| {
        stage.shared_root().provisioned();
        clean(stage);
    })
    .needs(CARGO),
];

/// Tries in a loop to create alice's directory name, as a directory and as a symlink.
const TAKE: &str = r#"
while [ -e "$1" ]; do
    mkdir "$2" 2>/dev/null && echo "took it"
    ln -sn /tmp "$2" 2>/dev/null && echo "took it"
done
"#;

fn clean(stage: &Stage) {
    let (alice, mallory) = (stage.person("alice"), stage.person("mallory"));
    project::that_prints("hello", &stage.checkout, &alice);
    let directory = stage.root.join("alice");
    alice.cargo(["build"]).with(Channel::Stable).run().ok();
    let before = look(&directory);
    let target = alice.target();
    assert!(target.starts_with(&directory), "it builds in `{}`", target.display());
    let signal = stage.at("signal");
    make::file(&signal, "", 0, 0o644);
    let thief = mallory.shell(TAKE, [&signal, &directory]).start();
    for _ in 0..3 {
        alice.cargo(["clean"]).with(Channel::Stable).run().ok();
        assert!(!target.join("debug").exists(), "`cargo clean` left the artifacts");
        alice.cargo(["build"]).with(Channel::Stable).run().ok();
        assert!(target.join("debug/speaker").is_file(), "the build went elsewhere");
    }
    fs::remove_file(signal).unwrap();
    thief.finish().never_says("took it");
    assert!(look(&directory) == before, "the private directory is another one now");
    private(&directory, alice.uid());
}

/// An editor calls the real cargo by its path with the variable of the session.
fn bypassed(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let mallory = stage.person("mallory");
    project::that_prints("hello", &stage.checkout, &alice);
    let target = root.join("alice/target");
    alice.cargo(["build"]).with(Channel::Stable).run().ok();
    let direct = format!("exec {}/bin/cargo \"$@\"", Channel::Stable.place());
    for words in ["clean", "build"] {
        let run =
            alice.shell(&direct, [words]).with(Channel::Stable).env("CARGO_TARGET_DIR", &target);
        run.run().ok();
    }
    assert!(look(&target).is_some_and(|sight| sight.mode == 0o755), "cargo made no 0755 directory");
    for path in [&target, &target.join("debug/speaker")] {
        mallory.shell("ls \"$1\"", [path]).run().fails().mentions("Permission denied");
    }
    alice.cargo(["build"]).with(Channel::Stable).run().ok();
}
