//! Which caches are in use: cargo holds a lock in them, or a program runs from them.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::os::node::Identity;
use crate::os::{accounts, files, lock};

use super::Cache;

/// What processes use, according to `/proc`.
#[derive(Debug, Default)]
pub(crate) struct Activity {
    held: HashSet<Identity>,
    used: Vec<(u32, PathBuf)>,
    /// Processes that cannot be examined: process id, uid, and start time in seconds since 1970.
    unreadable: Vec<(u32, u32, i64)>,
}

/// How a cache is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UsedBy {
    /// Cargo, or a migration, holds a lock.
    Building,
    /// This process runs from it, has it open or works in it.
    Running(u32),
    /// This process of its owner may use it, but cannot be examined.
    Unreadable(u32),
}

impl Activity {
    /// Looks at locks and processes, with this process's own credentials.
    pub(crate) fn take() -> Activity {
        let mut activity = Activity { held: lock::held(), ..Activity::default() };
        let own = std::process::id();
        let (is_root, uid) = (accounts::is_root(), accounts::own_uid());
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
            let Some(pid) = pid.filter(|pid| ![own, INIT].contains(pid)) else { continue };
            let status = std::fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            let owner = owner(&status);
            if has_ended(&status) {
                continue;
            }
            // Only its owner and root can be in a private directory.
            if !is_root && owner != Some(uid) {
                continue;
            }
            let mut add = |path| activity.used.push((pid, path));
            if look_at(&entry.path(), &mut add).is_err() {
                let began = began(&entry.path()).unwrap_or(i64::MAX);
                activity.unreadable.push((pid, owner.unwrap_or_default(), began));
            }
        }
        activity
    }

    /// How a cache is in use.
    pub(crate) fn of(&self, cache: &Cache) -> Option<UsedBy> {
        if self.is_locked(cache) {
            return Some(UsedBy::Building);
        }
        self.below(&cache.path()).or_else(|| self.may_use(cache))
    }

    /// Whether somebody holds one of cargo's locks in the cache.
    fn is_locked(&self, cache: &Cache) -> bool {
        cache.totals.locks.iter().any(|lock| self.held.contains(lock))
    }

    /// The process that uses something below a directory.
    pub(crate) fn below(&self, directory: &Path) -> Option<UsedBy> {
        let found = self.used.iter().find(|(_, path)| path.starts_with(directory));
        found.map(|(pid, _)| UsedBy::Running(*pid))
    }

    /// A process of the owner that cannot be examined, and so may use a cache. A process that began
    /// after the cache was last used does not use it: running something from the cache reads it, which
    /// counts as a use. Access times may be up to a day behind.
    fn may_use(&self, cache: &Cache) -> Option<UsedBy> {
        let may = |&&(_, uid, began): &&(u32, u32, i64)| {
            uid == cache.person.account.uid && began - DAY <= cache.used()
        };
        self.unreadable.iter().find(may).map(|(pid, ..)| UsedBy::Unreadable(*pid))
    }
}

/// Finds the paths that a process uses, unless some of it cannot be examined.
fn look_at(process: &Path, add: &mut dyn FnMut(PathBuf)) -> io::Result<()> {
    for name in ["exe", "cwd"] {
        let path = if_there(std::fs::read_link(process.join(name)))?;
        path.map(&mut *add);
    }
    for open in if_there(std::fs::read_dir(process.join("fd")))?.into_iter().flatten().flatten() {
        let path = std::fs::read_link(open.path()).ok();
        path.filter(|path| path.is_absolute()).map(&mut *add);
    }
    let maps = if_there(std::fs::read(process.join("maps")))?.unwrap_or_default();
    maps.split(|byte| *byte == b'\n').filter_map(mapped).for_each(add);
    Ok(())
}

/// Kernel threads have no program and no directory, and a process that has ended has nothing.
fn if_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(cause) if Errno::from_io_error(&cause) == Some(Errno::SRCH) => Ok(None),
        found => files::if_any(found),
    }
}

/// The process that exists before anything can be built. In a container it may have more rights than
/// root.
const INIT: u32 = 1;

/// In seconds.
pub(crate) const DAY: i64 = 24 * 60 * 60;

/// The path in one line of `maps`: the sixth field, to the end of the line.
fn mapped(line: &[u8]) -> Option<PathBuf> {
    let at = line.iter().position(|byte| *byte == b'/')?;
    Some(OsString::from_vec(line.get(at..)?.to_vec()).into())
}

/// A word of a process's `status`, which everybody may read.
fn word<'s>(status: &'s str, key: &str, at: usize) -> Option<&'s str> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_ascii_whitespace().nth(at)
}

/// The effective uid.
fn owner(status: &str) -> Option<u32> {
    word(status, "Uid:", 1)?.parse().ok()
}

/// Whether only the exit code of a process is left, which its parent has not collected yet. If only the
/// first thread has ended, the others still use what the process has.
fn has_ended(status: &str) -> bool {
    word(status, "State:", 0) == Some("Z") && matches!(word(status, "Threads:", 0), Some("0" | "1"))
}

/// The start time of a process, in seconds since 1970.
fn began(process: &Path) -> Option<i64> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    let ticks: i64 = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()?;
    let system = std::fs::read_to_string("/proc/stat").ok()?;
    let boot = system.lines().find_map(|line| line.strip_prefix("btime "))?;
    Some(
        boot.trim().parse::<i64>().ok()?
            + ticks / i64::try_from(rustix::param::clock_ticks_per_second()).ok()?,
    )
}
