//! The doctor: each finding on a machine that is broken in exactly this way, and gone after the printed
//! command was run by whom it is meant for.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::machine::{Need, account, group, places};
use crate::stage::child::do_as_root;
use crate::stage::{Host, Invocation, Outcome, Person, Shell, Stage, look, make, path_to};
use crate::suite::{Test, test};

const ALICE: u32 = 2001;
const BOB: u32 = 2002;

/// What is broken on a machine that is otherwise in order.
struct Broken {
    name: &'static str,
    /// Breaks it.
    how: fn(&Stage) -> Result<()>,
    /// The check, and a part of what it says to alice.
    finds: (&'static str, &'static str),
    /// Who runs the command, and how that begins.
    cure: (&'static str, &'static str),
}

const BROKEN: &[Broken] = &[
    Broken {
        name: "a_root_that_its_group_can_write_to",
        how: |stage| make::own(&stage.root, ALICE, group("devs")?, 0o2775),
        finds: ("fail[root]", "others can create files in it"),
        cure: ("alice", "chmod go-w"),
    },
    Broken {
        name: "a_root_on_a_noexec_file_system",
        how: |stage| remount(stage, "noexec"),
        finds: ("fail[root]", "mounted noexec"),
        cure: ("root", "mount -o remount,exec"),
    },
    Broken {
        name: "a_root_on_a_read_only_file_system",
        how: |stage| remount(stage, "ro"),
        finds: ("fail[root]", "mounted read-only"),
        cure: ("root", "mount -o remount,rw"),
    },
    Broken {
        name: "a_private_directory_that_others_can_read",
        how: |stage| make::own(&stage.root.join("alice"), ALICE, ALICE, 0o755),
        finds: ("warn[private-dir]", "mode 0755"),
        cure: ("alice", "chmod 0700"),
    },
    Broken {
        name: "a_private_directory_that_its_owner_cannot_use",
        how: |stage| make::own(&stage.root.join("alice"), ALICE, ALICE, 0o500),
        finds: ("fail[private-dir]", "its owner cannot use it"),
        cure: ("alice", "chmod u+rwx"),
    },
    Broken {
        name: "no_private_directory",
        how: |stage| make::nothing(&stage.root.join("alice")),
        finds: ("warn[private-dir]", "you have no private directory"),
        cure: ("root", "cargo-peruser provision alice"),
    },
    Broken {
        name: "files_of_root_in_a_target_directory",
        how: |stage| {
            let target = stage.root.join("alice/app-0123456789abcdef");
            make::directory(&target, ALICE, ALICE, 0o700)?;
            make::directory(&target.join("debug"), ALICE, ALICE, 0o755)?;
            make::file(&target.join("debug/app"), "", 0, 0o755)
        },
        finds: ("fail[foreign-owned]", "root (uid 0)"),
        cure: ("root", "chown -RhP alice:"),
    },
    Broken {
        name: "files_of_root_in_cargos_home",
        how: |stage| {
            let cargo = home(stage)?.join(".cargo");
            make::directory(&cargo, ALICE, ALICE, 0o755)?;
            make::directory(&cargo.join("registry"), 0, 0, 0o755)
        },
        finds: ("fail[foreign-owned]", "registry"),
        cure: ("root", "chown -RhP alice:"),
    },
    Broken {
        name: "a_home_of_rustup_that_everyone_can_write_to",
        how: |stage| make::directory(&home(stage)?.join(".rustup"), ALICE, ALICE, 0o777),
        finds: ("warn[shared-homes]", "several accounts can write to"),
        cure: ("alice", "chmod go-w"),
    },
    Broken {
        name: "an_old_target_directory",
        how: |stage| {
            let target = stage.checkout.join("target");
            make::directory(&target, ALICE, ALICE, 0o755)?;
            make::directory(&target.join("debug"), ALICE, ALICE, 0o755)?;
            make::file(&target.join(".rustc_info.json"), "{}", ALICE, 0o644)?;
            make::directory(&target.join("debug/.fingerprint"), ALICE, ALICE, 0o755)?;
            make::file(&target.join("debug/app"), "", ALICE, 0o755)
        },
        finds: ("warn[left-behind]", "left from earlier builds"),
        cure: ("alice", "cargo-peruser migrate"),
    },
    Broken {
        name: "a_checkout_for_a_group_without_its_bit",
        how: |stage| make::own(&stage.checkout, ALICE, group("devs")?, 0o775),
        finds: ("warn[checkout]", "set-group-id bit is missing"),
        cure: ("alice", "chmod g+s"),
    },
    Broken {
        name: "a_lock_file_that_its_group_cannot_write",
        how: |stage| {
            make::own(&stage.checkout, BOB, group("devs")?, 0o2775)?;
            make::file(&stage.checkout.join("Cargo.lock"), "", BOB, 0o644)
        },
        finds: ("warn[checkout]", "cannot be written by the group devs (mode 0644)"),
        cure: ("bob", "chgrp devs"),
    },
];

