//! Whether an account other than root and the caller can change what a path points to.
//!
//! Everything that is trusted or executed is checked here and nowhere else: settings, receipts, editor
//! files and programs. Every step is checked in the order in which the kernel takes it, because a
//! symlink may go through directories that the path itself does not name.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::os::accounts;
use crate::os::acls;
use crate::os::entry::{Entry, Kind, UNMAPPED};
use crate::os::files;

/// The maximum number of symlinks that the kernel follows.
const MAX_LINKS: usize = 40;

/// Why a file is not trusted.
#[derive(Debug)]
pub enum Doubt {
    /// Another account can change or replace this entry.
    Changeable(PathBuf, Box<Entry>),
    /// The path ends here: its next component does not exist in this directory.
    Ends(PathBuf),
    /// The path cannot be followed, or does not point to a regular file.
    Unknown(io::Error),
}

impl From<io::Error> for Doubt {
    fn from(error: io::Error) -> Self {
        Doubt::Unknown(error)
    }
}

/// The accounts that may be able to change a trusted file.
#[derive(Debug)]
pub struct Trust {
    /// Root, the caller, and the accounts that the settings trust.
    owners: Vec<u32>,
    /// The account whose private group may also have write permission.
    caller: u32,
}

/// The position of an entry on the path to a trusted or executed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PathStep {
    /// A directory or symlink on the way.
    Above,
    /// The trusted file itself, or the directory that contains the executed program.
    Last,
}

/// Whether anyone but root, the entry's owner and the members of `person`'s private group can write to
/// the entry at `place`.
pub fn others_write(place: &Path, entry: &Entry, person: u32) -> bool {
    // With an ACL, the group bits are its mask and say nothing about the group.
    let is_private = || accounts::private_group(person) == Some(entry.gid) && !acls::has_acl(place);
    match entry.mode & 0o022 {
        // A symlink's own mode means nothing.
        _ if entry.kind == Kind::Symlink => false,
        0 => false,
        0o020 => !is_private(),
        _ => true,
    }
}

impl Trust {
    /// Trusts root and this account.
    pub fn of(caller: u32) -> Trust {
        Trust::among(caller, &[0, caller])
    }

    /// Trusts these accounts; `caller` is the one whose private group counts.
    pub fn among(caller: u32, owners: &[u32]) -> Trust {
        Trust { owners: owners.to_vec(), caller }
    }

    /// Also trusts root if a user namespace hides the owner of `/`.
    pub fn or_hidden_root(mut self) -> Trust {
        if files::entry(Path::new("/")).is_ok_and(|root| root.uid == UNMAPPED) {
            self.owners.push(UNMAPPED);
        }
        self
    }

    /// Opens a regular file, if no untrusted account can change it. `from` is accepted as it is; only
    /// the path below it is checked.
    ///
    /// # Errors
    /// The doubt.
    pub fn open(&self, path: &Path, from: &Path) -> Result<File, Doubt> {
        let (place, judged) = match self.follow(path, from, 0) {
            // Not a file to run chmod on: people mask files with `/dev/null`.
            Err(Doubt::Changeable(_, entry)) if !entry.kind.is_plain() => {
                return Err(files::not_a_file(entry.kind).into());
            }
            followed => followed?,
        };
        if judged.kind != Kind::File {
            return Err(files::not_a_file(judged.kind).into());
        }
        Ok(files::open_judged(&place, &judged, OFlags::RDONLY)?)
    }

    /// Whether no untrusted account can change the directory or program that a path points to.
    pub fn covers(&self, path: &Path) -> bool {
        let judge = |(at, entry): (PathBuf, Entry)| self.assert(&at, &entry, PathStep::Last);
        path.is_absolute() && self.follow(path, Path::new(""), 0).and_then(judge).is_ok()
    }

    /// The first entry on a path that an untrusted account can change, as far as the path exists. In
    /// the directory where it ends, others must not be able to add the next component.
    pub fn first_changeable(&self, path: &Path) -> Option<(PathBuf, Entry)> {
        let last = match self.follow(path, Path::new(""), 0) {
            Err(Doubt::Ends(at)) => files::entry(&at).map(|entry| (at, entry)).map_err(Into::into),
            followed => followed,
        };
        match last.and_then(|(place, entry)| self.assert(&place, &entry, PathStep::Last)) {
            Err(Doubt::Changeable(place, entry)) => Some((place, *entry)),
            Err(_) | Ok(()) => None,
        }
    }

    /// The same for the path's ancestors only.
    pub fn first_changeable_above(&self, path: &Path) -> Option<PathBuf> {
        match self.follow(path.parent()?, Path::new(""), 0) {
            Err(Doubt::Changeable(place, _)) => Some(place),
            Err(_) | Ok(_) => None,
        }
    }

    /// In a sticky directory, others cannot replace entries that they do not own, but they can add new
    /// ones.
    fn assert(&self, place: &Path, entry: &Entry, step: PathStep) -> Result<(), Doubt> {
        let is_sticky = entry.kind == Kind::Directory && entry.mode & 0o1000 != 0;
        let is_writable =
            !(step == PathStep::Above && is_sticky) && others_write(place, entry, self.caller);
        match is_writable || !self.owners.contains(&entry.uid) {
            true => Err(Doubt::Changeable(place.to_owned(), Box::new(*entry))),
            false => Ok(()),
        }
    }

