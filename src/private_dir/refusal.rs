//! Refusals: what is unsafe about a directory, and the command that fixes it.
//!
//! Each flaw is one row of the threat model. A refusal never becomes a fallback to the shared path:
//! that would bring back the race that this tool prevents.

use std::io;
use std::path::PathBuf;

use crate::os::entry::Kind;
use crate::os::trust::trust_unmapped;
use crate::private_dir::shared_root::remedy;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Mark, reason};
use crate::ui::look::Look;
use crate::ui::owner::Owner;

/// A refusal to use a directory.
#[derive(Debug)]
pub struct Refusal {
    /// The entry with the flaw.
    pub path: PathBuf,
    /// The owner of that entry.
    pub owner: Owner,
    /// The user who wanted to use it.
    pub caller: Owner,
    /// Where the shared root was set.
    pub root_origin: String,
    /// The flaw.
    pub flaw: Flaw,
}

/// What makes a directory unsafe.
#[derive(Debug)]
pub enum Flaw {
    /// The entry is not a directory.
    NotADirectory(Kind),
    /// The private or target directory belongs to another account.
    Foreign,
    /// Others can write to the private directory; the permission bits, in octal.
    WritableByOthers(u32),
    /// Others could enter the private directory, and can write to this entry inside it, or own it; its
    /// permission bits, in octal.
    WritableInside(PathBuf, u32),
    /// The owner lacks a permission; the permission bits, in octal.
    OwnerBitsMissing(u32),
    /// A directory was created with mode 0700 and has another mode; its permission bits, in octal.
    ModesIgnored(u32),
    /// Others can create files in the shared root; its permission bits, in octal.
    RootWritable(u32),
    /// Others can create files in a directory above the private one; its permission bits, in octal.
    AncestorWritable(u32),
    /// The shared root contains another user's file that builds would read.
    ReadAbove,
    /// The private directory is on another device than the accepted sticky root, and root did not mount
    /// it.
    ForeignMount,
    /// The shared root, or a directory above it, belongs to another ordinary account.
    AncestorForeign,
    /// The owner has no uid in this user namespace, so it is unknown who it is.
    AncestorUnmapped,
    /// Only the owner of the shared root and the members of this group may enter it; the group as
    /// `usermod -G` takes it.
    MembersOnly(String),
    /// The entry cannot be examined, or was replaced between the check and the use.
    Unreadable(io::Error),
}

impl Refusal {
    /// The command that fixes it, and who can run it.
    fn help(&self) -> String {
        let path = quoted(&self.path);
        match &self.flaw {
            Flaw::ReadAbove if self.owner.uid == self.caller.uid => format!("chmod go-w {path}"),
            Flaw::NotADirectory(_) | Flaw::Foreign | Flaw::ReadAbove => self.removal(),
            Flaw::WritableByOthers(_) | Flaw::WritableInside(..) => format!(
                "its contents can no longer be trusted; rename it, or let root do it: \
                 {MOVE} {path} {path}.untrusted-$(date +%s)"
            ),
            Flaw::OwnerBitsMissing(_) => format!("chmod u+rwx {path}"),
            Flaw::ModesIgnored(_) => {
                "choose a shared root on a file system with Unix permissions".into()
            }
            Flaw::RootWritable(_) if self.owner.uid == 0 => {
                remedy(&self.path, &self.root_origin, |setup| self.by_owner(setup))
            }
            // A sticky directory is meant for everybody, as `/tmp` is.
            Flaw::AncestorWritable(mode) if mode & 0o1000 != 0 => {
                "choose a place below directories that only you or root can write to".into()
            }
            Flaw::RootWritable(_) | Flaw::AncestorWritable(_) => format!(
                "remove what others have put there, such as `.cargo`; then {}",
                self.by_owner(&format!("chmod go-w {path}"))
            ),
            Flaw::ForeignMount => "ask the administrator to unmount it".into(),
            Flaw::AncestorForeign => {
                Look::Ancestors.at(&self.path, "choose a place that only you or root can change")
            }
            Flaw::AncestorUnmapped => trust_unmapped(self.owner.uid),
            Flaw::MembersOnly(group) => format!(
                "ask the administrator to run: usermod -aG {group} {}; or to list you under \
                 `exclude.users`",
                self.caller.word()
            ),
            Flaw::Unreadable(_) => format!("namei -l {path}"),
        }
    }

    fn removal(&self) -> String {
        let path = quoted(&self.path);
        if self.owner.uid != self.caller.uid {
            // In a user namespace or under fakeroot, the entry may be the user's own even though its
            // owner seems to be another.
            let words = format!("ask {} or the administrator to remove it", self.owner);
            return Look::Entry.at(&self.path, &words);
        }
        let elsewhere = match self.flaw {
            Flaw::NotADirectory(Kind::Symlink) => {
                "; to build on another disk, set `shared-root` to a directory that you own there, or \
                 let root mount that one over your private directory"
            }
            _ => "",
        };
        format!("if you do not need it: rm {path}{elsewhere}")
    }

    fn by_owner(&self, command: &str) -> String {
        let can = [0, self.owner.uid].contains(&self.caller.uid);
        if can { command.to_owned() } else { format!("ask {} to run: {command}", self.owner) }
    }

