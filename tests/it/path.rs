//! `path`: one line for scripts, whichever rule decides it.

use std::process::Command;

use crate::prelude::*;

tests![
    prints_one_line_and_creates_nothing,
    decides_for_the_words_that_cargo_would_get,
    every_workspace_has_its_own,
    what_is_chosen_in_an_alias_is_chosen,
    where_cargo_decides_alone_cargo_answers,
    cargos_failure_is_told_in_cargos_words,
    a_reader_that_goes_away_is_no_error,
    a_full_disk_is_an_error,
];

fn prints_one_line_and_creates_nothing() {
    for (world, expected) in [
        (World::new(), "[WORLD]/root/[ME]/target\n"),
        (World::without_root(), "[WORLD]/home/.cache/cargo-peruser/target\n"),
    ] {
        assert_eq!(world.by_name(["path", "--", "build"]).run().printed(), expected);
        // A script that asks in the wrong directory would find nothing there, or something old.
        let run = world.by_name(["path"]).run();
        assert_eq!(run.notes("there is no workspace here").stdout, expected);
        assert!(world.made().is_empty(), "{:?}", world.made());
    }
}

fn decides_for_the_words_that_cargo_would_get() {
    let world = World::new();
    let target = "[WORLD]/root/[ME]/target";
    for (words, expected) in [
        ("path -- build --target-dir x", "[WORLD]/checkout/x"),
        ("path -- build --target-dir=../x", "[WORLD]/x"),
        ("path -- build --target-dir /x", "/x"),
        ("path -- -C sub build --target-dir x", "[WORLD]/checkout/sub/x"),
        ("path -- run -- --target-dir x", target),
        ("path -- build", target),
    ] {
        let output = world.by_name(words.split(' ')).run();
        assert_eq!(output.printed(), format!("{expected}\n"), "{words}");
        assert!(output.calls.is_empty(), "cargo was not needed");
    }
    assert!(world.made().is_empty(), "{:?}", world.made());
}

/// The name of the target directory that `path` prints.
fn own_name(run: Invocation<'_>) -> String {
    let output = run.run();
    let name = output.printed().strip_prefix("[WORLD]/root/[ME]/").unwrap().to_owned();
    name.strip_suffix('\n').unwrap().to_owned()
}

