//! Creates, updates and removes the toolchain directory of [`crate::toolchain::links`].
//!
//! Anyone who can change it chooses what an editor executes. So a directory that another user owns, can
//! write to, or could replace is refused.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::Path;

use crate::os::files;
use crate::os::replace;
use crate::private_dir::judge::judge_own;
use crate::private_dir::refusal::Flaw;
use crate::private_dir::{self, Caller, examine_ancestors};
use crate::shim::toolchain::CARGO;
use crate::toolchain::links::{Link, ToolchainEntry, first_foreign};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result};

/// Checks the directory and returns its entries, none if it does not exist yet. Changes nothing. `shim`
/// is the expected target of its `cargo`.
///
/// # Errors
/// A refusal if another user could change the directory, and a failure for an entry that this program
/// did not create.
pub(crate) fn look(path: &Path, shim: &Path, caller: &Caller<'_>) -> Result<Vec<ToolchainEntry>> {
    examine_ancestors(path, caller)?;
    let failed = |cause| Failure::file("read", path, cause);
    let Some(entry) = files::entry_if_any(path).map_err(failed)? else { return Ok(Vec::new()) };
    let others = entry.mode & 0o022 != 0;
    let writable = if others { Err(Flaw::WritableByOthers(entry.mode)) } else { Ok(()) };
    judge_own(&entry, caller.uid)
        .and(writable)
        .map_err(|flaw| private_dir::refusal(path, entry.uid, flaw, caller))?;
    let entries = entries(path).map_err(failed)?;
    match first_foreign(&entries, shim) {
        None => Ok(entries),
        Some(entry) => Err(foreign(path, entry)),
    }
}

/// Makes the directory hold these links, and no others. Missing directories are created with mode 0755
/// less the umask, so that no other user can write there.
///
/// # Errors
/// The same as [`look`], and any I/O error. Finished changes stay, and the next run does the rest.
pub(crate) fn hold(path: &Path, shim: &Path, links: &[Link], caller: &Caller<'_>) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o755).create(path);
    made.map_err(|cause| Failure::step("create directory", path, cause))?;
    // Another user may have been faster.
    let entries = look(path, shim, caller)?;
    for link in links {
        let is_this_link = |entry: &ToolchainEntry| {
            entry.name == link.name && entry.leads_to.as_ref() == Some(&link.to)
        };
        if !entries.iter().any(is_this_link) {
            let place = path.join(link.name);
            put(&place, &link.to).map_err(|cause| Failure::file("link", &place, cause))?;
        }
    }
    let is_wanted = |entry: &&ToolchainEntry| links.iter().any(|link| entry.name == link.name);
    let mut unwanted = entries.iter().filter(|entry| !is_wanted(entry));
    unwanted.try_for_each(|entry| remove_entry(&path.join(&entry.name)))
}

/// Removes the directory with these entries, and up to `parents` directories above it while they are
/// empty. `cargo` is removed last, because it marks the directory as ours.
///
/// # Errors
/// Any I/O error.
pub(crate) fn remove(path: &Path, entries: Vec<ToolchainEntry>, parents: usize) -> Result<()> {
    let (last, first): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.name == CARGO);
    for entry in first.into_iter().chain(last) {
        remove_entry(&path.join(&entry.name))?;
    }
    match std::fs::remove_dir(path) {
        Err(error) if files::is_absence(&error) => return Ok(()),
        removed => removed.map_err(|cause| Failure::file("remove", path, cause))?,
    }
    let parents = path.ancestors().skip(1).take(parents);
    // Stop at the first directory that is not empty.
    let _ = parents.map(std::fs::remove_dir).find(Result::is_err);
    Ok(())
}

fn entries(directory: &Path) -> io::Result<Vec<ToolchainEntry>> {
    let entry = |entry: std::fs::DirEntry| ToolchainEntry {
        leads_to: std::fs::read_link(entry.path()).ok(),
        name: entry.file_name(),
    };
    let mut entries: Vec<ToolchainEntry> =
        std::fs::read_dir(directory)?.map(|found| found.map(entry)).collect::<io::Result<_>>()?;
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

/// Creates or replaces a link in one step: an editor sees either the old link or the new one.
fn put(path: &Path, to: &Path) -> io::Result<()> {
    let beside = replace::beside(path);
    match std::fs::remove_file(&beside) {
        Err(error) if !files::is_absence(&error) => return Err(error),
        _ => symlink(to, &beside)?,
    }
    std::fs::rename(&beside, path)
}

fn remove_entry(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if !files::is_absence(&error) => Err(Failure::file("remove", path, error)),
        _ => Ok(()),
    }
}

fn foreign(directory: &Path, entry: &ToolchainEntry) -> Failure {
    let place = escaped(directory);
    let text = format!(
        "cannot use `{place}` as a toolchain directory: cargo-peruser did not create `{}`",
        escaped(&directory.join(&entry.name))
    );
    let other = quoted(&directory.join("peruser"));
    Failure::new(text)
        .help(format!("name an empty or a new directory: cargo-peruser toolchain {other}"))
}
