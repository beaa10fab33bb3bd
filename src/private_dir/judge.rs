//! Pure: what makes a directory safe to build in, judged by what `lstat` says.
//!
//! Every directory above the private one is judged from the top, so that no untrusted account can swap
//! a directory that was already judged. Others may not even create files there: cargo, rustup and build
//! tools read files in every directory above a target directory (`.cargo/config.toml`,
//! `rust-toolchain.toml`), so whoever can create one runs code as everybody who builds below. The
//! private directory itself has exactly its owner's permission bits.

use crate::os::entry::{Entry, Kind};
use crate::private_dir::refusal::Flaw;

/// Which write permissions of others are tolerated on a directory above a private directory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tolerated {
    /// Its group's. This is for ancestors of the workspace that is being built: whoever can write there
    /// can change the sources anyway.
    pub group: bool,
    /// Everybody's, if it is sticky. This is for a shared root that the settings accept, and for ancestors
    /// of the caller's home if the private directory is below that home: whoever controls them controls
    /// everything that is built in the home anyway.
    pub sticky: bool,
}

/// Judges one directory above the private directory, which one of `owners` must own.
///
/// # Errors
/// The flaw. The caller reports [`Flaw::NotADirectory`] with a symlink as a mistake in the
/// settings.
pub fn judge_ancestor(entry: &Entry, tolerated: Tolerated, owners: &[u32]) -> Result<(), Flaw> {
    if entry.kind != Kind::Directory {
        return Err(Flaw::NotADirectory);
    }
    if !owners.contains(&entry.uid) {
        return Err(Flaw::AncestorForeign);
    }
    let is_tolerated = (tolerated.group && entry.mode & 0o002 == 0)
        || (tolerated.sticky && entry.mode & 0o1000 != 0);
    if entry.mode & 0o022 == 0 || is_tolerated { Ok(()) } else { Err(Flaw::AncestorWritable) }
}

/// Judges the private directory. A directory that others can read passes: the caller removes those
/// permissions before it uses the directory.
///
/// # Errors
/// The flaw. Set-group-id and sticky bits are not flaws: they grant no one anything here.
pub fn judge_private(entry: &Entry, caller: u32) -> Result<(), Flaw> {
    judge_own(entry, caller)?;
    match entry.mode & 0o777 {
        mode if mode & 0o022 != 0 => Err(Flaw::WritableByOthers),
        mode if mode & 0o700 != 0o700 => Err(Flaw::OwnerBitsMissing),
        _ => Ok(()),
    }
}

/// Judges a target directory. Its mode does not matter, because it is inside a private directory.
///
/// # Errors
/// The flaw.
pub fn judge_own(entry: &Entry, caller: u32) -> Result<(), Flaw> {
    if entry.kind != Kind::Directory {
        return Err(Flaw::NotADirectory);
    }
    if entry.uid != caller { Err(Flaw::Foreign) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::{Tolerated, judge_ancestor, judge_private};
    use crate::os::entry::tests::ENTRY;
    use crate::os::entry::{Entry, Kind};
    use crate::private_dir::refusal::Flaw;

    const ALICE: u32 = 1500;
    const MALLORY: u32 = 1666;

    fn entry(kind: Kind, uid: u32, mode: u32) -> Entry {
        Entry { kind, uid, gid: uid, mode, ..ENTRY }
    }

    #[test]
    fn judges_ancestors_by_owner_and_by_who_can_write() {
        let nothing = Tolerated::default();
        let group = Tolerated { group: true, ..nothing };
        let sticky = Tolerated { sticky: true, ..nothing };
        let (foreign, writable) = (Err(Flaw::AncestorForeign), Err(Flaw::AncestorWritable));
        for (uid, mode, tolerated, expected) in [
            (0, 0o755, nothing, Ok(())),
            (0, 0o750, nothing, Ok(())),
            (ALICE, 0o755, nothing, Ok(())),
            (1777, 0o755, nothing, Ok(())),
            (0, 0o1777, nothing, writable),
            (0, 0o1775, nothing, writable),
            (0, 0o2775, nothing, writable),
            (ALICE, 0o775, nothing, writable),
            (ALICE, 0o1777, nothing, writable),
            (0, 0o2775, group, Ok(())),
            (0, 0o3775, group, Ok(())),
            (0, 0o777, group, writable),
            (0, 0o1777, group, writable),
            (0, 0o755, sticky, Ok(())),
            (0, 0o1777, sticky, Ok(())),
            (0, 0o3775, sticky, Ok(())),
            (0, 0o2775, sticky, writable),
            (0, 0o777, sticky, writable),
            (MALLORY, 0o755, nothing, foreign),
            (MALLORY, 0o1777, sticky, foreign),
            (MALLORY, 0o755, sticky, foreign),
            (65534, 0o755, nothing, foreign),
        ] {
            let entry = entry(Kind::Directory, uid, mode);
            let found = judge_ancestor(&entry, tolerated, &[0, ALICE, 1777]);
            assert_eq!(found, expected, "{uid} {mode:o} {tolerated:?}");
        }
        assert!(judge_ancestor(&entry(Kind::Symlink, 0, 0o777), nothing, &[0]).is_err());
    }

    #[test]
    fn judges_the_private_directory_by_its_exact_bits() {
        let (private, readable) = (Ok(true), Ok(false));
        for (kind, uid, mode, expected) in [
            (Kind::Directory, ALICE, 0o700, private),
            (Kind::Directory, ALICE, 0o2700, private),
            (Kind::Directory, ALICE, 0o755, readable),
            (Kind::Directory, ALICE, 0o750, readable),
            (Kind::Directory, ALICE, 0o711, readable),
            (Kind::Directory, ALICE, 0o775, Err(Flaw::WritableByOthers)),
            (Kind::Directory, ALICE, 0o1777, Err(Flaw::WritableByOthers)),
            (Kind::Directory, ALICE, 0o702, Err(Flaw::WritableByOthers)),
            (Kind::Directory, ALICE, 0o500, Err(Flaw::OwnerBitsMissing)),
            (Kind::Directory, ALICE, 0o000, Err(Flaw::OwnerBitsMissing)),
            (Kind::Directory, MALLORY, 0o700, Err(Flaw::Foreign)),
            (Kind::Directory, 0, 0o700, Err(Flaw::Foreign)),
            (Kind::Symlink, ALICE, 0o777, Err(Flaw::NotADirectory)),
            (Kind::Fifo, ALICE, 0o700, Err(Flaw::NotADirectory)),
        ] {
            let entry = entry(kind, uid, mode);
            let found = judge_private(&entry, ALICE).map(|()| entry.is_directory_only_for(ALICE));
            assert_eq!(found, expected, "{kind} {uid} {mode:o}");
        }
    }
}
