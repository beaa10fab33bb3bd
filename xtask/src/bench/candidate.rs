//! One way to reach the end: which program, called how.

use std::ffi::OsString;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;
use rustix::process::{WaitId, WaitIdOptions};

/// The ways that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The end itself, called without anything in between.
    Direct,
    Shim,
    BareRust,
    Bash,
    /// rustup's own proxy, which picks the toolchain.
    Rustup,
    /// The end itself and the shim in the plain case, in the same rounds as another case.
    PlainDirect,
    PlainShim,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Shim => "shim (cargo-peruser)",
            Self::BareRust => "bare Rust exec",
            Self::Bash => "bash script",
            Self::Rustup => "rustup proxy",
            Self::PlainDirect => "direct, plain",
            Self::PlainShim => "shim, plain",
        }
    }
}

/// A program that is called as `cargo` and ends in the same file as all others of its setting.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) kind: Kind,
    pub(super) program: PathBuf,
    pub(super) end: PathBuf,
    pub(super) arguments: &'static [&'static str],
    pub(super) directory: PathBuf,
    pub(super) environment: Vec<(&'static str, OsString)>,
}

impl Candidate {
    /// The call as a shell makes it: by path, with `cargo` as its name.
    pub(super) fn command(&self) -> Command {
        let mut command = self.placed(Command::new(&self.program));
        command.arg0("cargo").args(self.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// The same call under a tool that observes it: the tool looks `cargo` up on PATH, where the
    /// candidate stands first.
    pub(super) fn observed_by(&self, mut tool: Command) -> Command {
        tool.arg("cargo").args(self.arguments);
        self.placed(tool)
    }

    /// Whether something lies between the call and the end.
    pub(super) fn is_in_between(&self) -> bool {
        !matches!(self.kind, Kind::Direct | Kind::PlainDirect)
    }

    /// Runs it once; anything but success means that something else would be measured.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let status = self.command().status();
        let status = status.with_context(|| format!("could not execute {}", self.kind.name()))?;
        anyhow::ensure!(status.success(), "{} failed ({status})", self.kind.name());
        Ok(())
    }

    /// Runs it once, and says for how many seconds it ran on a processor, its children not included.
    pub(super) fn processor_time(&self) -> anyhow::Result<f64> {
        let name = self.kind.name();
        let mut child =
            self.command().spawn().with_context(|| format!("could not execute {name}"))?;
        // Once it is waited for, nothing is known of it any more.
        let id = rustix::process::Pid::from_child(&child);
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        rustix::process::waitid(WaitId::Pid(id), ended)?;
        let statistics = fs::read_to_string(format!("/proc/{}/schedstat", child.id()));
        let status = child.wait()?;
        anyhow::ensure!(status.success(), "{name} failed ({status})");
        let statistics = statistics.context("failed to read what a process took")?;
        let nanoseconds = statistics.split(' ').next().and_then(|it| it.parse::<f64>().ok());
        Ok(nanoseconds.context("failed to read what a process took")? / 1e9)
    }

    fn placed(&self, mut command: Command) -> Command {
        command
            .current_dir(&self.directory)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}
