//! Rare login shells: hooks for those with their own start-up files, and a line to add for the others.

use super::*;

/// A shell, who runs setup, and the command that enters a session; the question follows.
const REACHED: &[(&str, Need, Setup, &[&str])] = &[
    ("/usr/bin/tcsh", Need::Tcsh, Setup::Machine, &["-c"]),
    ("/usr/bin/tcsh", Need::Tcsh, Setup::Person, &["-c"]),
    ("/usr/bin/yash", Need::Yash, Setup::Person, &["-l", "-c"]),
    ("/usr/bin/elvish", Need::Elvish, Setup::Person, &[]),
];

/// Shells without a file for the machine, and alice's file for the printed line.
const UNREACHED: &[(&str, Need, &str)] = &[
    ("/usr/bin/yash", Need::Yash, ".yash_profile"),
    ("/usr/bin/elvish", Need::Elvish, ".config/elvish/rc.elv"),
];

/// A shell, and its words for a PATH without the shim.
const ENTERED: &[(&str, Need, &str)] = &[
    ("/bin/bash", Need::Bash, "PATH=/usr/bin:/bin"),
    ("/usr/bin/zsh", Need::Zsh, "PATH=/usr/bin:/bin"),
    ("/usr/bin/tcsh", Need::Tcsh, "setenv PATH /usr/bin:/bin"),
    ("/usr/bin/fish", Need::Fish, "set -gx PATH /usr/bin /bin"),
    ("/usr/bin/elvish", Need::Elvish, "set-env PATH /usr/bin:/bin"),
];

pub(super) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for &(shell, need, setup, words) in REACHED {
        let name = shell.rsplit('/').next().unwrap_or(shell);
        let name = format!("{name}_has_the_shim_by_the_setup_of_a_{}", setup.name());
        let body = move |stage: &Stage| reached(stage, shell, setup, words);
        tests.push(test!(name, body).needs(&[need]));
    }
    for &(shell, need, file) in UNREACHED {
        let name = shell.rsplit('/').next().unwrap_or(shell);
        let name = format!("a_line_is_told_for_those_who_log_in_with_{name}");
        let body = move |stage: &Stage| told(stage, shell, file);
        tests.push(test!(name, body).needs(&[need]));
    }
    for &(shell, need, set) in ENTERED {
        let name = shell.rsplit('/').next().unwrap_or(shell);
        let name = format!("{name}_can_run_the_line_that_puts_the_shim_first_in_a_session");
        tests.push(test!(name, move |stage| entered(stage, shell, set)).needs(&[need]));
    }
    let unknown = "a_shell_that_nobody_knows_is_told_with_its_accounts";
    tests.push(test!(unknown, unknown_shell));
    tests
}

/// As alice. `csh` has no `.` command to source a file.
fn enter(host: &Host<'_>, shell: &str, words: &[&str]) -> Answer {
    let alice = host.person("alice");
    if shell.ends_with("elvish") {
        return enter_elvish(host);
    }
    ask(host, |line| {
        let line = format!("sh -c '{line}'");
        let words = words.iter().copied().chain([line.as_str()]);
        host.run(&alice, shell, words).env("SHELL", shell)
    })
}

fn is_first(setup: Setup, answer: &Answer) {
    let word = answer.word(&setup.target_dir());
    assert!(word == "shim+" && answer.printed.is_empty(), "{answer:?}");
}

fn reached(stage: &Stage, shell: &str, setup: Setup, words: &[&str]) {
    let host = Host::new(stage, setup.name(), Shell::Bash);
    host.alice_logs_in_with(shell);
    let before = enter(&host, shell, words);
    let photograph = Photograph::take(&host);
    setup.install(&host).never_says("the login shell of");
    is_first(setup, &enter(&host, shell, words));
    setup.status(&host).ok().never_says("the login shell of");
    setup.uninstall(&host);
    assert!(enter(&host, shell, words) == before, "not as before");
    // elvish keeps a history.
    let changed = [setup.caches(), &["/home/alice/.local/state"]].concat();
    Photograph::take(&host).equals(&photograph, &changed);
}

/// The printed line is the one to add.
fn told(stage: &Stage, shell: &str, file: &str) {
    let host = Host::new(stage, "machine", Shell::Bash);
    host.alice_logs_in_with(shell);
    let outcome = Setup::Machine.install(&host);
    let name = shell.rsplit('/').next().unwrap_or(shell);
    outcome.mentions(format!("`{name}`, the login shell of alice\n"));
    let begin = format!("help: add this line to ~/{file}: ");
    let line = outcome.stderr.lines().find_map(|line| line.strip_prefix(&begin));
    if let Some((above, _)) = file.rsplit_once('/') {
        host.directory("alice", above);
    }
    host.append("alice", file, line.expect("no line"));
    is_first(Setup::Machine, &enter(&host, shell, &["-l", "-c"]));
    Setup::Machine.status(&host).ok().never_says("the login shell of");
}

/// It reads its file only in an interactive shell.
fn enter_elvish(host: &Host<'_>) -> Answer {
    let alice = host.person("alice");
    let answer = ask(host, |line| {
        // It writes its prompts to stderr.
        let typed = format!("echo \"sh -c '{line}'\" | elvish >/dev/null");
        host.run(&alice, "/bin/sh", ["-c", &typed])
    });
    Answer { printed: String::new(), ..answer }
}

/// Whatever shell she logs in with, the one that she types to has to run it.
fn entered(stage: &Stage, shell: &str, set: &str) {
    let host = Setup::Machine.on(stage, Shell::Dash);
    let alice = host.person("alice");
    let run = |line: &str| host.run(&alice, shell, ["-c", &format!("{set}; {line}; true")]).run();
    let told = run(&format!("{} doctor path-order", Setup::Machine.program()));
    let help = told.stdout.lines().find_map(|line| line.strip_prefix("  help: "));
    let line = format!("{}; sh -c \"command -v cargo\"", help.unwrap_or_default());
    run(&line).ok().prints("/lib/cargo-peruser/bin/cargo");
}

fn unknown_shell(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    host.alice_logs_in_with("/opt/bin/xonsh");
    let outcome = Setup::Machine.install(&host);
    outcome.mentions("`xonsh`, the login shell of alice\n");
    outcome.helps("put `/usr/local/lib/cargo-peruser/bin` first on PATH in its start-up file");
}
