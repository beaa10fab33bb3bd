//! Uninstalling: the dry run says what it would do, and what is kept stops no later setup.

use super::*;

pub(super) fn tests() -> Vec<Test> {
    let mut tests =
        vec![test!("what_uninstall_has_kept_or_refused_does_not_stop_the_next_setup", kept)];
    for setup in [Setup::Machine, Setup::Person] {
        let name = setup.name();
        let name = format!("uninstall_of_a_{name}_does_what_its_dry_run_says");
        tests.push(test!(name, move |stage| dry_run(stage, setup)));
    }
    tests
}

const HOOK: &str = "/etc/profile.d/zz-cargo-peruser.sh";

/// A line in a file of setup's, or in one that it has changed.
fn append(host: &Host<'_>, path: &str, line: &str) {
    let text = fs::read_to_string(host.at(path)).unwrap();
    fs::write(host.at(path), format!("{text}{line}\n")).unwrap();
}

/// As it was put there, and after people have built, changed and added things.
fn dry_run(stage: &Stage, setup: Setup) {
    for is_used in [false, true] {
        let host = setup.on(stage, Shell::Bash);
        if is_used {
            build_and_change(&host, setup);
        }
        if !is_used && setup == Setup::Machine {
            // What root's own sessions have made when setup asked them.
            make::nothing(&host.at(MACHINES_ROOT).join("root"));
        }
        let photograph = Photograph::take(&host);
        let dry = setup.again(&host, &["--uninstall", "--dry-run"]);
        dry.ok();
        Photograph::take(&host).equals(&photograph, &[]);
        let real = setup.again(&host, &["--uninstall"]);
        real.ok();
        assert!(dry.stdout == real.stdout, "{}instead of\n{}", dry.stdout, real.stdout);
        let expected = format!("{}note: nothing was done, because of --dry-run\n", real.stderr);
        assert!(dry.stderr == expected, "{}instead of\n{}", dry.stderr, real.stderr);
        if setup == Setup::Machine {
            // Nobody has built there.
            real.prints("remove   /var/cache/cargo-peruser/bob ");
            let note = format!("what was built stays, in `{MACHINES_ROOT}`");
            assert!(real.stderr.contains(&note) == is_used, "{}", real.stderr);
            assert!(host.at(MACHINES_ROOT).exists() == is_used, "the shared root");
        }
        host.leave();
    }
}

/// Alice has built, and somebody has changed what is installed.
fn build_and_change(host: &Host<'_>, setup: Setup) {
    let (alice, target) = (account("alice").uid, setup.target_dir());
    let own = target.parent().unwrap();
    for path in [own, &target].map(|path| host.at(path)) {
        if !path.exists() {
            make::directory(&path, alice, alice, 0o700);
        }
    }
    if setup == Setup::Person {
        return append(host, "/home/alice/.bashrc", "# mine");
    }
    append(host, HOOK, "# mine");
    append(host, "/etc/cargo-peruser/config.toml", "scope = \"user\"");
    append(host, "/etc/bash.bashrc", "# mine");
}

/// Each help is followed.
fn kept(stage: &Stage) {
    let host = Setup::Machine.on(stage, Shell::Bash);
    let install = || Setup::Machine.run(&host, &[]);
    append(&host, HOOK, "# mine");
    Setup::Machine.again(&host, &["--uninstall"]).ok().prints("it was changed since");
    install().fails().helps("move it away");
    fs::rename(host.at(HOOK), host.at("/etc/moved-away")).unwrap();
    install().ok();
    // A line of the block itself.
    let bashrc = host.at("/etc/bash.bashrc");
    let text = fs::read_to_string(&bashrc).unwrap().replacen("eval", "builtin eval", 1);
    fs::write(&bashrc, &text).unwrap();
    for refused in [Setup::Machine.again(&host, &["--uninstall", "--dry-run"]), install()] {
        refused.fails().helps("move your lines out of the block, and remove all of it");
    }
    let is_after = |line: &&str| !line.contains("<<< cargo-peruser");
    let after: Vec<_> = text.lines().skip_while(is_after).skip(1).collect();
    fs::write(&bashrc, after.join("\n") + "\n").unwrap();
    install().ok();
}
