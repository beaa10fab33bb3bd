//! `CARGO_PERUSER=off`.

use crate::prelude::*;

tests![test!("off_is_a_shell_without_us_whatever_shell_it_is", off_shell).needs(&[
    Need::Bash,
    Need::Dash,
    Need::Zsh,
    Need::Fish,
    Need::Tcsh
]),];

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
