//! Pure: the choice of the real cargo among the executables named `cargo`.
//!
//! PATH is other people's text: relative entries would run a `./cargo` out of the repository, and
//! in a directory that everyone can write to anyone can put one. We ourselves stand on it too, once
//! or several times.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Why a place was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// An empty entry or one that is relative to the working directory.
    RelativeEntry,
    /// The settings name it, and it is not an executable file.
    NotExecutable,
    /// Anyone can write to the directory.
    WritableByEveryone,
    /// It is in cargo's home, and another account can change what that leads to.
    ChangeableByOthers,
    /// It is this very program.
    Ourselves,
    /// It is another copy of this program.
    OurCopy,
    /// This process has executed it already and came back.
    TriedBefore,
}

impl Skip {
    /// The reason, as a message has it.
    pub fn reason(self) -> &'static str {
        match self {
            Skip::RelativeEntry => {
                "the entry is empty or relative, so it depends on the working directory"
            }
            Skip::NotExecutable => "it is not an executable file",
            Skip::WritableByEveryone => "everyone can write to its directory",
            Skip::ChangeableByOthers => "others can change it, or a directory that it is in",
            Skip::Ourselves => "it is cargo-peruser itself",
            Skip::OurCopy => "it is a copy of cargo-peruser",
            Skip::TriedBefore => "it handed the call back to cargo-peruser",
        }
    }
}

/// What has been learned about an executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The path as it was found.
    pub path: &'a Path,
    /// What it has in common with this program.
    pub likeness: Likeness,
    /// The permission bits of the directory that it stands in.
    pub directory_mode: u32,
}

/// How much an executable is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caution {
    /// A directory that everyone can write to is passed over.
    Full,
    /// Executed where the plain shell would: somebody has named it, or nothing is protected anyway.
    AsTheShell,
}

/// What an executable has in common with this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Device and inode: it is this program.
    Same,
    /// The content: it is a copy.
    Copy,
    /// Nothing.
    None,
}

impl Candidate<'_> {
    /// Whether to pass it over, `tried` being the places that this process has executed before.
    pub fn skip(&self, caution: Caution, tried: &[PathBuf]) -> Option<Skip> {
        if self.likeness == Likeness::Same {
            Some(Skip::Ourselves)
        } else if self.likeness == Likeness::Copy {
            Some(Skip::OurCopy)
        } else if tried.iter().any(|place| place == self.path) {
            Some(Skip::TriedBefore)
        } else if caution == Caution::Full && self.directory_mode & 0o002 != 0 {
            Some(Skip::WritableByEveryone)
        } else {
            None
        }
    }
}

/// The entries of a search path, each absolute or with the reason to leave it out.
pub fn entries(path: &OsStr) -> impl Iterator<Item = Result<&Path, &Path>> {
    path.as_bytes().split(|byte| *byte == b':').map(|entry| {
        let entry = Path::new(OsStr::from_bytes(entry));
        if entry.is_absolute() { Ok(entry) } else { Err(entry) }
    })
}

#[cfg(test)]
mod tests {
    use super::{Candidate, Caution, Likeness, Skip, entries};
    use std::ffi::OsStr;
    use std::path::{Path, PathBuf};

    #[test]
    fn passes_over_everything_that_is_not_a_real_cargo() {
        let tried = [PathBuf::from("/loop/cargo")];
        let plain = Candidate {
            path: Path::new("/usr/bin/cargo"),
            likeness: Likeness::None,
            directory_mode: 0o755,
        };
        for (candidate, expected) in [
            (plain, None),
            (Candidate { directory_mode: 0o775, ..plain }, None),
            (Candidate { directory_mode: 0o1777, ..plain }, Some(Skip::WritableByEveryone)),
            (Candidate { likeness: Likeness::Same, ..plain }, Some(Skip::Ourselves)),
            (Candidate { likeness: Likeness::Copy, ..plain }, Some(Skip::OurCopy)),
            (Candidate { path: Path::new("/loop/cargo"), ..plain }, Some(Skip::TriedBefore)),
        ] {
            assert_eq!(candidate.skip(Caution::Full, &tried), expected, "{candidate:?}");
        }
    }

    #[test]
    fn believes_a_name_that_somebody_has_given() {
        let open = Candidate {
            path: Path::new("/usr/local/cargo/bin/cargo"),
            likeness: Likeness::None,
            directory_mode: 0o777,
        };
        assert_eq!(open.skip(Caution::AsTheShell, &[]), None);
        assert_eq!(open.skip(Caution::Full, &[]), Some(Skip::WritableByEveryone));
    }

    #[test]
    fn takes_only_absolute_entries() {
        let found: Vec<_> = entries(OsStr::new("/a::.:b/c:/d/")).collect();
        let expected = [Ok("/a"), Err(""), Err("."), Err("b/c"), Ok("/d/")];
        assert_eq!(found, expected.map(|entry| entry.map(Path::new).map_err(Path::new)));
    }
}
