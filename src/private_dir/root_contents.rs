//! The names inside a shared root that builds below it would read, and who may own them.

use std::path::Path;

use super::{Caller, refusal, unreadable};
use crate::os::entry::Kind;
use crate::os::files;
use crate::private_dir::refusal::Flaw;
use crate::ui::failure::Result;

/// The names that cargo and rustup read in every directory above their working directory.
pub const READ_ABOVE: &[&str] = &[".cargo", "Cargo.toml", "rust-toolchain", "rust-toolchain.toml"];

/// Refuses a shared root with a file that builds below it would read, unless the caller or root owns
/// that file and no one else can write to it.
///
/// In a root that only its owner can write to, such a file may remain from a time when others could.
/// That is checked whenever something is created there, not on every run. In an accepted sticky root,
/// another user can still add such a file a moment later; that is the risk of accepting one.
pub(super) fn judge_names_in(root: &Path, caller: &Caller<'_>) -> Result<()> {
    for name in READ_ABOVE {
        let path = root.join(name);
        let found = files::entry_if_any(&path).map_err(|error| unreadable(&path, error, caller))?;
        let Some(entry) = found else { continue };
        let others_write = entry.kind != Kind::Symlink && entry.mode & 0o022 != 0;
        if others_write || (entry.uid != 0 && entry.uid != caller.acting) {
            return Err(refusal(&path, entry.uid, Flaw::ReadAbove, caller));
        }
    }
    Ok(())
}
