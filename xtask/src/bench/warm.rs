//! `cargo xtask bench --part warm`: what the first build of a second worktree costs, by itself and with
//! `compile-cache = "sccache"`.
//!
//! The worktrees are of this repository. What counts is the time on processors, of sccache's server and
//! the compilers that it starts as well, because a busy machine disturbs that little.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context;

use super::targets::Verdict;
use crate::scratch::{self, Scratch};
use crate::screen::{self, Progress};
use crate::table::Table;
use crate::toolchain::Toolchain;
use crate::{interrupt, process};

/// What everything stands in.
struct Stand {
    scratch: Scratch,
    toolchain: Toolchain,
    sccache: PathBuf,
}

/// What a build has taken, in seconds.
struct Taken {
    processors: f64,
    wall: f64,
}

pub(super) fn run(binary: &Path) -> anyhow::Result<Vec<Verdict>> {
    let stand = Stand::set_up(binary)?;
    let progress = Progress::start();
    let mut table = Table::new(["a worktree's first build", "CPU s", "wall s"]);
    for (name, setting) in
        [("cold", "off"), ("the first with sccache", "sccache"), ("the second", "sccache")]
    {
        interrupt::check()?;
        progress.at(name);
        let taken = stand.build(name, setting)?;
        let seconds = |seconds: f64| format!("{seconds:.1}");
        table.row([name.to_owned(), seconds(taken.processors), seconds(taken.wall)]);
    }
    drop(progress);
    screen::result(table.render());
    Ok(Vec::new())
}

impl Drop for Stand {
    fn drop(&mut self) {
        for server in self.servers() {
            let _ = process::run(Command::new("kill").arg(server));
        }
    }
}

impl Stand {
    fn set_up(binary: &Path) -> anyhow::Result<Self> {
        let scratch = Scratch::create("bench-warm", 0o755)?;
        for directory in ["bin", "lib/cargo-peruser/bin", "home/root"] {
            fs::create_dir_all(scratch.path().join(directory))?;
        }
        scratch::set_mode(&scratch.path().join("home/root"), 0o755)?;
        let program = scratch.path().join("bin/cargo-peruser");
        fs::copy(binary, &program)?;
        for link in ["bin/cargo", "bin/cargo-peruser", "rustc-wrapper"] {
            symlink(&program, scratch.path().join("lib/cargo-peruser").join(link))?;
        }
        // Where `.ci/run` puts it.
        let target = std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let ours = Path::new(&target).join("tools/sccache/bin/sccache");
        let sccache = match ours.canonicalize() {
            Ok(ours) => ours,
            Err(_) => process::require("sccache", "sccache")?,
        };
        Ok(Self { scratch, toolchain: Toolchain::find()?, sccache })
    }

    /// A program in the person's session.
    fn command(&self, program: &Path) -> Command {
        let place = self.scratch.path();
        let shim = place.join("lib/cargo-peruser/bin");
        let toolchain = self.toolchain.bin().unwrap_or(Path::new("/usr/bin"));
        let path = [shim.as_path(), toolchain, Path::new("/usr/bin"), Path::new("/bin")];
        let path = path.map(|entry| entry.as_os_str().to_owned()).join(":".as_ref());
        let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let cargo_home = cargo_home
            .or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".cargo")))
            .unwrap_or_default();
        let mut command = Command::new(program);
        command.env_clear().env("PATH", path).env("HOME", place.join("home"));
        command.env("CARGO_HOME", cargo_home).env("CARGO_NET_OFFLINE", "true");
        command.env("CARGO_PERUSER_SHARED_ROOT", place.join("home/root"));
        command
    }

    /// Builds in a worktree of its own.
    fn build(&self, name: &str, setting: &str) -> anyhow::Result<Taken> {
        let worktree = self.scratch.path().join("home").join(name.replace(' ', "-"));
        fs::create_dir_all(&worktree)?;
        let archive = worktree.with_extension("tar");
        let mut git = Command::new("git");
        process::run(git.args(["archive", "--output"]).arg(&archive).arg("HEAD"))?;
        process::run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&worktree))?;
        let setting = if setting == "off" { setting.into() } else { self.sccache.clone() };
        let (before, start) = (self.processors()?, Instant::now());
        let mut cargo = self.command(&self.scratch.path().join("lib/cargo-peruser/bin/cargo"));
        cargo.args(["build", "--quiet", "--locked"]).current_dir(&worktree);
        process::run(cargo.env("CARGO_PERUSER_COMPILE_CACHE", setting))?;
        let wall = start.elapsed().as_secs_f64();
        Ok(Taken { processors: self.processors()? - before, wall })
    }

    /// How long processors have worked so far: for what this process has waited for, and for the servers
    /// of sccache and what they have waited for.
    fn processors(&self) -> anyhow::Result<f64> {
        let own = times_of("self").context("no /proc/self/stat")?;
        let servers = self.servers();
        let servers = servers.iter().filter_map(|server| times_of(server)).flatten();
        let sum = own.iter().skip(2).copied().chain(servers).sum::<u64>();
        // The unit is a hundredth of a second on every Linux that matters here.
        Ok(Duration::from_millis(sum * 10).as_secs_f64())
    }

    /// The process numbers of the servers of sccache that listen on this stand.
    fn servers(&self) -> Vec<String> {
        let socket = format!("SCCACHE_SERVER_UDS={}/", self.scratch.path().display());
        let is_server = |place: &Path| {
            let name = fs::read_to_string(place.join("comm")).unwrap_or_default();
            let environment = fs::read(place.join("environ")).unwrap_or_default();
            let mut lines = environment.split(|byte| *byte == 0);
            name.trim() == "sccache" && lines.any(|line| line.starts_with(socket.as_bytes()))
        };
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let servers = processes.filter(|entry| is_server(&entry.path()));
        servers.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }
}

/// `utime`, `stime`, `cutime` and `cstime` of a process.
fn times_of(process: &str) -> Option<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    fields.skip(11).take(4).map(|field| field.parse().ok()).collect()
}
