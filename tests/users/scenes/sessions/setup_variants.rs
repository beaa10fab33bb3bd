//! Other setups than the plain one: for the machine and a user as well, for the members of a group, and
//! for users without Rust.

use super::*;

pub(super) fn tests() -> Vec<Test> {
    let member = "wins_for_members_of_a_group_and_starts_quietly_for_others";
    let no_rust = "has_no_shim_without_rust_and_has_it_once_rustup_is_there";
    let mut tests =
        for_each_shell("builds_once_where_machine_and_person_are_set_up", &[Need::Su], both);
    tests.extend(for_each_shell(member, &[Need::Su], for_a_group));
    tests.extend(for_each_shell(no_rust, &[Need::Rustup], until_rustup));
    let built = test!("what_was_built_by_name_before_goes_on_being_used", built_before);
    tests.push(built.needs(&[Need::Bash]));
    tests
}

const WINNING: [Session; 3] = [Session::Login, Session::LoginInteractive, Session::SuLogin];

/// The machine's root serves both, and each shim passes over the other.
fn both(stage: &Stage, shell: Shell) {
    let host = Setup::Machine.on(stage, shell);
    Setup::Person.install(&host);
    all_win(&host, Setup::Machine, &WINNING);
    // Each proves that one of the two shims is first.
    for setup in [Setup::Machine, Setup::Person] {
        setup.status(&host).ok().never_says("warning: ");
    }
    // Root's sessions find the machine's.
    Setup::Machine.again(&host, &["--status"]).ok().never_says("warning: ");
    // The machine's program checks its own installation, in sessions that find hers.
    let alice = host.person("alice");
    let words = ["setup", "--status", "--prefix", "/usr/local"];
    host.run(&alice, Setup::Machine.program(), words).run().never_says("comes before the shim");
    let build = || host.run(&alice, shell.path(), ["-l", "-c", "cargo build"]).run();
    build().silently().builds_in(Setup::Machine.target_dir());
    assert!(!host.home("alice").join(".cache").exists(), "there is a cache of her own as well");
    Setup::Person.uninstall(&host);
    build().silently().builds_in(Setup::Machine.target_dir());
}

fn built_before(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    let alice = host.person("alice");
    let own = "/home/alice/.cache/cargo-peruser/target";
    host.by_name(&alice, ["build"]).run().ok().builds_in(own);
    Setup::Person.install(&host);
    let login = |line| host.run(&alice, Shell::Bash.path(), ["-l", "-c", line]).run();
    for line in ["cargo build", "unset CARGO_TARGET_DIR CARGO_BUILD_BUILD_DIR; cargo build"] {
        login(line).silently().builds_in(own);
    }
    login("cargo-peruser doctor").never_says("CARGO_TARGET_DIR is");
    Setup::Person.uninstall(&host);
    host.by_name(&alice, ["build"]).run().ok().builds_in(own);
}

/// Alice's own group. Bob builds in his own cache directory, and his shells print nothing about it.
fn for_a_group(stage: &Stage, shell: Shell) {
    let host = Host::new(stage, "machine", shell);
    Setup::Machine.run(&host, &["--group", "alice"]).ok().prints("mode 0750, group alice\n");
    all_win(&host, Setup::Machine, &WINNING);
    private(&host.at(MACHINES_ROOT).join("alice"), host.person("alice").uid());
    let (bob, root) = (host.person("bob"), host.person("root"));
    let login = ask(&host, |line| host.run(&bob, shell.path(), ["-l", "-c", line]));
    let su = ask(&host, |line| host.run(&root, "su", ["-", "bob", "-c", line]));
    for answer in [login, su] {
        assert!(answer.printed.is_empty(), "{answer:?}");
        let own = "/home/bob/.cache/cargo-peruser/target";
        assert!(answer.target_dir.as_deref() == Some(own), "{answer:?}");
    }
    let status = host.run(&bob, Setup::Machine.program(), ["setup", "--status"]).run();
    status.never_says("<- not your own");
}

/// An interactive dash that is not a login shell reads no file.
const FULL: [Session; 2] = [Session::Login, Session::LoginInteractive];

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
        for session in FULL {
            let word = session.ask(&host).word(&setup.target_dir());
            assert!(word == "none+", "{session:?}: {word}");
        }
        // rustup-init refuses if a cargo is on PATH in her session.
        let install = format!("{} -y --quiet --default-toolchain none", places::RUSTUP_INIT);
        host.run(&alice, shell.path(), ["-l", "-c", &install]).run().ok();
        all_win(&host, *setup, &FULL);
        setup.status(&host).never_says("has no cargo");
        host.leave();
    }
}
