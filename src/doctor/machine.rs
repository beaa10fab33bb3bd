//! What the checks look at: the process, the settings, and what a build here would do.

use std::ffi::OsString;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::finding::Checked;
use crate::os::homes::Homes;
use crate::os::snapshot::{CalledAs, Snapshot};
use crate::os::{accounts, entry};
use crate::settings::Flags;
use crate::shim::Plan;
use crate::shim::decide::{BUILD_BUILD_DIR, BUILD_TARGET_DIR, EntryPoint, TARGET_DIR};
use crate::shim::gather::BYPASS;
use crate::ui::failure::Result;

/// Variables that a session may have set. The checks judge them separately.
const CHOICES: &[&str] = &[BYPASS, TARGET_DIR, BUILD_TARGET_DIR, BUILD_BUILD_DIR];

/// Whose directories to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The caller's.
    Caller,
    /// Everybody's.
    Everybody,
}

/// The machine as the caller sees it.
pub(super) struct Machine<'a> {
    /// The process as it was started.
    pub(super) snapshot: &'a Snapshot,
    /// The same without the session's choices.
    pub(super) fresh: &'a Snapshot,
    pub(super) flags: &'a Flags,
    pub(super) homes: Homes<'a>,
    /// What `cargo-peruser build` would do here without the session's choices.
    pub(super) by_name: Result<Plan<'a>>,
    /// What the shim would do.
    shim: Result<Plan<'a>>,
    pub(super) who: Who,
    /// How many levels of directories to search.
    pub(super) depth: usize,
}

/// An account's name, or `uid-<number>`.
pub(super) fn name_of(uid: u32) -> OsString {
    let name = accounts::owner(uid).name;
    name.unwrap_or_else(|| format!("uid-{uid}").into())
}

/// The same process without the session's choices. It counts as called as a shim, so that it searches
/// PATH for the real cargo.
pub(super) fn without_choices(snapshot: &Snapshot) -> Snapshot {
    Snapshot { hidden: CHOICES, called_as: CalledAs::ShimByPath, ..snapshot.clone() }
}

/// Whether users other than its owner can write to a file. The metadata must be the file's, not that of
/// a symlink to it.
pub(super) fn others_write(found: &Metadata) -> bool {
    let is_private = || accounts::private_group(found.uid()) == Some(found.gid());
    entry::others_write(found.mode(), is_private)
}

impl<'a> Machine<'a> {
    /// Gathers what the checks look at.
    pub(super) fn of(
        snapshot: &'a Snapshot,
        fresh: &'a Snapshot,
        flags: &'a Flags,
        words: &'a [OsString],
        (who, depth): (Who, usize),
    ) -> Machine<'a> {
        let plan = |entry_point| Plan::make(fresh, entry_point, flags, words);
        let (by_name, shim) = (plan(EntryPoint::ByName), plan(EntryPoint::Shim));
        Machine { snapshot, fresh, flags, homes: Homes::new(snapshot), by_name, shim, who, depth }
    }

    /// What the shim would do. This is unknown if the settings are wrong.
    pub(super) fn shim(&self) -> Checked<&Plan<'a>> {
        self.shim.as_ref().map_err(|_| "the settings cannot be used")
    }

    /// `CARGO_HOME` and `RUSTUP_HOME`, or their defaults in the home directory.
    pub(super) fn tool_homes(&self) -> [(&'static str, Option<PathBuf>); 2] {
        let rustup = self.snapshot.absolute_path("RUSTUP_HOME");
        let rustup = rustup.or_else(|| Some(self.homes.home()?.join(".rustup")));
        [("CARGO_HOME", self.homes.cargo()), ("RUSTUP_HOME", rustup)]
    }
}
