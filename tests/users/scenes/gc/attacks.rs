//! The owner works against root, who collects in their private directory: nothing outside is touched, and
//! it ends.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::{gc, is_emptied, target};
use crate::stage::child::do_as_root;
use crate::stage::{Stage, look, make};
use crate::suite::{Test, test};

/// What mallory does over and over, in her private directory; `$1` is a directory of root's.
const ATTACKS: &[(&str, &str)] = &[
    (
        "the_target_directory",
        "mv -T app-0123456789abcdef x; ln -s \"$1\" app-0123456789abcdef; rm -f app-0123456789abcdef; mv -T x app-0123456789abcdef",
    ),
    (
        "the_profile",
        "cd app-0123456789abcdef; mv -T debug x; ln -s \"$1\" debug; rm -f debug; mv -T x debug; cd ..",
    ),
    (
        "a_directory_in_the_profile",
        "cd app-0123456789abcdef/debug; mv -T deps x; ln -s \"$1\" deps; rm -f deps; mv -T x deps; cd ../..",
    ),
    ("the_staging_directory", "mv -T .gc x; ln -s \"$1\" .gc; rm -f .gc; mv -T x .gc"),
    (
        "what_is_staged",
        "for n in 0 1 2; do mv -T .gc/$n .gc/x; ln -s \"$1\" .gc/$n; rm -f .gc/$n; mv -T .gc/x .gc/$n; done",
    ),
    (
        "the_records",
        "mkdir -p .workspaces; mv -T .workspaces x; ln -s \"$1\" .workspaces; rm -f .workspaces; mv -T x .workspaces",
    ),
    (
        "an_endless_tree",
        "mkdir -p .gc/0/d/e/f app-0123456789abcdef/debug/deps/new/new; touch .gc/0/d/f .gc/0/$$ app-0123456789abcdef/debug/deps/new/x",
    ),
    (
        "the_locks",
        "cd app-0123456789abcdef/debug; mv -f .cargo-lock x; ln -s \"$1/precious\" .cargo-lock; rm -f .cargo-lock; mkfifo .cargo-lock; rm -f .cargo-lock; mv -f x .cargo-lock; cd ../..",
    ),
];

/// How often; hundreds are asked for by hand.
fn rounds() -> usize {
    std::env::var("PERUSER_GC_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(4)
}

pub(super) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test("gc::attacks::odd_content_is_removed_and_nothing_outside", odd_content),
        test("gc::attacks::what_is_mounted_inside_stays", mounted),
    ];
    for (name, script) in ATTACKS {
        let name = format!("gc::attacks::{name}_changes_all_the_time");
        tests.push(test(name, move |stage| exchanged(stage, script)).heavy());
    }
    tests
}

/// A directory of root's with a file in it and one below.
fn precious(stage: &Stage) -> Result<std::path::PathBuf> {
    let precious = stage.at("precious");
    if look(&precious)?.is_none() {
        make::directory(&precious, 0, 0, 0o755)?;
        make::file(&precious.join("precious"), "precious", 0, 0o644)?;
        make::directory(&precious.join("debug"), 0, 0, 0o755)?;
        make::file(&precious.join("debug/precious"), "precious", 0, 0o644)?;
        make::file(
            &precious.join("CACHEDIR.TAG"),
            "Signature: 8a477f597d28d172789f06886806bc55\n",
            0,
            0o644,
        )?;
    }
    Ok(precious)
}

fn is_whole(precious: &Path) -> Result<()> {
    for file in ["precious", "debug/precious"] {
        let sight = look(&precious.join(file))?;
        ensure!(sight.is_some_and(|sight| sight.uid == 0), "`{file}` was touched");
        ensure!(fs::read_to_string(precious.join(file))? == "precious", "`{file}` was written to");
    }
    ensure!(fs::read_dir(precious)?.count() == 3, "something was put there or taken away");
    Ok(())
}

fn exchanged(stage: &Stage, script: &str) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let (mallory, administrator) = (stage.person("mallory")?, stage.person("root")?);
    let precious = precious(stage)?;
    // Alice's is there to be left alone.
    let alice = target(&stage.person("alice")?, "app-0123456789abcdef", 0)?;
    let script = format!("cd \"$2\" || exit 9; while :; do {script}; cd \"$2\"; done 2>/dev/null");
    for _ in 0..rounds() {
        target(&mallory, "app-0123456789abcdef", 90)?;
        let running = mallory.shell(&script, [&precious, &root.join("mallory")]).start()?;
        std::thread::sleep(Duration::from_millis(20));
        for _ in 0..4 {
            let words = ["--all-users", "--older-than", "30d", "--incremental", "off"];
            // How it ends is hers to spoil, but it ends.
            gc(&administrator, &words).limit(Duration::from_secs(30)).run()?;
            gc(&administrator, &["--all-users", "--max-size", "1K"])
                .limit(Duration::from_secs(30))
                .run()?;
        }
        drop(running);
        is_whole(&precious)?;
        ensure!(alice.join("debug/app").exists(), "alice's was taken");
        do_as_root(
            "find",
            [
                root.join("mallory").as_os_str(),
                "-mindepth".as_ref(),
                "1".as_ref(),
                "-delete".as_ref(),
            ],
        )?;
    }
    Ok(())
}

/// Control characters, hard links to others' files, and a tree deeper than any path may be.
fn odd_content(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let (mallory, administrator) = (stage.person("mallory")?, stage.person("root")?);
    let precious = precious(stage)?;
    let old = target(&mallory, "app-0123456789abcdef", 90)?;
    fs::hard_link(precious.join("precious"), old.join("debug/deps/linked"))?;
    make::link(&old.join("debug/link"), &precious, mallory.uid())?;
    make::fifo(&old.join("debug/fifo"), mallory.uid())?;
    make::file(&old.join("debug/odd\n\x1b[31mname"), "x", mallory.uid(), 0o600)?;
    let deep = "cd \"$1\"; i=0; while [ $i -lt 600 ]; do mkdir deeper-and-deeper; cd deeper-and-deeper; i=$((i + 1)); done; touch file";
    mallory.shell(deep, [&old.join("debug")]).run()?.ok()?;
    mallory.shell("chmod 0 \"$1\"", [&old.join("debug/deps/libdep.rlib")]).run()?.ok()?;
    let usage = administrator.by_name(["usage"]).run()?;
    usage.ok()?.prints("+")?;
    ensure!(!usage.stdout.contains('\x1b'), "a control character reached the terminal");
    // What was just made is younger than a day.
    let run = gc(&administrator, &["--all-users", "--older-than", "0d", "--common"]).run()?;
    run.ok()?;
    is_emptied(&old)?;
    super::nothing_is_staged(&root.join("mallory"))?;
    is_whole(&precious)
}

fn mounted(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let (mallory, administrator) = (stage.person("mallory")?, stage.person("root")?);
    let precious = precious(stage)?;
    let old = target(&mallory, "app-0123456789abcdef", 90)?;
    let place = old.join("debug/deps/mounted");
    make::directory(&place, mallory.uid(), mallory.uid(), 0o755)?;
    do_as_root("mount", ["--bind".as_ref(), precious.as_os_str(), place.as_os_str()])?;
    super::used(&old, 90)?;
    let run = gc(&administrator, &["--all-users", "--older-than", "30d"]).run();
    is_whole(&precious)?;
    // Where a mount point was moved to, it is still one.
    let unmount = "for m in $(findmnt -rno TARGET | grep /srv/ | grep -e mounted -e /.gc/); do umount \"$m\"; done";
    administrator.shell(unmount, [""; 0]).run()?;
    run?.prints("older-than")?;
    Ok(())
}
