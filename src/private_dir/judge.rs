//! Pure: what makes a directory safe to build in, judged by what `lstat` says.
//!
//! Every directory above the private one is judged from the top, so that no untrusted account can swap
//! a directory that was already judged. Others may not even create files there: cargo, rustup and build
//! tools read files in every directory above a target directory (`.cargo/config.toml`,
//! `rust-toolchain.toml`), so whoever can create one runs code as everybody who builds below. The
//! private directory itself has exactly its owner's permission bits.

use crate::os::entry::{Entry, Kind};
use crate::private_dir::refusal::Flaw;
use crate::settings::StickyRoot;

/// The role of a directory above a private directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A directory above the shared root, or above the caller's own cache directory.
    Ancestor,
    /// An ancestor of the workspace that is being built. Whoever can write there can change the sources
    /// anyway, so this grants nothing new.
    HoldsSources,
    /// An ancestor of the caller's home, with the private directory below that home. Whoever controls
    /// it controls everything that is built in the home anyway.
    AboveHome,
    /// The shared root.
    Root(StickyRoot),
}

/// Judges one directory above the private directory. Root, the caller and the uids that the settings
/// trust may own it.
///
/// # Errors
/// The flaw. The caller reports [`Flaw::NotADirectory`] with a symlink as a mistake in the
/// settings.
pub fn judge_ancestor(entry: &Entry, part: Part, caller: u32, trusted: &[u32]) -> Result<(), Flaw> {
    if entry.kind != Kind::Directory {
        return Err(Flaw::NotADirectory);
    }
    if entry.uid != 0 && entry.uid != caller && !trusted.contains(&entry.uid) {
        return Err(Flaw::AncestorForeign);
    }
    let is_sticky = entry.mode & 0o1000 != 0;
    match part {
        _ if entry.mode & 0o022 == 0 => Ok(()),
        Part::HoldsSources if entry.mode & 0o002 == 0 => Ok(()),
        Part::AboveHome | Part::Root(StickyRoot::Accept) if is_sticky => Ok(()),
        Part::Root(_) => Err(Flaw::RootWritable),
        Part::Ancestor | Part::HoldsSources | Part::AboveHome => Err(Flaw::AncestorWritable),
    }
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
    use super::{Part, judge_ancestor, judge_private};
    use crate::os::entry::tests::ENTRY;
    use crate::os::entry::{Entry, Kind};
    use crate::private_dir::refusal::Flaw;
    use crate::settings::StickyRoot;

    const ALICE: u32 = 1500;
    const MALLORY: u32 = 1666;

    fn entry(kind: Kind, uid: u32, mode: u32) -> Entry {
        Entry { kind, uid, gid: uid, mode, ..ENTRY }
    }

    #[test]
    fn judges_ancestors_by_owner_and_by_who_can_write() {
        use Part::{AboveHome, Ancestor, HoldsSources};
        let (refuse, accept) = (Part::Root(StickyRoot::Refuse), Part::Root(StickyRoot::Accept));
        for (uid, mode, part, expected) in [
            (0, 0o755, Ancestor, Ok(())),
            (ALICE, 0o755, Ancestor, Ok(())),
            (1777, 0o755, Ancestor, Ok(())),
            (0, 0o1777, Ancestor, Err(Flaw::AncestorWritable)),
            (0, 0o1775, Ancestor, Err(Flaw::AncestorWritable)),
            (0, 0o2775, Ancestor, Err(Flaw::AncestorWritable)),
            (ALICE, 0o775, Ancestor, Err(Flaw::AncestorWritable)),
            (0, 0o2775, HoldsSources, Ok(())),
            (0, 0o3775, HoldsSources, Ok(())),
            (0, 0o777, HoldsSources, Err(Flaw::AncestorWritable)),
            (0, 0o1777, HoldsSources, Err(Flaw::AncestorWritable)),
            (0, 0o1777, AboveHome, Ok(())),
            (0, 0o777, AboveHome, Err(Flaw::AncestorWritable)),
            (0, 0o755, refuse, Ok(())),
            (0, 0o750, refuse, Ok(())),
            (0, 0o1777, refuse, Err(Flaw::RootWritable)),
            (0, 0o3775, refuse, Err(Flaw::RootWritable)),
            (ALICE, 0o1777, refuse, Err(Flaw::RootWritable)),
            (0, 0o2775, refuse, Err(Flaw::RootWritable)),
            (0, 0o755, accept, Ok(())),
            (0, 0o1777, accept, Ok(())),
            (0, 0o3775, accept, Ok(())),
            (0, 0o2775, accept, Err(Flaw::RootWritable)),
            (0, 0o777, accept, Err(Flaw::RootWritable)),
            (MALLORY, 0o755, Ancestor, Err(Flaw::AncestorForeign)),
            (MALLORY, 0o1777, accept, Err(Flaw::AncestorForeign)),
            (MALLORY, 0o755, AboveHome, Err(Flaw::AncestorForeign)),
            (65534, 0o755, Ancestor, Err(Flaw::AncestorForeign)),
        ] {
            let entry = entry(Kind::Directory, uid, mode);
            let found = judge_ancestor(&entry, part, ALICE, &[1777]);
            assert_eq!(found, expected, "{uid} {mode:o} {part:?}");
        }
        assert!(judge_ancestor(&entry(Kind::Symlink, 0, 0o777), Ancestor, ALICE, &[]).is_err());
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
