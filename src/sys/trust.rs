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

/// Why a path is not trusted.
enum Stop {
    /// Somebody else can change what is in this directory, or what it is.
    Open(PathBuf),
    /// It ends here, or cannot be followed.
    Unknown,
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Self {
        Stop::Unknown
    }
}

/// Whether the caller may run what stands in this directory as their own.
pub fn is_trusted(path: &Path, uid: u32) -> bool {
    let closed = |real: PathBuf| judge(&real, Programs::Inside, uid).is_ok() && is_plain(&real);
    path.is_absolute() && is_plain(path) && real_path(path, uid).is_ok_and(closed)
}

/// The first directory on the way to a path, as far as it exists, in which others can replace what the
/// way leads to.
pub fn first_open(path: &Path, uid: u32) -> Option<PathBuf> {
    match real_path(path, uid) {
        Err(Stop::Open(directory)) => Some(directory),
        Err(Stop::Unknown) | Ok(_) => None,
    }
}

/// A colon would end the entry of PATH; what is below `/proc` is another place in each process.
fn is_plain(path: &Path) -> bool {
    let is_odd = |byte: &u8| *byte == b':' || byte.is_ascii_control();
    !path.as_os_str().as_bytes().iter().any(is_odd) && !path.starts_with("/proc")
}

fn judge(directory: &Path, programs: Programs, uid: u32) -> Result<Kind, Stop> {
    let entry = files::entry(directory)?;
    let group = accounts::private_group(uid).filter(|_| !files::has_acl(directory));
    let is_trusted = judge_programs(&entry, programs, uid, group);
    if is_trusted { Ok(entry.kind) } else { Err(Stop::Open(directory.to_owned())) }
}

/// Where a path leads; an error if somebody else has a say in that.
///
/// Every step is judged as the kernel would take it: a symlink may lead through directories that
/// the path itself does not name.
fn real_path(path: &Path, uid: u32) -> Result<PathBuf, Stop> {
    let mut links = 0;
    let mut place = PathBuf::from("/");
    let mut rest = steps(path);
    judge(&place, Programs::Above, uid)?;
    while let Some(step) = rest.pop() {
        if step == ".." {
            place.pop();
            continue;
        }
        let next = place.join(&step);
        match judge(&next, Programs::Above, uid)? {
            Kind::Symlink => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Stop::Unknown);
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
