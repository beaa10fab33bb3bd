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

/// Whether nobody but its owner, and root, can exchange an entry at the end of the way. In a sticky
/// directory nobody renames what is not theirs.
pub(super) fn is_closed(steps: &[Step], owner: u32) -> bool {
    let is_theirs = |&(uid, mode): &Step| {
        [0, owner].contains(&uid) && (mode & 0o022 == 0 || mode & 0o1000 != 0)
    };
    !steps.is_empty() && steps.iter().all(is_theirs)
}

#[cfg(test)]
mod tests {
    use super::is_closed;

    const BOB: u32 = 1501;
    const MALLORY: u32 = 1666;

    #[test]
    fn a_place_is_closed_where_nobody_else_can_rename_on_the_way_to_it() {
        for (way, expected) in [
            (&[(0, 0o755), (0, 0o755)][..], true),
            (&[(0, 0o755), (0, 0o1777), (BOB, 0o700)], true),
            (&[(0, 0o755), (BOB, 0o3775)], true),
            (&[(0, 0o755), (0, 0o775)], false),
            (&[(0, 0o755), (0, 0o777), (BOB, 0o755)], false),
            (&[(0, 0o755), (MALLORY, 0o755)], false),
            (&[(0, 0o755), (MALLORY, 0o1777), (BOB, 0o755)], false),
            (&[], false),
        ] {
            assert_eq!(is_closed(way, BOB), expected, "{way:?}");
        }
    }
}
