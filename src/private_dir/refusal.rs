//! Refusals: what is unsafe about a directory, and the command that fixes it.
//!
//! Each flaw is one row of the threat model. A refusal never becomes a fallback to the shared path:
//! that would bring back the race that this tool prevents.

use std::fmt::Display;
use std::io;
use std::path::Path;

use super::Caller;
use crate::os::accounts;
use crate::os::entry::{Entry, Kind, UNMAPPED};
use crate::os::trust::trust_unmapped;
use crate::private_dir::shared_root::remedy;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, reason};
use crate::ui::look::Look;
use crate::ui::owner::Owner;

/// What makes a directory unsafe, by what `lstat` says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The entry is not a directory.
    NotADirectory,
    /// The private or target directory belongs to another account.
    Foreign,
    /// Others can write to the private directory.
    WritableByOthers,
    /// The owner lacks a permission.
    OwnerBitsMissing,
    /// Others can create files in the shared root.
    RootWritable,
    /// Others can create files in a directory above the private one.
    AncestorWritable,
    /// The shared root contains another user's entry that builds would read.
    ReadAbove,
    /// The shared root, or a directory above it, belongs to another ordinary account, or to one that
    /// has no uid in this user namespace.
    AncestorForeign,
}

/// A refusal (exit 77).
pub(super) fn refused(what: &str, path: &Path, fault: impl Display, help: String) -> Failure {
    let text = format!("refusing to {what} `{}`: {fault}", escaped(path));
    Failure::new(text).help(help).exit(77)
}

/// The refusal of an entry that cannot be examined, or was replaced between the check and the use.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let fault = format!("it cannot be checked: {}", reason(error));
    refused("use", path, fault, format!("namei -l {}", quoted(path)))
}

/// The refusal of an entry because of a flaw.
pub(crate) fn refusal(path: &Path, entry: &Entry, flaw: Flaw, caller: &Caller<'_>) -> Failure {
    let [owner, user] = [entry.uid, caller.uid].map(accounts::owner);
    Refusal { path, entry, owner, user, root_origin: &caller.root_origin }.because_of(flaw)
}

struct Refusal<'a> {
    path: &'a Path,
    entry: &'a Entry,
    owner: Owner,
    /// Who wanted to use the entry.
    user: Owner,
    /// Where the shared root was set.
    root_origin: &'a str,
}

impl Refusal<'_> {
    fn because_of(&self, flaw: Flaw) -> Failure {
        let Refusal { path, entry: Entry { kind, mode, .. }, owner, user, .. } = self;
        let (fault, help) = match flaw {
            Flaw::NotADirectory => (format!("it is a {kind}, owned by {owner}"), self.removal()),
            Flaw::Foreign => (format!("it is owned by {owner}, not by {user}"), self.removal()),
            Flaw::ReadAbove => (
                format!("it belongs to {owner}, and cargo and build tools would read it"),
                if owner == user { format!("chmod go-w {}", quoted(path)) } else { self.removal() },
            ),
            Flaw::WritableByOthers => {
                (format!("others can write to it (mode {mode:04o})"), renaming(path))
            }
            Flaw::OwnerBitsMissing => (
                format!("its owner cannot use it (mode {mode:04o})"),
                format!("chmod u+rwx {}", quoted(path)),
            ),
            Flaw::RootWritable | Flaw::AncestorWritable => (
                format!(
                    "others can create files in it that cargo and build tools read (mode {mode:04o})"
                ),
                self.closing(flaw == Flaw::RootWritable),
            ),
            Flaw::AncestorForeign if owner.uid == UNMAPPED => {
                let fault = format!("its owner has no account here and appears as {owner}");
                (fault, trust_unmapped(UNMAPPED))
            }
            Flaw::AncestorForeign => (
                format!("it is owned by {owner}, who could replace your directory in it"),
                Look::Ancestors.at(path, "choose a place that only you or root can change"),
            ),
        };
        let what = match flaw {
            Flaw::RootWritable => "use the shared root",
            Flaw::AncestorWritable | Flaw::AncestorForeign => "build below",
            _ => "use",
        };
        refused(what, path, fault, help)
    }

    /// Who can close a directory in which others can create files.
    fn closing(&self, is_root: bool) -> String {
        let owner = &self.owner;
        let by_owner = |command: &str| match [0, owner.uid].contains(&self.user.uid) {
            true => command.to_owned(),
            false => format!("ask {owner} to run: {command}"),
        };
        match is_root {
            true if owner.uid == 0 => remedy(self.path, self.root_origin, by_owner),
            // A sticky directory is meant for everybody, as `/tmp` is.
            false if self.entry.mode & 0o1000 != 0 => ELSEWHERE.into(),
            _ => format!(
                "remove what others have put there, such as `.cargo`; then {}",
                by_owner(&format!("chmod go-w {}", quoted(self.path)))
            ),
        }
    }

    /// Who can remove what is in the place of a directory.
    fn removal(&self) -> String {
        let Refusal { path, owner, user, .. } = self;
        if owner.uid != user.uid {
            // In a user namespace or under fakeroot, the entry may be the user's own even though its
            // owner seems to be another.
            let words = format!("ask {owner} or the administrator to remove it");
            return Look::Entry.at(path, &words);
        }
        let elsewhere = match self.entry.kind {
            Kind::Symlink => {
                "; to build on another disk, set `shared-root` to a directory that you own there, or \
                 let root mount that one over your private directory"
            }
            _ => "",
        };
        format!("if you do not need it: rm {}{elsewhere}", quoted(path))
    }
}