/// What a session of alice's has exported, and what is said about it.
type Exported = (&'static str, &'static str, fn(&Stage) -> String, &'static str);

const EXPORTED: &[Exported] = &[
    (
        "bobs_directory",
        "CARGO_TARGET_DIR",
        |s| below(s, "shared/bob/target"),
        "fail[stale-session]",
    ),
    (
        "the_directory_of_everybody",
        "CARGO_TARGET_DIR",
        |s| below(s, "shared"),
        "fail[stale-session]",
    ),
    ("bobs_home", "CARGO_BUILD_BUILD_DIR", |s| below(s, "home/2002/x"), "fail[stale-session]"),
    ("a_common_directory", "CARGO_TARGET_DIR", |s| below(s, "common"), "warn[stale-session]"),
    ("the_switch_off", "CARGO_PERUSER", |_| "off".into(), "warn[settings]"),
    ("bobs_home_of_cargo", "CARGO_HOME", |s| below(s, "cargo"), "warn[shared-homes]"),
];

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test("doctor::finds_nothing_on_a_machine_in_order", in_order),
        test("doctor::finds_settings_that_others_can_write", settings),
        test("doctor::finds_what_it_cannot_cure_and_says_whom_to_ask", told_only),
        test("doctor::finds_what_others_left_in_a_workspace_and_a_full_root", told_only_here),
        test("doctor::finds_a_directory_on_path_that_everyone_can_write_to", on_path),
        test("doctor::finds_outdated_settings_of_an_editor", editor),
        test("doctor::notes_what_is_left_of_workspaces_that_are_gone", gone),
        test("doctor::notes_what_is_accepted", noted),
        test("doctor::finds_the_sccache_server_of_somebody_else", sccache),
        test("doctor::finds_a_repository_that_git_refuses", dubious).needs(&[Need::Git]),
        test("doctor::root_looks_at_everybodys_directories", everybody),
        test("doctor::offers_to_remove_nothing_of_which_the_owner_may_be_known", doubtful),
        test("doctor::finds_another_cargo_before_the_shim", path_order).needs(&[Need::Bash]),
        test("doctor::says_what_the_manual_shows", transcript).needs(&[Need::Bash]),
        test("doctor::finds_installations_that_differ", two_installations).needs(&[Need::Bash]),
        test(
            "doctor::finds_a_sticky_root_one_that_systemd_ages_and_a_shell_without_a_hook",
            machines,
        )
        .needs(&[Need::Bash]),
    ];
    for broken in BROKEN {
        let body = move |stage: &Stage| found_and_cured(stage, broken);
        tests.push(test(format!("doctor::finds_{}", broken.name), body));
    }
    for exported in EXPORTED {
        let body = move |stage: &Stage| found_and_unset(stage, *exported);
        tests.push(test(format!("doctor::finds_exported_{}", exported.0), body));
    }
    tests
}

