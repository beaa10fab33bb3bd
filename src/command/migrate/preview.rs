//! What a migration would do, found out without changing anything, and how it is shown.

mod text;

use std::path::Path;

use super::target::Target;
use super::{Request, judging, named};
use crate::core::placement::is_directory_name;
use crate::core::relocation::tree::Inventory;
use crate::core::relocation::{Circumstances, Method, Position, Reason, choose};
use crate::error::{Error, MigrateError};
use crate::sys::accounts;
use crate::sys::facts::facts_of;
use crate::sys::relocate::candidates;
use crate::sys::relocate::place::Replace;
use crate::sys::relocate::source::Site;
use crate::sys::relocate::workplace;
use crate::sys::tag;
use crate::sys::tree::{Tree, directory_at};

/// What was found, and what follows from it.
pub(super) struct Preview<'a> {
    /// The source, open.
    pub(super) tree: Tree,
    /// Everything in it.
    pub(super) inventory: Inventory,
    /// How it moves.
    pub(super) method: Method,
    /// Whether a copied source stays, because it is not the person's alone to remove.
    pub(super) keeps_source: bool,
    /// The names at the top that are not part of the cache.
    pub(super) left_out: LeftOut,
    reason: Option<Reason>,
    is_occupied: bool,
    is_open: bool,
    free: u64,
    target: &'a Target<'a>,
    replace: Replace,
}

/// Which names at the top of the source are not part of the cache.
#[derive(Clone, Debug)]
pub(super) enum LeftOut {
    /// None: the whole directory is the cache.
    Nothing,
    /// The source is the private directory: what this tool keeps in it stays there.
    Ours {
        /// The name of the target directory.
        name: String,
    },
}

impl LeftOut {
    /// Whether this name is left out.
    pub(super) fn has(&self, entry: &std::ffi::OsStr) -> bool {
        let LeftOut::Ours { name } = self else { return false };
        let entry = entry.to_string_lossy();
        entry == name.as_str()
            || entry == workplace::NAME
            || entry == "target"
            || is_directory_name(&entry)
            || entry.contains(".replaced-")
            || entry.contains(".returned-")
    }
}

impl<'a> Preview<'a> {
    /// Looks around.
    pub(super) fn take(
        request: &Request,
        site: &Site,
        target: &'a Target<'a>,
        position: Position,
    ) -> Result<Preview<'a>, Error> {
        let tree = site.existing().map_err(|error| named::gone(site, target, request, error))?;
        target.examine()?;
        let left_out = match position {
            Position::PrivateDir => LeftOut::Ours { name: target.name.clone() },
            _ => LeftOut::Nothing,
        };
        let inventory = tree.walk(&|name| left_out.has(name))?;
        judging::judge(&tree, &inventory, target.person)?;
        if !inventory.is_cargos(tag::is_valid(&tree.top)) {
            let (path, holds) = (site.path.clone(), candidates::within(&tree));
            return Err(MigrateError::NotATargetDir { path, holds }.into());
        }
        let existing = target.existing()?;
        let place = match &existing {
            Some(private) => Some(private.try_clone()),
            None => nearest(&target.private_dir),
        };
        let place = place.and_then(Result::ok);
        let (method, reason) = method(request, site, position, target, &inventory, place.as_ref());
        if method != Method::Copy {
            judging::refuse_names_elsewhere(&tree, &inventory)?;
        }
        let is_fixed = matches!(reason, Some(Reason::MountPoint | Reason::FixedParent));
        Ok(Preview {
            keeps_source: method == Method::Copy && (is_fixed || !target.can_be_given(&inventory)),
            is_occupied: target.is_occupied(),
            is_open: site.is_open(),
            free: place.as_ref().map_or(u64::MAX, free),
            replace: request.replace,
            tree,
            inventory,
            method,
            reason,
            left_out,
            target,
        })
    }

    /// Refuses what cannot be done.
    pub(super) fn refuse(&self) -> Result<(), Error> {
        if self.is_occupied && self.replace == Replace::Never {
            return Err(MigrateError::Occupied { destination: self.target.path() }.into());
        }
        let needed = self.needed();
        // On one file system the content may be shared, and then takes up nothing.
        let is_elsewhere = self.reason == Some(Reason::OtherFileSystem);
        if is_elsewhere && needed > self.free {
            let (path, free) = (self.target.private_dir.clone(), self.free);
            return Err(MigrateError::NoRoom { path, needed, free }.into());
        }
        Ok(())
    }

    /// What a copy occupies, in bytes.
    fn needed(&self) -> u64 {
        if self.method == Method::Copy { self.inventory.bytes().1 } else { 0 }
    }
}

fn method(
    request: &Request,
    site: &Site,
    position: Position,
    target: &Target<'_>,
    inventory: &Inventory,
    place: Option<&std::fs::File>,
) -> (Method, Option<Reason>) {
    if position == Position::PrivateDir {
        return (Method::Gather, None);
    }
    let Some(top) = inventory.top() else { return (Method::Rename, None) };
    let file_system = |file| facts_of(file).ok().map(|found| found.file_system());
    choose(Circumstances {
        is_copy_asked: request.is_copy,
        is_one_mount: site.file_system() == place.and_then(file_system),
        is_mount_point: site.file_system() != Some(top.file_system()),
        has_foreign: inventory.has_foreign(target.person.uid),
        is_root: accounts::is_root(),
        can_leave: site.can_leave(top),
        is_linked_elsewhere: inventory.linked_elsewhere().is_some(),
    })
}

/// The nearest directory above that is there.
fn nearest(path: &Path) -> Option<std::io::Result<std::fs::File>> {
    path.ancestors().skip(1).map(directory_at).find(Result::is_ok)
}

/// What is free for this account, in bytes.
fn free(place: &std::fs::File) -> u64 {
    rustix::fs::fstatvfs(place).map_or(u64::MAX, |fs| {
        let blocks = if accounts::is_root() { fs.f_bfree } else { fs.f_bavail };
        blocks.saturating_mul(fs.f_frsize)
    })
}
