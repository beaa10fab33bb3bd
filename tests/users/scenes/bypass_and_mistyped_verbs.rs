//! `CARGO_PERUSER=off`, and mistyped commands that were meant for us.

use crate::prelude::*;

tests![
    test!("off_is_a_shell_without_us_whatever_shell_it_is", off_shell,).needs(&[
        Need::Bash,
        Need::Dash,
        Need::Zsh,
        Need::Fish,
        Need::Tcsh
    ]),
    test!("words_that_were_meant_for_us_do_not_reach_cargo", meant_for_us,)
        .needs(&[Need::Cargo])
        .heavy(),
];

/// The parent session has the variables, and the start-up files have the hook.
fn off_shell(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    host.by_name(&host.person("root"), ["setup"]).run().ok();
    let (alice, bob) = (host.person("alice"), host.person("bob"));
    for shell in ["bash", "dash", "zsh", "fish", "tcsh"] {
        for person in [&alice, &bob] {
            let line = |off| format!("{off} {shell} -i -c 'cargo build'");
            let run = |off| host.run(person, "/bin/bash", ["-l", "-c", &line(off)]).run();
            let with = run("").target_dir();
            assert!(with.is_some(), "{shell}: {} has no shim", person.name().to_string_lossy());
            let without = run("CARGO_PERUSER=off");
            let found = (without.target_dir(), without.build_dir());
            assert!(found == (None, None), "{shell}: these are left: {found:?}");
        }
    }
}

/// The words that bob types, and the command that he meant.
const MEANT: &[(&[&str], &str)] = &[
    (&["uninstall"], "cargo-peruser setup --uninstall;"),
    (&["uninstall", "-q"], "cargo-peruser setup --uninstall;"),
    (&["uninstall", "--offline", "-v"], "cargo-peruser setup --uninstall;"),
    (&["install"], "cargo-peruser setup;"),
    (&["unistall"], "cargo-peruser setup --uninstall"),
    (&["exlpain"], "cargo-peruser explain"),
    (&["help", "exlpain"], "cargo-peruser explain"),
    (&["staus"], "cargo-peruser setup --status"),
    (&["diagnose"], "cargo-peruser doctor"),
    (&["off"], "CARGO_PERUSER=off cargo build"),
    (&["path", "--scope", "user"], "cargo-peruser --scope …"),
    (&["explain", "--scope=user"], "cargo-peruser --scope=user …"),
];

/// In a checkout of alice's, whose program bob has installed.
fn meant_for_us(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let bob = stage.person("bob");
    project::that_prints("hello", &stage.checkout, &alice);
    bob.cargo(["install", "-q", "--path", "."]).with(Channel::Stable).run().ok();
    let program = bob.home.join(".cargo/bin/speaker");
    for (words, help) in MEANT {
        bob.by_name(*words).with(Channel::Stable).run().exits(2).helps(help);
        assert!(program.exists(), "{words:?} has removed bob's own program");
    }
    // A command that cargo knows goes to cargo, even if only its home has it.
    make::script(&bob.home.join(".cargo/bin/cargo-explian"), "#!/bin/sh\necho external\n");
    for (words, says) in [
        (&["explian"][..], "external"),
        (&["help"], "Usage: cargo-peruser"),
        (&["help", "gc"], "Usage: cargo-peruser gc"),
        (&["--", "help"], "Usage: cargo [OPTIONS]"),
        (&["uninstall", "--help"], "cargo uninstall"),
        (&["install", "--list"], "speaker v0.1.0"),
        (&["uninstall", "-p", "speaker"], ""),
    ] {
        bob.by_name(words).with(Channel::Stable).run().ok().prints(says);
    }
    assert!(!program.exists(), "it is still installed");
}
