//! The record of a target directory: its workspace, and the time of its last use.
//!
//! A directory's name cannot be turned back into a path, and a build with nothing to do leaves no trace
//! in the directory. So both are stored beside it, in `<private>/.workspaces/<directory name>`, mode
//! 0600. The time of last use is the file's mtime; it may be up to an hour old. The text is:
//!
//! ```text
//! cargo-peruser record 1
//! inode 4711
//! born 1700000000.000000005
//! parent 00000000000000000815
//! workspace /home/alice/app
//! ```
//! `born` is missing if the file system stores no birth times. `parent` is the inode of the workspace's
//! parent directory: if another directory is there now, as when a disk is not mounted, it is unknown
//! whether the workspace is gone. `workspace` comes last and may be `script` (with the script's path)
//! or `git` (with a URL); its value is raw bytes up to the final newline. The record of `target`, the
//! directory for everything else, has only the first line.
//!
//! A record never decides a build, and no build fails because of one: an unreadable record counts as
//! missing, and one that cannot be written is skipped.

use std::ffi::{OsStr, OsString};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::OFlags;

use super::identity::WorkspaceIdentity;
use super::{Workspace, WorkspaceKind};
use crate::os::tree;

/// The name of the directory of records in a private directory.
pub const DIRECTORY: &str = ".workspaces";

/// How old the time of last use may be.
const STALE: Duration = Duration::from_secs(60 * 60);

/// Whether a directory was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// There was no record; now there is one.
    First,
    /// There was a record, or none can be written.
    Known,
}

/// Records that the directory `name` is being used, unless that was done within the hour. The private
/// directory must have been checked, and `uid` must be its owner and the effective uid.
pub fn note_use(private_dir: &Path, name: &str, workspace: Option<&Workspace>, uid: u32) -> Use {
    let length = text(workspace, 0).len() as u64;
    let directory = private_dir.join(DIRECTORY);
    let record = directory.join(name);
    let found = record.symlink_metadata();
    let is_first = found.is_err();
    let is_fresh = found.is_ok_and(|found| {
        let age =
            found.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
        let is_ours = found.is_file() && found.uid() == uid && found.len() == length;
        is_ours && age.is_some_and(|age| age < STALE)
    });
    let written = || {
        let parent = workspace.and_then(|it| it.path.parent()?.metadata().ok());
        write(&directory, name, &text(workspace, parent.map_or(0, |parent| parent.ino())))
    };
    // A failure to write the record must not fail the build.
    let is_written = !is_fresh && written().is_ok();
    if is_first && is_written { Use::First } else { Use::Known }
}

/// The content of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When the directory was last used, in seconds since 1970.
    pub used: i64,
    /// What is built in it; `None` for everything else.
    pub workspace: Option<Workspace>,
    /// The inode of the workspace's parent directory; 0 if unknown.
    pub parent: u64,
}

/// Whether the sources of a target directory still exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sources {
    /// Unknown, or they cannot be examined.
    Unknown,
    /// They exist.
    Present,
    /// They were deleted: the parent directory is the same and no longer contains them.
    Gone,
    /// Another checkout has taken their place.
    Another,
}

/// Reads the record of a directory in an open private directory that this uid owns.
pub fn read(private_dir: &File, name: &OsStr, uid: u32) -> Option<Record> {
    let records = tree::inside(private_dir, DIRECTORY, tree::DIRECTORY).ok()?;
    let found = tree::inside(&records, name, OFlags::RDONLY | tree::FILE).ok()?;
    let metadata = found.metadata().ok()?;
    if !metadata.is_file() || metadata.uid() != uid || metadata.len() > MAX_RECORD {
        return None;
    }
    let mut text = Vec::new();
    (&found).take(MAX_RECORD).read_to_end(&mut text).ok()?;
    let (workspace, parent) = parse(&text)?;
    Some(Record { used: metadata.mtime(), workspace, parent })
}

/// The names of the directories that have a record in an open private directory.
pub fn names(private_dir: &File) -> Vec<OsString> {
    let records = tree::inside(private_dir, DIRECTORY, tree::DIRECTORY);
    let names = records.and_then(|records| tree::names(&records)).unwrap_or_default();
    names.iter().map(|name| tree::os_str(name).to_owned()).collect()
}

/// The maximum size of a record, in bytes: a path, and a few short lines.
const MAX_RECORD: u64 = 16 << 10;

