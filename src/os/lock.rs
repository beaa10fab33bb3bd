//! Cargo's locks on a target directory, of every generation, and the processes that hold them.
//!
//! Up to 1.95, cargo takes an exclusive lock on `.cargo-lock`. From 1.96 it takes exclusive locks on
//! `.cargo-build-lock` and `.cargo-artifact-lock`, and a shared lock on `.cargo-lock`. An exclusive
//! lock on each of these files excludes every generation. On NFS cargo does not lock, so a free lock
//! proves nothing there.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;

use rustix::fs::OFlags;

use super::tree::Tree;
use super::{accounts, files, process};
use crate::os::entry::Kind;
use crate::os::node::{Identity, Inventory};
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;

/// All locks of a directory tree, held until this is dropped.
#[derive(Debug, Default)]
pub struct Locks {
    held: Vec<File>,
    identities: HashSet<Identity>,
}

impl Locks {
    /// Takes every lock in a tree that is not held yet, and a lock on the top directory, without
    /// waiting; stops at the first lock that another process holds, and returns what to wait for. Cargo
    /// does not lock the top directory, but another migration does.
    ///
    /// # Errors
    /// A lock cannot be opened (then it is unknown whether a build is running), or was changed
    /// meanwhile.
    pub fn take(&mut self, tree: &Tree, inventory: &Inventory) -> Result<Option<String>, Failure> {
        for (index, node) in inventory.nodes.iter().enumerate() {
            let is_lock = index == 0 || (node.kind == Kind::File && node.is_lock());
            if !is_lock || self.identities.contains(&node.identity) {
                continue;
            }
            let names = inventory.path(index);
            let file = tree.open_entry(inventory, index, OFlags::RDONLY);
            let file = file.map_err(|cause| tree.failed("open", &names, cause))?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    let (path, holders) = (tree.at(&names), holders(node.identity));
                    return Ok(Some(format!("{holders} to finish with `{}`", escaped(&path))));
                }
                Err(TryLockError::Error(cause)) => return Err(tree.failed("lock", &names, cause)),
                Ok(()) => {}
            }
            self.held.push(file);
            self.identities.insert(node.identity);
        }
        Ok(None)
    }
}

/// The processes that hold a lock on a file or directory according to `/proc/locks`, for messages. Some
/// file systems show another device number there than `stat` does; then the inode alone identifies the
/// file.
pub fn holders(identity: Identity) -> String {
    let locks = table();
    let exact = locks.iter().any(|(_, held)| *held == identity);
    let is_meant = |held: &Identity| if exact { *held == identity } else { held.1 == identity.1 };
    let mut pids: Vec<u32> =
        locks.iter().filter(|(_, held)| is_meant(held)).map(|(pid, _)| *pid).collect();
    pids.sort_unstable();
    pids.dedup();
    pids.retain(|pid| *pid != std::process::id());
    let names: Vec<String> = pids.into_iter().map(named).collect();
    if names.is_empty() { "a process that is not visible here".into() } else { names.join(", ") }
}

/// Every file that is locked at this moment.
pub fn held() -> HashSet<Identity> {
    table().into_iter().map(|(_, held)| held).collect()
}

/// Every lock: the process that holds it, and the file.
fn table() -> Vec<(u32, Identity)> {
    let table = File::open("/proc/locks").and_then(|file| files::text(&file)).unwrap_or_default();
    table.lines().filter_map(parse).collect()
}

/// A process as messages name it: program, process id and owner.
fn named(pid: u32) -> String {
    let program = process::program(pid);
    let owner = std::fs::metadata(format!("/proc/{pid}")).ok();
    let owner = owner.map(|found| format!(" of {}", accounts::owner(found.uid())));
    format!("`{}` (process {pid}){}", escaped(&program), owner.unwrap_or_default())
}

/// The process and the file of a held `flock`.
#[cfg(target_os = "linux")]
fn parse(line: &str) -> Option<(u32, Identity)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    // The line of a waiting lock has an arrow in the second place.
    let ["FLOCK", _, _, pid, file, ..] = words.get(1..)? else { return None };
    let mut parts = file.split(':');
    let (major, minor, inode) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |text| u32::from_str_radix(text, 16).ok();
    let device = rustix::fs::makedev(number(major)?, number(minor)?);
    // A holder in another PID namespace has no process id here.
    let pid = pid.parse().ok().filter(|pid| *pid > 0)?;
    Some((pid, (device, inode.parse().ok()?)))
}

/// Only Linux has such a table.
#[cfg(not(target_os = "linux"))]
fn parse(_: &str) -> Option<(u32, Identity)> {
    None
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::parse;

    #[test]
    fn reads_held_locks_and_passes_over_the_rest() {
        let device = rustix::fs::makedev(0xfe, 1);
        for (line, expected) in [
            ("1: FLOCK  ADVISORY  WRITE 708 fe:01:4711 0 EOF", Some((708, (device, 4711)))),
            ("2: FLOCK  ADVISORY  READ 9 fe:01:1 0 EOF", Some((9, (device, 1)))),
            ("1: -> FLOCK  ADVISORY  WRITE 709 fe:01:4711 0 EOF", None),
            ("3: POSIX  ADVISORY  WRITE 708 fe:01:4711 0 EOF", None),
            ("4: FLOCK  ADVISORY  WRITE 0 fe:01:4711 0 EOF", None),
            ("nonsense", None),
            ("", None),
        ] {
            assert_eq!(parse(line), expected, "{line}");
        }
    }
}
