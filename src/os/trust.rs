//! One judge of all that is believed or executed: may another account than root and the caller change
//! what this path leads to?
//!
//! Settings, receipts, editor files and programs are judged here, and nowhere else. Every step is
//! judged as the kernel would take it, because a symlink may lead through directories that the path
//! itself does not name.

use std::cell::OnceCell;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::io::Errno;

use crate::os::accounts;
use crate::os::acls;
use crate::os::entry::Kind;
use crate::os::entry::{Entry, PathStep, UNMAPPED, others_can_change};
use crate::os::files;

/// How many symlinks the kernel follows.
const MAX_LINKS: usize = 40;

/// Why what a path leads to is not believed.
#[derive(Debug)]
pub enum Doubt {
    /// Another account can change this entry, or what stands under its name.
    Changeable(PathBuf, Entry),
    /// It leads nowhere: what comes next is not in this directory.
    Ends(PathBuf),
    /// It cannot be followed, or leads to something else than a file.
    Unknown(io::Error),
}

impl From<io::Error> for Doubt {
    fn from(error: io::Error) -> Self {
        Doubt::Unknown(error)
    }
}

/// The accounts that may change what is believed.
#[derive(Debug)]
pub struct Trust {
    /// Root, the caller, and whom the settings trust besides.
    owners: Vec<u32>,
    /// Whose private group may write as well.
    caller: u32,
    private_group: OnceCell<Option<u32>>,
}

impl Trust {
    /// Root and this account.
    pub fn of(caller: u32) -> Trust {
        Trust::among(caller, &[0, caller])
    }

    /// These accounts; `caller` is the one whose private group counts.
    pub fn among(caller: u32, owners: &[u32]) -> Trust {
        Trust { owners: owners.to_vec(), caller, private_group: OnceCell::new() }
    }

    /// Root, who may have no number where a user namespace hides the owner of `/`.
    pub fn or_hidden_root(mut self) -> Trust {
        if files::entry(Path::new("/")).is_ok_and(|root| root.uid == UNMAPPED) {
            self.owners.push(UNMAPPED);
        }
        self
    }

    /// Opens a regular file, if nobody else can change what it says. `from` is taken as it is, and
    /// only what is below it is judged.
    ///
    /// # Errors
    /// The doubt.
    pub fn open(&self, path: &Path, from: &Path) -> Result<File, Doubt> {
        let (place, judged) = match self.follow(path, from) {
            // What is no file is not to be closed: `/dev/null`, by which files are masked.
            Err(Doubt::Changeable(_, entry)) if !entry.kind.is_plain() => {
                return Err(files::not_a_file(entry.kind).into());
            }
            followed => followed?,
        };
        if judged.kind != Kind::File {
            return Err(files::not_a_file(judged.kind).into());
        }
        Ok(files::open_judged(&place, &judged)?)
    }

    /// Whether nobody else can change the directory or the program that a path leads to.
    pub fn covers(&self, path: &Path) -> bool {
        let judged = path.is_absolute().then(|| self.follow(path, Path::new("")));
        judged.is_some_and(|judged| {
            judged.is_ok_and(|(place, entry)| self.assert(&place, &entry, PathStep::Last).is_ok())
        })
    }

    /// What another account can change on the way to a path, or at its end, as far as it exists.
    /// Where it ends, others must not be able to add what comes next.
    pub fn first_changeable(&self, path: &Path) -> Option<(PathBuf, Entry)> {
        let judged = self.follow(path, Path::new(""));
        let last = match judged {
            Err(Doubt::Ends(at)) => files::entry(&at).map(|entry| (at, entry)).map_err(Into::into),
            judged => judged,
        };
        match last.and_then(|(place, entry)| self.assert(&place, &entry, PathStep::Last)) {
            Err(Doubt::Changeable(place, entry)) => Some((place, entry)),
            Err(_) | Ok(()) => None,
        }
    }

    /// What another account can change on the way to a path, the path itself left aside.
    pub fn first_changeable_above(&self, path: &Path) -> Option<PathBuf> {
        match self.follow(path.parent()?, Path::new("")) {
            Err(Doubt::Changeable(place, _)) => Some(place),
            Err(_) | Ok(_) => None,
        }
    }

    fn assert(&self, place: &Path, entry: &Entry, step: PathStep) -> Result<(), Doubt> {
        let is_private = |gid| {
            let group = self.private_group.get_or_init(|| accounts::private_group(self.caller));
            // With an ACL these bits are its mask, whoever is behind it.
            *group == Some(gid) && !acls::has_acl(place)
        };
        match others_can_change(entry, step, &self.owners, is_private) {
            true => Err(Doubt::Changeable(place.to_owned(), *entry)),
            false => Ok(()),
        }
    }

    /// Where a path leads; the last entry is judged as one on the way.
    fn follow(&self, path: &Path, from: &Path) -> Result<(PathBuf, Entry), Doubt> {
        let mut links = 0;
        let mut at = PathBuf::from("/").join(from);
        let mut rest = steps(path.strip_prefix(from).unwrap_or(path));
        let mut last = None;
        if from.as_os_str().is_empty() {
            last = Some(self.look(&at)?);
        }
        while let Some(step) = rest.pop() {
            if step == ".." {
                at.pop();
                last = None;
                continue;
            }
            let next = at.join(&step);
            let entry = match self.look(&next) {
                Err(Doubt::Unknown(error)) if files::is_absence(&error) => {
                    return Err(Doubt::Ends(at));
                }
                entry => entry?,
            };
            if entry.kind == Kind::Symlink {
                links += 1;
                if links > MAX_LINKS {
                    return Err(io::Error::from(Errno::LOOP).into());
                }
                let to = std::fs::read_link(&next)?;
                if to.is_absolute() {
                    at = PathBuf::from("/");
                    last = None;
                }
                rest.extend(steps(&to));
            } else {
                at = next;
                last = Some(entry);
            }
        }
        match last {
            Some(entry) => Ok((at, entry)),
            None => self.look(&at).map(|entry| (at, entry)),
        }
    }

    fn look(&self, place: &Path) -> Result<Entry, Doubt> {
        let entry = files::entry(place)?;
        self.assert(place, &entry, PathStep::Above)?;
        Ok(entry)
    }
}

/// Whether the caller may run what stands in this directory as their own.
pub fn may_be_on_path(directory: &Path, uid: u32) -> bool {
    is_plain(directory)
        && Trust::of(uid).covers(directory)
        && std::fs::canonicalize(directory).is_ok_and(|real| real.is_dir() && is_plain(&real))
}

/// A colon would end the entry of PATH; what is below `/proc` is another place in each process.
fn is_plain(path: &Path) -> bool {
    let is_odd = |byte: &u8| *byte == b':' || byte.is_ascii_control();
    !path.as_os_str().as_bytes().iter().any(is_odd) && !path.starts_with("/proc")
}

/// The steps of a path that change the place, the first one last.
fn steps(path: &Path) -> Vec<OsString> {
    let steps = path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    steps.collect()
}

/// The next step where a user namespace gives an owner no number.
pub fn trust_unmapped(uid: u32) -> String {
    format!(
        "this user namespace hides the owner; if you trust it: CARGO_PERUSER_TRUSTED_OWNERS={uid}"
    )
}

#[cfg(test)]
mod tests {
    use super::Trust;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

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
