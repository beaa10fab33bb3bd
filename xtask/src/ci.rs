//! `cargo xtask ci`: everything that has to hold before a change goes in, except the tests.
//!
//! The steps run in order of cost and the first failure ends the run. A step whose tool is not
//! installed is left out with a line that nobody can overlook; in CI (`CI=true`) it is a failure.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::{process, project, screen, tidy};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Also check the dependencies against the advisory database, which is fetched from the network
    #[arg(long)]
    advisories: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let root = project::root()?;
    let cargo = |arguments: &[&str]| {
        let mut command = project::cargo(&root);
        command.args(arguments);
        command
    };
    step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    step("lints", &mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    step(
        "documentation",
        cargo(&["doc", "--workspace", "--no-deps", "--document-private-items"])
            .env("RUSTDOCFLAGS", "-D warnings"),
    )?;
    other_unix(cargo)?;
    dependencies(options, cargo)?;
    shell_files(&root)?;
    announce("house rules", "cargo xtask tidy");
    tidy::run()
}

/// Another Unix, of which a check needs no more than the standard library.
const OTHER_UNIX: &str = "x86_64-apple-darwin";

/// What is there on Linux alone must not be missed elsewhere. Without that system's standard library, which
/// only rustup brings, this is left out everywhere.
fn other_unix(cargo: impl Fn(&[&str]) -> Command) -> anyhow::Result<()> {
    let mut rustc = Command::new("rustc");
    let place = process::read(rustc.args(["--print", "target-libdir", "--target", OTHER_UNIX]))?;
    if !Path::new(&place).exists() {
        screen::note(format_args!(
            "==> another Unix: LEFT OUT, nothing is checked for {OTHER_UNIX}"
        ));
        screen::note(format_args!("help: rustup target add {OTHER_UNIX}"));
        return Ok(());
    }
    step("another Unix", cargo(&["check", "--target", OTHER_UNIX]).env("RUSTFLAGS", "-D warnings"))
}

/// The licences, sources and bans of `.deny.toml`.
fn dependencies(options: &Options, cargo: impl Fn(&[&str]) -> Command) -> anyhow::Result<()> {
    if process::capture(&mut cargo(&["deny", "--version"])).is_err() {
        return left_out("dependencies", "cargo-deny", "cargo install --locked cargo-deny");
    }
    let mut command = cargo(&["deny", "--config", ".deny.toml", "--workspace", "check"]);
    if options.advisories {
        command.arg("advisories");
    }
    step("dependencies", command.args(["bans", "licenses", "sources"]))
}

fn shell_files(root: &Path) -> anyhow::Result<()> {
    let files = find_shell_files(root)?;
    if process::find("shellcheck").is_none() {
        return left_out("shell files", "shellcheck", "apt-get install shellcheck");
    }
    if files.is_empty() {
        return Ok(());
    }
    step("shell files", Command::new("shellcheck").args(files).current_dir(root))
}

fn find_shell_files(root: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root);
    let listed = process::read(&mut git)?;
    let mut files = Vec::new();
    for path in listed.split_terminator('\0').map(PathBuf::from) {
        let file = root.join(&path);
        // A file that was deleted and not yet committed is still listed.
        if file.is_file() && is_shell(&path, &first_bytes(&file)?) {
            files.push(path);
        }
    }
    Ok(files)
}

/// As much of a file as a `#!` line needs.
fn first_bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut start = Vec::new();
    File::open(file)
        .and_then(|opened| opened.take(64).read_to_end(&mut start))
        .with_context(|| format!("failed to read `{}`", file.display()))?;
    Ok(start)
}

/// Whether shellcheck can read it: by its ending, or by the interpreter that it names.
fn is_shell(path: &Path, start: &[u8]) -> bool {
    let by_ending = path.extension().is_some_and(|ending| ending == "sh" || ending == "bash");
    let first_line = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let interpreter = String::from_utf8_lossy(first_line);
    let by_interpreter = interpreter.strip_prefix("#!").is_some_and(|words| {
        words.split([' ', '/']).any(|word| matches!(word, "sh" | "bash" | "dash"))
    });
    by_ending || by_interpreter
}

fn step(name: &str, command: &mut Command) -> anyhow::Result<()> {
    announce(name, &process::as_typed(command));
    run_or_stop(name, command)
}

fn run_or_stop(name: &str, command: &mut Command) -> anyhow::Result<()> {
    process::run(command).with_context(|| format!("ci stopped at the step `{name}`"))
}

fn announce(name: &str, what: &str) {
    screen::note(format_args!("==> {name}: {what}"));
}

fn left_out(name: &str, tool: &str, install: &str) -> anyhow::Result<()> {
    if std::env::var_os("CI").is_some_and(|value| value == "true") {
        anyhow::bail!("the step `{name}` needs {tool}; help: {install}");
    }
    screen::note(format_args!("==> {name}: LEFT OUT, because {tool} is not installed"));
    screen::note(format_args!("    help: {install}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_a_shell_file_by_its_ending_or_its_first_line() {
        let table: [(&str, &[u8], bool); 7] = [
            ("a.sh", b"", true),
            (".ci/run", b"#!/usr/bin/env bash\nset -eu\n", true),
            ("tool", b"#!/bin/sh", true),
            ("tool", b"#!/usr/bin/env python3\n# sh\n", false),
            ("tool", b"#!/usr/bin/fish\n", false),
            ("src/main.rs", b"//! sh\n", false),
            ("binary", b"\x7fELF\xff", false),
        ];
        for (path, start, expected) in table {
            assert_eq!(is_shell(Path::new(path), start), expected, "{path}");
        }
    }

    #[test]
    fn a_failing_step_ends_the_run_and_is_named() {
        let error = run_or_stop("proof", &mut Command::new("false")).unwrap_err();
        assert_eq!(error.to_string(), "ci stopped at the step `proof`");
    }
}
