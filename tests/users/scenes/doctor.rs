//! `doctor`: each finding on a machine that is broken in exactly this way. It is gone after the right
//! user has run the printed command.

mod broken_machines;

use std::ffi::OsStr;

use serde_json::Value;

use crate::prelude::*;
use crate::shared::doctor_json;
use crate::stage::path_to;
use crate::stage::steps::Steps;
use broken_machines::OTHERS;
use broken_machines::PRIVATE_DIRS;
use broken_machines::Remedy;
use broken_machines::SESSIONS;
use broken_machines::SHARED_ROOT;
use broken_machines::Scene;
use broken_machines::WORKSPACES;

const ALICE: u32 = 2001;
const BOB: u32 = 2002;

/// A finding that needs a separate computer.
const ELSEWHERE: &str = "login-shell";

fn scenes() -> impl Iterator<Item = &'static Scene> {
    [SHARED_ROOT, PRIVATE_DIRS, OTHERS, WORKSPACES, SESSIONS].into_iter().flatten()
}

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test!("finds_nothing_on_a_machine_in_order", in_order),
        test!("each_check_has_a_scene", each_check),
        test!("finds_settings_that_others_can_write_and_settings_in_conflict", settings),
        test!("finds_the_sccache_server_of_somebody_else", sccache),
        test!("finds_a_repository_that_git_refuses", dubious).needs(&[Need::Git]),
        test!("finds_another_cargo_before_the_shim", path_order).needs(&[Need::Bash]),
        test!("says_what_the_manual_shows", transcript).needs(&[Need::Bash]),
        test!("finds_installations_that_differ", two_installations).needs(&[Need::Bash]),
        test!("waits_for_no_pipe_that_comes_between_two_looks", pipes).needs(&[Need::Strace]),
        test!("crosses_no_mount_whatever_the_kernel_can_tell_beforehand", mounts)
            .needs(&[Need::Strace]),
        test!("sends_root_through_nothing_that_the_owner_can_exchange", exchangeable),
        test!("looks_at_no_mount_behind_a_link_of_mallorys", behind_a_link),
        test!("says_that_builds_are_refused_without_a_directory", without_directory),
        test!("finds_a_root_that_setup_would_make_anew", anew).needs(&[Need::Bash]),
        test!("finds_a_root_that_systemd_ages_and_a_shell_without_a_hook", ageing_and_shells,)
            .needs(&[Need::Bash]),
    ];
    tests.extend(scenes().map(|scene| {
        let body = move |stage: &Stage| found_and_remedied(stage, scene);
        test!(format!("finds_{}", scene.name), body).needs(scene.needs)
    }));
    tests
}

