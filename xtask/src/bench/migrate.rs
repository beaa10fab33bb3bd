//! `cargo xtask bench --part migrate`: moving a large cache, by renaming and by copying.
//!
//! The cache is as large as a team's, half of it another account's where this runs as root. The copy,
//! which is also synced and replaces its source, is compared with `cp -a --reflink=auto`, `sync` and `rm`
//! of the same tree one after the other, in turns, since disks have moods.

mod tree;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::targets::Verdict;
use super::times::median;
use super::{conclude, machine, show};
use crate::scratch::{self, Scratch};
use crate::screen::{self, Progress};
use crate::table::Table;
use crate::toolchain::Toolchain;
use crate::{interrupt, process};

/// Milliseconds that a rename may take, ownership included.
const RENAME_MILLISECONDS: f64 = 1000.0;
/// Times what `cp -a --reflink=auto`, `sync` and `rm` take.
const COPY_RATIO: f64 = 1.1;

/// One tree, and what is moved where.
struct Stand {
    scratch: Scratch,
    binary: PathBuf,
}

/// Seconds of every round.
#[derive(Default)]
struct Times {
    rename: Vec<f64>,
    copy: Vec<f64>,
    cp_sync_rm: Vec<f64>,
}

pub(super) fn run(binary: &Path, rounds: u32, is_check: bool) -> anyhow::Result<ExitCode> {
    interrupt::watch()?;
    let stand = Stand { scratch: Scratch::create("bench-migrate", 0o755)?, binary: binary.into() };
    scratch::directory(&stand.shared_root(), 0o755)?;
    screen::result(format_args!("{}\n", machine::describe(&Toolchain::find()?)?));
    let progress = Progress::start();
    progress.at("making a cache");
    let size = tree::make(&stand.source())?;
    let mut times = Times::default();
    for round in 1..=rounds {
        progress.at(format_args!("round {round} of {rounds}"));
        stand.round(&mut times)?;
    }
    drop(progress);
    Ok(report(&times, &size, is_check))
}

impl Stand {
    fn source(&self) -> PathBuf {
        self.scratch.path().join("old")
    }

    fn shared_root(&self) -> PathBuf {
        self.scratch.path().join("shared")
    }

    fn round(&self, times: &mut Times) -> anyhow::Result<()> {
        let copy = self.scratch.path().join("cp");
        self.settle()?;
        let mut cp = Command::new("cp");
        cp.args(["-a", "--reflink=auto"]).arg(self.source()).arg(&copy);
        let copied = timed(&mut cp)?;
        let synced = timed(Command::new("sync").arg("-f").arg(&copy))?;
        let removed = timed(Command::new("rm").arg("-rf").arg(&copy))?;
        times.cp_sync_rm.push((copied + synced + removed).as_secs_f64());
        self.settle()?;
        times.copy.push(self.migrate(&["--copy"])?.as_secs_f64());
        self.settle()?;
        times.rename.push(self.migrate(&[])?.as_secs_f64());
        interrupt::check()
    }

    /// The same start for everybody: mixed owners, and nothing left to be written by somebody else.
    fn settle(&self) -> anyhow::Result<()> {
        interrupt::check()?;
        tree::mix_owners(&self.source())?;
        process::run(Command::new("sync").arg("-f").arg(self.scratch.path()))
    }

    /// Migrates, and moves the cache back to where it was.
    fn migrate(&self, flags: &[&str]) -> anyhow::Result<Duration> {
        let mut command = Command::new(&self.binary);
        command.arg("migrate").arg(self.source()).arg("--yes").args(flags);
        command.env_clear().env("CARGO_PERUSER_SHARED_ROOT", self.shared_root());
        command.env("PATH", "/usr/bin:/bin").env("HOME", self.scratch.path());
        command.current_dir(self.scratch.path()).stderr(std::process::Stdio::piped());
        let start = Instant::now();
        let (_, output) = process::attempt(&mut command)?;
        let took = start.elapsed();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        anyhow::ensure!(
            output.status.success(),
            "`{}` failed\n{said}",
            process::as_typed(&command)
        );
        let users = std::fs::read_dir(self.shared_root())?.flatten();
        let arrived = users.map(|user| user.path().join("target")).find(|path| path.is_dir());
        let arrived = arrived.context("the cache has not arrived")?;
        std::fs::rename(arrived, self.source())?;
        Ok(took)
    }
}

/// How long a command takes that has to succeed; what it writes goes where the command says.
pub(super) fn timed(command: &mut Command) -> anyhow::Result<Duration> {
    let start = Instant::now();
    let status = command.status().with_context(|| process::as_typed(command))?;
    let took = start.elapsed();
    anyhow::ensure!(status.success(), "`{}` failed ({status})", process::as_typed(command));
    Ok(took)
}

fn report(times: &Times, size: &tree::Size, is_check: bool) -> ExitCode {
    let mut table = Table::new(["what", "median s", "× cp, sync, rm"]);
    let cp = median(&times.cp_sync_rm);
    let mut row = |what: &str, seconds: &[f64], base: Option<f64>| {
        let median = median(seconds);
        let ratio = median.zip(base).map(|(median, base)| median / base);
        let shown = |value: Option<f64>| value.map_or("–".into(), |value| format!("{value:.2}"));
        table.row([what.to_owned(), shown(median), shown(ratio)]);
        ratio
    };
    row("migrate, renamed", &times.rename, None);
    row("cp -a --reflink=auto, sync -f, rm -rf", &times.cp_sync_rm, None);
    let ratio = row("migrate --copy", &times.copy, cp);
    show(&format!("Moving {size}"), &table);
    let milliseconds = median(&times.rename).map(|seconds| seconds * 1e3);
    let verdicts = [
        Verdict::new("milliseconds to rename", milliseconds, RENAME_MILLISECONDS),
        Verdict::new("copy over cp, sync and rm", ratio, COPY_RATIO),
    ];
    conclude(&verdicts, is_check)
}