    /// The flaw, as a sentence about the entry.
    fn fault(&self) -> String {
        let owner = &self.owner;
        match &self.flaw {
            Flaw::NotADirectory(kind) => format!("it is a {kind}, owned by {owner}"),
            Flaw::Foreign => format!("it is owned by {owner}, not by {}", self.caller),
            Flaw::WritableByOthers(mode) => format!("others can write to it (mode {mode:04o})"),
            Flaw::WritableInside(inside, mode) => format!(
                "others could read it until now, and can write to `{}` in it (mode {mode:04o})",
                escaped(inside)
            ),
            Flaw::OwnerBitsMissing(mode) => format!("its owner cannot use it (mode {mode:04o})"),
            Flaw::ModesIgnored(mode) => format!(
                "it was created with mode 0700, but has mode {mode:04o} and belongs to {owner}, \
                 so this file system does not keep Unix permissions"
            ),
            Flaw::RootWritable(mode) | Flaw::AncestorWritable(mode) => format!(
                "others can create files in it that cargo and build tools read (mode {mode:04o})"
            ),
            Flaw::ReadAbove => {
                format!("it belongs to {owner}, and cargo and build tools would read it")
            }
            Flaw::ForeignMount => "it was not mounted by root".into(),
            Flaw::AncestorForeign => {
                format!("it is owned by {owner}, who could replace your directory in it")
            }
            Flaw::AncestorUnmapped => {
                format!("its owner has no account here and appears as uid {}", owner.uid)
            }
            Flaw::MembersOnly(group) => {
                format!(
                    "only members of the group {group} have access, and you are {}",
                    self.caller
                )
            }
            Flaw::Unreadable(cause) => format!("it cannot be checked: {}", reason(cause)),
        }
    }
}

/// Renames to exactly this name: `mv` must neither enter nor follow what another user may have put
/// there.
const MOVE: &str = if cfg!(target_os = "linux") { "mv -T" } else { "mv -h" };

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        let what = match &refusal.flaw {
            Flaw::RootWritable(_) | Flaw::MembersOnly(_) => "use the shared root",
            Flaw::AncestorWritable(_) | Flaw::AncestorForeign | Flaw::AncestorUnmapped => {
                "build below"
            }
            _ => "use",
        };
        let (path, fault) = (escaped(&refusal.path), refusal.fault());
        let failure = Failure::new(format!("refusing to {what} `{path}`: {fault}"))
            .help(refusal.help())
            .exit(77);
        let is_for_members = matches!(refusal.flaw, Flaw::MembersOnly(_));
        if is_for_members { failure.mark(Mark::MembersOnly) } else { failure }
    }
}

#[cfg(test)]
mod tests {
    use super::{Flaw, Refusal};
    use crate::os::entry::Kind;
    use crate::ui::failure::Failure;
    use crate::ui::owner::Owner;
    use std::io;

    fn owner(uid: u32) -> Owner {
        let names = [(0, "root"), (1500, "alice"), (1666, "mallory")];
        let name = names.iter().find(|(known, _)| *known == uid).map(|(_, name)| (*name).into());
        Owner { uid, name }
    }

    /// Every flaw, as alice reads it. No help removes or gives away anything at a path that others may
    /// change: between reading and pasting they can put a symlink there.
    #[test]
    fn every_refusal_says_what_is_wrong_and_what_to_do() {
        let all = [
            (1666, Flaw::NotADirectory(Kind::Symlink)),
            (1500, Flaw::NotADirectory(Kind::Fifo)),
            (1500, Flaw::NotADirectory(Kind::Symlink)),
            (1666, Flaw::Foreign),
            (7, Flaw::Foreign),
            (1500, Flaw::WritableByOthers(0o775)),
            (1500, Flaw::WritableInside("target/debug/deps".into(), 0o775)),
            (1500, Flaw::OwnerBitsMissing(0o500)),
            (1500, Flaw::ModesIgnored(0o755)),
            (1500, Flaw::RootWritable(0o777)),
            (0, Flaw::RootWritable(0o777)),
            (1500, Flaw::AncestorWritable(0o775)),
            (0, Flaw::AncestorWritable(0o1777)),
            (0, Flaw::AncestorWritable(0o777)),
            (1666, Flaw::ReadAbove),
            (1666, Flaw::ForeignMount),
            (1666, Flaw::AncestorForeign),
            (65534, Flaw::AncestorUnmapped),
            (0, Flaw::MembersOnly("build".into())),
            (1500, Flaw::Unreadable(io::Error::from_raw_os_error(13))),
        ];
        let texts = all.map(|(uid, flaw)| {
            let (path, root_origin) = ("/srv/x".into(), "`/etc/x` line 1".into());
            let (owner, caller) = (owner(uid), owner(1500));
            let refusal = Refusal { path, owner, caller, root_origin, flaw };
            let Failure { text, help, exit, .. } = refusal.into();
            let help = help.unwrap();
            for command in ["chown ", "chgrp ", "install -d", "rm -rf", "sudo rm", "chattr "] {
                assert!(!help.contains(command), "{help}");
            }
            format!("{exit} {text}\n   help: {help}")
        });
        snapbox::assert_data_eq!(texts.join("\n"), snapbox::file!["refusal.txt"]);
    }
}
