//! Setup's messages about sessions in which the shim is not first, and whether their commands help.

use super::*;

pub(super) fn tests() -> Vec<Test> {
    let tests: [(&str, Body); 2] = [
        ("status_names_what_gets_in_front_and_its_remedy_wins", machine),
        ("a_persons_own_setup_needs_no_remedy", person),
    ];
    for_each_shell(&tests, &[Need::Rustup])
}

/// Her own files prepend `~/.cargo/bin` after the machine's hooks.
fn machine(stage: &Stage, shell: Shell) {
    let host = Host::new(stage, "machine", shell);
    Rustup::Always.install(&host);
    Setup::Machine.install(&host);
    let before = Setup::Machine.status(&host);
    before.fails().mentions("/home/alice/.cargo/bin/cargo");
    let lost: Vec<_> = ASKED.into_iter().filter(|session| reads_a_file(shell, *session)).collect();
    // Setup calls it so: dash is the system's `sh` there.
    let name = if shell == Shell::Dash { "sh" } else { shell.name() };
    for session in &lost {
        let word = session.ask(&host).word(&Setup::Machine.target_dir());
        assert!(word == "rustup+", "{session:?} is not lost");
        before.mentions(format!("a fresh {name} ({}) ", session.name()));
    }
    do_as_told(&host, &before);
    Setup::Machine.status(&host).ok();
    all_win(&host, Setup::Machine, &lost);
}

/// A session that reads no file cannot be helped by a line in a file, so setup does not check it.
fn reads_a_file(shell: Shell, session: Session) -> bool {
    shell != Shell::Dash || session != Session::Interactive
}

/// Her own hooks come after her own lines.
fn person(stage: &Stage, shell: Shell) {
    let host = Host::new(stage, "person", shell);
    Rustup::Always.install(&host);
    Setup::Person.install(&host).never_says("warning: ");
    Setup::Person.status(&host).ok().never_says("warning: ");
}
