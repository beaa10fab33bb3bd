//! Start-up files that disturb the check of a shell, and setup's conclusions.

use std::time::Instant;

use super::*;

/// Lines that must not disturb the check: output without a newline, output that begins as an answer does, an alias, a function, `set -eu`.
const HARMLESS: [(Shell, &str, &[&str]); 4] = [
    (Shell::Bash, ".bashrc", &[FUNCTION, ALIAS, DIFF, PRINTS]),
    (Shell::Dash, ".profile", &[FUNCTION, ALIAS, "set -eu", PRINTS]),
    (Shell::Zsh, ".zshenv", &[FUNCTION, PRINTS]),
    (Shell::Fish, FISH, &["function cargo; command cargo $argv; end", PRINTS]),
];

const ALIAS: &str = "alias cargo='cargo --color=auto'";
const FUNCTION: &str = "cargo() { command cargo \"$@\"; }";
const DIFF: &str = "printf '@@ -1,3 +1,4 @@\\n@@ -9 +9 @@\\n@@ -12 +12 @@\\n'";
const PRINTS: &str = "printf 'no newline'";
const FISH: &str = ".config/fish/config.fish";

pub(super) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (shell, file, lines) in HARMLESS {
        let name = format!("status_is_content_with_odd_files_of_{}", shell.name());
        let body = move |stage: &Stage| harmless(stage, shell, file, lines);
        tests.push(test!(name, body).needs(&[shell.need()]));
    }
    type Body = fn(&Stage);
    let bodies: [(&str, Body, &[Need]); 14] = [
        ("status_finds_where_an_old_target_directory_is_set", set_in_a_file, &[Need::Bash]),
        ("status_fits_a_terminal_and_says_nothing_twice", narrow, &[Need::Bash]),
        ("status_shows_everybody_what_only_root_can_change", roots, &[Need::Bash]),
        ("status_asks_a_shell_that_hangs_only_once", hangs, &[Need::Bash]),
        ("a_status_that_is_ended_takes_its_shells_along", ended, &[Need::Bash]),
        (
            "status_says_of_a_shell_that_becomes_another_that_it_does_not_answer",
            other,
            &[Need::Bash],
        ),
        ("status_does_not_take_any_file_of_its_name_for_the_shim", pretender, &[Need::Bash]),
        ("the_remedy_for_a_file_that_is_not_to_be_changed_is_a_line", linked, &[Need::Bash]),
        ("the_remedy_goes_where_zsh_reads", zdotdir, &[Need::Zsh, Need::Rustup]),
        ("the_remedy_goes_where_fish_reads", fish_config, &[Need::Fish, Need::Rustup]),
        ("the_remedy_goes_into_the_profile_that_bash_reads", profiles, &[Need::Bash]),
        ("one_line_remedies_what_bash_reads_twice", one_remedy, &[Need::Bash]),
        ("before_setup_nothing_speaks_of_what_is_not_there", before, &[]),
        ("a_cargo_that_asks_for_the_status_is_none_that_new_sessions_have", through_cargo, &[]),
    ];
    for (name, body, needs) in bodies {
        tests.push(test!(name, body).needs(needs));
    }
    let remedy = "status_names_what_gets_in_front_and_its_remedy_wins";
    tests.extend(for_each_shell(remedy, &[Need::Rustup], always_prepended));
    tests
}

fn harmless(stage: &Stage, shell: Shell, file: &str, lines: &[&str]) {
    let host = Setup::Machine.on(stage, shell);
    for line in lines {
        let _context = context(|| line);
        host.append("alice", file, line);
        let status = Setup::Machine.status(&host);
        status.ok().never_says("warning: ");
    }
}

