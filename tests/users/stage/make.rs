//! Entries of the file system as somebody would have made them: with an owner and an exact mode.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::shared::Running;

/// A directory.
pub(crate) fn directory(path: &Path, uid: u32, gid: u32, mode: u32) {
    fs::create_dir(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    own(path, uid, gid, mode);
}

/// The directories of a path below another one that are missing; returns the last.
pub(crate) fn directories(top: &Path, below: &str, uid: u32) -> PathBuf {
    let mut place = top.to_owned();
    for part in Path::new(below) {
        place.push(part);
        if !place.exists() {
            directory(&place, uid, uid, 0o755);
        }
    }
    place
}

/// A file.
pub(crate) fn file(path: &Path, content: impl AsRef<[u8]>, uid: u32, mode: u32) {
    fs::write(path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    own(path, uid, uid, mode);
}

/// A valid cache directory tag.
pub(crate) fn tag(directory: &Path, uid: u32) {
    file(&directory.join("CACHEDIR.TAG"), super::look::SIGNATURE, uid, 0o644);
}

/// A script.
pub(crate) fn script(path: &Path, content: &str) {
    file(path, content, 0, 0o755);
}

/// A symlink.
pub(crate) fn link(path: &Path, target: &Path, uid: u32) {
    symlink(target, path).unwrap();
    lchown(path, Some(uid), Some(uid)).unwrap();
}

/// A named pipe that anyone may open.
pub(crate) fn fifo(path: &Path, uid: u32) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o666), 0).unwrap();
    own(path, uid, uid, 0o666);
}

/// A socket that nobody listens on any more.
pub(crate) fn socket(path: &Path, uid: u32) {
    drop(UnixListener::bind(path).unwrap());
    own(path, uid, uid, 0o666);
}

/// Gives an entry an owner and a mode. The owner comes first: changing it clears set-id bits.
pub(crate) fn own(path: &Path, uid: u32, gid: u32, mode: u32) {
    chown(path, Some(uid), Some(gid)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Nothing: takes away a directory and all below it, without following anything.
#[expect(clippy::disallowed_methods, reason = "on the tests' own tmpfs, which goes anyway")]
pub(crate) fn nothing(path: &Path) {
    fs::remove_dir_all(path).unwrap();
}

/// A tmpfs on a new directory, which is root's and has the mode that the options say.
pub(crate) fn tmpfs(path: &Path, options: &str) {
    directory(path, 0, 0, 0o755);
    let words = ["-t", "tmpfs", "-o", options, "tmpfs"].map(OsStr::new);
    do_as_root("mount", words.into_iter().chain([path.as_os_str()]));
}

/// Mounts what is mounted at a path with other options.
pub(crate) fn remount(path: &Path, options: &str) {
    let options = format!("remount,{options}");
    do_as_root("mount", ["-o".as_ref(), options.as_ref(), path.as_os_str()]);
}

/// A file system on a directory that is there, which knows neither ACLs nor other attributes.
pub(crate) fn without_attributes(path: &Path) {
    let words = ["-t", "ramfs", "ramfs"].map(OsStr::new);
    do_as_root("mount", words.into_iter().chain([path.as_os_str()]));
}

/// A file system of its own on a new directory, root's with mode 0755; its file stands beside it. `ext4`
/// has no reflinks, `xfs` has.
pub(crate) fn image(path: &Path, kind: &str) {
    let file = path.with_extension("img");
    // The smallest that xfs accepts; what is not written takes up nothing.
    fs::File::create(&file).unwrap().set_len(320 << 20).unwrap();
    do_as_root(&format!("mkfs.{kind}"), [OsStr::new("-q"), file.as_os_str()]);
    directory(path, 0, 0, 0o755);
    let words = [OsStr::new("-o"), OsStr::new("loop"), file.as_os_str(), path.as_os_str()];
    do_as_root("mount", words);
    own(path, 0, 0, 0o755);
}

/// How long what the machine's root does may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Runs a command as the machine's root and expects it to succeed.
#[track_caller]
pub(crate) fn do_as_root<W: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = W>) {
    let mut command = Command::new(program);
    command.args(args);
    Running::start(command, program.to_owned(), (Vec::new(), None), LIMIT).finish().ok();
}
