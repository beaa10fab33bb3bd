//! Setup run again: another version of the program over this one, and two runs at once.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;

use super::*;

pub(super) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test!("an_upgrade_of_the_machine_names_who_has_a_copy_of_their_own", own_copy),
        test!("uninstall_names_the_editors_that_were_written", editors_are_named),
        test!("setup_opens_a_root_that_a_strict_umask_has_made", opened),
    ];
    for setup in [Setup::Machine, Setup::Person] {
        let name = format!("a_killed_upgrade_of_a_{}_is_taken_back", setup.name());
        let killed = test!(name, move |stage| killed_upgrade(stage, setup));
        let name = format!("two_setups_of_a_{}_at_once", setup.name());
        let two = test!(name, move |stage| two_at_once(stage, setup));
        tests.extend([killed.needs(&[Need::Strace]), two]);
    }
    tests
}

/// Alice's is another version, and is first in her sessions.
fn own_copy(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    let text = "another version, in ~/.local, comes before this one for alice\n";
    Setup::Person.install(&host);
    Setup::Machine.install(&host).never_says(text);
    let mut program = fs::read(format!("{}/cargo-peruser", places::BY_NAME)).unwrap();
    program.push(0);
    make::file(&host.at(Setup::Person.program()), program, 2001, 0o755);
    let outcome = Setup::Machine.install(&host);
    outcome
        .mentions(text)
        .helps("each of these people updates it with: /usr/local/bin/cargo-peruser setup");
    let alice = host.person("alice");
    host.run(&alice, Setup::Machine.program(), ["setup"]).run().ok();
    Setup::Machine.install(&host).never_says(text);
}

/// Only root could enter it; one that is for a group stays as it is.
fn opened(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    let root = host.at(MACHINES_ROOT);
    make::directory(&root, 0, 0, 0o700);
    for (group, made, expected) in [(0, 0o700, 0o755), (0, 0o750, 0o755), (2001, 0o750, 0o750)] {
        make::own(&root, 0, group, made);
        Setup::Machine.install(&host);
        let mode = fs::metadata(&root).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode, expected, "{group} {made:o}");
    }
}

/// The settings stay after the program, which alone could remove them, is gone.
fn editors_are_named(stage: &Stage) {
    let host = Setup::Person.on(stage, Shell::Bash);
    let alice = host.person("alice");
    host.by_name(&alice, ["editor", "helix", "--write"]).run().ok();
    let uninstall = || Setup::Person.run(&host, &["--uninstall"]);
    uninstall().ok().helps("cargo-peruser editor helix --remove").never_says("editor emacs");
    host.by_name(&alice, ["editor", "helix", "--remove"]).run().ok();
    uninstall().ok().never_says("editor helix");
}

/// The same program with an additional byte, which looks like another version.
const OTHER_VERSION: &str = "/var/other-version";

fn killed_upgrade(stage: &Stage, setup: Setup) {
    for count in 1..6 {
        let host = Host::new(stage, "host", Shell::Bash);
        let mut program = fs::read(format!("{}/cargo-peruser", places::BY_NAME)).unwrap();
        program.push(0);
        make::file(&host.at(OTHER_VERSION), program, 0, 0o755);
        let photograph = Photograph::take(&host);
        setup.install(&host);
        let who = host.person(setup.who());
        let inject = format!("--inject=?rename,renameat,renameat2:signal=KILL:when={count}");
        let words = ["--quiet", "--output=/dev/null", &inject, OTHER_VERSION, "setup"];
        let killed = host.run(&who, "strace", words).run();
        setup.uninstall(&host);
        Photograph::take(&host).equals(&photograph, setup.caches());
        host.leave();
        if killed.status.signal() != Some(9) {
            assert!(count > 2, "it was killed before {count} renames only");
            break;
        }
    }
}

/// The second run completes what the first has begun, or reports that the first is running.
fn two_at_once(stage: &Stage, setup: Setup) {
    for _ in 0..3 {
        let host = Host::new(stage, "host", Shell::Bash);
        let photograph = Photograph::take(&host);
        let who = host.person(setup.who());
        let start = || host.by_name(&who, ["setup"]).start();
        let (one, other) = (start(), start());
        let (one, other) = (one.finish(), other.finish());
        assert!(one.status.success() || other.status.success(), "{}{}", one.stderr, other.stderr);
        setup.install(&host);
        setup.uninstall(&host);
        setup.remove_empty_directories(&host);
        Photograph::take(&host).equals(&photograph, setup.caches());
        host.leave();
    }
}
