//! Refusals: what is unsafe about a directory, and the command that mends it.
//!
//! Each flaw is one row of the threat model. A refusal is never turned into a fallback: the shared
//! path would bring back the race that this tool exists to end.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::PathBuf;

use super::{Owner, reason};
use crate::shown::{quoted, shown};

/// What an entry of the file system is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A symbolic link, wherever it leads.
    Symlink,
    /// A regular file.
    File,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// A block or character device, or what this system has besides.
    Device,
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Directory => "directory",
            Kind::Symlink => "symlink",
            Kind::File => "file",
            Kind::Fifo => "fifo",
            Kind::Socket => "socket",
            Kind::Device => "device",
        })
    }
}

/// A refusal to use a directory.
#[derive(Debug)]
pub struct Refusal {
    /// The entry at fault.
    pub path: PathBuf,
    /// Who owns that entry.
    pub owner: Owner,
    /// Who was to use it.
    pub caller: Owner,
    /// What is wrong with it.
    pub flaw: Flaw,
}

/// What makes a directory unsafe.
#[derive(Debug)]
pub enum Flaw {
    /// The private or target directory's name is taken by something that is no directory.
    NotADirectory(Kind),
    /// The private or target directory belongs to another account.
    Foreign,
    /// Others can write to the private directory; the permission bits, in octal.
    WritableByOthers(u32),
    /// The owner's own permission bits are not complete; the permission bits, in octal.
    OwnerBitsMissing(u32),
    /// A directory was made 0700 and did not become it; the bits that it has, in octal.
    ModesIgnored(u32),
    /// Others can replace entries of the shared root, since it is not sticky.
    RootReplaceable(u32),
    /// Others can replace entries of a directory on the way to the shared root.
    WayReplaceable(u32),
    /// The shared root, or a directory on the way to it, belongs to another ordinary account.
    WayForeign,
    /// The owner has no number in this user namespace, so it cannot be told who it is.
    WayUnmapped,
    /// A part of the way is no directory (a symlink is a settings error instead).
    WayNotADirectory(Kind),
    /// The entry was replaced between the check and the use.
    Swapped,
    /// The entry cannot be examined.
    Unreadable(io::Error),
}

impl Refusal {
    /// The command that mends it, or who can.
    pub fn help(&self) -> String {
        let path = quoted(&self.path);
        match &self.flaw {
            Flaw::NotADirectory(_) | Flaw::Foreign if self.owner.uid == self.caller.uid => {
                format!("if it is of no use to you: rm {path}")
            }
            Flaw::NotADirectory(_) | Flaw::Foreign => format!(
                "ask {} or the administrator to take it away, then run this again",
                self.owner
            ),
            Flaw::WritableByOthers(_) => format!(
                "its contents cannot be trusted any more; put it aside: mv -T {path} {path}.untrusted"
            ),
            Flaw::OwnerBitsMissing(_) => format!("chmod u+rwx {path}"),
            Flaw::ModesIgnored(_) => {
                "choose a shared root on a file system with Unix permissions".into()
            }
            Flaw::RootReplaceable(_) => format!("chmod +t {path}"),
            Flaw::WayReplaceable(_) => format!("chmod go-w {path}"),
            Flaw::WayForeign => format!("chown root {path}, or choose another shared root"),
            Flaw::WayUnmapped => format!(
                "this user namespace hides the owner; if you trust it: CARGO_PERUSER_TRUSTED_OWNERS={}",
                self.owner.uid
            ),
            Flaw::WayNotADirectory(_) => "choose another shared root".into(),
            Flaw::Swapped => "run this again; if it stays, look for who replaces it".into(),
            Flaw::Unreadable(_) => format!("ls -ld {path}"),
        }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (path, owner) = (shown(&self.path), &self.owner);
        match &self.flaw {
            Flaw::NotADirectory(kind) => {
                write!(f, "refusing to use `{path}`: it is a {kind}, owned by {owner}")
            }
            Flaw::Foreign => write!(
                f,
                "refusing to use `{path}`: it is owned by {owner}, and you are {}",
                self.caller
            ),
            Flaw::WritableByOthers(mode) => {
                write!(f, "refusing to use `{path}`: others can write to it (mode {mode:04o})")
            }
            Flaw::OwnerBitsMissing(mode) => {
                write!(f, "refusing to use `{path}`: its owner cannot use it (mode {mode:04o})")
            }
            Flaw::ModesIgnored(mode) => write!(
                f,
                "refusing to use `{path}`: it was made with mode 0700 and has {mode:04o} of {owner}, \
                 so this file system does not keep Unix permissions"
            ),
            Flaw::RootReplaceable(mode) => write!(
                f,
                "refusing to use the shared root `{path}`: others can replace directories in it, \
                 since it is writable and not sticky (mode {mode:04o})"
            ),
            Flaw::WayReplaceable(mode) => write!(
                f,
                "refusing to use what is below `{path}`: others can replace directories in it, \
                 since it is writable and not sticky (mode {mode:04o})"
            ),
            Flaw::WayForeign => write!(
                f,
                "refusing to use what is below `{path}`: it is owned by {owner}, \
                 who could replace directories in it"
            ),
            Flaw::WayUnmapped => write!(
                f,
                "refusing to use what is below `{path}`: its owner has no account here and \
                 appears as uid {}",
                owner.uid
            ),
            Flaw::WayNotADirectory(kind) => {
                write!(f, "refusing to use what is below `{path}`: it is a {kind}")
            }
            Flaw::Swapped => {
                write!(f, "refusing to use `{path}`: it was replaced while it was being checked")
            }
            Flaw::Unreadable(cause) => {
                write!(f, "refusing to use `{path}`: it cannot be checked: {}", reason(cause))
            }
        }
    }
}
