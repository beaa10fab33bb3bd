//! `cargo xtask bench --part warm`: what the first build of a second worktree costs, by itself and with
//! `compile-cache = "sccache"`.
//!
//! The worktrees are of this repository. What counts is the time on processors, of sccache's server and
//! the compilers that it starts as well, because a busy machine disturbs that little.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::Context;
use xshell::cmd;

use super::stand::{Candidate, Stand};
use super::{Verdict, shown};
use crate::{interrupt, project, screen, table};

pub(super) fn run(stand: &Stand) -> anyhow::Result<Vec<Verdict>> {
    // sccache's server comes to us when what started it ends.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let builds = build_all(stand);
    for server in children()? {
        cmd!(stand.sh, "kill {server}").quiet().run()?;
    }
    let head = ["a worktree's first build", "CPU s", "wall s"];
    screen::result(table::render(head, builds?));
    Ok(Vec::new())
}

/// Builds in three worktrees, and gives each one's row.
fn build_all(stand: &Stand) -> anyhow::Result<Vec<[String; 3]>> {
    let (sh, repository) = (&stand.sh, project::root()?);
    let shim = install(stand)?;
    let sccache = sccache(&repository)?;
    let cold = stand.candidate("cold", shim.clone(), &["build", "--quiet", "--locked"]);
    let mut builds = Vec::new();
    for (name, compile_cache) in
        [("cold", None), ("the first with sccache", Some(&sccache)), ("the second", Some(&sccache))]
    {
        interrupt::check()?;
        screen::progress(name);
        let mut cargo = Candidate { name, ..cold.clone() };
        cargo.directory = stand.path().join("home").join(name);
        let worktree = &cargo.directory;
        cmd!(sh, "git clone --quiet {repository} {worktree}").quiet().run()?;
        let bin = [shim.parent(), stand.cargo.parent()].into_iter().flatten();
        let path = bin.chain(["/usr/bin", "/bin"].map(Path::new));
        cargo.set("PATH", env::join_paths(path)?);
        cargo.set("CARGO_HOME", cargo_home());
        cargo.set("CARGO_NET_OFFLINE", "true");
        cargo.set("CARGO_PERUSER_SHARED_ROOT", sh.create_dir("home/root")?);
        cargo.set("CARGO_PERUSER_COMPILE_CACHE", compile_cache.map_or(Path::new("off"), |it| it));
        let (before, start) = (processors()?, Instant::now());
        cargo.run()?;
        let wall = start.elapsed().as_secs_f64();
        builds.push([
            name.to_owned(),
            shown(Some(processors()? - before), 1),
            shown(Some(wall), 1),
        ]);
    }
    Ok(builds)
}

/// Lays the files out as `setup` does, and gives the shim.
fn install(stand: &Stand) -> anyhow::Result<PathBuf> {
    let program = stand.sh.create_dir("bin")?.join("cargo-peruser");
    stand.sh.copy_file(&stand.binary, &program)?;
    let ours = stand.sh.create_dir("lib/cargo-peruser/bin")?;
    for link in ["cargo", "cargo-peruser", "../rustc-wrapper"] {
        symlink(&program, ours.join(link))?;
    }
    Ok(ours.join("cargo"))
}

/// Where `.ci/run` puts it, or from PATH.
fn sccache(repository: &Path) -> anyhow::Result<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    let ours = repository.join(target).join("tools/sccache/bin/sccache");
    if ours.is_file() { Ok(ours) } else { project::require("sccache", "sccache") }
}

fn cargo_home() -> PathBuf {
    let home = || Path::new(&env::var_os("HOME").unwrap_or_default()).join(".cargo");
    env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}

/// For how many seconds processors have worked so far: for what we have waited for, and for the servers
/// of sccache and what they have waited for.
fn processors() -> anyhow::Result<f64> {
    let own = times_of("self").context("no /proc/self/stat")?;
    let servers = children()?;
    let servers = servers.iter().filter_map(|server| times_of(server)).flatten();
    let sum = own.into_iter().skip(2).chain(servers).sum::<u64>();
    // The unit is a hundredth of a second on every Linux that matters here.
    Ok(Duration::from_millis(sum * 10).as_secs_f64())
}

/// The numbers of our child processes.
fn children() -> anyhow::Result<Vec<String>> {
    let children = fs::read_to_string("/proc/thread-self/children")?;
    Ok(children.split_ascii_whitespace().map(str::to_owned).collect())
}

/// `utime`, `stime`, `cutime` and `cstime` of a process.
fn times_of(process: &str) -> Option<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    fields.skip(11).take(4).map(|field| field.parse().ok()).collect()
}