/// Interactive sessions of bash have an answer of their own.
fn narrow(stage: &Stage) {
    let host = with_own_cargo(stage);
    host.append("alice", ".bashrc", "PATH=~/.cargo/bin:$PATH");
    let outcome = Setup::Machine.status(&host);
    outcome.fails().prints("everything is in its place\n").prints("bash (interactive)");
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let wide = lines.iter().find(|line| line.chars().count() > 80);
    assert!(wide.is_none(), "{wide:?}");
    let of_shells = lines.iter().filter(|line| line.starts_with("  CARGO_TARGET_DIR  ")).count();
    assert!(of_shells <= 4, "{}", outcome.stdout);
}

fn roots(stage: &Stage) {
    let host = Setup::Machine.on(stage, Shell::Bash);
    fs::remove_file(host.at("/usr/local/share/man/man1/cargo-peruser-gc.1")).unwrap();
    make::own(&host.at("/var/cache/cargo-peruser"), 0, 0, 0o777);
    let status = Setup::Machine.status(&host);
    status.fails().prints("missing").prints("wrong permissions").prints("bash");
}

/// It is started once, so setup waits for one time limit, not for three.
fn hangs(stage: &Stage) {
    let host = Setup::Machine.on(stage, Shell::Bash);
    let bashrc = host.home("alice").join(".bashrc");
    for (line, why) in [("sleep 1000\n", "in 10s"), ("yes\n", "print without end")] {
        make::file(&bashrc, line, 2001, 0o644);
        let begin = Instant::now();
        let outcome = Setup::Machine.status(&host);
        let told = outcome.fails().mentions(why).stderr.matches("gave no answer").count();
        assert!(told == 1, "told {told} times:\n{}", outcome.stderr);
        assert!(begin.elapsed() < Duration::from_secs(29), "it took {:?}", begin.elapsed());
    }
}

/// Ends `setup --status` from within the shell that it checks, and continues with this line. The shell
/// has recorded its processes by then.
fn ends_it(host: &Host<'_>, signal: &str, line: &str) {
    let home = host.home("alice");
    let bashrc = format!("{line} echo $$ $! >~/pids; kill -s {signal} $(cat ~/status); wait\n");
    make::file(&home.join(".bashrc"), bashrc, 2001, 0o644);
    let alice = host.person("alice");
    let status = format!("echo $$ >~/status; exec {} setup --status", Setup::Machine.program());
    host.run(&alice, "/bin/sh", ["-c", &status]).run();
    let pids = fs::read_to_string(home.join("pids")).expect("not asked");
    fs::remove_file(home.join("pids")).unwrap();
    pids.split_whitespace().for_each(is_gone);
}

fn ended(stage: &Stage) {
    let host = Setup::Machine.on(stage, Shell::Bash);
    // Each process may end in its own way, as that of `pyenv init`, which releases a lock.
    let tidy = "trap 'rm ~/lock' EXIT; trap exit HUP INT TERM; : >~/lock; sleep 1000 &";
    let ignores = "trap '' HUP TERM INT; (while :; do sleep 0.1; done) &";
    for (signal, line) in [("INT", tidy), ("TERM", tidy), ("KILL", tidy), ("INT", ignores)] {
        let _context = context(|| format!("{signal}: {line}"));
        ends_it(&host, signal, line);
        assert!(!host.home("alice").join("lock").exists(), "the lock is still there");
    }
}

