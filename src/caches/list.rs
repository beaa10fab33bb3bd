//! The target directories in an open private directory. They have a valid tag and belong to its owner.
//! They are one level down, or below `build`, where programs that bypass the shim keep intermediates.

use std::ffi::{CStr, CString, OsString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::is_staged;
use crate::os::entry::Kind;
use crate::os::facts::facts_of;
use crate::os::node::{Node, is_mounted};
use crate::os::{tag, tree};
use crate::shim::decide::BUILD;

/// How many levels below `build` a build directory is: a workspace's name, and a hash in two parts.
const BUILD_DEPTH: usize = 3;

/// What a private directory contains.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// The names from the private directory to each target directory.
    pub(crate) targets: Vec<Vec<OsString>>,
    /// The names of what an interrupted `gc` has left.
    pub(crate) staged: Vec<CString>,
    /// The names of all other entries at the top.
    pub(crate) others: Vec<CString>,
}

/// Lists an open private directory.
///
/// # Errors
/// Any I/O error about the directory itself.
pub(crate) fn list(private_dir: &File) -> io::Result<Listing> {
    let top = facts_of(private_dir)?;
    let mut listing = Listing::default();
    for name in tree::names(private_dir)? {
        let found = open_target(private_dir, &name, &top);
        let has_own = !name.as_bytes().starts_with(b".");
        match found {
            _ if is_staged(&os(&name)) => listing.staged.push(name),
            Some((_, true)) if has_own => listing.targets.push(vec![os(&name)]),
            Some((build, false)) if name.as_bytes() == BUILD.as_bytes() => {
                let before = listing.targets.len();
                below_build(&build, &mut vec![os(&name)], &top, &mut listing.targets);
                if listing.targets.len() == before {
                    listing.others.push(name);
                }
            }
            _ => listing.others.push(name),
        }
    }
    Ok(listing)
}

fn below_build(at: &File, names: &mut Vec<OsString>, top: &Node, found: &mut Vec<Vec<OsString>>) {
    if names.len() > BUILD_DEPTH {
        return;
    }
    for name in tree::names(at).unwrap_or_default() {
        let Some((below, is_target)) = open_target(at, &name, top) else { continue };
        names.push(os(&name));
        match is_target {
            true => found.push(names.clone()),
            false => below_build(&below, names, top, found),
        }
        names.pop();
    }
}

/// Opens a directory that belongs to the owner and is on the same mount. Also returns whether it has a
/// valid tag.
fn open_target(at: &File, name: &CStr, top: &Node) -> Option<(File, bool)> {
    let opened = tree::inside(at, name, tree::DIRECTORY).ok()?;
    let found = facts_of(&opened).ok()?;
    let is_own = found.kind == Kind::Directory && found.uid == top.uid && !is_mounted(top, &found);
    let is_target = tag::is_valid(&opened);
    is_own.then_some((opened, is_target))
}

/// Opens a listed target directory, which must still be one.
///
/// # Errors
/// Any I/O error, and a directory that is no longer a target directory.
pub(crate) fn open(private_dir: &File, names: &[OsString]) -> io::Result<File> {
    let top = facts_of(private_dir)?;
    let mut at = private_dir.try_clone()?;
    let mut is_target = false;
    for name in names {
        let name = CString::new(name.as_bytes())?;
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        (at, is_target) = open_target(&at, &name, &top).ok_or_else(gone)?;
    }
    if is_target { Ok(at) } else { Err(io::Error::other("it has no valid tag any more")) }
}

fn os(name: &CStr) -> OsString {
    OsString::from_vec(name.to_bytes().to_vec())
}
