//! One way to reach the end: which program, called how.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;

/// The ways that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The end itself, called without anything in between.
    Direct,
    Shim,
    BareRust,
    BareC,
    Bash,
    /// rustup's own proxy, which picks the toolchain.
    Rustup,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Shim => "shim (cargo-peruser)",
            Self::BareRust => "bare Rust exec",
            Self::BareC => "bare C exec",
            Self::Bash => "bash script",
            Self::Rustup => "rustup proxy",
        }
    }
}

/// A program that is called as `cargo` and ends in the same file as all others of its setting.
pub(super) struct Candidate {
    pub(super) kind: Kind,
    pub(super) program: PathBuf,
    pub(super) end: PathBuf,
    pub(super) verb: &'static str,
    pub(super) directory: PathBuf,
    pub(super) environment: Vec<(&'static str, OsString)>,
}

impl Candidate {
    /// The call as a shell makes it: by path, with `cargo` as its name.
    pub(super) fn command(&self) -> Command {
        let mut command = self.placed(Command::new(&self.program));
        command.arg0("cargo").arg(self.verb);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// The same call under a tool that observes it: the tool looks `cargo` up on PATH, where the
    /// candidate stands first.
    pub(super) fn observed_by(&self, mut tool: Command) -> Command {
        tool.args(["cargo", self.verb]);
        self.placed(tool)
    }

    /// Whether something lies between the call and the end.
    pub(super) fn is_in_between(&self) -> bool {
        self.kind != Kind::Direct
    }

    /// Runs it once; anything but success means that something else would be measured.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let status = self.command().status();
        let status = status.with_context(|| format!("could not execute {}", self.kind.name()))?;
        anyhow::ensure!(status.success(), "{} failed ({status})", self.kind.name());
        Ok(())
    }

    fn placed(&self, mut command: Command) -> Command {
        command
            .current_dir(&self.directory)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}
