//! Whether a path leads, by way of directories and symlinks that nobody else can replace, to a
//! directory of programs that nobody else can change.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::core::safety::{Programs, judge_programs};
use crate::error::Kind;
use crate::sys::{accounts, files};

/// How many symlinks the kernel follows.
const MAX_LINKS: usize = 40;

/// Whether the caller may run what stands in this directory as their own.
///
/// Every step is judged as the kernel would take it: a symlink may lead through directories that
/// the path itself does not name.
pub(super) fn is_trusted(path: &Path, uid: u32) -> bool {
    path.is_absolute() && is_plain(path) && real_path(path, uid).is_ok_and(|real| is_plain(&real))
}

/// A colon would end the entry of PATH; what is below `/proc` is another place in each process.
fn is_plain(path: &Path) -> bool {
    let is_odd = |byte: &u8| *byte == b':' || byte.is_ascii_control();
    !path.as_os_str().as_bytes().iter().any(is_odd) && !path.starts_with("/proc")
}

/// Where a path leads; an error if somebody else has a say in that.
fn real_path(path: &Path, uid: u32) -> io::Result<PathBuf> {
    let group = accounts::private_group(uid);
    let judge = |directory: &Path, programs| {
        let entry = files::entry(directory)?;
        let group = group.filter(|_| !files::has_acl(directory));
        let is_trusted = judge_programs(&entry, programs, uid, group);
        if is_trusted { Ok(entry.kind) } else { Err(io::Error::from(io::ErrorKind::Other)) }
    };
    let mut links = 0;
    let mut place = PathBuf::from("/");
    let mut rest = steps(path);
    judge(&place, Programs::Above)?;
    while let Some(step) = rest.pop() {
        if step == ".." {
            place.pop();
            continue;
        }
        let next = place.join(&step);
        match judge(&next, Programs::Above)? {
            Kind::Symlink => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(io::ErrorKind::Other.into());
                }
                let to = std::fs::read_link(&next)?;
                if to.is_absolute() {
                    place = PathBuf::from("/");
                }
                rest.extend(steps(&to));
            }
            _ => place = next,
        }
    }
    judge(&place, Programs::Inside)?;
    Ok(place)
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
