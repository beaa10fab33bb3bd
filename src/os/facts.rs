//! Metadata of an entry or an open file, with nanoseconds and, if the system provides it, the mount.
//!
//! For files that are reached by descriptor. [`super::files`] checks files by path.

use std::ffi::CStr;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use rustix::fs::{AtFlags, StatVfs, readlinkat};
use rustix::io::Errno;
use rustix::path::Arg;

use crate::os::entry::{Entry, Kind};
use crate::os::files;
use crate::os::node::Node;

/// Metadata of a directory's entry, without following a symlink or triggering a mount. The caller fills
/// in the entry's place in an inventory.
///
/// # Errors
/// Any I/O error.
pub fn facts(directory: &File, name: impl Arg) -> io::Result<Node> {
    name.into_with_c_str(|name| Ok(complete(directory, name)))?
}

/// Metadata of a directory's entry, or `None` if it does not exist.
///
/// # Errors
/// Any I/O error except absence.
pub fn facts_if_any(directory: &File, name: impl Arg) -> io::Result<Option<Node>> {
    files::if_any(facts(directory, name))
}

/// Metadata of an open file.
///
/// # Errors
/// Any I/O error.
pub fn facts_of(file: &impl AsFd) -> io::Result<Node> {
    complete(file, c"")
}

/// Metadata of a directory's entry, without following a symlink. Cached metadata is enough: a process
/// that serves a mounted file system (FUSE) is not asked, so it cannot make the caller wait.
///
/// # Errors
/// Any I/O error.
pub fn cached_facts(directory: &impl AsFd, name: impl Arg) -> io::Result<Entry> {
    #[cfg(target_os = "linux")]
    let flags = AtFlags::STATX_DONT_SYNC;
    #[cfg(not(target_os = "linux"))]
    let flags = AtFlags::empty();
    name.into_with_c_str(|name| Ok(look(directory, name, flags)))?
}

/// Metadata of an entry. For a symlink it includes the target.
fn complete(at: &impl AsFd, name: &CStr) -> io::Result<Node> {
    let entry = look(at, name, AtFlags::empty())?;
    let is_symlink = entry.kind == Kind::Symlink;
    let target = is_symlink.then(|| readlinkat(at, name, Vec::new())).transpose();
    // Something else has replaced it since.
    let target =
        target.map_err(|error| if error == Errno::INVAL { Errno::NOENT } else { error })?;
    Ok(Node { parent: None, name: name.to_owned(), entry, target })
}

/// Metadata of an entry, or of the open file itself if the name is empty.
#[cfg(target_os = "linux")]
fn look(at: &impl AsFd, name: &CStr, flags: AtFlags) -> io::Result<Entry> {
    use rustix::fs::{FileType, StatxFlags, makedev, statx};
    let which = if name.is_empty() { AtFlags::EMPTY_PATH } else { AtFlags::SYMLINK_NOFOLLOW };
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::MNT_ID;
    let found = statx(at, name, flags | which | AtFlags::NO_AUTOMOUNT, wanted)?;
    let mode = u32::from(found.stx_mode);
    Ok(Entry {
        kind: files::kind(FileType::from_raw_mode(mode)),
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
    })
}

/// The same without mount numbers: only the device tells that something is mounted.
#[cfg(not(target_os = "linux"))]
fn look(at: &impl AsFd, name: &CStr, _: AtFlags) -> io::Result<Entry> {
    use rustix::fs::{fstat, statat};
    let found =
        if name.is_empty() { fstat(at)? } else { statat(at, name, AtFlags::SYMLINK_NOFOLLOW)? };
    Ok(files::from(&found))
}

/// The numbers in `linux/magic.h`.
const TMPFS_MAGIC: u32 = 0x0102_1994;
const NFS_MAGIC: u32 = 0x6969;

/// Whether a file is on a tmpfs, and so is lost at a restart.
pub fn is_on_tmpfs(file: &File) -> bool {
    is_on(file, TMPFS_MAGIC)
}

/// Whether a file is on NFS, where cargo does not lock.
pub fn is_on_nfs(file: &File) -> bool {
    is_on(file, NFS_MAGIC)
}

/// Whether the file system is mounted noexec.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn is_noexec(system: &StatVfs) -> bool {
    system.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC)
}

/// Other systems do not report it.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn is_noexec(_: &StatVfs) -> bool {
    false
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_on(file: &File, magic: u32) -> bool {
    // The field has another width on other processors.
    rustix::fs::fstatfs(file).is_ok_and(|fs| i128::from(fs.f_type) == i128::from(magic))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_on(_: &File, _: u32) -> bool {
    false
}
