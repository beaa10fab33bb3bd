//! Pure: how a target directory moves, the journal of a move, and what the next run does after an
//! interruption.
//!
//! The journal alone never decides what may be deleted: that must be named on the command line, and have
//! the same inode as before.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How a target directory is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Method {
    /// The directory is renamed.
    Rename,
    /// The source is the private directory itself, as with profile scripts: its entries move one level
    /// down.
    Descend,
    /// Everything is copied; then the source is removed.
    Copy,
}

/// The journal of a move. It identifies directories by inode only: after a reboot a disk may have another
/// device number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Journal {
    /// The version of this format.
    pub(super) version: u32,
    pub(super) source: OsString,
    /// The source's inode.
    pub(super) inode: u64,
    pub(super) method: Method,
    /// The name of the target directory in the private directory.
    pub(super) name: String,
    /// The inode of the new target directory. `None` while a copy is incomplete.
    pub(super) arrived: Option<u64>,
}

/// The next run's action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing has been moved yet, or a copy is incomplete: remove the copy and begin again.
    Begin,
    /// Put what is in the staging directory in place.
    Continue,
    /// It is in place.
    Finish,
    /// The moved directory is neither in its place nor in the staging directory.
    Lost,
}

impl Journal {
    /// The version that this program writes and reads.
    pub(super) const VERSION: u32 = 3;

    pub(super) fn source(&self) -> PathBuf {
        PathBuf::from(&self.source)
    }

    /// Whether this version can read it, and its name is a single name, not a path to somewhere else.
    pub(super) fn is_sound(&self) -> bool {
        let name = Path::new(&self.name);
        self.version == Journal::VERSION && name.file_name() == Some(name.as_os_str())
    }

    /// The next run's action, by whether the source still is where it was, and by the inodes of the
    /// directories in the staging directory and in the new place.
    pub(super) fn next(&self, has_source: bool, waiting: Option<u64>, placed: Option<u64>) -> Next {
        match self.arrived {
            None => Next::Begin,
            arrived if placed == arrived => Next::Finish,
            arrived if waiting == arrived => Next::Continue,
            Some(_) if waiting.is_none() && has_source => Next::Begin,
            // Another directory is there. A person must look at it: it is not given to anybody, and the
            // source is not removed without the copy.
            Some(_) => Next::Lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Journal, Method, Next};

    fn journal(arrived: Option<u64>) -> Journal {
        Journal {
            version: Journal::VERSION,
            source: "/old".into(),
            inode: 2,
            method: Method::Copy,
            name: "target".into(),
            arrived,
        }
    }

    #[test]
    fn a_next_run_continues_or_undoes_whatever_was_interrupted() {
        let (expected, other) = (Some(3), Some(4));
        for (arrived, has_source, waiting, placed, next) in [
            (None, true, other, None, Next::Begin),
            (None, false, None, None, Next::Begin),
            (expected, true, None, None, Next::Begin),
            (expected, true, None, other, Next::Begin),
            (expected, false, expected, None, Next::Continue),
            (expected, true, expected, other, Next::Continue),
            (expected, true, other, None, Next::Lost),
            (expected, false, None, None, Next::Lost),
            (expected, false, other, other, Next::Lost),
            (expected, false, None, expected, Next::Finish),
            (expected, true, other, expected, Next::Finish),
        ] {
            let found = journal(arrived).next(has_source, waiting, placed);
            assert_eq!(found, next, "{arrived:?} {has_source} {waiting:?} {placed:?}");
        }
    }

    #[test]
    fn a_journal_is_believed_only_with_a_plain_name_and_of_this_version() {
        let good = journal(None);
        assert!(good.is_sound());
        for name in ["", ".", "..", "a/b", "/etc", "a/", "./a"] {
            assert!(!Journal { name: name.into(), ..good.clone() }.is_sound(), "{name}");
        }
        assert!(!Journal { version: 1, ..good }.is_sound());
    }
}
