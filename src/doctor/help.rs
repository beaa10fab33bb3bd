//! Commands for `help:` lines: who can run them, and whether it is safe to offer them.

use std::path::Path;

use super::finding::{Finding, Severity};
use super::machine::Machine;
use crate::os::accounts;
use crate::os::trust::Trust;
use crate::ui::look::Look;

impl Machine<'_> {
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
        Finding::new(severity, text).at(path).owned_by(&accounts::owner(owner)).help(help)
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
