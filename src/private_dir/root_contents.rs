//! The names inside a shared root that builds below it would read, and who may own them.

use std::path::Path;

use super::{Caller, refusal, unreadable};
use crate::os::entry::Kind;
use crate::os::files;
use crate::private_dir::refusal::Flaw;
use crate::ui::failure::Result;

/// What cargo and rustup read in every directory above the one that they work in.
pub const READ_ABOVE: &[&str] = &[".cargo", "Cargo.toml", "rust-toolchain", "rust-toolchain.toml"];

/// Refuses a shared root that holds what builds below it would read, if that is not the caller's or
/// root's own. In a root that nobody else can write to it may be left from a time when others could;
/// that is looked for whenever something is made there, and not at every run. In an accepted sticky root
/// somebody can still put it there a moment later; that is what accepting one means.
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
