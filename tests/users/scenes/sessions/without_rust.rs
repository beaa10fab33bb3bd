//! Users without Rust on a machine with setup, until they install it.

use super::*;

pub(super) fn tests() -> Vec<Test> {
    let tests: [(&str, Body); 1] =
        [("has_no_shim_without_rust_and_has_it_once_rustup_is_there", until_rustup)];
    for_each_shell(&tests, &[Need::Rustup])
}

/// An interactive dash that is not a login shell reads no file.
const SESSIONS: [Session; 2] = [Session::Login, Session::LoginInteractive];

fn until_rustup(stage: &Stage, shell: Shell) {
    // A user's hooks work like the machine's.
    let setups: &[Setup] = match shell {
        Shell::Bash => &[Setup::Machine, Setup::Person],
        _ => &[Setup::Machine],
    };
    for setup in setups {
        let host = Host::new(stage, setup.name(), shell).without_cargo();
        setup.install(&host).never_says("warning: ").mentions("has no cargo");
        let alice = host.person("alice");
        setup.status(&host).ok().never_says("warning: ").mentions("alice (uid 2001) has no cargo");
        for session in SESSIONS {
            let word = session.ask(&host).word(&setup.target_dir());
            assert!(word == "none+", "{session:?}: {word}");
        }
        // rustup-init refuses if a cargo is on PATH in her session.
        let install = format!("{} -y --quiet --default-toolchain none", places::RUSTUP_INIT);
        host.run(&alice, shell.path(), ["-l", "-c", &install]).run().ok();
        all_win(&host, *setup, &SESSIONS);
        setup.status(&host).never_says("has no cargo");
        host.leave();
    }
}
