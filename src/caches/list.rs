//! The caches in an open private directory. Target directories have a valid tag and belong to its owner.
//! They are one level down, or below `build`, where programs that bypass the shim keep intermediates.

use std::collections::BTreeSet;
use std::ffi::{CString, OsString};
use std::fs::File;
use std::io;
use std::sync::Arc;

use rustix::path::Arg;

use super::people::{Resident, Standing};
use super::{Cache, STAGED, Totals, is_staged};
use crate::os::entry::Kind;
use crate::os::facts::{facts_of, is_on_nfs};
use crate::os::node::{Node, is_mounted};
use crate::os::{tag, tree};
use crate::shim::decide::BUILD;
use crate::workspace::record::{self, Record, Sources};

/// How many levels below `build` a build directory is: a workspace's name, and a hash in two parts.
const BUILD_DEPTH: usize = 3;

/// The caches in an open private directory, not counted yet, each with the names of its entries: those of
/// what has no directory of its own are at the top.
///
/// # Errors
/// Any I/O error about the directory itself.
pub(super) fn list(
    person: &Arc<Resident>,
    private_dir: &File,
    top: &Node,
) -> io::Result<Vec<(Cache, Vec<CString>)>> {
    let (mut targets, mut staged, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for name in tree::names(private_dir)? {
        // Their own cache directory may contain another private directory, which is counted on its own.
        if tree::os_str(&name) == &*person.name {
            continue;
        }
        if is_staged(tree::os_str(&name)) {
            staged.push(name);
            continue;
        }
        let before = targets.len();
        if !name.as_bytes().starts_with(b".") {
            find(private_dir, &mut vec![name.clone()], top, &mut targets);
        }
        if targets.len() == before {
            others.push(name);
        }
    }
    let has_locks = !is_on_nfs(private_dir);
    let cache = |names: Vec<OsString>, entries: Vec<CString>| {
        let record = names.iter().find_map(|name| record::read(private_dir, name, top.uid));
        let record = record.filter(|_| person.standing != Standing::Mismatched);
        let sources = record.as_ref().map_or(Sources::Unknown, Record::sources);
        let (person, totals) = (Arc::clone(person), Totals::default());
        (Cache { person, names, record, sources, has_locks, totals, used_by: None }, entries)
    };
    let target = |names: Vec<CString>| {
        let last = names.last().cloned().into_iter().collect();
        cache(names.iter().map(|name| tree::os_str(name).to_owned()).collect(), last)
    };
    let mut caches: Vec<_> = targets.into_iter().map(target).collect();
    caches.push(cache(Vec::new(), others));
    if !staged.is_empty() {
        caches.push(cache(vec![format!("{STAGED}*").into()], staged));
    }
    Ok(caches)
}

/// Finds what has this name in an open directory, if it is a target directory, and those below `build`.
fn find(at: &File, names: &mut Vec<CString>, top: &Node, found: &mut Vec<Vec<CString>>) {
    let is_build = names.first().is_some_and(|name| name.as_bytes() == BUILD.as_bytes());
    match names.last().and_then(|name| open_target(at, &**name, top)) {
        Some((_, true)) => found.push(names.clone()),
        Some((below, false)) if is_build && names.len() <= BUILD_DEPTH => {
            for name in tree::names(&below).unwrap_or_default() {
                names.push(name);
                find(&below, names, top, found);
                names.pop();
            }
        }
        _ => {}
    }
}

/// The target directories that have no valid tag, and so are not listed as caches: `target`, and those
/// with a record.
///
/// # Errors
/// Any I/O error about the directory itself.
pub(crate) fn untagged(private_dir: &File) -> io::Result<Vec<OsString>> {
    let top = facts_of(private_dir)?;
    let mut names = BTreeSet::from_iter(record::names(private_dir));
    names.insert("target".into());
    let is_untagged =
        |name: &OsString| matches!(open_target(private_dir, name, &top), Some((_, false)));
    Ok(names.into_iter().filter(is_untagged).collect())
}

/// Opens a directory that belongs to the owner and is on the same mount. Also returns whether it has a
/// valid tag.
fn open_target(at: &File, name: impl Arg, top: &Node) -> Option<(File, bool)> {
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
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        (at, is_target) = open_target(&at, name, &top).ok_or_else(gone)?;
    }
    if is_target { Ok(at) } else { Err(io::Error::other("it has no valid tag any more")) }
}
