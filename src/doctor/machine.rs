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

/// What a session may have set, which the checks judge apart from everything else.
const CHOICES: &[&str] = &[BYPASS, TARGET_DIR, BUILD_TARGET_DIR, BUILD_BUILD_DIR];

/// Whose directories are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The caller's.
    Caller,
    /// Everybody's.
    Everybody,
}

/// The machine, as the caller finds it.
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
    /// How many levels of directories are looked through.
    pub(super) depth: usize,
}

/// An account's name, or `uid-<number>`.
pub(super) fn name_of(uid: u32) -> OsString {
    let name = accounts::owner(uid).name;
    name.unwrap_or_else(|| format!("uid-{uid}").into())
}

/// The same process without the session's choices, called as a shim so that it finds others on PATH.
pub(super) fn without_choices(snapshot: &Snapshot) -> Snapshot {
    Snapshot { hidden: CHOICES, called_as: CalledAs::ShimByPath, ..snapshot.clone() }
}

/// Whether others than its owner can write to what a path leads to.
pub(super) fn others_write(found: &Metadata) -> bool {
    let is_private = || accounts::private_group(found.uid()) == Some(found.gid());
    entry::others_write(found.mode(), is_private)
}

impl<'a> Machine<'a> {
    /// Looks around.
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

    /// What the shim would do; nothing is known of that where the settings are wrong.
    pub(super) fn shim(&self) -> Checked<&Plan<'a>> {
        self.shim.as_ref().map_err(|_| "the settings cannot be used")
    }

    /// `CARGO_HOME` or `RUSTUP_HOME`, or what stands for it in the home directory.
    pub(super) fn tool_homes(&self) -> [(&'static str, Option<PathBuf>); 2] {
        let rustup = self.snapshot.absolute_path("RUSTUP_HOME");
        let rustup = rustup.or_else(|| Some(self.homes.home()?.join(".rustup")));
        [("CARGO_HOME", self.homes.cargo()), ("RUSTUP_HOME", rustup)]
    }
}