fn home(stage: &Stage) -> Result<std::path::PathBuf> {
    Ok(stage.person("alice")?.home)
}

fn below(stage: &Stage, name: &str) -> String {
    stage.at(name).display().to_string()
}

/// A machine on which alice has a workspace and has built it.
fn furnish(stage: &Stage) -> Result<()> {
    make::tmpfs(&stage.root, "mode=0755,size=1g")?;
    stage.shared_root().provisioned()?;
    make::file(&stage.checkout.join("Cargo.toml"), "[package]\nname = \"app\"\n", ALICE, 0o644)?;
    stage.person("alice")?.cargo(["build"]).run()?.silently()?;
    stage.person("bob")?;
    make::directory(&stage.at("common"), 0, 0, 0o1777)?;
    make::directory(&stage.at("cargo"), BOB, BOB, 0o755)
}

fn remount(stage: &Stage, option: &str) -> Result<()> {
    let option = format!("remount,{option}");
    do_as_root("mount", [Path::new("-o"), Path::new(&option), &stage.root])
}

fn doctor<'p>(person: &'p Person<'_>, words: &[&str]) -> Invocation<'p> {
    person.by_name(std::iter::once("doctor").chain(words.iter().copied()))
}

/// The command that a finding offers.
fn offered(run: &Outcome, begins: &str) -> Result<String> {
    let help = |line: &str| Some(line.strip_prefix("  help: ")?.to_owned());
    let mut lines = run.stdout.lines().filter_map(help);
    let found = lines.find_map(|line| Some(line.get(line.find(begins)?..)?.to_owned()));
    found.with_context(|| format!("no help line offers `{begins}`:\n{}", run.stdout))
}

fn healthy(run: &Outcome) -> Result<()> {
    run.silently()?.prints("no problem found: ")?.prints(" 0 not possible")?.never_says("help:")?;
    Ok(())
}

fn in_order(stage: &Stage) -> Result<()> {
    furnish(stage)?;
    let own = stage.root.join("alice/target");
    for name in ["alice", "bob", "root"] {
        healthy(&doctor(&stage.person(name)?, &["--strict"]).run()?)?;
    }
    healthy(&doctor(&stage.person("root")?, &["--strict", "--all-users"]).run()?)?;
    healthy(&doctor(&stage.person("alice")?, &[]).env("CARGO_TARGET_DIR", own).run()?)?;
    doctor(&stage.person("alice")?, &["--all-users"]).run()?.fails()?.blames("only root")?;
    Ok(())
}

fn found_and_cured(stage: &Stage, broken: &Broken) -> Result<()> {
    let Broken { how, finds: (finding, says), cure: (who, begins), .. } = broken;
    furnish(stage)?;
    how(stage)?;
    let alice = stage.person("alice")?;
    let run = doctor(&alice, &["--strict"]).umask("002").run()?;
    run.fails()?.prints(format!("{finding}: "))?.prints(says)?;
    let others =
        run.stdout.lines().filter(|line| !line.starts_with(finding) && line.contains("]: "));
    ensure!(others.count() == 0, "it finds more than was broken:\n{}", run.stdout);
    let mut command = offered(&run, begins)?;
    if command.starts_with("cargo-peruser migrate") {
        // It asks, and here is nobody to answer.
        command += " --yes";
    }
    stage.person(who)?.shell(&command, [""; 0]).run()?.ok()?;
    healthy(&doctor(&alice, &["--strict"]).umask("002").run()?)
}

fn found_and_unset(stage: &Stage, (_, name, value, finding): Exported) -> Result<()> {
    furnish(stage)?;
    let alice = stage.person("alice")?;
    let run = doctor(&alice, &["--strict"]).env(name, value(stage)).run()?;
    run.fails()?.prints(format!("{finding}: "))?.prints(name)?;
    let again = format!("{} && cargo-peruser doctor --strict", offered(&run, "unset ")?);
    healthy(&alice.shell(&again, [""; 0]).env(name, value(stage)).run()?)
}

