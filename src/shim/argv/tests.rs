//! Arguments as cargo would read them.

use super::{Invocation, Manifest, TargetUse};
use std::ffi::OsString;
use std::path::Path;

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn os(text: &str) -> Option<OsString> {
    (!text.is_empty()).then(|| text.into())
}

#[test]
fn finds_what_decides_and_nothing_else() {
    // line, toolchain, command, -C, --manifest-path, --target-dir
    for (line, toolchain, command, directory, manifest, target) in [
        ("", "", "", "", "", ""),
        ("build", "", "build", "", "", ""),
        ("+nightly build", "+nightly", "build", "", "", ""),
        ("build +nightly", "", "build", "", "", ""),
        ("build --target-dir /x", "", "build", "", "", "/x"),
        ("build --target-dir=/x", "", "build", "", "", "/x"),
        ("build --target-dirx /x", "", "build", "", "", ""),
        ("build --target-di /x", "", "build", "", "", ""),
        ("build --target-dir", "", "build", "", "", ""),
        ("build -- --target-dir /x", "", "build", "", "", ""),
        ("-C sub build", "", "build", "sub", "", ""),
        ("-Csub build", "", "build", "sub", "", ""),
        ("-C=sub build", "", "build", "sub", "", ""),
        ("build -C sub", "", "build", "", "", ""),
        ("--color never build", "", "build", "", "", ""),
        ("-Z unstable-options -C d b", "", "b", "d", "", ""),
        ("-v --offline test --manifest-path a/Cargo.toml name", "", "test", "", "a/Cargo.toml", ""),
        ("test name --target-dir /x", "", "test", "", "", "/x"),
        ("run prog --target-dir /x", "", "run", "", "", ""),
        ("r prog --manifest-path /x", "", "r", "", "", ""),
        ("run --bin prog --target-dir /x", "", "run", "", "", "/x"),
        ("run -p a -F b --target-dir /x prog", "", "run", "", "", "/x"),
        ("run -qp app --target-dir /x", "", "run", "", "", "/x"),
        ("run -qpapp --target-dir /x", "", "run", "", "", "/x"),
        ("run -vqj 4 --target-dir /x", "", "run", "", "", "/x"),
        ("run -q app --target-dir /x", "", "run", "", "", ""),
        ("-vC sub build", "", "build", "sub", "", ""),
        ("rustc word --target-dir /x", "", "rustc", "", "", ""),
        ("rustdoc word --manifest-path /x", "", "rustdoc", "", "", ""),
        ("build - --target-dir /x", "", "build", "", "", "/x"),
        ("clippy --target-dir /x", "", "clippy", "", "", "/x"),
    ] {
        let args = words(line);
        let read = Invocation::read(&args);
        let found = (read.toolchain, read.command, read.directory, read.manifest, read.target_dir);
        let manifest = os(manifest).map(|path| Manifest::File(path.into()));
        let expected = (os(toolchain), os(command), os(directory), manifest, os(target));
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn collects_every_config_wherever_it_stands() {
    let args = words("--config a=1 build --config=b.toml --config c=2 -- --config d=3");
    assert_eq!(Invocation::read(&args).configs, ["a=1", "b.toml", "c=2"]);
}

#[test]
fn knows_which_commands_touch_a_target_directory() {
    for (line, expected) in [
        ("", TargetUse::None),
        ("--version", TargetUse::None),
        ("-V", TargetUse::None),
        ("+nightly --version", TargetUse::None),
        ("--list", TargetUse::None),
        ("--explain E0308", TargetUse::None),
        ("build --help", TargetUse::None),
        ("help build", TargetUse::None),
        ("login", TargetUse::None),
        ("search serde", TargetUse::None),
        ("metadata", TargetUse::Reads),
        ("clean", TargetUse::Reads),
        ("update", TargetUse::Reads),
        ("build", TargetUse::Writes),
        ("run -- --help", TargetUse::Writes),
        ("run prog --help", TargetUse::Writes),
        ("install --version 14.0.0 ripgrep", TargetUse::Writes),
        ("install --list", TargetUse::Writes),
        ("build -V", TargetUse::Writes),
        ("build -qh", TargetUse::None),
        ("-qV", TargetUse::None),
        ("rm", TargetUse::Writes),
        ("b --help", TargetUse::Writes),
        ("report future-incompatibilities", TargetUse::Reads),
        ("clippy --help", TargetUse::Writes),
        ("fmt -- --check", TargetUse::None),
        ("my-alias", TargetUse::Writes),
    ] {
        assert_eq!(Invocation::read(&words(line)).target_use(), expected, "{line}");
    }
}

#[test]
fn options_count_only_where_cargo_reads_them() {
    for (line, expected) in [
        ("build --target-dir /x", Some("/x")),
        ("--target-dir /x", Some("/x")),
        ("metadata --target-dir=/x", Some("/x")),
        ("clippy --target-dir /x", Some("/x")),
        ("nextest run --target-dir /x", Some("/x")),
        ("xt --target-dir /x", None),
        ("b --target-dir /x", Some("/x")),
        ("r prog --target-dir /x", None),
        ("miri run --target-dir /x prog", Some("/x")),
        ("test run --target-dir /x", Some("/x")),
    ] {
        let args = words(line);
        assert_eq!(Invocation::read(&args).target_dir, expected.map(OsString::from), "{line}");
    }
    let args = words("--config a=1 xtask --config b=2");
    assert_eq!(Invocation::read(&args).configs, ["a=1"]);
}

#[test]
fn a_manifest_counts_wherever_it_stands() {
    for (line, expected) in [
        ("xtask --manifest-path m", Some("m")),
        ("nextest run main_t --manifest-path m", Some("m")),
        ("clippy --manifest-path=m -- -D warnings", Some("m")),
        ("xtask -- --manifest-path m", None),
        ("run prog --manifest-path m", None),
        ("install --path m", Some("m")),
        ("install --version 1 --root r -F f name", None),
        ("install --root r", Some(".")),
        ("install --git u --rev v", None),
        ("add --path m", None),
    ] {
        let (Manifest::File(found) | Manifest::Directory(found)) =
            Invocation::read(&words(line)).manifest.unwrap_or(Manifest::File("".into()));
        assert_eq!(found.to_str(), expected.or(Some("")), "{line}");
    }
}

#[test]
fn knows_scripts_and_packages_that_are_installed_from_a_path() {
    for (line, script) in [
        ("s.rs", Some("s.rs")),
        ("-Zscript ./s", Some("./s")),
        ("+nightly -Zscript /a/s.rs --target-dir x", Some("/a/s.rs")),
        ("build", None),
        ("run s.rs", None),
    ] {
        let args = words(line);
        assert_eq!(Invocation::read(&args).script(), script.map(Path::new), "{line}");
    }
    let args = words("install --path ../wt --root a");
    let directory = Manifest::Directory("../wt".into());
    assert_eq!(Invocation::read(&args).manifest, Some(directory));
    let args = words("add --path ../wt name");
    assert_eq!(Invocation::read(&args).manifest, None);
}

#[test]
fn a_value_of_an_option_is_no_programs_first_word() {
    for line in [
        "rustc --test it",
        "rustc --bench it",
        "rustc --crate-type lib",
        "rustc --print cfg",
        "rustdoc --output-format json",
        "test --exclude x",
    ] {
        let line = format!("{line} --manifest-path ../b/Cargo.toml");
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let expected = Some(Manifest::File("../b/Cargo.toml".into()));
        assert_eq!(Invocation::read(&words).manifest, expected, "{line}");
    }
}
