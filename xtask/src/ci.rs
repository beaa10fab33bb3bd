//! `cargo xtask ci`: everything that has to hold before a change goes in, except the tests.
//!
//! The steps run in order of cost and the first failure ends the run. A step whose tool is not
//! installed is left out with a line that nobody can overlook; in CI (`CI=true`) it is a failure.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use xshell::{Cmd, Shell, cmd};

use crate::{project, screen, tidy};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Also check the dependencies against the advisory database, which is fetched from the network
    #[arg(long)]
    advisories: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    project::enter()?;
    let sh = Shell::new()?;
    step("format", cmd!(sh, "cargo fmt --all --check"))?;
    step("lints", cmd!(sh, "cargo clippy --workspace --all-targets -- -D warnings"))?;
    let documentation = cmd!(sh, "cargo doc --workspace --no-deps --document-private-items");
    step("documentation", documentation.env("RUSTDOCFLAGS", "-D warnings"))?;
    other_unix(&sh)?;
    dependencies(&sh, options)?;
    shell_files(&sh)?;
    screen::note("==> house rules");
    tidy::run()
}

/// Another Unix, of which a check needs no more than the standard library.
const OTHER_UNIX: &str = "x86_64-apple-darwin";

/// What is there on Linux alone must not be missed elsewhere. Without that system's standard library, which
/// only rustup brings, this is left out everywhere.
fn other_unix(sh: &Shell) -> anyhow::Result<()> {
    let place = cmd!(sh, "rustc --print target-libdir --target {OTHER_UNIX}").read()?;
    if !Path::new(&place).exists() {
        say_left_out("another Unix", &format!("rustup target add {OTHER_UNIX}"));
        return Ok(());
    }
    let check = cmd!(sh, "cargo check --target {OTHER_UNIX}");
    step("another Unix", check.env("RUSTFLAGS", "-D warnings"))
}

/// The licences, sources and bans of `.deny.toml`.
fn dependencies(sh: &Shell, options: &Options) -> anyhow::Result<()> {
    if which::which("cargo-deny").is_err() {
        return left_out("dependencies", "cargo install --locked cargo-deny");
    }
    let advisories = options.advisories.then_some("advisories");
    let check = cmd!(sh, "cargo deny --config .deny.toml --workspace check");
    step("dependencies", check.args(advisories).args(["bans", "licenses", "sources"]))
}

/// Each file that shellcheck can read.
fn shell_files(sh: &Shell) -> anyhow::Result<()> {
    if which::which("shellcheck").is_err() {
        return left_out("shell files", "apt-get install shellcheck");
    }
    let mut files = project::files()?;
    files.retain(|path| path.ends_with(".sh") || path.ends_with(".bash") || path == ".ci/run");
    step("shell files", cmd!(sh, "shellcheck").args(files))
}

fn step(name: &str, command: Cmd) -> anyhow::Result<()> {
    screen::note(format_args!("==> {name}"));
    command.run().with_context(|| format!("ci stopped at the step `{name}`"))
}

fn left_out(name: &str, help: &str) -> anyhow::Result<()> {
    let is_ci = std::env::var_os("CI").is_some_and(|value| value == "true");
    anyhow::ensure!(!is_ci, "the step `{name}` needs a tool that is not installed\nhelp: {help}");
    say_left_out(name, help);
    Ok(())
}

fn say_left_out(name: &str, help: &str) {
    screen::note(format_args!("==> {name}: LEFT OUT, because what it needs is not installed"));
    screen::note(format_args!("    help: {help}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_step_ends_the_run_and_is_named() {
        let sh = Shell::new().unwrap();
        let error = step("proof", cmd!(sh, "false").quiet()).unwrap_err();
        assert_eq!(error.to_string(), "ci stopped at the step `proof`");
    }
}