/// Within a short time.
fn is_gone(pid: &str) {
    let until = Instant::now() + Duration::from_secs(25);
    let is_there = || {
        let state = fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
        // Background processes have ended.
        state.is_ok_and(|stat| !stat.contains(") Z "))
    };
    while is_there() {
        assert!(Instant::now() < until, "{pid} still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn other(stage: &Stage) {
    let host = Setup::Machine.on(stage, Shell::Bash);
    make::file(&host.home("alice").join(".bashrc"), "exec true\n", 2001, 0o644);
    let outcome = Setup::Machine.status(&host);
    outcome.fails().mentions("a fresh bash (login) gave no answer");
    outcome.never_says("no cargo at all");
}

/// A script with the program's name, and a link to it.
fn pretender(stage: &Stage) {
    let host = Setup::Machine.on(stage, Shell::Bash);
    host.append("alice", ".bashrc", "PATH=~/fake:$PATH");
    let fake = host.directory("alice", "fake");
    make::script(&fake.join("cargo-peruser"), "#!/bin/sh\n");
    make::link(&fake.join("cargo"), Path::new("cargo-peruser"), 2001);
    let outcome = Setup::Machine.status(&host);
    outcome.fails().mentions("`/home/alice/fake/cargo` comes before the shim");
}

/// Runs the commands of the help lines, and asserts that they help and are harmless without the program.
fn remedies(host: &Host<'_>, sessions: &[Session]) {
    let before = Setup::Machine.status(host);
    before.fails();
    do_as_told(host, &before);
    Setup::Machine.status(host).ok();
    all_win(host, Setup::Machine, sessions);
    fs::remove_file(host.at(Setup::Machine.program())).unwrap();
    for session in sessions {
        let answer = session.ask(host);
        assert!(answer.printed.is_empty(), "{session:?}: {answer:?}");
    }
}

/// A machine with setup, where alice has her own cargo, as from rustup.
fn with_own_cargo(stage: &Stage) -> Host<'_> {
    let host = Setup::Machine.on(stage, Shell::Bash);
    make::script(&host.directory("alice", ".cargo/bin").join("cargo"), "#!/bin/sh\n");
    host
}

fn zdotdir(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Zsh);
    Rustup::IfAbsent.install(&host);
    Setup::Machine.install(&host);
    host.directory("alice", "zsh");
    host.append("alice", ".zshenv", "ZDOTDIR=~/zsh");
    host.append("alice", "zsh/.zshrc", "PATH=~/.cargo/bin:$PATH");
    host.append("alice", "zsh/.zprofile", "PATH=~/.cargo/bin:$PATH");
    let told = Setup::Machine.status(&host);
    told.mentions("by `/home/alice/zsh/.zshrc` line 1");
    remedies(&host, &ASKED);
}

/// The session in which she runs it names fish's directory.
fn fish_config(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Fish);
    Rustup::IfAbsent.install(&host);
    Setup::Machine.install(&host);
    // Without a newline at its end.
    let config = host.directory("alice", "config/fish").join("config.fish");
    make::file(&config, "set -gx PATH ~/.cargo/bin $PATH", 2001, 0o644);
    let ask = || Setup::Machine.status_in(&host, &[("XDG_CONFIG_HOME", "/home/alice/config")]);
    let told = ask();
    told.fails().mentions("by `/home/alice/config/fish/config.fish` line 1");
    do_as_told(&host, &told);
    ask().ok();
}

/// `.profile` has such a line too, but bash does not read it.
fn profiles(stage: &Stage) {
    let host = with_own_cargo(stage);
    host.append("alice", ".bash_login", "D=.cargo; PATH=~/$D/bin:$PATH");
    host.append("alice", ".profile", "PATH=~/.cargo/bin:$PATH");
    remedies(&host, &[Session::Login, Session::LoginInteractive]);
}

/// `.profile` sources `.bashrc`; an earlier line there is the cause, not rustup's.
fn one_remedy(stage: &Stage) {
    let host = with_own_cargo(stage);
    make::file(&host.home("alice").join(".cargo/env"), "", 2001, 0o644);
    host.append("alice", ".bashrc", "export PATH=\"$HOME/.cargo/bin:$PATH\"");
    host.append("alice", ".bashrc", ". \"$HOME/.cargo/env\"");
    host.append("alice", ".profile", ". \"$HOME/.cargo/env\"");
    let line = fs::read_to_string(host.home("alice").join(".bashrc")).unwrap().lines().count() - 1;
    let told = Setup::Machine.status(&host);
    told.fails().mentions(format!("by `/home/alice/.bashrc` line {line}"));
    assert!(told.stderr.matches("help: ").count() == 1, "not one help:\n{}", told.stderr);
    remedies(&host, &ASKED);
}

