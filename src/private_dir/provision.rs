//! Root creates private directories for other accounts, as it does in `/home`.
//!
//! Never changes the owner or mode of anything that exists.

use std::path::{Path, PathBuf};

use crate::os::accounts;
use crate::os::files;
use crate::private_dir::place::{Place, PlaceKind, Required};
use crate::private_dir::{self, Caller, State};
use crate::settings::{Settings, StickyRoot};
use crate::ui::failure::{Failure, Result};

/// An account that needs a private directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// The uid.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
}

/// A shared root in which root creates private directories.
pub struct Provisioner<'a> {
    root: &'a Path,
    settings: &'a Settings,
    /// The group that the root is for, if others may not enter it.
    group: Option<u32>,
}

impl<'a> Provisioner<'a> {
    /// For a shared root that exists, or that is about to be created for `group`.
    ///
    /// # Errors
    /// The root cannot be examined.
    pub fn new(root: &'a Path, settings: &'a Settings, group: Option<u32>) -> Result<Self> {
        let entry = files::entry_if_any(root)
            .map_err(|cause| Failure::file("look at the shared root", root, cause))?;
        let let_in = entry.and_then(|entry| entry.group_with_access());
        Ok(Provisioner { root, settings, group: group.or(let_in) })
    }

    /// Every account that needs a private directory: it allows logins, the settings do not exclude it,
    /// and its uid is an ordinary one or it is in the root's group.
    pub fn everybody(&self) -> Vec<Person> {
        let ordinary = accounts::ordinary_uids();
        let is_meant = |person: &Person| {
            (self.group.is_some() || ordinary.contains(&person.uid))
                && self.objection(person).is_none()
        };
        let people = accounts::all().into_iter().map(|(uid, gid)| Person { uid, gid });
        people.filter(is_meant).collect()
    }

    /// Why an account gets no directory in the root, by rule 3 or because it may not enter, and what
    /// root can do about it.
    pub fn objection(&self, person: &Person) -> Option<(String, String)> {
        let account = self.settings.account(person.uid);
        if let Some(reason) = account.no_directory(self.settings) {
            return Some((reason, "list it under `include.users` in the settings".into()));
        }
        let is_foreign = |group: &u32| !accounts::groups(person.uid, person.gid).contains(group);
        let group = accounts::group_word(self.group.filter(is_foreign)?);
        let help = format!("usermod -aG {group} {}", accounts::owner(person.uid).word());
        Some((format!("the shared root is for members of the group {group}"), help))
    }

    /// The state of an account's directory. Changes nothing.
    ///
    /// # Errors
    /// Refusals: another user owns the directory, it is a symlink, or a directory above it is unsafe.
    pub fn look(&self, person: &Person) -> Result<State> {
        let required = Required { place: self.place(person), target: None };
        private_dir::examine(&required, &self.caller(person))
    }

    /// Creates an account's directory. From the moment that it has its name, it has mode 0700 and
    /// belongs to the account.
    ///
    /// # Errors
    /// The same as [`Provisioner::look`], and a failure to create it.
    pub fn make(&self, person: &Person) -> Result<()> {
        private_dir::establish(&self.place(person), &self.caller(person), &mut Vec::new())?;
        Ok(())
    }

    /// Whether directories can be created in the root in its current state.
    pub fn is_ready(&self) -> bool {
        files::entry(self.root).is_ok_and(|entry| {
            entry.mode & 0o022 == 0 || self.settings.sticky_root() == StickyRoot::Accept
        })
    }

    /// Where an account's directory is.
    pub fn place(&self, person: &Person) -> Place {
        Place {
            parent: self.root.to_owned(),
            name: self.settings.account(person.uid).directory_name(),
            kind: PlaceKind::BelowSharedRoot,
        }
    }

    fn caller(&self, person: &Person) -> Caller<'static> {
        Caller::of(self.settings, person.uid, person.gid, accounts::own_uid())
    }
}

/// The private directories in which no one has built yet.
pub fn unused(root: &Path) -> Vec<PathBuf> {
    let is_empty = |path: &PathBuf| {
        !path.is_symlink() && std::fs::read_dir(path).is_ok_and(|all| all.count() == 0)
    };
    files::sorted_entries(root).into_iter().filter(is_empty).collect()
}