fn settings(stage: &Stage) -> Result<()> {
    furnish(stage)?;
    let directory = stage.at("etc");
    make::directory(&directory, 0, 0, 0o755)?;
    make::file(&directory.join("config.toml"), "scope = \"workspace\"\n", 0, 0o666)?;
    let (alice, root) = (stage.person("alice")?, stage.person("root")?);
    let run = doctor(&alice, &[]).system_settings(&directory).run()?;
    run.fails()?.prints("fail[settings]: cannot use the settings")?;
    // Nothing is known of what depends on them.
    run.mentions("note: not checked, because the settings cannot be used: `root`, ")?;
    let command = offered(&run, "chmod go-w")?;
    root.shell(&command, [""; 0]).system_settings(&directory).run()?.ok()?;
    healthy(&doctor(&alice, &[]).system_settings(&directory).run()?)
}

/// Findings for which there is no command that anybody could run as it stands.
fn told_only(stage: &Stage) -> Result<()> {
    furnish(stage)?;
    let alice = stage.person("alice")?;
    let missing =
        doctor(&alice, &["root"]).env("CARGO_PERUSER_SHARED_ROOT", stage.at("none")).run()?;
    missing
        .ok()?
        .prints("warn[root]: the shared root")?
        .prints("ask root (uid 0) to run: cargo-peruser")?;
    let path = [places::SHIM, places::BY_NAME];
    let run = doctor(&alice, &["toolchain"]).path(path).run()?;
    run.fails()?.prints("fail[toolchain]: no cargo found to execute")?;
    let shims = stage.at(".asdf");
    make::directory(&shims, 0, 0, 0o755)?;
    make::script(&shims.join("cargo"), "#!/bin/sh\n")?;
    let path = [below(stage, ".asdf"), path_to(places::STUB)];
    let run = doctor(&alice, &["path-order"]).path(path).run()?;
    run.fails()?
        .prints(".asdf/cargo` (asdf) and not the shim")?
        .prints("ask root (uid 0) to run")?;
    for directory in ["one", "two"] {
        make::directory(&stage.at(directory), 0, 0, 0o755)?;
        make::script(
            &stage.at(directory).join("rustup"),
            &format!("#!/bin/sh\necho {directory}\n"),
        )?;
    }
    let path = [path_to(places::STUB), below(stage, "one"), below(stage, "two")];
    doctor(&alice, &["toolchain"])
        .path(path)
        .run()?
        .ok()?
        .prints("note[toolchain]: there are two")?;
    Ok(())
}

/// What is accepted, and is not what people may think.
fn noted(stage: &Stage) -> Result<()> {
    furnish(stage)?;
    let alice = stage.person("alice")?;
    make::own(&stage.checkout, ALICE, group("devs")?, 0o2775)?;
    let run = doctor(&alice, &["--strict"]).run()?;
    run.ok()?.prints("note[checkout]: what you make in the checkout")?;
    let again = format!("{} && cargo-peruser doctor", offered(&run, "umask 002")?);
    healthy(&alice.shell(&again, [""; 0]).run()?)?;
    let inside = stage.checkout.join("builds");
    make::directory(&inside, ALICE, ALICE, 0o755)?;
    let inside =
        |run: Invocation<'_>| run.env("CARGO_PERUSER_SHARED_ROOT", &inside).umask("002").run();
    let run = inside(doctor(&alice, &[]))?;
    run.ok()?.prints("note[root]: builds of this workspace are not refused")?;
    alice.shell(&offered(&run, "chmod go-w")?, [""; 0]).run()?.ok()?;
    healthy(&inside(doctor(&alice, &[]))?)?;
    make::own(&stage.root, 0, 0, 0o1777)?;
    let run = doctor(&alice, &["--strict"]).env("CARGO_PERUSER_STICKY_ROOT", "accept").run()?;
    run.ok()?.prints("note[root]: others can create files in")?.prints("(`sticky-root`)")?;
    Ok(())
}

