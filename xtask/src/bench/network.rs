//! A file system that counts what it is asked, as a server of a network file system could.
//!
//! It is bindfs over the directory itself, through FUSE: the kernel looks up each name on a path anew, at
//! every call, and keeps attributes, as over NFS.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::Context;

use super::candidate::Candidate;
use super::growth;
use crate::process;

/// How the kernel caches: names never, attributes for a minute.
const CACHING: &str = "entry_timeout=0,negative_timeout=0,attr_timeout=60";
/// How long it takes at most until the last request is written down, or a mount is there.
const SETTLED: Duration = Duration::from_millis(300);

/// Such a file system over a directory, until it is dropped.
pub(super) struct Network {
    at: PathBuf,
    server: Child,
    log: PathBuf,
}

impl Network {
    pub(super) fn at(at: &Path, scratch: &Path) -> anyhow::Result<Self> {
        anyhow::ensure!(growth::is_own_namespace(), "only root can mount something");
        let mut bindfs = Command::new(process::require("bindfs", "bindfs")?);
        let log = scratch.join("bindfs.txt");
        bindfs.args(["-d", "-o", CACHING]).args([at, at]);
        bindfs.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
        let server = bindfs.spawn().context("could not execute `bindfs`")?;
        sleep(SETTLED);
        Ok(Self { at: at.to_owned(), server, log })
    }

    /// What a candidate asks whose first run is over.
    pub(super) fn requests(&self, candidate: &Candidate) -> anyhow::Result<u32> {
        candidate.run()?;
        let before = self.count()?;
        candidate.run()?;
        let requests = self.count()? - before;
        anyhow::ensure!(requests > 0, "`{}` was not asked for anything", self.at.display());
        Ok(requests)
    }

    fn count(&self) -> anyhow::Result<u32> {
        sleep(SETTLED);
        let requests = fs::read_to_string(&self.log)?.matches("opcode: ").count();
        Ok(u32::try_from(requests)?)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // It ends with its mount.
        let unmounted = process::capture(Command::new("umount").arg(&self.at));
        if unmounted.is_err() {
            let _gone_already = self.server.kill();
        }
        let _ended = self.server.wait();
    }
}
