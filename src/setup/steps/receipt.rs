//! The receipt as a file, beside the shim. It has mode 0644, so that everyone can ask for the status.

use std::io;
use std::path::{Path, PathBuf};

use super::put::make_directory;
use crate::os::entry::Entry;
use crate::os::entry::Kind;
use crate::os::files;
use crate::os::replace::changed_meanwhile;
use crate::os::replace::{Original, beside, clear_leftover};
use crate::os::trust::{Doubt, Trust};
use crate::setup::pieces::{Did, Receipt};
use crate::shim::installation::Installation;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, reason};

/// The path of an installation's receipt.
pub(crate) fn receipt_path(installation: &Installation) -> PathBuf {
    installation.own_dir().join("setup.json")
}

/// Reads a receipt; a missing one is empty. It is trusted only if nobody but root and the caller can
/// change it, because what it names will be removed.
///
/// # Errors
/// The receipt cannot be trusted, read or parsed.
pub(crate) fn read_receipt(path: &Path) -> Result<Receipt, Failure> {
    let wrong = |cause: String| unusable(path, &cause);
    let unreadable = |error: io::Error| wrong(reason(&error));
    let trust = Trust::of(rustix::process::geteuid().as_raw());
    let file = match trust.open(path, Path::new("")) {
        Ok(file) => file,
        Err(Doubt::Ends(_)) => return Ok(Receipt::default()),
        Err(Doubt::Unknown(error)) => return Err(unreadable(error)),
        Err(Doubt::Changeable(place, _)) if place == path => {
            return Err(wrong("others can write to it".into()));
        }
        Err(Doubt::Changeable(place, _)) => {
            return Err(wrong(format!("others can write to `{}`", place.display())));
        }
    };
    let text = files::text(&file).map_err(unreadable)?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

fn unusable(path: &Path, cause: &str) -> Failure {
    let text = format!("cannot use the receipt `{}`: {}", escaped(path), escaped(cause));
    Failure::new(text).help(format!("ls -l {}", quoted(path)))
}

/// Writes a receipt, or removes it if it has no entries.
///
/// # Errors
/// Any I/O error.
pub(crate) fn write_receipt(path: &Path, receipt: &Receipt) -> Result<(), Failure> {
    let original = Original::read(path)?;
    if receipt.entries.is_empty() {
        return original.remove();
    }
    let text = serde_json::to_string_pretty(receipt)
        .map_err(|error| unusable(path, &error.to_string()))?;
    original.replace(format!("{text}\n").as_bytes(), 0o644)
}

/// Writes the first receipt together with the missing directories above it, in one step; `top` is the
/// uppermost of them. So a killed run leaves no directory that no receipt lists.
///
/// # Errors
/// Any I/O error.
pub(crate) fn begin_receipt(path: &Path, receipt: &Receipt, top: &Path) -> Result<(), Failure> {
    clear_receipt_leftovers(path)?;
    let beside = beside(top);
    let failed = |cause| Failure::file("create", top, cause);
    let mut place = beside.clone();
    make_directory(&place).map_err(failed)?;
    let below = path.parent().and_then(|parent| parent.strip_prefix(top).ok());
    for name in below.into_iter().flat_map(Path::components) {
        place.push(name);
        make_directory(&place).map_err(failed)?;
    }
    write_receipt(&place.join(path.file_name().unwrap_or_default()), receipt)?;
    std::fs::rename(&beside, top).map_err(|cause| match cause.kind() {
        // Another run was faster.
        io::ErrorKind::DirectoryNotEmpty => changed_meanwhile(top),
        _ => failed(cause),
    })
}

/// Removes the receipt together with the directories above it that were made for it and hold nothing
/// else, in one step. Returns the uppermost of them.
///
/// # Errors
/// Any I/O error.
pub(crate) fn end_receipt(path: &Path, receipt: &Receipt) -> Result<Option<PathBuf>, Failure> {
    clear_leftover(path).map_err(|cause| Failure::file("remove", path, cause))?;
    let was_made = |path: &&Path| receipt.did(path) == Some(&Did::MakeDirectory);
    let holds_one =
        |path: &&Path| std::fs::read_dir(path).is_ok_and(|entries| entries.count() == 1);
    let above = path.ancestors().skip(1);
    let Some(top) = above.take_while(was_made).take_while(holds_one).last() else {
        write_receipt(path, &Receipt::default())?;
        return Ok(None);
    };
    let failed = |cause| Failure::file("remove", top, cause);
    std::fs::rename(top, beside(top)).map_err(failed)?;
    clear_receipt_leftovers(path)?;
    Ok(Some(top.to_owned()))
}

/// Removes what a killed [`begin_receipt`] or [`end_receipt`] has left: a directory with one of our
/// temporary names, and in it a receipt and the directories above that.
///
/// # Errors
/// Any I/O error.
pub(crate) fn clear_receipt_leftovers(path: &Path) -> Result<(), Failure> {
    for top in path.ancestors().skip(1).filter(|top| top.file_name().is_some()) {
        let beside = beside(top);
        let own = rustix::process::geteuid().as_raw();
        let is_own = |entry: Entry| entry.kind == Kind::Directory && entry.uid == own;
        if !files::entry(&beside).is_ok_and(is_own) {
            continue;
        }
        let failed = |cause| Failure::file("remove", &beside, cause);
        let inner = path.strip_prefix(top).map_or(beside.clone(), |below| beside.join(below));
        clear_leftover(&inner).map_err(failed)?;
        absent_is_fine(std::fs::remove_file(&inner)).map_err(failed)?;
        let directories = inner.ancestors().skip(1).take_while(|place| place.starts_with(&beside));
        directories.map(std::fs::remove_dir).try_for_each(absent_is_fine).map_err(failed)?;
    }
    Ok(())
}

fn absent_is_fine(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if !files::is_absence(&error) => Err(error),
        _ => Ok(()),
    }
}
