//! Next steps at a path that others may be able to change.
//!
//! Between reading a message and pasting its command, whoever can write to a directory on the way can
//! put a symlink there, and root would then change what that leads to. So the command that goes with
//! such a path only looks; what is to be changed, and by whom, is said in words.

use std::path::Path;

use crate::ui::escape::quoted;

/// A command that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// What stands there.
    Entry,
    /// What it holds.
    Content,
    /// Who may do what on the way to it.
    Ancestors,
    /// What keeps even its owner from changing it.
    Attributes,
}

impl Look {
    /// The words, which say what to do, and the command.
    pub fn at(self, path: &Path, words: &str) -> String {
        let command = match self {
            Look::Entry => "ls -ld",
            Look::Content => "ls -lA",
            Look::Ancestors => "namei -l",
            Look::Attributes => "lsattr -d",
        };
        format!("{words}; to look at it: {command} {}", quoted(path))
    }
}
