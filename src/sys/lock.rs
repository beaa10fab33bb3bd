//! Cargo's locks on a target directory, of every generation, and who holds them.
//!
//! Up to 1.95 it is `.cargo-lock`, exclusive; from 1.96 `.cargo-build-lock` and
//! `.cargo-artifact-lock` are, and the old one is shared. An exclusive lock on each of them keeps
//! either away. On NFS cargo locks nothing, and there a free lock proves nothing.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fmt::{self, Display, Formatter};
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, Mode, OFlags, flock, openat};
use rustix::io::Errno;

use super::facts::facts_of;
use super::tree::Tree;
use super::{accounts, files};
use crate::core::relocation::Identity;
use crate::core::relocation::tree::{Inventory, LOCKS};
use crate::error::{Error, Kind, MigrateError, Owner};
use crate::shown::shown;

/// Every lock of a tree, held until this is dropped.
#[derive(Debug, Default)]
pub struct Locks {
    held: Vec<File>,
    identities: HashSet<Identity>,
}

/// What came of an attempt to take every lock.
#[derive(Debug)]
pub enum Attempt {
    /// All are held.
    Held,
    /// Somebody else has one.
    Busy {
        /// The lock.
        path: PathBuf,
        /// Who holds it, as far as the system says.
        holders: Vec<Holder>,
    },
}

/// A process that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub pid: u32,
    /// What it calls itself.
    pub program: String,
    /// Whose it is.
    pub owner: Option<Owner>,
}

impl Display for Holder {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Holder { pid, program, owner } = self;
        write!(f, "`{}` (process {pid})", shown(program))?;
        owner.as_ref().map_or(Ok(()), |owner| write!(f, " of {owner}"))
    }
}

impl Locks {
    /// Takes every lock of a tree that is not held yet, and the tree's own, without waiting.
    ///
    /// # Errors
    /// [`MigrateError::Unreadable`] for a lock that cannot be opened: then nobody can tell whether a
    /// build is at work. [`MigrateError::Changed`].
    pub fn take(&mut self, tree: &Tree, inventory: &Inventory) -> Result<Attempt, Error> {
        for (index, node) in inventory.nodes.iter().enumerate() {
            let is_lock = node.kind == Kind::File
                && LOCKS.iter().any(|name| node.name.as_bytes() == name.as_bytes());
            // Cargo does not lock the directory itself; another migration does.
            if !(is_lock || index == 0) || self.identities.contains(&node.identity) {
                continue;
            }
            let names = inventory.path(index);
            let file = open(tree, inventory, index)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => {
                    let holders = holders(node.identity);
                    return Ok(Attempt::Busy { path: tree.shown(&names), holders });
                }
                Err(cause) => return Err(unreadable(tree, &names, cause)),
            }
            self.held.push(file);
            self.identities.insert(node.identity);
        }
        Ok(Attempt::Held)
    }
}

/// Opens a lock of the tree, or its top.
fn open(tree: &Tree, inventory: &Inventory, index: usize) -> Result<File, Error> {
    let names = inventory.path(index);
    let Some(node) = inventory.nodes.get(index) else { return Err(tree.changed(&names)) };
    let Some(parent) = node.parent else {
        return tree.enter(inventory, index);
    };
    let directory = tree.enter(inventory, parent)?;
    let flags = OFlags::RDONLY | super::tree::FILE;
    let opened = match openat(&directory, &*node.name, flags, Mode::empty()) {
        Err(Errno::NOENT | Errno::LOOP) => return Err(tree.changed(&names)),
        opened => File::from(opened.map_err(|cause| unreadable(tree, &names, cause))?),
    };
    match facts_of(&opened) {
        Ok(found) if found.identity == node.identity => Ok(opened),
        _ => Err(tree.changed(&names)),
    }
}

fn unreadable(tree: &Tree, names: &[std::ffi::CString], cause: Errno) -> Error {
    MigrateError::Unreadable {
        path: tree.shown(names),
        cause: cause.into(),
        source: tree.path.clone(),
        person: accounts::owner(accounts::own_uid()).word(),
    }
    .into()
}

/// Who holds a lock on a file or directory, as `/proc/locks` has it. A file system that shows
/// another device number there than `stat` does is known by the inode alone.
pub fn holders(identity: Identity) -> Vec<Holder> {
    let table = File::open("/proc/locks").and_then(|file| files::text(&file)).unwrap_or_default();
    let locks: Vec<(u32, Identity)> = table.lines().filter_map(parse).collect();
    let exact = locks.iter().filter(|(_, held)| *held == identity).count() > 0;
    let is_meant = |held: &Identity| if exact { *held == identity } else { held.1 == identity.1 };
    let mut pids: Vec<u32> =
        locks.iter().filter(|(_, held)| is_meant(held)).map(|(pid, _)| *pid).collect();
    pids.sort_unstable();
    pids.dedup();
    pids.into_iter().filter(|pid| *pid != std::process::id()).map(holder).collect()
}

fn holder(pid: u32) -> Holder {
    let of = |name: &str| PathBuf::from(format!("/proc/{pid}/{name}"));
    let program = std::fs::read(of("comm")).unwrap_or_default();
    let program = OsStr::from_bytes(program.trim_ascii_end()).to_string_lossy().into_owned();
    let owner = std::fs::metadata(of("")).ok().map(|found| accounts::owner(found.uid()));
    Holder { pid, program, owner }
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

#[cfg(all(test, target_os = "linux"))]
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