/// The same in a workspace, and a file system without room.
fn told_only_here(stage: &Stage) -> Result<()> {
    furnish(stage)?;
    let alice = stage.person("alice")?;
    make::directory(&stage.checkout.join(".cargo"), ALICE, ALICE, 0o755)?;
    let text = format!("[build]\nbuild-dir = \"{}\"\n", below(stage, "common"));
    make::file(&stage.checkout.join(".cargo/config.toml"), text, ALICE, 0o644)?;
    doctor(&alice, &["build-dir"])
        .run()?
        .ok()?
        .prints("note[build-dir]: ")?
        .prints("config.toml")?;
    let target = stage.checkout.join("target");
    make::directory(&target, BOB, BOB, 0o755)?;
    make::directory(&target.join("nextest"), BOB, BOB, 0o755)?;
    make::file(&target.join(".rustc_info.json"), "{}", BOB, 0o644)?;
    let run = doctor(&alice, &["left-behind", "checkout"]).run()?;
    run.ok()?.prints("warn[left-behind]: ")?.prints("earlier builds by bob (uid 2002)")?;
    run.prints("warn[checkout]: ")?.prints("ask bob (uid 2002) to take it away")?;
    run.never_says("rm ")?;
    do_as_root("mount", ["-o".as_ref(), "remount,size=1m".as_ref(), stage.root.as_os_str()])?;
    let run = doctor(&alice, &["root"]).run()?;
    run.ok()?.prints("warn[root]: only ")?.prints("are free")?;
    Ok(())
}

fn on_path(stage: &Stage) -> Result<()> {
    furnish(stage)?;
    let open = stage.at("open");
    make::directory(&open, 0, 0, 0o777)?;
    let alice = stage.person("alice")?;
    let path = [path_to(places::STUB), below(stage, "open")];
    let run = doctor(&alice, &["--strict"]).path(&path).run()?;
    run.fails()?.prints("warn[toolchain]: ")?.prints("everyone can write to it (mode 0777)")?;
    let command = offered(&run, "chmod o-w")?;
    stage.person("root")?.shell(&command, [""; 0]).run()?.ok()?;
    healthy(&doctor(&alice, &["--strict"]).path(path).run()?)
}

fn dubious(stage: &Stage) -> Result<()> {
    furnish(stage)?;
    let alice = stage.person("alice")?;
    alice.program("git", ["init", "-q"]).run()?.ok()?;
    let bob = stage.person("bob")?;
    healthy(&doctor(&alice, &["--strict"]).run()?)?;
    let run = doctor(&bob, &["--strict"]).run()?;
    run.fails()?.prints("warn[checkout]: git refuses the repository")?;
    bob.shell(&offered(&run, "git config")?, [""; 0]).run()?.ok()?;
    bob.program("git", ["status"]).run()?.ok()?;
    healthy(&doctor(&bob, &["--strict"]).run()?)
}

fn gone(stage: &Stage) -> Result<()> {
    furnish(stage)?;
    let alice = stage.person("alice")?;
    let target = alice.target()?;
    healthy(&doctor(&alice, &["--strict"]).run()?)?;
    // It was hers to make and to remove.
    fs::rename(&stage.checkout, stage.at("elsewhere"))?;
    let doctor = || doctor(&alice, &["--strict"]).within(&alice.home);
    healthy(&doctor().run()?)?;
    let old = "find \"$1\" -exec touch -h -d '3 days ago' {} +";
    alice.shell(old, [stage.root.join("alice")]).within(&alice.home).run()?.ok()?;
    let run = doctor().run()?;
    run.ok()?.prints("note[records]: one target directory is for")?.prints("which is gone")?;
    let gc = offered(&run, "cargo-peruser gc")?;
    alice.shell(&gc, [""; 0]).within(&alice.home).run()?.ok()?;
    ensure!(look(&target)?.is_none(), "it is still there");
    healthy(&doctor().run()?)
}

