//! sudo, which has its own PATH and may pass on the caller's variables.

use super::*;

const SUDOERS: &str = "\
Defaults env_reset
Defaults secure_path=\"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"
alice ALL=(ALL:ALL) NOPASSWD:SETENV: ALL
@includedir /etc/sudoers.d
";

pub(super) fn tests() -> Vec<Test> {
    let line = "sudo_builds_in_roots_own_directory_by_the_line_that_setup_prints";
    let path = "path_under_sudo_says_whose_directory_it_is";
    vec![
        test!(line, with_the_line).needs(&[Need::Sudo, Need::AllIds]),
        test!(path, path_of_root).needs(&[Need::Sudo, Need::AllIds]),
    ]
}

/// As on Debian, and alice may do everything.
fn with_sudo<'s>(stage: &'s Stage) -> Host<'s> {
    let host = Host::new(stage, "machine", Shell::Bash);
    make::file(&host.at("/etc/sudoers"), SUDOERS, 0, 0o440);
    make::directory(&host.at("/etc/sudoers.d"), 0, 0, 0o755);
    let pam = host.at("/etc/pam.d");
    fs::copy(pam.join("su"), pam.join("sudo")).unwrap();
    host
}

fn sudo(host: &Host<'_>, words: &[&str]) -> Outcome {
    let alice = host.person("alice");
    let hers = format!("{MACHINES_ROOT}/alice");
    let run = host.run(&alice, "sudo", ["-n"].iter().chain(words));
    run.env("CARGO_TARGET_DIR", format!("{hers}/target"))
        .env("CARGO_BUILD_BUILD_DIR", format!("{hers}/build/{{workspace-path-hash}}"))
        .run()
}

fn with_the_line(stage: &Stage) {
    let host = with_sudo(stage);
    let outcome = Setup::Machine.install(&host);
    // Without the settings.
    sudo(&host, &["-E", "cargo", "build"]).builds_in(format!("{MACHINES_ROOT}/alice/target"));
    let root = host.person("root");
    let line = outcome.offered("(umask");
    let path = format!("/usr/sbin:{PATH}");
    host.run(&root, "/bin/sh", ["-c", &line]).env("PATH", path).run().ok();
    for (words, is_hers) in [
        (["cargo", "build"].as_slice(), false),
        (&["-E", "cargo", "build"], true),
        (&["-E", "-H", "cargo", "build"], false),
    ] {
        let outcome = sudo(&host, words);
        outcome.builds_in(format!("{MACHINES_ROOT}/root/target")).notes("root's own directory");
        match is_hers {
            true => outcome.mentions("files owned by root in `/home/alice/.cargo`"),
            false => outcome.never_says("/home/alice"),
        };
    }
    Setup::Machine.again(&host, &[]).ok().never_says("sudoers");
    // The session under sudo is nobody's.
    let by_sudo = sudo(&host, &[Setup::Machine.program(), "setup"]);
    by_sudo.ok().mentions("open a new shell");
    assert!(!by_sudo.stdout.contains("this session"), "{}", by_sudo.stdout);
    Setup::Machine.again(&host, &["--uninstall"]).ok().helps("rm /etc/sudoers.d/cargo-peruser");
}

/// `make && sudo make install`, where the makefile asks.
fn path_of_root(stage: &Stage) {
    let host = with_sudo(stage);
    Setup::Machine.install(&host);
    let place = host.home("alice").join("app");
    make::directory(&place, 2001, 2001, 0o755);
    make::file(&place.join("Cargo.toml"), "[workspace]\n", 2001, 0o644);
    let makefile = "TARGET_DIR := $(shell cargo-peruser path)\n\
                    install:\n\t@echo from $(TARGET_DIR)\n";
    make::file(&place.join("Makefile"), makefile, 2001, 0o644);
    let asks = sudo(&host, &["make", "-C", "/home/alice/app", "install"]);
    asks.notes("this is root's own directory").prints(format!("from {MACHINES_ROOT}/root/"));
    asks.helps("sudo make install TARGET_DIR=\"$(cargo-peruser path)\"");
    let alice = host.person("alice");
    let line = "cd ~/app && sudo -n make install TARGET_DIR=\"$(cargo-peruser path)\"";
    host.run(&alice, "/bin/sh", ["-c", line])
        .run()
        .ok()
        .prints(format!("from {MACHINES_ROOT}/alice/"));
}
