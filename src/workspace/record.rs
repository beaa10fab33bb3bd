//! The record of a target directory: which workspace it is for, and when it was last used.
//!
//! A directory's name cannot be turned back into a path, and a build with nothing to do leaves no
//! trace in it, so both are written down beside it, in `<private>/.workspaces/<directory name>`, mode
//! 0600. The time of last use is the file's own (mtime), an hour or less behind. The text is:
//!
//! ```text
//! cargo-peruser record 1
//! inode 4711
//! born 1700000000.000000005
//! workspace /home/alice/app
//! ```
//! `born` is missing where the file system knows none. `workspace` comes last and may be `script`
//! (with the script's path) or `git` (with a URL); its value is raw bytes up to the final newline.
//! The record of `target`, the directory for everything else, has only the first line.
//!
//! Nothing is ever decided by a record, and no build fails for one: what cannot be read is as good as
//! none, and what cannot be written is left out.

use std::fs::{DirBuilder, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{Kind, Workspace};

/// The directory of records in a private directory.
pub const DIRECTORY: &str = ".workspaces";

/// How far behind the time of last use may be.
const STALE: Duration = Duration::from_secs(60 * 60);

/// Whether a directory was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// There was no record, and now there is.
    First,
    /// There was one, or none can be written.
    Known,
}

/// Writes down that the directory `name` is being used, unless that was done within the hour. The
/// private directory must have been checked, and `uid` be its owner and the one who acts.
pub fn note_use(private_dir: &Path, name: &str, workspace: Option<&Workspace>, uid: u32) -> Use {
    let text = text(workspace);
    let directory = private_dir.join(DIRECTORY);
    let record = directory.join(name);
    let found = record.symlink_metadata();
    let is_first = found.is_err();
    let is_fresh = found.is_ok_and(|found| {
        let age =
            found.modified().ok().and_then(|time| SystemTime::now().duration_since(time).ok());
        let is_ours = found.is_file() && found.uid() == uid && found.len() == text.len() as u64;
        is_ours && age.is_some_and(|age| age < STALE)
    });
    // A build is worth more than its record.
    let is_written = !is_fresh && write(&directory, name, &text).is_ok();
    if is_first && is_written { Use::First } else { Use::Known }
}

/// The record appears whole or not at all.
fn write(directory: &Path, name: &str, text: &[u8]) -> std::io::Result<()> {
    if DirBuilder::new().mode(0o700).create(directory).is_ok() {
        directory.symlink_metadata()?;
        std::fs::set_permissions(directory, Permissions::from_mode(0o700))?;
    }
    if !directory.symlink_metadata()?.is_dir() {
        return Err(std::io::ErrorKind::NotADirectory.into());
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

fn text(workspace: Option<&Workspace>) -> Vec<u8> {
    let mut text = b"cargo-peruser record 1\n".to_vec();
    let Some(Workspace { kind, path, identity }) = workspace else { return text };
    if *kind != Kind::Git {
        text.extend(format!("inode {}\n", identity.inode).bytes());
    }
    if let Some(born) = identity.born {
        text.extend(format!("born {}.{:09}\n", born.as_secs(), born.subsec_nanos()).bytes());
    }
    text.extend(format!("{} ", kind.word()).bytes());
    text.extend(path.as_os_str().as_encoded_bytes());
    text.push(b'\n');
    text
}