    /// Follows a path, and checks every entry below `from`, including the last, as an ancestor. `from` has
    /// no symlinks.
    fn follow(&self, path: &Path, from: &Path, links: usize) -> Result<(PathBuf, Entry), Doubt> {
        let mut at = Path::new("/").join(from);
        let mut last = if from.as_os_str().is_empty() { Some(self.look(&at)?) } else { None };
        let mut rest = path.strip_prefix(from).unwrap_or(path).components();
        while let Some(component) = rest.next() {
            let next = match component {
                Component::Normal(name) => at.join(name),
                Component::ParentDir => {
                    at.pop();
                    last = None;
                    continue;
                }
                _ => continue,
            };
            let entry = match self.look(&next) {
                Err(Doubt::Unknown(error)) if files::is_absence(&error) => {
                    return Err(Doubt::Ends(at));
                }
                entry => entry?,
            };
            if entry.kind == Kind::Symlink {
                let to = std::fs::read_link(&next)?;
                let from = if to.is_absolute() { Path::new("") } else { &at };
                return match links {
                    MAX_LINKS => Err(io::Error::from(Errno::LOOP).into()),
                    _ => self.follow(&at.join(&to).join(rest.as_path()), from, links + 1),
                };
            }
            (at, last) = (next, Some(entry));
        }
        let entry = last.map_or_else(|| self.look(&at), Ok)?;
        Ok((at, entry))
    }

    fn look(&self, place: &Path) -> Result<Entry, Doubt> {
        let entry = files::entry(place)?;
        self.assert(place, &entry, PathStep::Above)?;
        Ok(entry)
    }
}

/// Whether the caller may run programs from this directory as their own.
pub fn may_be_on_path(directory: &Path, uid: u32) -> bool {
    is_plain(directory)
        && Trust::of(uid).covers(directory)
        && std::fs::canonicalize(directory).is_ok_and(|real| real.is_dir() && is_plain(&real))
}

/// A colon would end the entry in PATH, and a path below `/proc` means something else in each process.
fn is_plain(path: &Path) -> bool {
    let is_odd = |byte: &u8| *byte == b':' || byte.is_ascii_control();
    !path.as_os_str().as_bytes().iter().any(is_odd) && !path.starts_with("/proc")
}

/// The help if a user namespace hides an owner.
pub fn trust_unmapped(uid: u32) -> String {
    format!(
        "this user namespace hides the owner; if you trust it: CARGO_PERUSER_TRUSTED_OWNERS={uid}"
    )
}

#[cfg(test)]
mod tests {
    use super::{PathStep, Trust};
    use crate::os::entry::tests::ENTRY;
    use crate::os::entry::{Entry, Kind};
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    const ALICE: u32 = 1500;
    const MALLORY: u32 = 1666;

    /// A group that is the person's own is in `tests/users`.
    #[test]
    fn judges_what_is_believed_by_who_can_change_it() {
        use PathStep::{Above, Last};
        for (kind, uid, mode, step, is_believed) in [
            (Kind::Directory, 0, 0o755, Above, true),
            (Kind::Directory, 0, 0o1777, Above, true),
            (Kind::Directory, 0, 0o1777, Last, false),
            (Kind::Directory, 0, 0o777, Above, false),
            (Kind::Directory, 0, 0o775, Above, false),
            (Kind::Directory, ALICE, 0o775, Last, false),
            (Kind::Directory, MALLORY, 0o755, Above, false),
            (Kind::Directory, MALLORY, 0o1777, Above, false),
            (Kind::Symlink, ALICE, 0o777, Above, true),
            (Kind::Symlink, MALLORY, 0o777, Above, false),
            (Kind::File, ALICE, 0o600, Last, true),
            (Kind::File, ALICE, 0o664, Last, false),
            (Kind::File, ALICE, 0o1664, Last, false),
            (Kind::File, ALICE, 0o646, Last, false),
            (Kind::File, MALLORY, 0o600, Last, false),
        ] {
            let entry = Entry { kind, uid, gid: u32::MAX, mode, ..ENTRY };
            let judged = Trust::of(ALICE).assert(Path::new("/nowhere"), &entry, step);
            assert_eq!(judged.is_ok(), is_believed, "{kind} of {uid} {mode:o} {step:?}");
        }
    }

    #[test]
    fn a_sticky_directory_leads_somewhere_and_is_none_to_believe() {
        let scratch = tempfile::tempdir().unwrap();
        let place = scratch.path().canonicalize().unwrap().join("place");
        fs::create_dir(&place).unwrap();
        fs::write(place.join("program"), "").unwrap();
        fs::set_permissions(place.join("program"), Permissions::from_mode(0o755)).unwrap();
        let trust = Trust::of(rustix::process::geteuid().as_raw());
        for (mode, is_covered) in [(0o755, true), (0o1777, false), (0o777, false)] {
            fs::set_permissions(&place, Permissions::from_mode(mode)).unwrap();
            assert_eq!(trust.covers(&place), is_covered, "{mode:o}");
            assert_eq!(trust.covers(&place.join("program")), mode != 0o777, "{mode:o}");
            // What is not there yet, others could put there.
            assert_eq!(trust.first_changeable(&place.join("new")).is_none(), is_covered);
        }
    }
}
