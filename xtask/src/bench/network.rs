//! A file system that counts what it is asked, as a server of a network file system could.
//!
//! It is bindfs over the directory itself, through FUSE: the kernel looks up each name on a path anew, at
//! every call, and keeps attributes, as over NFS.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::Context;
use xshell::cmd;

use super::stand::{Candidate, Stand};
use crate::project;

/// How the kernel caches: names never, attributes for a minute.
const CACHING: &str = "entry_timeout=0,negative_timeout=0,attr_timeout=60";
/// How long it takes at most until the last request is written down, or a mount is there.
const SETTLED: Duration = Duration::from_millis(300);

/// What a candidate asks whose first run is over, where the home directory is such a file system.
pub(super) fn requests(stand: &Stand, candidate: &Candidate) -> anyhow::Result<u32> {
    let (home, log) = (stand.path().join("home"), stand.path().join("bindfs.txt"));
    let mut bindfs = Command::new(project::require("bindfs", "bindfs")?);
    bindfs.args(["-d", "-o", CACHING]).args([&home, &home]);
    bindfs.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
    let mut server = bindfs.spawn().context("could not execute `bindfs`")?;
    sleep(SETTLED);
    let counted = count_second_run(candidate, &log);
    // The server ends with its mount.
    if let Err(error) = cmd!(stand.sh, "umount {home}").quiet().run() {
        server.kill()?;
        server.wait()?;
        return Err(error.into());
    }
    server.wait()?;
    let requests = counted?;
    anyhow::ensure!(requests > 0, "`{}` was not asked for anything", home.display());
    Ok(u32::try_from(requests)?)
}

fn count_second_run(candidate: &Candidate, log: &Path) -> anyhow::Result<usize> {
    let count = || -> anyhow::Result<usize> {
        candidate.run()?;
        sleep(SETTLED);
        Ok(fs::read_to_string(log)?.matches("opcode: ").count())
    };
    let first = count()?;
    Ok(count()? - first)
}