/// The help where no command helps.
pub(super) const ELSEWHERE: &str =
    "choose a place below directories that only you or root can write to";

/// The help for a directory that others could have changed. It is renamed to exactly this name: `mv`
/// must neither enter nor follow what another user may have put there.
pub(super) fn renaming(path: &Path) -> String {
    let mv = if cfg!(target_os = "linux") { "mv -T" } else { "mv -h" };
    format!(
        "its contents can no longer be trusted; rename it, or let root do it: {mv} {0} \
         {0}.untrusted-$(date +%s)",
        quoted(path)
    )
}

#[cfg(test)]
mod tests {
    use super::{Flaw, Refusal};
    use crate::os::entry::tests::ENTRY;
    use crate::os::entry::{Entry, Kind};
    use crate::ui::failure::Failure;
    use crate::ui::owner::Owner;
    use std::path::Path;

    fn owner(uid: u32) -> Owner {
        let names = [(0, "root"), (1500, "alice"), (1666, "mallory")];
        let name = names.iter().find(|(known, _)| *known == uid).map(|(_, name)| (*name).into());
        Owner { uid, name }
    }

    /// Every flaw, as alice reads it. No help removes or gives away anything at a path that others may
    /// change: between reading and pasting they can put a symlink there.
    #[test]
    fn every_refusal_says_what_is_wrong_and_what_to_do() {
        use Kind::{Directory, Fifo, Symlink};
        let all = [
            (1666, Symlink, 0o777, Flaw::NotADirectory),
            (1500, Fifo, 0o600, Flaw::NotADirectory),
            (1500, Symlink, 0o777, Flaw::NotADirectory),
            (1666, Directory, 0o700, Flaw::Foreign),
            (7, Directory, 0o700, Flaw::Foreign),
            (1500, Directory, 0o775, Flaw::WritableByOthers),
            (1500, Directory, 0o500, Flaw::OwnerBitsMissing),
            (1500, Directory, 0o777, Flaw::RootWritable),
            (0, Directory, 0o777, Flaw::RootWritable),
            (1500, Directory, 0o775, Flaw::AncestorWritable),
            (0, Directory, 0o1777, Flaw::AncestorWritable),
            (0, Directory, 0o777, Flaw::AncestorWritable),
            (1666, Directory, 0o755, Flaw::ReadAbove),
            (1500, Directory, 0o775, Flaw::ReadAbove),
            (1666, Directory, 0o755, Flaw::AncestorForeign),
            (65534, Directory, 0o755, Flaw::AncestorForeign),
        ];
        let texts = all.map(|(uid, kind, mode, flaw)| {
            let entry = Entry { kind, uid, mode, ..ENTRY };
            let (owner, user) = (owner(uid), owner(1500));
            let (path, root_origin) = (Path::new("/srv/x"), "`/etc/x` line 1");
            let refusal = Refusal { path, entry: &entry, owner, user, root_origin };
            let Failure { text, help, exit, .. } = refusal.because_of(flaw);
            let help = help.unwrap();
            for command in ["chown ", "chgrp ", "install -d", "rm -rf", "sudo rm", "chattr "] {
                assert!(!help.contains(command), "{help}");
            }
            format!("{exit} {text}\n   help: {help}")
        });
        snapbox::assert_data_eq!(texts.join("\n"), snapbox::file!["refusal.txt"]);
    }
}
