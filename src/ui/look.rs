//! Next steps for a path that others may be able to change.
//!
//! Between reading a message and pasting its command, whoever can write to an ancestor directory can put
//! a symlink there. Root would then change what the symlink points to. So the command for such a path
//! only looks. What to change, and who should change it, is said in words.

use std::path::Path;

use crate::ui::escape::quoted;

/// A command that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The entry itself.
    Entry,
    /// Its content.
    Content,
    /// The owners and modes of its ancestor directories.
    Ancestors,
}

impl Look {
    /// The words, which say what to do, followed by the command.
    pub fn at(self, path: &Path, words: &str) -> String {
        let command = match self {
            Look::Entry => "to look at it: ls -ld",
            Look::Content => "to look at it: ls -lA",
            Look::Ancestors => "to see who can change it: namei -l",
        };
        format!("{words}; {command} {}", quoted(path))
    }
}