fn editor(stage: &Stage) -> Result<()> {
    furnish(stage)?;
    let alice = stage.person("alice")?;
    alice.by_name(["editor", "helix", "--write"]).run()?.ok()?;
    healthy(&doctor(&alice, &["--strict"]).run()?)?;
    let file = alice.home.join(".config/helix/languages.toml");
    let text = fs::read_to_string(&file)?;
    ensure!(text.contains("/alice/target"), "helix is told something else:\n{text}");
    make::file(&file, text.replace("/alice/target", "/alice/old"), ALICE, 0o644)?;
    let run = doctor(&alice, &["--strict"]).run()?;
    run.fails()?.prints("warn[editor]: the settings of helix name another directory")?;
    alice.shell(&offered(&run, "cargo-peruser editor")?, [""; 0]).run()?.ok()?;
    healthy(&doctor(&alice, &["--strict"]).run()?)
}

/// Root's, which these tests are.
fn sccache(stage: &Stage) -> Result<()> {
    furnish(stage)?;
    let alice = stage.person("alice")?;
    let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    let port = server.local_addr()?.port().to_string();
    let using = |run: Invocation<'_>| {
        run.env("RUSTC_WRAPPER", "sccache").env("SCCACHE_SERVER_PORT", &port).run()
    };
    let run = using(doctor(&alice, &["--strict"]))?;
    run.fails()?.prints("fail[sccache]: the sccache server on port")?.prints("root (uid 0)")?;
    let again = format!("{} && cargo-peruser doctor --strict", offered(&run, "export ")?);
    healthy(&using(alice.shell(&again, [""; 0]))?)
}

fn everybody(stage: &Stage) -> Result<()> {
    furnish(stage)?;
    let former = stage.root.join("eve");
    make::directory(&former, 4001, 4001, 0o700)?;
    make::own(&stage.root.join("bob"), BOB, BOB, 0o755)?;
    make::nothing(&stage.root.join("carol"))?;
    let root = stage.person("root")?;
    let all = |words: &[&str]| doctor(&root, &[&["--all-users", "--strict"], words].concat()).run();
    let run = all(&[])?;
    run.fails()?.prints("warn[private-dir]: bob: others can look into")?;
    run.prints("note[private-dir]: uid-4001: ")?.prints("warn[private-dir]: carol: there is no")?;
    for (who, begins) in [
        ("bob", "chmod 0700"),
        ("root", "rm -rf --one-file-system"),
        ("root", "cargo-peruser provision carol"),
    ] {
        stage.person(who)?.shell(&offered(&run, begins)?, [""; 0]).run()?.ok()?;
    }
    ensure!(look(&former)?.is_none(), "it is still there");
    healthy(&all(&[])?)?;
    make::own(&stage.root.join("bob"), account("mallory")?.uid, BOB, 0o700)?;
    all(&["private-dir"])?
        .fails()?
        .prints("fail[private-dir]: bob: ")?
        .prints("owned by mallory")?;
    Ok(())
}

/// An account database that is down knows nobody, and a known name has another owner after a mistake.
fn doubtful(stage: &Stage) -> Result<()> {
    furnish(stage)?;
    let root = stage.person("root")?;
    let all = || doctor(&root, &["--all-users", "private-dir"]).run();
    make::own(&stage.root.join("bob"), 4001, 4001, 0o700)?;
    all()?.fails()?.prints("fail[private-dir]: bob: ")?.never_says("rm -rf")?;
    for uid in 4002..4100 {
        make::directory(&stage.root.join(format!("gone{uid}")), uid, uid, 0o700)?;
    }
    all()?.fails()?.prints("more than half of the owners have no account")?.never_says("rm -rf")?;
    Ok(())
}

