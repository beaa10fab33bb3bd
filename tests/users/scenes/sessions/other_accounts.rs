//! Sessions with another user's environment: `su` that keeps it, and accounts that get no directory.

use super::*;

pub(super) fn tests() -> Vec<Test> {
    for_each_shell("gives_each_account_its_own_whosever_session_it_is", &[Need::Su], each_account)
}

/// A computer that root has set up, where alice has had a session and a `~/.cargo/bin`.
fn each_account(stage: &Stage, shell: Shell) {
    let host = Setup::Machine.on(stage, shell);
    host.directory("alice", ".cargo/bin");
    let hers = Session::Login.ask(&host);
    is_in(&hers, "alice");
    assert!(hers.path.contains("/home/alice/.cargo/bin"), "{hers:?}");
    private(&host.at(MACHINES_ROOT).join("alice"), host.person("alice").uid());
    service_account(&host, shell);
    su_m(&host, shell);
}

/// CARGO_TARGET_DIR is that of the account.
fn is_in(answer: &Answer, name: &str) {
    let expected = format!("{MACHINES_ROOT}/{name}/target");
    assert!(answer.target_dir.as_ref() == Some(&expected), "not {name}'s: {answer:?}");
}

fn service_account(host: &Host<'_>, shell: Shell) {
    let root = host.person("root");
    let su = ["su", "-s", shell.path(), "doorman", "-c"];
    let hers = format!("{MACHINES_ROOT}/alice/target");
    for inherited in [None, Some(hers.as_str()), Some(MACHINES_ROOT), Some("/srv/elsewhere")] {
        let answer = ask(host, |line| {
            // dash has no file for a session that is merely interactive.
            let inner = format!("{} -l -i -c '{line}'", shell.path());
            let run = host.run(&root, "su", su.iter().skip(1).chain([&inner.as_str()]));
            match inherited {
                Some(value) => run.env("CARGO_TARGET_DIR", value),
                None => run,
            }
        });
        let kept = inherited.filter(|value| !value.starts_with(MACHINES_ROOT));
        assert!(answer.target_dir.as_deref() == kept, "{inherited:?}: {answer:?}");
        assert!(answer.first == "/usr/bin/cargo", "{answer:?}");
    }
    assert!(!host.at(MACHINES_ROOT).join("doorman").exists(), "it has a directory all the same");
}

/// Alice's environment, and in a new session bob's directory.
fn su_m(host: &Host<'_>, shell: Shell) {
    let root = host.person("root");
    let answer = ask(host, |line| {
        let inner = format!("{} -l -i -c '{line}'", shell.path());
        host.run(&root, "su", ["-m", "bob", "-c", &inner])
            .env("HOME", "/home/alice")
            .env("USER", "alice")
            .env("LOGNAME", "alice")
            .env("SHELL", shell.path())
            .env("PATH", format!("/usr/local/lib/cargo-peruser/bin:{PATH}"))
            .env("CARGO_TARGET_DIR", format!("{MACHINES_ROOT}/alice/target"))
    });
    is_in(&answer, "bob");
    assert!(!answer.path.contains("/home/alice"), "{answer:?}");
    private(&host.at(MACHINES_ROOT).join("bob"), host.person("bob").uid());
}
