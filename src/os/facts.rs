//! What stands under a name or is open, with nanoseconds and, where the system tells it, the mount.
//!
//! This is for what is reached by descriptor. What is checked by its path is in [`super::files`].

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType, StatVfs, readlinkat};
use rustix::io::Errno;
use rustix::path::Arg;

use crate::os::entry::{Entry, Kind};
use crate::os::files::kind;
use crate::os::node::Node;

/// What stands under a name, without following a symlink or mounting anything. Where it is in an
/// inventory is for the caller to say.
///
/// # Errors
/// Any I/O error.
pub fn facts(directory: &File, name: impl Arg) -> io::Result<Node> {
    name.into_with_c_str(|name| Ok(complete(directory, name)))?
}

/// What stands under a name, or `None` where nothing does.
///
/// # Errors
/// Any I/O error, for every reason but absence.
pub fn facts_if_any(directory: &File, name: impl Arg) -> io::Result<Option<Node>> {
    match facts(directory, name) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

/// What is open.
///
/// # Errors
/// Any I/O error.
pub fn facts_of(file: &impl AsFd) -> io::Result<Node> {
    complete(file, c"")
}

/// Whether what is open is what was looked at, and has not been changed since.
pub fn is_unchanged(file: &impl AsFd, seen: &Node) -> bool {
    facts_of(file).is_ok_and(|found| {
        let key = |node: &Node| (node.identity, node.kind, node.size, node.modified, node.changed);
        key(&found) == key(seen)
    })
}

/// A symlink's facts include where it leads.
fn complete(at: &impl AsFd, name: &CStr) -> io::Result<Node> {
    let node = look(at, name)?;
    if node.kind != Kind::Symlink {
        return Ok(node);
    }
    match readlinkat(at, name, Vec::new()) {
        Ok(target) => Ok(Node { target: Some(target), ..node }),
        // It has made way for something else since.
        Err(Errno::INVAL) => Err(Errno::NOENT.into()),
        Err(cause) => Err(cause.into()),
    }
}

/// What stands under a name, or without one what is open itself.
#[cfg(target_os = "linux")]
fn look(at: &impl AsFd, name: &CStr) -> io::Result<Node> {
    use rustix::fs::{StatxFlags, makedev, statx};
    let flags = if name.is_empty() { AtFlags::EMPTY_PATH } else { AtFlags::SYMLINK_NOFOLLOW };
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
    let found = statx(at, name, flags | AtFlags::NO_AUTOMOUNT, wanted)?;
    let mode = u32::from(found.stx_mode);
    Ok(Node {
        parent: None,
        name: name.to_owned(),
        kind: kind(FileType::from_raw_mode(mode)),
        uid: found.stx_uid,
        gid: found.stx_gid,
        mode: mode & 0o7777,
        identity: (makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino),
        mount: found.stx_mnt_id,
        links: found.stx_nlink.into(),
        size: found.stx_size,
        occupied: found.stx_blocks.saturating_mul(512),
        modified: (found.stx_mtime.tv_sec, found.stx_mtime.tv_nsec),
        accessed: (found.stx_atime.tv_sec, found.stx_atime.tv_nsec),
        changed: (found.stx_ctime.tv_sec, found.stx_ctime.tv_nsec),
        target: None,
    })
}

/// Without mount numbers: what is mounted is noticed by its device alone.
#[cfg(not(target_os = "linux"))]
fn look(at: &impl AsFd, name: &CStr) -> io::Result<Node> {
    use rustix::fs::{fstat, statat};
    let found =
        if name.is_empty() { fstat(at)? } else { statat(at, name, AtFlags::SYMLINK_NOFOLLOW)? };
    let time = |seconds, nanoseconds| (seconds, u32::try_from(nanoseconds).unwrap_or_default());
    let number = |value: i128| u64::try_from(value).unwrap_or_default();
    Ok(Node {
        parent: None,
        name: name.to_owned(),
        kind: kind(FileType::from_raw_mode(found.st_mode)),
        uid: found.st_uid,
        gid: found.st_gid,
        mode: u32::from(found.st_mode) & 0o7777,
        identity: (number(found.st_dev.into()), number(found.st_ino.into())),
        mount: 0,
        links: number(found.st_nlink.into()),
        size: number(found.st_size.into()),
        occupied: number(found.st_blocks.into()).saturating_mul(512),
        modified: time(found.st_mtime, found.st_mtime_nsec),
        accessed: time(found.st_atime, found.st_atime_nsec),
        changed: time(found.st_ctime, found.st_ctime_nsec),
        target: None,
    })
}

/// What counting asks of an entry: little, because there are hundreds of thousands.
#[derive(Clone, Copy, Debug)]
pub struct Brief {
    /// What it is: not every file system says so where it lists names.
    pub entry: Entry,
    /// What it occupies, in bytes.
    pub occupied: u64,
    /// How many names it has.
    pub links: u64,
    /// When it was last read or changed, in seconds since 1970.
    pub used: i64,
}

/// The same for a name in a directory, without following a symlink. What the system knows is enough:
/// whoever serves a file that is mounted there is not asked, and cannot keep anybody waiting.
///
/// # Errors
/// Any I/O error.
#[cfg(target_os = "linux")]
pub fn brief(directory: impl AsFd, name: impl Arg) -> io::Result<Brief> {
    use rustix::fs::{StatxFlags, makedev, statx};
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT | AtFlags::STATX_DONT_SYNC;
    let found = statx(directory, name, flags, StatxFlags::BASIC_STATS)?;
    let mode = u32::from(found.stx_mode);
    let entry = Entry {
        kind: kind(FileType::from_raw_mode(mode)),
        uid: found.stx_uid,
        gid: found.stx_gid,
        mode: mode & 0o7777,
        device: makedev(found.stx_dev_major, found.stx_dev_minor),
        inode: found.stx_ino,
    };
    Ok(Brief {
        entry,
        occupied: found.stx_blocks.saturating_mul(512),
        links: found.stx_nlink.into(),
        used: found.stx_atime.tv_sec.max(found.stx_mtime.tv_sec),
    })
}

/// The same where there is no such call.
///
/// # Errors
/// Any I/O error.
#[cfg(not(target_os = "linux"))]
pub fn brief(directory: impl AsFd, name: impl Arg) -> io::Result<Brief> {
    let found = name.into_with_c_str(|name| Ok(look(&directory, name)))??;
    Ok(Brief {
        entry: found.entry(),
        occupied: found.occupied,
        links: found.links,
        used: found.accessed.0.max(found.modified.0),
    })
}

/// As `linux/magic.h` has them.
const TMPFS_MAGIC: u32 = 0x0102_1994;
const NFS_MAGIC: u32 = 0x6969;

/// Whether a file is in memory only, and is gone after a restart.
pub fn is_on_tmpfs(file: &File) -> bool {
    is_on(file, TMPFS_MAGIC)
}

/// Whether a file is on NFS, where cargo locks nothing.
pub fn is_on_nfs(file: &File) -> bool {
    is_on(file, NFS_MAGIC)
}

/// Whether nothing can be executed on a file system, because of how it is mounted.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn is_noexec(system: &StatVfs) -> bool {
    system.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC)
}

/// Other systems do not say so.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn is_noexec(_: &StatVfs) -> bool {
    false
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_on(file: &File, magic: u32) -> bool {
    // The field has other widths on other processors.
    rustix::fs::fstatfs(file).is_ok_and(|fs| i128::from(fs.f_type) == i128::from(magic))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_on(_: &File, _: u32) -> bool {
    false
}
