//! `setup --uninstall`: removes everything, in reverse order.
//!
//! A piece that cannot be removed does not stop the removal of the others. The receipt then stays, and
//! the next run tries again.

use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::site::Site;
use super::{NOTHING_DONE, advice, text};
use crate::os::accounts;
use crate::os::entry::{Entry, Kind};
use crate::os::files;
use crate::os::replace::{Original, changeable_by_others, clear_leftover};
use crate::os::trust::Trust;
use crate::private_dir::provision::unused;
use crate::setup::steps::{
    Did, ModeAndGroup, Receipt, ReceiptEntry, content_without, read_receipt, receipt_path,
};
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;
use crate::ui::report;

/// `editors` have settings that will still name the person's directory.
pub(super) fn run(site: &Site, is_dry: bool, editors: &[&str]) -> anyhow::Result<u8> {
    warn(site, editors);
    let path = receipt_path(&site.installation);
    let receipt = read_receipt(&path)?;
    if receipt.entries.is_empty() {
        report::note(&format!("nothing is set up: there is no `{}`", escaped(&path)));
    }
    // The private directories in which nobody has built yet, in a shared root that setup has created.
    let root = receipt.entry(&site.shared_root);
    let is_own = root.is_some_and(|entry| entry.did == Did::MakeDirectory);
    let unused = if is_own { unused(&site.shared_root) } else { Vec::new() };
    let has_builds = files::sorted_entries(&site.shared_root) != unused;
    undo_all(&path, &receipt, &unused, is_dry)?;
    if has_builds {
        report::note(&format!("what was built stays, in `{}`", escaped(&site.shared_root)));
    }
    if site.is_machine {
        advice::tell_of_sudoers(&site.installation.shim_dir());
    }
    if is_dry {
        report::note(&NOTHING_DONE);
    }
    Ok(0)
}

/// Undoes everything in the receipt, and removes it. `unused` are the empty private directories in the
/// shared root.
fn undo_all(
    path: &Path,
    receipt: &Receipt,
    unused: &[PathBuf],
    is_dry: bool,
) -> anyhow::Result<()> {
    let (mut rows, mut done): (Vec<text::Columns>, Result<(), Failure>) = (Vec::new(), Ok(()));
    let (directories, pieces): (Vec<&ReceiptEntry>, Vec<&ReceiptEntry>) =
        receipt.entries.iter().rev().partition(|entry| entry.did == Did::MakeDirectory);
    let mut tell = |path: &Path, undone: Result<Undone, Failure>| match undone {
        Ok(undone) => rows.extend(undone.map(|(verb, why)| text::row(verb, path, why))),
        Err(failure) => {
            rows.push(text::row("FAILED", path, &failure));
            done = Err(failure);
        }
    };
    pieces.iter().for_each(|entry| tell(&entry.path, undo(entry, is_dry)));
    for path in unused {
        let removed = if is_dry { Ok(()) } else { remove_directory(path) };
        tell(path, removed.map(|()| Some(("remove", "it is empty".to_owned()))));
    }
    directories.iter().for_each(|entry| tell(&entry.path, undo(entry, is_dry)));
    if !rows.is_empty() {
        report::line(text::table(&rows))?;
    }
    done?;
    if is_dry {
        return Ok(());
    }
    let file = Original::read(path)?;
    file.clear_leftover()?;
    file.remove()?;
    let mut above = directories.iter().filter(|entry| path.starts_with(&entry.path));
    Ok(above.try_for_each(|entry| remove_directory(&entry.path))?)
}

