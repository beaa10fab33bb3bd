//! The way to a directory, opened from the root of the file system and never through a symlink.

use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags, openat};

use crate::sys::facts::facts_of;
use crate::sys::tree::NAMED;

/// Owner and mode of a directory on the way.
pub(super) type Step = (u32, u32);

/// The path of a directory that is not there any more, by what is there of it.
pub(super) fn gone(path: &Path) -> Option<PathBuf> {
    let real = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let (above, real) = real?;
    let rest = path.strip_prefix(above).ok()?;
    let is_plain = rest.components().all(|part| matches!(part, Component::Normal(_)));
    is_plain.then(|| real.join(rest))
}

/// Opens the way to a directory from the top, one name at a time; with owner and mode of each.
pub(super) fn descend(path: &Path) -> io::Result<(File, Vec<Step>)> {
    // A directory on the way need not be readable.
    let flags = NAMED | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let step = |at: &File| facts_of(at).map(|found| (found.uid, found.mode));
    let mut at = File::from(rustix::fs::open("/", flags, Mode::empty())?);
    let mut steps = vec![step(&at)?];
    for part in path.components() {
        if let Component::Normal(name) = part {
            at = File::from(openat(&at, name, flags, Mode::empty())?);
            steps.push(step(&at)?);
        }
    }
    Ok((at, steps))
}