fn parse(text: &[u8]) -> Option<(Option<Workspace>, u64)> {
    let mut rest = text.strip_prefix(b"cargo-peruser record 1\n")?;
    let (mut inode, mut born, mut parent) = (0, None, 0);
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, _) = rest.split_at(end);
        let space = line.iter().position(|byte| *byte == b' ')?;
        let (key, value) = (line.get(..space)?, rest.get(space + 1..)?);
        let number = || std::str::from_utf8(line.get(space + 1..)?).ok();
        match key {
            b"inode" => inode = number()?.parse().ok()?,
            b"parent" => parent = number()?.parse().ok()?,
            b"born" => {
                let (seconds, nanoseconds) = number()?.split_once('.')?;
                born = Some(Duration::new(seconds.parse().ok()?, nanoseconds.parse().ok()?));
            }
            // The last line: its value may contain newlines.
            key => {
                let kinds = [WorkspaceKind::Workspace, WorkspaceKind::Script, WorkspaceKind::Git];
                let kind = kinds.into_iter().find(|kind| kind.word().as_bytes() == key)?;
                let path = OsStr::from_bytes(value.strip_suffix(b"\n")?).into();
                let identity = WorkspaceIdentity { inode, born };
                return Some((Some(Workspace { kind, path, identity }), parent));
            }
        }
        rest = rest.get(end + 1..)?;
    }
    Some((None, parent))
}

impl Record {
    /// Whether the workspace still exists, as far as this thread may see. A repository in cargo's own
    /// home always counts as unknown.
    pub fn sources(&self) -> Sources {
        let Some(workspace) = self.workspace.as_ref().filter(|it| it.kind != WorkspaceKind::Git)
        else {
            return Sources::Unknown;
        };
        let parent = workspace.path.parent().and_then(|parent| parent.metadata().ok());
        let is_same_parent = parent.is_some_and(|parent| parent.ino() == self.parent);
        match workspace.path.symlink_metadata() {
            Ok(_) => {
                let now = workspace.directory().and_then(super::identity_of);
                match now {
                    Some(now) if now == workspace.identity => Sources::Present,
                    Some(_) if is_same_parent => Sources::Another,
                    _ => Sources::Unknown,
                }
            }
            Err(cause) if cause.kind() == ErrorKind::NotFound && is_same_parent => Sources::Gone,
            Err(_) => Sources::Unknown,
        }
    }
}

/// Writes the record as a whole or not at all.
fn write(directory: &Path, name: &str, text: &[u8]) -> std::io::Result<()> {
    if DirBuilder::new().mode(0o700).create(directory).is_ok() {
        std::fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    }
    if !directory.symlink_metadata()?.is_dir() {
        return Err(ErrorKind::NotADirectory.into());
    }
    let unfinished = directory.join(format!(".{name}.{}", std::process::id()));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    let written = file
        .set_permissions(Permissions::from_mode(0o600))
        .and_then(|()| file.write_all(text))
        .and_then(|()| std::fs::rename(&unfinished, directory.join(name)));
    if written.is_err() {
        let _ = std::fs::remove_file(&unfinished);
    }
    written
}

fn text(workspace: Option<&Workspace>, parent: u64) -> Vec<u8> {
    let mut text = b"cargo-peruser record 1\n".to_vec();
    let Some(Workspace { kind, path, identity }) = workspace else { return text };
    text.extend(format!("inode {}\n", identity.inode).bytes());
    if let Some(born) = identity.born {
        text.extend(format!("born {}.{:09}\n", born.as_secs(), born.subsec_nanos()).bytes());
    }
    // Always the same length, so that the record's size tells whether it is current, without examining
    // the parent.
    text.extend(format!("parent {parent:020}\n").bytes());
    text.extend(format!("{} ", kind.word()).bytes());
    text.extend(path.as_os_str().as_encoded_bytes());
    text.push(b'\n');
    text
}

#[cfg(test)]
mod tests {
    use super::{parse, text};
    use crate::workspace::identity::WorkspaceIdentity;
    use crate::workspace::{Workspace, WorkspaceKind};
    use std::time::Duration;

    #[test]
    fn what_is_written_is_read_again_and_the_rest_is_no_record() {
        let born = Some(Duration::new(1_700_000_000, 5));
        for (kind, path, inode, born, parent) in [
            (WorkspaceKind::Workspace, "/srv/a b\nc", 4711, born, 815),
            (WorkspaceKind::Script, "/srv/x.rs", 1, None, 0),
            (WorkspaceKind::Git, "https://example.org/x", 0, None, 0),
        ] {
            let workspace =
                Workspace { kind, path: path.into(), identity: WorkspaceIdentity { inode, born } };
            let text = text(Some(&workspace), parent);
            assert_eq!(parse(&text), Some((Some(workspace.clone()), parent)), "{path}");
            let half = parse(text.strip_suffix(b"\n").unwrap());
            assert!(half.is_none_or(|(half, _)| half != Some(workspace)), "{path}");
        }
        assert_eq!(parse(&text(None, 0)), Some((None, 0)));
        for wrong in ["", "cargo-peruser record 2\n", "cargo-peruser record 1\ninode x\n"] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
