//! Pure: the choice of the real cargo among the executables named `cargo`.
//!
//! PATH is other people's text: relative entries would run a `./cargo` out of the repository, and
//! in a directory that everyone can write to anyone can put one. We ourselves stand on it too, once
//! or several times.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

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

/// How much an executable is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caution {
    /// A directory that everyone can write to is passed over.
    Full,
    /// Executed where the plain shell would: somebody has named it, or nothing is protected anyway.
    AsTheShell,
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
    use super::entries;
    use std::ffi::OsStr;
    use std::path::Path;

    #[test]
    fn takes_only_absolute_entries() {
        let found: Vec<_> = entries(OsStr::new("/a::.:b/c:/d/")).collect();
        let expected = [Ok("/a"), Err(""), Err("."), Err("b/c"), Ok("/d/")];
        assert_eq!(found, expected.map(|entry| entry.map(Path::new).map_err(Path::new)));
    }
}