fn every_workspace_has_its_own() {
    let world = World::new();
    world.file("checkout/Cargo.toml", "workspace.members = ['*']");
    world.file("checkout/member/Cargo.toml", "");
    world.file("fix/Cargo.toml", "[workspace]");
    world.directory("empty", 0o755);
    let of = |directory: &str| own_name(world.by_name(["path", "--", "build"]).within(directory));
    let [checkout, fix] = ["checkout", "fix"].map(of);
    for (name, directory) in [(&checkout, "checkout-"), (&fix, "fix-")] {
        let hash = name.strip_prefix(directory).unwrap_or_default();
        assert!(hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{name}");
    }
    assert_eq!(of("checkout/member"), checkout);
    assert_eq!(of("empty"), "target");
    world.file(
        "home/.cargo/config.toml",
        "[alias]\nlint = 'clippy --manifest-path ../fix/Cargo.toml'",
    );
    for (words, expected) in [
        ("build --manifest-path ../fix/Cargo.toml", &*fix),
        ("nextest run main_t --manifest-path ../fix/Cargo.toml", &fix),
        ("lint", &fix),
        ("unknown x --manifest-path ../fix/Cargo.toml -- y", &fix),
        ("unknown --manifest-path ../nowhere/Cargo.toml", &checkout),
        ("unknown -- --manifest-path ../fix/Cargo.toml", &checkout),
        ("-C ../fix build", &fix),
        ("-C ../fix build --manifest-path ../checkout/member/Cargo.toml", &checkout),
        ("--config x=1 -C ../fix build", &fix),
        ("+nightly -C ../empty -Zx build", "target"),
        ("install --path ../fix", &fix),
        ("install ripgrep", "target"),
    ] {
        let words = ["path", "--"].into_iter().chain(words.split(' '));
        assert_eq!(own_name(world.by_name(words.collect::<Vec<_>>())), expected);
    }
    let fork = |url| own_name(world.by_name(["path", "--", "install", "--git", url, "app"]));
    assert!(fork("https://example.com/a/app").starts_with("app-"));
    assert_ne!(fork("https://example.com/a/app"), fork("https://example.com/b/app"));
    let by_user = |directory| own_name(world.by_name(["--scope=user", "path"]).within(directory));
    assert_eq!([by_user("checkout"), by_user("fix")], ["target"; 2]);
}

fn what_is_chosen_in_an_alias_is_chosen() {
    let world = World::new();
    let aliases =
        "[alias]\nt = ['build', '--target-dir', 't']\nc = \"build --config build.target-dir='t'\"";
    world.file("checkout/.cargo/config.toml", aliases);
    let exported = ("CARGO_TARGET_DIR", world.private().join("target"));
    for (words, is_left_alone) in [("t", true), ("c", true), ("v", true), ("build", false)] {
        let run = world.shim([words]).env(exported.0, &exported.1);
        let output = run.env("CARGO_ALIAS_V", "build --target-dir=v").run();
        let found = output.target_dir();
        // A choice that the variable overrides counts only without the variable.
        let expected = if words == "c" { None } else { Some(exported.1.clone()) };
        assert_eq!(found == expected && world.made().is_empty(), is_left_alone, "{words}");
    }
}

/// Answers with the words that it was asked with.
const ANSWER: &str = "#!/bin/sh
echo '{\"packages\":[],\"target_directory\":\"'\"$*\"'\",\"build_directory\":\"/b\"}'
";

fn where_cargo_decides_alone_cargo_answers() {
    let world = World::new();
    world.executable("answer/cargo", ANSWER);
    let plain = "metadata --no-deps --format-version=1";
    let with_manifest = format!("+nightly {plain} --manifest-path a/Cargo.toml");
    let with_config = format!("{plain} --config build.target-dir='x'");
    for (words, name, value, expected) in [
        ("build", "CARGO_PERUSER", "off", plain),
        ("build", "CARGO_TARGET_DIR", "/elsewhere", plain),
        ("build", "CARGO_BUILD_TARGET_DIR", "/elsewhere", plain),
        ("build --config build.target-dir='x'", "NOTHING", "", &with_config),
        ("+nightly build --manifest-path=a/Cargo.toml", "CARGO_PERUSER", "off", &with_manifest),
    ] {
        let run = world.by_name(["path", "--"]).args(words.split(' ')).env(name, value);
        let output = run.path(["shim", "answer"]).run();
        assert_eq!(output.printed(), format!("{expected}\n"), "{words} {name}={value}");
    }
    assert!(world.made().is_empty(), "{:?}", world.made());
}

fn cargos_failure_is_told_in_cargos_words() {
    let world = World::new();
    world.executable("sorry/cargo", "#!/bin/sh\necho 'error: no Cargo.toml' >&2\nexit 101\n");
    let run = world.by_name(["path"]).path(["shim", "sorry"]).env("CARGO_PERUSER", "off");
    let output = run.run();
    let found = (output.code(), &*output.stdout, &*output.stderr);
    assert_eq!(found, (101, "", "error: no Cargo.toml\n"));
    world.executable("mute/cargo", "#!/bin/sh\n");
    let output = world.by_name(["path"]).path(["shim", "mute"]).env("CARGO_PERUSER", "off").run();
    output.exits(1).prints_nothing().blames("failed to read what `cargo metadata` printed: ");
}

/// The cargo that builds these tests, or the one on PATH; not this project's own shim.
pub(crate) fn installed_cargo() -> Option<PathBuf> {
    let named = std::env::var_os("CARGO").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|directory| directory.join("cargo"));
    let works = |cargo: &PathBuf| {
        Command::new(cargo).arg("--version").output().is_ok_and(|output| output.status.success())
    };
    named.into_iter().chain(on_path).find(works)
}

fn a_reader_that_goes_away_is_no_error() {
    let world = World::new();
    world.file("checkout/Cargo.toml", "");
    for words in [&["path"][..], &["explain"], &["explain", "--json"], &["--help"]] {
        world.by_name(words).stdout(closed_pipe()).run().silently();
    }
}

fn a_full_disk_is_an_error() {
    let world = World::new();
    world.file("checkout/Cargo.toml", "");
    for words in [&["path"][..], &["explain"], &["--help"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let full = full.unwrap_or_else(|_| skip("this system has no /dev/full"));
        let output = world.by_name(words).stdout(full).run();
        output.exits(1);
        assert!(output.stderr.as_bytes().starts_with(b"error: "), "{words:?}: {}", output.stderr);
    }
}