/// A file without a block is reported as missing its block, not as outdated.
fn before(stage: &Stage) {
    let host = Host::new(stage, "person", Shell::Bash);
    for setup in [Setup::Person, Setup::Machine] {
        let status = setup.run(&host, &["--status"]);
        status.fails().helps("/cargo-peruser setup").prints("missing");
        status.never_says("outdated").never_says("env --shell");
        let uninstall = setup.run(&host, &["--uninstall"]);
        uninstall.ok().mentions("nothing is set up").never_says(".cache");
    }
}

/// It is on the PATH of her session alone, as that of a login shell's profile is.
fn through_cargo(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash).without_cargo();
    Setup::Machine.install(&host);
    let (alice, words) = (host.person("alice"), ["peruser", "setup", "--status"]);
    let status = host.run(&alice, Setup::Machine.program(), words).env("CARGO", "/bin/true");
    status.run().ok().never_says("warning: ").mentions("has no cargo");
}

/// Her own files prepend `~/.cargo/bin` after the machine's hooks.
fn always_prepended(stage: &Stage, shell: Shell) {
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

/// A second name of a file may be another user's.
fn linked(stage: &Stage) {
    let host = Setup::Machine.on(stage, Shell::Bash);
    host.append("alice", ".bashrc", "PATH=/usr/bin:$PATH");
    let file = host.at("/home/alice/.bashrc");
    fs::hard_link(&file, file.with_file_name("second")).unwrap();
    Setup::Machine.status(&host).fails().helps("add this line to /home/alice/.bashrc");
    let alice = host.person("alice");
    host.by_name(&alice, ["doctor"]).env("SHELL", "/bin/bash").run().fails();
}

/// A session that reads no file cannot be helped by a line in a file, so setup does not check it.
fn reads_a_file(shell: Shell, session: Session) -> bool {
    shell != Shell::Dash || session != Session::Interactive
}

/// Where it is set, for everybody or by alice, and how.
const PLACES: [(&str, &str); 5] = [
    ("/etc/environment", "CARGO_TARGET_DIR=\"/srv/shared\"\n"),
    ("/etc/environment", "CARGO_BUILD_TARGET_DIR=/srv/shared\n"),
    ("/etc/security/pam_env.conf", "# ours\nCARGO_TARGET_DIR DEFAULT=/srv/shared\n"),
    ("/home/alice/.config/environment.d/old.conf", "CARGO_TARGET_DIR=${HOME}/shared\n"),
    ("/etc/profile.d/old.sh", "export CARGO_TARGET_DIR=/srv/shared\n"),
];

/// An old shared directory counts as a choice, so setup names the line that sets it.
fn set_in_a_file(stage: &Stage) {
    let host = Setup::Machine.on(stage, Shell::Bash);
    Setup::Machine.status(&host).ok();
    host.directory("alice", ".config/environment.d");
    for (file, text) in PLACES {
        let (uid, sudo) = if file.starts_with("/home") { (2001, "") } else { (0, "sudo ") };
        make::file(&host.at(file), text, uid, 0o644);
        let found = Setup::Machine.status(&host);
        let line = text.lines().count();
        found.fails().mentions(format!("by `{file}` line {line}"));
        found.helps(format!("remove that line: {sudo}${{EDITOR:-vi}} +{line} {file}"));
        fs::write(host.at(file), "").unwrap();
    }
    // The session is older; new ones are fine.
    let status = |name, value| Setup::Machine.status_in(&host, &[(name, value)]);
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        let found = status(name, "/srv/shared");
        found.fails().helps("unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR");
    }
    let own = Setup::Machine.target_dir();
    status("CARGO_TARGET_DIR", own.to_str().unwrap()).ok().prints("this session");
}