/// What was done with a piece, and more about it. `None` if nothing was left of it.
type Undone = Option<(&'static str, String)>;

/// Undoes an entry of the receipt. A dry run only returns what the result would be.
///
/// # Errors
/// Any I/O error. Repeating it is harmless.
fn undo(entry: &ReceiptEntry, is_dry: bool) -> Result<Undone, Failure> {
    let path = &entry.path;
    let failed = |cause| Failure::file("remove", path, cause);
    assert_ancestors(path)?;
    // In a directory that is not ours, other users could stop us with a file of that name.
    if !is_dry && matches!(entry.did, Did::Make | Did::AddBlocks { .. }) {
        clear_leftover(&files::without_symlinks(path)).map_err(failed)?;
    }
    let Some(found) = files::entry_if_any(path).map_err(failed)? else { return Ok(None) };
    match entry.did {
        Did::MakeDirectory if is_dry => Ok(None),
        Did::MakeDirectory => remove_directory(path).map(|()| None),
        Did::AddBlocks { made_file } => blocks(entry, made_file, is_dry),
        Did::ChangeMode { before, .. } if before == ModeAndGroup::of(&found) => Ok(None),
        Did::ChangeMode { after, .. } if after != ModeAndGroup::of(&found) => Ok(kept()),
        Did::ChangeMode { before, .. } => {
            let failed = |cause| Failure::file("restore", path, cause);
            (!is_dry).then(|| before.set(path)).transpose().map_err(failed)?;
            Ok(Some(("restore", format!("mode {:04o}", before.mode))))
        }
        Did::Make => match content(path, &found).map_err(failed)? {
            Some(content) if entry.is_ours(&content) => {
                (!is_dry).then(|| std::fs::remove_file(path)).transpose().map_err(failed)?;
                Ok(Some(("remove", String::new())))
            }
            _ => Ok(kept()),
        },
    }
}

fn kept() -> Undone {
    Some(("kept", "it was changed since".to_owned()))
}

/// The content of a file, or the target of a symlink.
fn content(path: &Path, found: &Entry) -> io::Result<Option<Vec<u8>>> {
    Ok(match found.kind {
        Kind::Symlink => Some(std::fs::read_link(path)?.into_os_string().into_vec()),
        Kind::File => {
            let mut content = Vec::new();
            files::open_regular(path)?.0.read_to_end(&mut content)?;
            Some(content)
        }
        _ => None,
    })
}

/// Removes a directory, unless it is needed for something else.
///
/// # Errors
/// Any other I/O error.
fn remove_directory(path: &Path) -> Result<(), Failure> {
    use io::ErrorKind::{DirectoryNotEmpty, ResourceBusy};
    assert_ancestors(path)?;
    match files::if_any(std::fs::remove_dir(path)) {
        Err(error) if ![DirectoryNotEmpty, ResourceBusy].contains(&error.kind()) => {
            Err(Failure::file("remove", path, error))
        }
        _ => Ok(()),
    }
}

/// Checks that root follows no other user's symlinks: a path that was safe when it was set up may be
/// writable by others now.
fn assert_ancestors(path: &Path) -> Result<(), Failure> {
    let changeable = || Trust::of(0).first_changeable_above(path);
    match accounts::is_root().then(changeable).flatten() {
        None => Ok(()),
        Some(place) => Err(changeable_by_others(path, &place)),
    }
}

fn blocks(entry: &ReceiptEntry, made_file: bool, is_dry: bool) -> Result<Undone, Failure> {
    let original = Original::read(&entry.path)?;
    let (rest, _) = content_without(&original, &entry.path, Some(entry))?;
    let is_only_ours = made_file && rest.is_empty();
    match (is_only_ours, is_dry) {
        _ if Some(&*rest) == original.bytes() && !is_only_ours => return Ok(None),
        (_, true) => {}
        (true, false) => original.remove()?,
        (false, false) => original.replace(&rest, 0o644)?,
    }
    Ok(Some((if is_only_ours { "remove" } else { "restore" }, String::new())))
}

fn warn(site: &Site, editors: &[&str]) {
    for editor in editors {
        report::warning(
            &format!("the settings of {editor} will go on naming your directory"),
            &format!("cargo-peruser editor {editor} --remove, before this or from another copy"),
        );
    }
    if site.settings_in_files.compile_cache().is_some() {
        let text =
            "cargo fails in sessions that are open now, because their RUSTC_WRAPPER leads nowhere";
        report::warning(&text, &"in each of them: unset RUSTC_WRAPPER");
    }
}