const MACHINES: &str = "/usr/local/bin/cargo-peruser";

fn installed(host: &Host<'_>) -> Result<()> {
    let root = host.person("root")?;
    host.by_name(&root, ["setup"]).run()?.ok()?;
    Ok(())
}

fn path_order(stage: &Stage) -> Result<()> {
    let host = Host::new(stage, "host", Shell::Bash)?;
    installed(&host)?;
    let alice = host.person("alice")?;
    let run = host.run(&alice, MACHINES, ["doctor"]).run()?;
    run.fails()?.prints("fail[path-order]: `cargo` in this session is")?.prints("not the shim")?;
    let again = format!("{} && cargo-peruser doctor --strict", offered(&run, "eval ")?);
    healthy(&host.run(&alice, "/bin/sh", ["-c", &again]).run()?)?;
    // Only fresh sessions find another one.
    let login = |line: &str| host.run(&alice, "/bin/bash", ["-l", "-c", line]).run();
    make::directory(&host.home("alice").join(".cargo"), ALICE, ALICE, 0o755)?;
    make::directory(&host.home("alice").join(".cargo/bin"), ALICE, ALICE, 0o755)?;
    let cargo = host.home("alice").join(".cargo/bin/cargo");
    make::file(&cargo, "#!/bin/sh\n", ALICE, 0o755)?;
    healthy(&login("cargo-peruser doctor --strict")?)?;
    let run = login("unset CARGO_TARGET_DIR; cargo-peruser doctor --strict")?;
    run.fails()?.prints("warn[editor]: editors that are started from this session")?;
    let set = offered(&run, "eval ")?;
    healthy(&login(&format!("unset CARGO_TARGET_DIR; {set}; cargo-peruser doctor --strict"))?)?;
    host.append("alice", ".bashrc", "PATH=\"$HOME/.cargo/bin:$PATH\"")?;
    let run = host.run(&alice, "/bin/sh", ["-c", &again]).run()?;
    run.fails()?.prints("fail[path-order]: in a fresh bash")?.prints(".bashrc` line")?;
    host.run(&alice, "/bin/sh", ["-c", &offered(&run, "echo ")?]).run()?.ok()?;
    healthy(&host.run(&alice, "/bin/sh", ["-c", &again]).run()?)?;
    // What no shell's file says, but every login has.
    fs::write(host.at("/etc/environment"), "CARGO_TARGET_DIR=/home/alice/mine\n")?;
    let run = host.run(&alice, "/bin/sh", ["-c", &again]).run()?;
    run.fails()?.prints("CARGO_TARGET_DIR is `/home/alice/mine`, by `/etc/environment` line 1")?;
    run.prints("sudo ${EDITOR:-vi} +1 /etc/environment")?;
    Ok(())
}

/// A machine as people have them, and what the manual has of it, but for where lines end.
fn transcript(stage: &Stage) -> Result<()> {
    let host = Host::new(stage, "host", Shell::Bash)?;
    installed(&host)?;
    let alice = host.person("alice")?;
    let home = host.home("alice");
    for (directory, uid, mode) in [
        ("builds", 0, 0o1777),
        ("alice/.cargo", ALICE, 0o755),
        ("alice/.cargo/bin", ALICE, 0o755),
        ("alice/.cargo/registry", 0, 0o755),
        ("alice/app", ALICE, 0o755),
        ("alice/app/target", ALICE, 0o755),
    ] {
        make::directory(&host.at("/home").join(directory), uid, uid, mode)?;
    }
    make::file(&home.join(".cargo/bin/cargo"), "#!/bin/sh\n", ALICE, 0o755)?;
    make::file(&home.join("app/target/.rustc_info.json"), "{}", ALICE, 0o644)?;
    make::file(&home.join("app/Cargo.toml"), "[package]\nname = \"app\"\n", ALICE, 0o644)?;
    host.append("alice", ".bashrc", "PATH=\"$HOME/.cargo/bin:$PATH\"")?;
    make::own(&host.at("/var/cache/cargo-peruser/alice"), ALICE, ALICE, 0o755)?;
    let line = "cd ~/app; CARGO_TARGET_DIR=/home/builds cargo-peruser doctor";
    let run = host.run(&alice, "/bin/bash", ["-l", "-c", line]).run()?;
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let manual = words(include_str!("../../../src/man/doctor.md"));
    run.fails()?;
    ensure!(manual.contains(&words(&run.stdout)), "the manual does not have:\n{}", run.stdout);
    Ok(())
}

