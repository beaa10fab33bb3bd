//! What the checks look at: the process, the settings, and what a build here would do. And the commands
//! that they offer: who can run them, and whether it is safe to offer them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::finding::{Finding, Severity};
use crate::os::homes::Homes;
use crate::os::snapshot::{CalledAs, Snapshot};
use crate::os::trust::Trust;
use crate::os::{accounts, files};
use crate::private_dir::provision::Provisioner;
use crate::settings::Flags;
use crate::shim::Plan;
use crate::shim::decide::{BUILD_BUILD_DIR, BUILD_TARGET_DIR, Rule, TARGET_DIR};
use crate::shim::gather::BYPASS;
use crate::ui::look::Look;

/// Variables that a session may have set. The checks judge them separately.
const CHOICES: &[&str] = &[BYPASS, TARGET_DIR, BUILD_TARGET_DIR, BUILD_BUILD_DIR];

/// The machine as the caller sees it.
pub(super) struct Machine<'a> {
    /// The process as it was started.
    pub(super) snapshot: &'a Snapshot,
    pub(super) flags: &'a Flags,
    pub(super) homes: Homes<'a>,
    /// What `cargo-peruser build` would do here without the session's choices.
    pub(super) plan: &'a Plan<'a>,
    /// Knows the accounts that need a private directory, if everybody's are to be looked at.
    pub(super) everybody: Option<Provisioner<'a>>,
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

impl<'a> Machine<'a> {
    /// The shared root, if it exists.
    pub(super) fn root(&self) -> Option<&'a Path> {
        self.plan.settings().shared_root().filter(|root| files::is_there(root))
    }

    /// Whether the shim gives this workspace a private directory.
    pub(super) fn is_redirected(&self) -> bool {
        self.root().is_some() && self.plan.decision.rule == Rule::Redirected
    }

    /// `CARGO_HOME` and `RUSTUP_HOME`, or their defaults in the home directory.
    pub(super) fn tool_homes(&self) -> [(&'static str, Option<PathBuf>); 2] {
        let rustup = self.snapshot.absolute_path("RUSTUP_HOME");
        let rustup = rustup.or_else(|| Some(self.homes.home()?.join(".rustup")));
        [("CARGO_HOME", self.homes.cargo()), ("RUSTUP_HOME", rustup)]
    }

    /// The command if the caller can run it, and otherwise whom to ask to run it.
    pub(super) fn ask(&self, uid: u32, command: &str) -> String {
        match self.snapshot.acting == uid {
            true => command.to_owned(),
            false => format!("ask {} to run: {command}", accounts::owner(uid)),
        }
    }

    /// A finding about the file at a path, with the command that its owner runs to fix it.
    pub(super) fn for_owner(
        &self,
        severity: Severity,
        text: String,
        (path, owner): (&Path, u32),
        command: &str,
    ) -> Finding {
        let help = self.ask_by(owner, path, owner, command);
        Finding::new(severity, text).at(path).help(help)
    }

    /// A command with which `by` changes the file at a path, if only root and the owner can make that
    /// path lead elsewhere. Otherwise a command that only looks.
    pub(super) fn ask_by(&self, by: u32, path: &Path, owner: u32, command: &str) -> String {
        let others = Trust::among(owner, &[0, owner]).first_changeable_above(path);
        // Root must not be sent through a directory that the owner could replace. The last name is not
        // followed.
        let owners = || Trust::among(0, &[0]).first_changeable_above(path.parent()?);
        match others.or_else(|| if by == 0 { owners() } else { None }) {
            None => self.ask(by, command),
            Some(_) => Look::Ancestors
                .at(path, "first let only root and its owner change the directories above it"),
        }
    }
}
