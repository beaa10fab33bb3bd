//! Checks the contents of a private directory that others could read, and removes their access to the
//! directories inside it.
//!
//! Works by descriptor, from the top down: the owner's own processes may change the directory
//! meanwhile.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::fchmod;

use super::{Caller, make, refusal, unreadable};
use crate::os::accounts;
use crate::os::acls;
use crate::os::entry::{Kind, others_write};
use crate::os::facts::{facts_if_any, facts_of};
use crate::os::files;
use crate::os::node::Node;
use crate::os::tree;
use crate::private_dir::refusal::Flaw;
use crate::ui::failure::{Failure, Result};

/// How many levels of directories are followed; one descriptor is open for each.
const MAX_DEPTH: usize = 200;

/// Refuses an open directory if others could have changed anything in it.
///
/// # Errors
/// The refusal, and a failure to look at an entry.
pub(super) fn check(directory: &File, path: &Path, caller: &Caller<'_>) -> Result<()> {
    Walk::of(path, caller).visit(directory, path, MAX_DEPTH, &mut |_| Ok(()))
}

/// Removes other users' access to the directories inside. A process that works in one of them, or has
/// it open, could otherwise still read and lock new files there.
///
/// # Errors
/// The refusal, and a failure to change a mode.
pub(super) fn make_private(directory: &File, path: &Path, caller: &Caller<'_>) -> Result<()> {
    let mut restrict = |inside: &File| {
        let mode = files::opened(inside)?.mode;
        if mode & 0o077 == 0 {
            return Ok(());
        }
        acls::strip(inside)?;
        Ok(fchmod(inside, files::mode(mode & !0o077))?)
    };
    Walk::of(path, caller).visit(directory, path, MAX_DEPTH, &mut restrict)
}

/// A walk through everything below a directory.
struct Walk<'a> {
    top: &'a Path,
    caller: &'a Caller<'a>,
    /// The only group that may have write permission: the account's private group.
    private_group: Option<u32>,
}

impl<'a> Walk<'a> {
    fn of(top: &'a Path, caller: &'a Caller<'a>) -> Walk<'a> {
        Walk { top, caller, private_group: accounts::private_group(caller.uid) }
    }

    /// Checks everything in an open directory, and calls `on_directory` for each directory in it before
    /// entering it.
    fn visit(
        &self,
        directory: &File,
        path: &Path,
        depth: usize,
        on_directory: &mut dyn FnMut(&File) -> io::Result<()>,
    ) -> Result<()> {
        let failed = |error| unreadable(path, error, self.caller);
        let device = files::opened(directory).map_err(failed)?.identity.0;
        for name in tree::names(directory).map_err(failed)? {
            let name = OsStr::from_bytes(name.as_bytes());
            let inside = path.join(name);
            let Some(found) = facts_if_any(directory, name).map_err(failed)? else { continue };
            self.assert_own(&inside, &found)?;
            // A mounted file system is not part of the directory; only root can have mounted it.
            if found.kind != Kind::Directory || found.identity.0 != device {
                continue;
            }
            let unusable = |error| unreadable(&inside, error, self.caller);
            let Some(depth) = depth.checked_sub(1) else {
                return Err(unusable(io::Error::other("its directories are nested too deeply")));
            };
            let opened = tree::directory(directory, name).map_err(unusable)?;
            if facts_of(&opened).map_err(unusable)?.identity != found.identity {
                return Err(refusal(&inside, found.uid, Flaw::Swapped, self.caller));
            }
            on_directory(&opened).map_err(|cause| make::failed("make private", &inside, cause))?;
            self.visit(&opened, &inside, depth, on_directory)?;
        }
        Ok(())
    }

    /// Makes sure that the entry is owned by the caller or root, and that no one else can write to it.
    /// Symlinks are not followed, and their own mode means nothing.
    fn assert_own(&self, inside: &Path, found: &Node) -> Result<(), Failure> {
        // With an ACL, the group bits are its mask and say nothing about the group.
        let is_private = || Some(found.gid) == self.private_group && !acls::has_acl(inside);
        let is_writable = found.kind != Kind::Symlink && others_write(found.mode, is_private);
        if [self.caller.uid, 0].contains(&found.uid) && !is_writable {
            return Ok(());
        }
        let seen: PathBuf = inside.strip_prefix(self.top).unwrap_or(inside).to_owned();
        let flaw = Flaw::WritableInside(seen, found.mode);
        Err(refusal(self.top, found.uid, flaw, self.caller))
    }
}