fn two_installations(stage: &Stage) -> Result<()> {
    let host = Host::new(stage, "host", Shell::Bash)?;
    installed(&host)?;
    let alice = host.person("alice")?;
    host.by_name(&alice, ["setup"]).run()?.ok()?;
    let login = |line: &str| host.run(&alice, "/bin/bash", ["-l", "-c", line]).run();
    login("cargo-peruser doctor settings --strict")?.ok()?;
    let own = host.home("alice").join(".local/bin/cargo-peruser");
    let longer = [fs::read(&own)?, b"another version".to_vec()].concat();
    fs::write(&own, longer)?;
    let run = login("cargo-peruser doctor settings --strict")?;
    run.fails()?.prints("warn[settings]: ")?.prints("are both installed and differ")?;
    login(&offered(&run, "/home/alice/.local/bin/cargo-peruser setup")?)?.ok()?;
    login("cargo-peruser doctor settings --strict")?.ok()?;
    Ok(())
}

fn machines(stage: &Stage) -> Result<()> {
    let host = Host::new(stage, "host", Shell::Bash)?;
    installed(&host)?;
    let (alice, root) = (host.person("alice")?, host.person("root")?);
    let login = |line: &str| host.run(&alice, "/bin/bash", ["-l", "-c", line]).run();
    healthy(&login("cargo-peruser doctor --strict")?)?;
    let everybody = ["-l", "-c", "cargo-peruser doctor --strict --all-users"];
    healthy(&host.run(&root, "/bin/bash", everybody).run()?)?;
    let shared = host.at("/var/cache/cargo-peruser");
    make::own(&shared, 0, 0, 0o1777)?;
    let run = login("cargo-peruser doctor")?;
    run.fails()?.prints("fail[root]: refusing to use the shared root")?;
    let setup = offered(&run, "cargo-peruser setup --shared-root")?;
    host.run(&root, "/bin/sh", ["-c", &setup]).run()?.ok()?;
    healthy(&login("cargo-peruser doctor --strict")?)?;
    let tmpfiles = host.at("/etc/tmpfiles.d");
    make::directory(&tmpfiles, 0, 0, 0o755)?;
    make::file(&tmpfiles.join("old.conf"), "e /var/cache - - - 10d\n", 0, 0o644)?;
    let run = login("cargo-peruser doctor --strict")?;
    run.fails()?.prints("warn[root]: systemd removes what is unused for 10d")?;
    let exclude = offered(&run, "echo 'x /var/cache/cargo-peruser' > /etc/tmpfiles.d/")?;
    host.run(&root, "/bin/sh", ["-c", &exclude]).run()?.ok()?;
    healthy(&login("cargo-peruser doctor --strict")?)?;
    let accounts = host.at("/etc/passwd");
    let text = fs::read_to_string(&accounts)?;
    fs::write(&accounts, text.replace("/home/alice:/bin/bash", "/home/alice:/usr/bin/nu"))?;
    let run = login("cargo-peruser doctor --strict")?;
    run.fails()?.prints("warn[login-shell]: the login shell is `/usr/bin/nu`")?;
    let chsh = offered(&run, "chsh -s /bin/bash alice")?;
    host.run(&root, "/bin/sh", ["-c", &chsh]).run()?.ok()?;
    healthy(&login("cargo-peruser doctor --strict")?)
}
