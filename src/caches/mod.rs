//! The caches that this tool has created: whose they are, what they are for, how large they are, and
//! when they were last used. `usage` shows them and `gc` chooses among them.
//!
//! - [`people`]: which private directories exist, and whose they are.
//! - [`list`]: the target directories in an open private directory.
//! - [`count`]: counts them, with two threads.
//! - [`activity`]: in which of them something is being built, and from which a program runs.
//!
//! Everything below a private directory is reached by descriptor from a directory that was checked, with
//! the owner's credentials ([`crate::os::rights`]).

pub(crate) mod activity;
pub(crate) mod count;
pub(crate) mod list;
pub(crate) mod people;

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::os::node::Identity;
use crate::workspace::Workspace;
use crate::workspace::record::{Record, Sources};
use activity::UsedBy;
use people::Resident;

/// The beginning of the names that `gc` gives, in a private directory, to what it is about to remove.
pub(crate) const STAGED: &str = ".gc.";

/// Whether `gc` has given this name.
pub(crate) fn is_staged(name: &OsStr) -> bool {
    name.as_bytes().starts_with(STAGED.as_bytes())
}

/// The text before the time, in seconds since 1970, in the name of a target directory that a migration
/// has moved aside.
pub(crate) const MOVED_ASIDE: &str = ".replaced-";

/// One target directory, or everything else in a private directory.
#[derive(Clone, Debug)]
pub(crate) struct Cache {
    /// Its owner.
    pub(crate) person: Arc<Resident>,
    /// The names from the private directory to it. Empty for everything that is not in a target
    /// directory.
    pub(crate) names: Vec<OsString>,
    /// Its record.
    pub(crate) record: Option<Record>,
    /// Whether what it was built from is still there.
    pub(crate) sources: Sources,
    /// Whether cargo takes locks on this file system. On NFS it does not, and a free lock proves
    /// nothing.
    pub(crate) has_locks: bool,
    /// What was counted.
    pub(crate) totals: Totals,
    /// How it is in use.
    pub(crate) used_by: Option<UsedBy>,
}

/// The totals of a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// The space that it occupies, in bytes. A file with several hard links counts once.
    pub(crate) bytes: u64,
    /// The number of entries that are not directories.
    pub(crate) files: u64,
    /// The part of `bytes` that is in rustc's `incremental` directories.
    pub(crate) incremental: u64,
    /// When a file in it was last read or changed, in seconds since 1970.
    pub(crate) touched: i64,
    /// The files that cargo locks.
    pub(crate) locks: Vec<Identity>,
    /// The profiles that have an `incremental` directory.
    pub(crate) profiles: Vec<Profile>,
    /// Whether something could not be examined, or is mounted there.
    pub(crate) is_partial: bool,
}

/// A profile's directory, such as `debug` or `x86_64-unknown-linux-musl/release`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Profile {
    /// The names from the target directory to it.
    pub(crate) names: Vec<OsString>,
    /// The space that its `incremental` occupies, in bytes.
    pub(crate) incremental: u64,
    /// When a file in the profile was last read or changed, in seconds since 1970.
    pub(crate) touched: i64,
}

impl Cache {
    /// Where it is.
    pub(crate) fn path(&self) -> PathBuf {
        self.names.iter().fold(self.person.path.clone(), |path, name| path.join(name))
    }

    /// The names from the private directory to it, for display. Names that are not UTF-8 are
    /// approximated.
    pub(crate) fn directory(&self) -> String {
        let names = self.names.iter().map(|name| name.to_string_lossy());
        names.collect::<Vec<_>>().join("/")
    }

    /// The workspace that is built there.
    pub(crate) fn workspace(&self) -> Option<&Workspace> {
        self.record.as_ref()?.workspace.as_ref()
    }

    /// Whether it is a target directory.
    pub(crate) fn is_target(&self) -> bool {
        !self.names.is_empty() && !self.is_leftover()
    }

    /// Whether it is what an interrupted `gc` has left.
    pub(crate) fn is_leftover(&self) -> bool {
        matches!(self.names.as_slice(), [name] if is_staged(name))
    }

    /// Whether it is for everything that has no directory of its own.
    pub(crate) fn is_common(&self) -> bool {
        matches!(self.names.as_slice(), [name] if name == "target")
    }

    /// When a migration moved it aside, in seconds since 1970. Nothing is built there any more.
    pub(crate) fn moved_aside(&self) -> Option<i64> {
        let [name] = self.names.as_slice() else { return None };
        name.to_str()?.rsplit_once(MOVED_ASIDE)?.1.parse().ok()
    }

    /// When it was last used, in seconds since 1970: by the shim, by a cargo that bypassed it, or by a
    /// migration.
    pub(crate) fn used(&self) -> i64 {
        let built = self.record.as_ref().map_or(0, |record| record.used);
        built.max(self.totals.touched).max(self.moved_aside().unwrap_or(0))
    }

    /// Whether it contains only its tag and cargo's locks.
    pub(crate) fn is_empty(&self) -> bool {
        self.totals.files <= self.totals.locks.len() as u64 + 1
    }
}
