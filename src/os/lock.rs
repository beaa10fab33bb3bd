//! Cargo's locks on a target directory, of every generation, and who holds them.
//!
//! Up to 1.95 it is `.cargo-lock`, exclusive; from 1.96 `.cargo-build-lock` and
//! `.cargo-artifact-lock` are, and the old one is shared. An exclusive lock on each of them keeps
//! either away. On NFS cargo locks nothing, and there a free lock proves nothing.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, OFlags, flock};
use rustix::io::Errno;

use super::accounts;
use super::files;
use super::tree::Tree;
use crate::os::entry::Kind;
use crate::os::node::{Identity, Inventory};
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;

/// Every lock of a tree, held until this is dropped.
#[derive(Debug, Default)]
pub struct Locks {
    held: Vec<File>,
    identities: HashSet<Identity>,
}

/// A lock that somebody else has.
#[derive(Debug)]
pub struct Busy {
    /// The lock.
    pub path: PathBuf,
    /// Who holds it, for messages.
    pub holders: String,
}

impl Locks {
    /// Takes every lock of a tree that is not held yet, and the tree's own, without waiting; the first
    /// that somebody else has ends it. Cargo does not lock the directory itself; another migration does.
    ///
    /// # Errors
    /// A lock that cannot be opened (then nobody can tell whether a build is at work), or that was
    /// changed meanwhile.
    pub fn take(&mut self, tree: &Tree, inventory: &Inventory) -> Result<Option<Busy>, Failure> {
        for (index, node) in inventory.nodes.iter().enumerate() {
            let is_lock = index == 0 || (node.kind == Kind::File && node.is_lock());
            if !is_lock || self.identities.contains(&node.identity) {
                continue;
            }
            let names = inventory.path(index);
            let file = tree.open_entry(inventory, index, OFlags::RDONLY);
            let file = file.map_err(|cause| tree.failed("open", &names, cause))?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Err(Errno::WOULDBLOCK) => {
                    return Ok(Some(Busy {
                        path: tree.at(&names),
                        holders: holders(node.identity),
                    }));
                }
                locked => locked.map_err(|cause| tree.failed("lock", &names, cause.into()))?,
            }
            self.held.push(file);
            self.identities.insert(node.identity);
        }
        Ok(None)
    }
}

/// Who holds a lock on a file or directory, as `/proc/locks` has it, for messages. A file system that
/// shows another device number there than `stat` does is known by the inode alone.
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
    if names.is_empty() { "a process that does not show".into() } else { names.join(", ") }
}

/// What anybody has locked at this moment.
pub fn held() -> HashSet<Identity> {
    table().into_iter().map(|(_, held)| held).collect()
}

/// Who holds a lock on what.
fn table() -> Vec<(u32, Identity)> {
    let table = File::open("/proc/locks").and_then(|file| files::text(&file)).unwrap_or_default();
    table.lines().filter_map(parse).collect()
}

/// A process by its program, its number and its owner.
fn named(pid: u32) -> String {
    let program = std::fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    let program = escaped(OsStr::from_bytes(program.trim_ascii_end())).to_string();
    let owner = std::fs::metadata(format!("/proc/{pid}")).ok();
    let owner = owner.map(|found| format!(" of {}", accounts::owner(found.uid())));
    format!("`{program}` (process {pid}){}", owner.unwrap_or_default())
}

/// The process and the file of one `flock` that is held.
#[cfg(target_os = "linux")]
fn parse(line: &str) -> Option<(u32, Identity)> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    // A waiting one has an arrow in the second place.
    let ["FLOCK", _, _, pid, file, ..] = words.get(1..)? else { return None };
    let mut parts = file.split(':');
    let (major, minor, inode) = (parts.next()?, parts.next()?, parts.next()?);
    let number = |text| u32::from_str_radix(text, 16).ok();
    let device = rustix::fs::makedev(number(major)?, number(minor)?);
    // In another process namespace the holder has no number here.
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