/// The variables of the scenes' commands.
const WORDS: &str = r#"
as_alice() { setpriv --reuid=2001 --regid=2001 --init-groups env HOME="$H" T="$T" sh -c "umask 022; $1"; }
TARGET="mkdir -p $C/target/debug/.fingerprint; touch $C/target/.rustc_info.json $C/target/debug/app"
orphan() {
    mkdir $D/other; echo '[package]' >$D/other/Cargo.toml; chown -R alice $D/other
    (cd $D/other && as_alice 'cargo build >/dev/null'); rm -r $D/other
    T=$(echo $S/alice/other-*)
}
age() { find $S/alice -exec touch -h -d '3 days ago' {} +; }
program() { mkdir -p ${1%/*}; printf '#!/bin/sh\necho %s\n' "$2 $3" >$1; chmod 755 $1; }
umask 022
"#;

/// A machine on which alice has a workspace and has built it.
fn furnish(stage: &Stage) {
    stage.shared_root().provisioned();
    make::file(&stage.checkout.join("Cargo.toml"), "[package]\nname = \"app\"\n", ALICE, 0o644);
    stage.person("alice").cargo(["build"]).run().silently();
    stage.person("bob");
}

/// A command with these variables and umask 002.
fn shell<'p>(person: &'p Person<'_>, script: &str) -> Invocation<'p> {
    let Stage { root, checkout, directory, .. } = person.stage;
    let alice = person.stage.person("alice").home;
    let [s, c, d, h] = [root, checkout, directory, &alice].map(|path| path.display());
    let script = format!("S={s}; C={c}; D={d}; H={h}; umask 002\n{script}");
    person.shell(&script, [""; 0])
}

fn doctor<'p>(person: &'p Person<'_>, words: &[&str]) -> Invocation<'p> {
    person.by_name(["doctor"]).args(words)
}

/// The command that a finding offers.
fn offered(run: &Outcome, begins: &str) -> String {
    let help = |line: &str| Some(line.strip_prefix("  help: ")?.to_owned());
    let mut lines = run.stdout.lines().filter_map(help);
    let found = lines.find_map(|line| Some(line.get(line.find(begins)?..)?.to_owned()));
    found.unwrap_or_else(|| panic!("no help line offers `{begins}`:\n{}", run.stdout))
}

fn healthy(run: &Outcome) {
    run.silently().prints("no problem found: ").prints(" 0 not possible").never_says("help:");
}

/// The findings' lines.
fn findings(run: &Outcome) -> Vec<&str> {
    run.stdout.lines().filter(|line| line.contains("]: ") && !line.starts_with(' ')).collect()
}

fn found_and_remedied(stage: &Stage, scene: &Scene) {
    furnish(stage);
    let root = stage.person("root");
    shell(&root, &format!("{WORDS}\n{}", scene.how)).run().silently();
    let (name, flags) = scene.asks;
    let asker = stage.person(name);
    let mut session = scene.session.to_owned();
    if flags.contains(&"--deep") {
        let upper: Vec<&str> = flags.iter().copied().filter(|flag| *flag != "--deep").collect();
        healthy(&ask(&asker, &session, &upper));
    }
    let mut run = ask(&asker, &session, flags);
    let report = ask(&asker, &session, &[flags, &["--json"]].concat()).stdout;
    finds(&run, &report, scene.finds);
    for remedy in scene.remedies {
        match *remedy {
            Remedy::Run(who, begins) => {
                let mut command = offered(&run, begins);
                if command.starts_with("cargo-peruser migrate") {
                    // The command asks a question, and nobody can answer here.
                    command += " --yes";
                }
                shell(&stage.person(who), &command).run().ok();
            }
            Remedy::Words(who, says, script) => {
                offered(&run, says);
                shell(&stage.person(who), script).run().ok();
            }
            Remedy::Here(begins) => session += &format!("\n{}", offered(&run, begins)),
            Remedy::HereWords(says, script) => {
                offered(&run, says);
                session += &format!("\n{script}");
            }
        }
        run = ask(&asker, &session, flags);
    }
    healthy(&run);
}

fn ask(asker: &Person<'_>, session: &str, flags: &[&str]) -> Outcome {
    let flags = flags.join(" ");
    shell(asker, &format!("{session}\ncargo-peruser doctor --strict {flags}")).run()
}

/// Asserts that exactly these are found, as text and as JSON.
fn finds(run: &Outcome, report: &str, expected: &[(&str, &str)]) {
    for (begin, part) in expected {
        let is_it = |line: &&str| line.starts_with(begin) && line.contains(part);
        assert!(findings(run).iter().any(is_it), "`{begin}` … `{part}`:\n{}", run.stdout);
    }
    let number = findings(run).len();
    assert!(number == expected.len(), "it finds more than was broken:\n{}", run.stdout);
    let is_good = expected.iter().all(|(begin, _)| begin.starts_with("note"));
    assert!(run.status.success() == is_good, "the exit code is {}", run.status);
    let report: Value = serde_json::from_str(report).unwrap();
    let violation = doctor_json::violation(&report);
    assert!(violation.is_none(), "{violation:?}");
    let told = report.get("findings").and_then(Value::as_array).map(Vec::len);
    assert!(told == Some(number), "{report}");
}

fn each_check(stage: &Stage) {
    let list = doctor(&stage.person("alice"), &["--list"]).run().stdout;
    for id in list.lines().filter_map(|line| line.split(' ').next()) {
        let is_found =
            |scene: &Scene| scene.finds.iter().any(|(begin, _)| begin.contains(&format!("[{id}]")));
        assert!(id == ELSEWHERE || scenes().any(is_found), "no scene for {id}");
    }
}

fn in_order(stage: &Stage) {
    furnish(stage);
    let own = stage.root.join("alice/target");
    for name in ["alice", "bob", "root"] {
        healthy(&doctor(&stage.person(name), &["--strict"]).run());
    }
    healthy(&doctor(&stage.person("root"), &["--strict", "--all-users", "--deep"]).run());
    healthy(&doctor(&stage.person("alice"), &["--strict", "--deep"]).run());
    healthy(&doctor(&stage.person("alice"), &[]).env("CARGO_TARGET_DIR", own).run());
    doctor(&stage.person("alice"), &["--all-users"]).run().fails().blames("only root");
    // Other users' files are not a finding for her.
    make::own(&stage.root.join("bob"), BOB, BOB, 0o755);
    make::directory(&stage.root.join("eve"), 4001, 4001, 0o700);
    healthy(&doctor(&stage.person("alice"), &["--strict", "--deep"]).run());
}

fn settings(stage: &Stage) {
    furnish(stage);
    let directory = stage.settings("scope = \"workspace\"\n");
    make::own(&directory.join("config.toml"), 0, 0, 0o666);
    let (alice, root) = (stage.person("alice"), stage.person("root"));
    let run = doctor(&alice, &[]).system_settings(&directory).run();
    run.fails().prints("fail[settings]: cannot use the settings");
    // Checks that depend on them are not made.
    run.mentions("note: not checked, because the settings cannot be used: `root`, ");
    let command = offered(&run, "chmod go-w");
    root.shell(&command, [""; 0]).system_settings(&directory).run().ok();
    healthy(&doctor(&alice, &[]).system_settings(&directory).run());
    stage.settings("enforce = [\"scope\"]\nscope = \"user\"\n");
    let session = |line: &str| {
        let line = format!("export CARGO_PERUSER_SCOPE=workspace; {line} cargo-peruser doctor");
        alice.shell(&line, [""; 0]).system_settings(&directory).run()
    };
    let run = session("");
    run.fails().prints("fail[settings]: `scope` in ").prints("which enforces it");
    offered(&run, "unset CARGO_PERUSER_SCOPE, or ask the administrator");
    healthy(&session("unset CARGO_PERUSER_SCOPE;"));
}

fn dubious(stage: &Stage) {
    furnish(stage);
    let alice = stage.person("alice");
    alice.program("git", ["init", "-q"]).run().ok();
    let bob = stage.person("bob");
    healthy(&doctor(&alice, &["--strict"]).run());
    let run = doctor(&bob, &["--strict"]).run();
    run.fails().prints("warn[checkout]: git refuses the repository");
    bob.shell(&offered(&run, "git config"), [""; 0]).run().ok();
    bob.program("git", ["status"]).run().ok();
    healthy(&doctor(&bob, &["--strict"]).run());
}

fn without_directory(stage: &Stage) {
    stage.shared_root().make();
    let refusing = doctor(&stage.person("alice"), &[]).env("CARGO_PERUSER_MISSING", "refuse").run();
    refusing.fails().prints("fail[private-dir]").prints("so builds are refused, as `missing` says");
    refusing.prints("sudo cargo-peruser provision alice");
}

fn behind_a_link(stage: &Stage) {
    let (root, alice) = stage.sticky();
    let elsewhere = stage.at("elsewhere");
    make::tmpfs(&elsewhere, "mode=0755,ro,noexec");
    make::link(&root.join("alice"), &elsewhere, stage.person("mallory").uid());
    let run = doctor(&alice, &[]).run();
    run.fails().prints("it is a symlink").never_says("remount");
    do_as_root("umount", [&elsewhere]);
}

/// Root's session, since these tests run as root.
fn sccache(stage: &Stage) {
    furnish(stage);
    let alice = stage.person("alice");
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port().to_string();
    make::directory(&stage.at("bin"), 0, 0, 0o755);
    make::script(&stage.at("bin/sccache"), "#!/bin/sh\n");
    let path = [path_to(places::STUB).into(), stage.at("bin")];
    let using = |run: Invocation<'_>| run.path(&path).env("SCCACHE_SERVER_PORT", &port).run();
    let run = using(doctor(&alice, &["--strict"]));
    run.fails().prints("fail[sccache]: the sccache server on port").prints("root (uid 0)");
    let again = format!("{} && cargo-peruser doctor --strict", offered(&run, "export "));
    healthy(&using(alice.shell(&again, [""; 0])));
}

const MACHINES: &str = "/usr/local/bin/cargo-peruser";

fn installed(host: &Host<'_>) {
    let root = host.person("root");
    host.by_name(&root, ["setup"]).run().ok();
}

/// What the doctor finds, `setup --status` says as well.
fn same_words(doctor: &Outcome, status: &Outcome) {
    for line in findings(doctor) {
        for sentence in line.split_once("]: ").map_or(line, |(_, text)| text).split("; ") {
            status.mentions(sentence);
        }
    }
    for help in doctor.stdout.lines().filter_map(|line| line.strip_prefix("  help: ")) {
        status.mentions(format!("help: {help}"));
    }
}

fn path_order(stage: &Stage) {
    let host = Host::new(stage, "host", Shell::Bash);
    installed(&host);
    let alice = host.person("alice");
    let run = host.run(&alice, MACHINES, ["doctor"]).run();
    run.fails().prints("fail[path-order]: `cargo` in this session is").prints("not the shim");
    let status = |run: Invocation<'_>| run.args(["setup", "--status"]).run();
    same_words(&run, &status(host.run(&alice, MACHINES, [""; 0])));
    let again = format!("{} && cargo-peruser doctor --strict", offered(&run, "eval "));
    healthy(&host.run(&alice, "/bin/sh", ["-c", &again]).run());
    // Only new sessions find another one.
    let login = |line: &str| host.run(&alice, "/bin/bash", ["-l", "-c", line]).run();
    make::directory(&host.home("alice").join(".cargo"), ALICE, ALICE, 0o755);
    make::directory(&host.home("alice").join(".cargo/bin"), ALICE, ALICE, 0o755);
    let cargo = host.home("alice").join(".cargo/bin/cargo");
    make::file(&cargo, "#!/bin/sh\n", ALICE, 0o755);
    healthy(&login("cargo-peruser doctor --strict"));
    let run = login("unset CARGO_TARGET_DIR; cargo-peruser doctor --strict");
    run.fails().prints("warn[editor]: editors that are started from this session");
    let set = offered(&run, "eval ");
    healthy(&login(&format!("unset CARGO_TARGET_DIR; {set}; cargo-peruser doctor --strict")));
    host.append("alice", ".bashrc", "PATH=\"$HOME/.cargo/bin:$PATH\"");
    let run = host.run(&alice, "/bin/sh", ["-c", &again]).run();
    run.fails().prints("fail[path-order]: in a fresh bash").prints(".bashrc` line");
    same_words(&run, &status(host.run(&alice, MACHINES, [""; 0])));
    host.run(&alice, "/bin/sh", ["-c", &offered(&run, "echo ")]).run().ok();
    healthy(&host.run(&alice, "/bin/sh", ["-c", &again]).run());
    // A variable that is in no shell's file, but in every login session.
    fs::write(host.at("/etc/environment"), "CARGO_TARGET_DIR=/home/alice/mine\n").unwrap();
    let run = host.run(&alice, "/bin/sh", ["-c", &again]).run();
    run.fails().prints("CARGO_TARGET_DIR is `/home/alice/mine`, by `/etc/environment` line 1");
    let edit = offered(&run, "${EDITOR:-vi} +1 /etc/environment");
    let editor = "sed -i -e ${1#+}d $2";
    let edit = format!("echo '{editor}' >/root/editor; EDITOR='sh /root/editor'; {edit}");
    host.run(&host.person("root"), "/bin/sh", ["-c", &edit]).run().ok();
    healthy(&host.run(&alice, "/bin/sh", ["-c", &again]).run());
}

/// An ordinary machine, and the manual's example of it, apart from line breaks.
fn transcript(stage: &Stage) {
    let host = Host::new(stage, "host", Shell::Bash);
    installed(&host);
    let alice = host.person("alice");
    let home = host.home("alice");
    for (directory, uid, mode) in [
        ("builds", 0, 0o1777),
        ("alice/.cargo", ALICE, 0o755),
        ("alice/.cargo/bin", ALICE, 0o755),
        ("alice/.cargo/registry", 0, 0o755),
        ("alice/app", ALICE, 0o755),
        ("alice/app/target", ALICE, 0o755),
    ] {
        make::directory(&host.at("/home").join(directory), uid, uid, mode);
    }
    make::file(&home.join(".cargo/bin/cargo"), "#!/bin/sh\n", ALICE, 0o755);
    make::file(&home.join("app/target/.rustc_info.json"), "{}", ALICE, 0o644);
    make::file(&home.join("app/Cargo.toml"), "[package]\nname = \"app\"\n", ALICE, 0o644);
    host.append("alice", ".bashrc", "PATH=\"$HOME/.cargo/bin:$PATH\"");
    make::own(&host.at("/var/cache/cargo-peruser/alice"), ALICE, ALICE, 0o755);
    let line = "cd ~/app; CARGO_TARGET_DIR=/home/builds cargo-peruser doctor";
    let run = host.run(&alice, "/bin/bash", ["-l", "-c", line]).run();
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let manual = words(include_str!("../../../src/man/doctor.md"));
    run.fails();
    assert!(manual.contains(&words(&run.stdout)), "the manual does not have:\n{}", run.stdout);
}

fn two_installations(stage: &Stage) {
    let host = Host::new(stage, "host", Shell::Bash);
    installed(&host);
    let alice = host.person("alice");
    host.by_name(&alice, ["setup"]).run().ok();
    let login = |line: &str| host.run(&alice, "/bin/bash", ["-l", "-c", line]).run();
    login("cargo-peruser doctor settings --strict").ok();
    let own = host.home("alice").join(".local/bin/cargo-peruser");
    let longer = [fs::read(&own).unwrap(), b"another version".to_vec()].concat();
    fs::write(&own, longer).unwrap();
    let run = login("cargo-peruser doctor settings --strict");
    run.fails().prints("warn[settings]: ").prints("are both installed and differ");
    login(&offered(&run, "/usr/local/bin/cargo-peruser setup")).ok();
    login("cargo-peruser doctor settings --strict").ok();
}

fn anew(stage: &Stage) {
    let host = Host::new(stage, "host", Shell::Bash);
    installed(&host);
    let (alice, root) = (host.person("alice"), host.person("root"));
    let login = |line: &str| host.run(&alice, "/bin/bash", ["-l", "-c", line]).run();
    healthy(&login("cargo-peruser doctor --strict"));
    let everybody = ["-l", "-c", "cargo-peruser doctor --strict --all-users"];
    healthy(&host.run(&root, "/bin/bash", everybody).run());
    let shared = host.at("/var/cache/cargo-peruser");
    make::own(&shared, 0, 0, 0o1777);
    let run = login("cargo-peruser doctor");
    run.fails().prints("fail[root]: refusing to use the shared root");
    let setup = offered(&run, "cargo-peruser setup --shared-root");
    host.run(&root, "/bin/sh", ["-c", &setup]).run().ok();
    healthy(&login("cargo-peruser doctor --strict"));
    fs::rename(&shared, host.at("/var/cache/elsewhere")).unwrap();
    let run = login("unset CARGO_TARGET_DIR CARGO_BUILD_BUILD_DIR; cargo-peruser doctor root");
    run.ok().prints("warn[root]: the shared root `/var/cache/cargo-peruser` does not exist");
    let setup = offered(&run, "cargo-peruser setup --shared-root");
    host.run(&root, "/bin/sh", ["-c", &setup]).run().ok();
    healthy(&login("cargo-peruser doctor --strict"));
}

fn ageing_and_shells(stage: &Stage) {
    let host = Host::new(stage, "host", Shell::Bash);
    installed(&host);
    let (alice, root) = (host.person("alice"), host.person("root"));
    let login = |line: &str| host.run(&alice, "/bin/bash", ["-l", "-c", line]).run();
    let tmpfiles = host.at("/etc/tmpfiles.d");
    make::directory(&tmpfiles, 0, 0, 0o755);
    make::file(&tmpfiles.join("old.conf"), "e /var/cache - - - 10d\n", 0, 0o644);
    let run = login("cargo-peruser doctor --strict");
    run.fails().prints("warn[root]: systemd removes what is unused for 10d");
    let exclude = offered(&run, "echo 'x /var/cache/cargo-peruser' > /etc/tmpfiles.d/");
    host.run(&root, "/bin/sh", ["-c", &exclude]).run().ok();
    healthy(&login("cargo-peruser doctor --strict"));
    let accounts = host.at("/etc/passwd");
    let text = fs::read_to_string(&accounts).unwrap();
    fs::write(&accounts, text.replace("/home/alice:/bin/bash", "/home/alice:/usr/bin/nu")).unwrap();
    let run = login("cargo-peruser doctor --strict");
    run.fails().prints("warn[login-shell]: no start-up file of setup's reaches `nu`");
    login("cargo-peruser setup --status").mentions("no start-up file of setup's reaches `nu`");
    let file = "~/.config/nushell/config.nu";
    let line = offered(&run, "add this line to ");
    let line = line.strip_prefix(&format!("add this line to {file}: ")).expect("another file");
    make::file(&host.home("alice").join("line"), line, ALICE, 0o644);
    login(&format!("mkdir -p ~/.config/nushell; cat ~/line >>{file}")).ok();
    healthy(&login("cargo-peruser doctor --strict"));
}

/// Alice replaces the parent of cargo's home by a pipe, each time after doctor has looked at it.
fn pipes(stage: &Stage) {
    furnish(stage);
    let (alice, root) = (stage.person("alice"), stage.person("root"));
    let (own, aside) = (alice.home.join("own"), alice.home.join("aside"));
    let line = "mkdir -p own/cargo && ln -s own/cargo .cargo";
    alice.shell(line, [""; 0]).within(&alice.home).run().ok();
    let seen = ["/home/2001/own", "/home/2001/own/cargo"].map(PathBuf::from);
    for number in 0.. {
        let run =
            doctor(&root, &["foreign-owned", "--all-users"]).seen_at(stage.at("home"), "/home");
        let calls = "readlink,statx,newfstatat,openat,openat2";
        let mut steps = Steps::start_on(run, calls, &seen, &stage.at("log"));
        let mut count = 0;
        while steps.next().is_some() {
            if count == number {
                fs::rename(&own, &aside).unwrap();
                make::fifo(&own, ALICE);
            }
            count += 1;
        }
        let run = steps.finish();
        assert!(run.status.code().is_some(), "{}", run.stderr);
        if count <= number {
            assert!(number > 3, "it looked {number} times");
            break;
        }
        fs::remove_file(&own).unwrap();
        fs::rename(&aside, &own).unwrap();
    }
}

/// Newer kernels report a mount point before the open; sandboxes forbid that call.
fn mounts(stage: &Stage) {
    furnish(stage);
    let (root, elsewhere) = (stage.person("root"), stage.at("elsewhere"));
    let mounted = stage.root.join("bob/mounted");
    for place in [&elsewhere, &mounted] {
        make::directory(place, BOB, BOB, 0o755);
        make::file(&place.join("of-root"), "", 0, 0o644);
    }
    let look = || doctor(&root, &["foreign-owned", "--all-users", "--deep"]);
    look().run().fails().prints("/mounted/of-root` belongs to root");
    do_as_root(
        "mount",
        ["--bind", "--"]
            .map(OsStr::new)
            .into_iter()
            .chain([elsewhere.as_os_str(), mounted.as_os_str()]),
    );
    let denied = ["strace", "-fqq", "-o", "/dev/null", "-e", "inject=openat2:error=EPERM"];
    let runs = [look().run(), look().after(denied).run()];
    do_as_root("umount", [&mounted]);
    for run in runs {
        run.ok().never_says("of-root");
    }
}

fn exchangeable(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let home = stage.at("home").join(alice.uid().to_string());
    for (place, is_offered) in [("own", true), ("d/x/cargo", false)] {
        let cargo_home = home.join(place);
        let line = "mkdir -p \"$1\"";
        alice.shell(line, [&cargo_home]).run().ok();
        make::file(&cargo_home.join("of-root"), "", 0, 0o644);
        let run = alice.by_name(["doctor", "foreign-owned"]).env("CARGO_HOME", &cargo_home).run();
        run.fails().prints("of-root");
        assert!(run.stdout.contains("chown") == is_offered, "{place}: {}", run.stdout);
    }
    // Nor is she herself, through what everybody can exchange.
    make::directory(&home.join(".rustup"), ALICE, ALICE, 0o777);
    for (mode, is_offered) in [(0o700, true), (0o777, false)] {
        make::own(&home, ALICE, ALICE, mode);
        let run = alice.by_name(["doctor", "shared-homes"]).run();
        run.prints(".rustup`, which several");
        assert!(run.stdout.contains("chmod") == is_offered, "{mode:o}: {}", run.stdout);
    }
}
