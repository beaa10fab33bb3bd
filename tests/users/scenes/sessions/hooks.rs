//! A hook must not print in non-interactive shells, or stop a shell.

use super::*;

pub(super) fn tests() -> Vec<Test> {
    let mut tests = [
        for_each_shell("starts_as_before_when_the_program_is_gone", &[Need::Su], program_is_gone),
        for_each_shell("says_a_refusal_to_people_and_to_nobody_else", &[Need::Su], refusal),
        for_each_shell("lets_scp_through", &[Need::Ssh], scp),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>();
    let name = "fish_completes_without_variables_of_a_desktop";
    tests.push(test!(name, completes).needs(&[Need::Fish]));
    for shell in [Shell::Bash, Shell::Dash, Shell::Zsh] {
        let name = format!("{}_sources_etc_profile_under_set_eu", shell.name());
        tests.push(test!(name, move |stage| strict(stage, shell)).needs(&[shell.need()]));
        let name = format!("{}_outlives_a_read_only_variable", shell.name());
        tests.push(test!(name, move |stage| read_only(stage, shell)).needs(&[shell.need()]));
    }
    tests
}

/// A session for each file that a shell may read.
const ASKED: [Session; 4] =
    [Session::Login, Session::Interactive, Session::LoginInteractive, Session::Su];

fn program_is_gone(stage: &Stage, shell: Shell) {
    for setup in [Setup::Machine, Setup::Person] {
        let host = Host::new(stage, setup.name(), shell);
        let ask = || ASKED.iter().map(|session| session.ask(&host)).collect::<Vec<_>>();
        let before = ask();
        setup.install(&host);
        fs::remove_file(host.at(setup.program())).unwrap();
        let after = ask();
        for (before, mut after) in before.iter().zip(after) {
            // A login file of Bourne shells puts this on PATH if it exists.
            after.path = after.path.replace("/home/alice/.local/bin:", "");
            assert!(*before == after, "{setup:?}: {before:?}, and then {after:?}");
        }
    }
}

/// `XDG_DATA_DIRS`, which names `/usr/local/share`, is not in every session.
fn completes(stage: &Stage) {
    for setup in [Setup::Machine, Setup::Person] {
        let host = setup.on(stage, Shell::Fish);
        let alice = host.person("alice");
        let line = "complete -C 'cargo-peruser doct'";
        let run = host.run(&alice, Shell::Fish.path(), ["-l", "-c", line]);
        run.run().ok().prints("doctor");
    }
}

/// A variable that is read-only stays as it is, and the session goes on.
fn read_only(stage: &Stage, shell: Shell) {
    let host = Setup::Machine.on(stage, shell);
    let script = "readonly CARGO_TARGET_DIR=/elsewhere\n";
    make::file(&host.at("/etc/profile.d/aa-read-only.sh"), script, 0, 0o644);
    let alice = host.person("alice");
    let words = ["-l", "-c", "echo came this far"];
    host.run(&alice, shell.path(), words).run().ok().prints("came this far");
}

/// Puts a directory of mallory's in the place of alice's, as only root could.
fn put_mallorys(host: &Host<'_>) {
    let place = host.at(MACHINES_ROOT).join("alice");
    make::nothing(&place);
    make::directory(&place, 2003, 2003, 0o777);
}

/// Mallory was first. An interactive shell prints the error, a command over ssh or in a script does not,
/// and each build refuses.
fn refusal(stage: &Stage, shell: Shell) {
    let host = Setup::Machine.on(stage, shell);
    put_mallorys(&host);
    let mut said = 0;
    for session in LOCAL {
        let answer = session.ask(&host);
        let is_said = answer.printed.contains("error: ");
        assert!(answer.printed.matches("error: ").count() < 2, "{session:?}: {answer:?}");
        assert!(answer.target_dir.is_none(), "{session:?}: {answer:?}");
        assert!(is_said || answer.printed.is_empty(), "{session:?}: {answer:?}");
        let for_people =
            matches!(session, Session::Interactive | Session::LoginInteractive | Session::Terminal);
        assert!(for_people || !is_said, "{session:?}: {answer:?}");
        said += usize::from(is_said);
    }
    // An interactive dash reads no file, so only a login shell prints it.
    assert!(said >= if shell == Shell::Dash { 1 } else { 3 }, "said in {said} sessions only");
}

/// scp's old protocol, which any output on stdout would break.
fn scp(stage: &Stage, shell: Shell) {
    let host = Host::new(stage, "machine", shell);
    host.opens_ssh();
    Setup::Machine.install(&host);
    // Also if the hook has a message.
    put_mallorys(&host);
    let root = host.person("root");
    make::file(&host.at("/root/file"), "some content\n", 0, 0o644);
    let words = ["-O", "-F", "/etc/ssh/ssh_config", "/root/file", "alice@host:copy"];
    host.run(&root, "scp", words).run().silently();
    let copy = fs::read_to_string(host.home("alice").join("copy")).expect("no copy");
    assert!(copy == "some content\n", "{copy:?}");
    for session in REMOTE {
        assert!(session.ask(&host).printed.is_empty(), "{session:?} speaks");
    }
}

/// Scripts source it under `set -eu`, and sometimes with no variables at all.
fn strict(stage: &Stage, shell: Shell) {
    let host = Setup::Machine.on(stage, shell);
    let alice = host.person("alice");
    for plant in [false, true] {
        if plant {
            put_mallorys(&host);
        }
        for unset in ["NOTHING", "HOME", "USER", "SHELL", "CARGO_HOME"] {
            let answer = ask(&host, |line| {
                let line = format!("set -eu; . /etc/profile; {line}");
                host.run(&alice, shell.path(), ["-c", &line]).unset(unset)
            });
            let _context = context(|| format!("without {unset}"));
            let shim = "/usr/local/lib/cargo-peruser/bin/cargo";
            assert!(answer.first == shim, "without {unset}: {answer:?}");
            assert!(answer.printed.is_empty(), "without {unset}: {answer:?}");
            assert!(answer.target_dir.is_none() == plant, "without {unset}: {answer:?}");
        }
    }
}
