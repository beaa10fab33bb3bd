//! `cargo xtask race`: two people build in one checkout at the same time, before and after.
//!
//! Everything happens in a private mount and process namespace: the two accounts exist only there,
//! and when its first process ends, the kernel ends every other one and drops every mount. What
//! is left for this side is one temporary directory. The namespace lives as long as we hold the
//! other end of its stdin, so it cannot outlive us either.

mod accounts;
pub(crate) mod inside;
mod person;
mod stage;
mod workspace;

use std::path::Path;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

use crate::scratch::Scratch;
use crate::screen::Progress;
use crate::toolchain::Toolchain;
use crate::{interrupt, process, shim};

/// A mount namespace that nothing leaks out of, and a process namespace that dies as one.
const NAMESPACE: [&str; 7] =
    ["--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc", "--kill-child"];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often each person edits and builds in each row
    #[arg(long, value_name = "N", default_value_t = 6,
          value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    #[command(flatten)]
    shim: shim::Choice,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<ExitCode> {
    if !rustix::process::geteuid().is_root() {
        bail!(
            "two people are two accounts, and to act as both takes root\n\
             help: sudo env \"PATH=$PATH\" cargo xtask race"
        );
    }
    for tool in ["unshare", "setpriv", "mount"] {
        process::require(tool, "util-linux mount")?;
    }
    process::capture(Command::new("unshare").args(NAMESPACE).arg("true")).context(
        "failed to make a private namespace\nhelp: in a container, it takes CAP_SYS_ADMIN",
    )?;
    let binary = options.shim.binary()?;
    let toolchain = Toolchain::find()?;
    interrupt::watch()?;
    let scratch = Scratch::create("race", 0o755)?;
    let status = enter(&scratch, &binary, toolchain.sysroot()?, options.rounds)?;
    interrupt::check()?;
    let code = status.code().context("the race was killed")?;
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn enter(
    scratch: &Scratch,
    binary: &Path,
    sysroot: &Path,
    rounds: u32,
) -> anyhow::Result<ExitStatus> {
    let ourselves = std::env::current_exe().context("failed to find our own program")?;
    let inside = Command::new("unshare")
        .args(NAMESPACE)
        .arg(ourselves)
        .arg("race-inside")
        .args([scratch.path(), binary, sysroot])
        .arg(rounds.to_string())
        .stdin(Stdio::piped())
        .spawn()
        .context("could not execute `unshare`")?;
    wait(inside)
}

/// Waits for the end, and brings it about when somebody asks us to stop.
fn wait(mut inside: Child) -> anyhow::Result<ExitStatus> {
    let mut lifeline = inside.stdin.take();
    // What an ended inside part leaves half written on the terminal is wiped away.
    let _progress = Progress::start();
    loop {
        if let Some(status) = inside.try_wait().context("failed to wait for the race")? {
            return Ok(status);
        }
        if interrupt::requested() {
            drop(lifeline.take());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
