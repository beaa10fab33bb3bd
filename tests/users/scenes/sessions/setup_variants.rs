//! Other setups than the plain one: for the machine and a user as well, and for the members of a group.

use super::*;

pub(super) fn tests() -> Vec<Test> {
    let tests: [(&str, Body); 2] = [
        ("builds_once_where_machine_and_person_are_set_up", both),
        ("wins_for_members_of_a_group_and_starts_quietly_for_others", for_a_group),
    ];
    let mut tests = for_each_shell(&tests, &[Need::Su]);
    let built = test!("what_was_built_by_name_before_goes_on_being_used", built_before);
    tests.push(built.needs(&[Need::Bash]));
    tests
}

const WINNING: [Session; 3] = [Session::Login, Session::LoginInteractive, Session::SuLogin];

/// The machine's root serves both, and each shim passes over the other.
fn both(stage: &Stage, shell: Shell) {
    let host = Host::new(stage, "both", shell);
    Setup::Machine.install(&host);
    Setup::Person.install(&host);
    all_win(&host, Setup::Machine, &WINNING);
    let alice = host.person("alice");
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
    let setup = host.by_name(&host.person("root"), ["setup", "--group", "alice"]).run();
    setup.ok().prints("mode 0750, group alice\n");
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
