//! An old shared `CARGO_TARGET_DIR`, which counts as a choice: setup names the line that sets it.

use super::*;

/// Where it is set, for everybody or by alice, and how.
const PLACES: [(&str, &str); 5] = [
    ("/etc/environment", "CARGO_TARGET_DIR=\"/srv/shared\"\n"),
    ("/etc/environment", "CARGO_BUILD_TARGET_DIR=/srv/shared\n"),
    ("/etc/security/pam_env.conf", "# ours\nCARGO_TARGET_DIR DEFAULT=/srv/shared\n"),
    ("/home/alice/.config/environment.d/old.conf", "CARGO_TARGET_DIR=${HOME}/shared\n"),
    ("/etc/profile.d/old.sh", "export CARGO_TARGET_DIR=/srv/shared\n"),
];

pub(super) fn tests() -> Vec<Test> {
    let name = "status_finds_where_an_old_target_directory_is_set";
    vec![test!(name, set_in_a_file).needs(&[Need::Bash])]
}

fn set_in_a_file(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    Setup::Machine.install(&host);
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
    this_session(&host);
}

/// The session is older; new ones are fine.
fn this_session(host: &Host<'_>) {
    let alice = host.person("alice");
    let status = |name, value: &Path| {
        let run = host.run(&alice, Setup::Machine.program(), ["setup", "--status"]);
        run.env(name, value).run()
    };
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        let found = status(name, "/srv/shared".as_ref());
        found.fails().helps("unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR");
    }
    let own = Setup::Machine.target_dir();
    status("CARGO_TARGET_DIR", &own).ok().prints("this session");
}
