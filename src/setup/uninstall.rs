//! `setup --uninstall`: removes everything, in reverse order.
//!
//! A piece that cannot be removed does not stop the removal of the others. The receipt then stays, and
//! the next run tries again.

use std::io;
use std::path::{Path, PathBuf};

use super::site::Site;
use super::{NOTHING_DONE, advice, text};
use crate::os::files;
use crate::os::replace::Original;
use crate::private_dir::provision::unused;
use crate::setup::pieces::{Did, ReceiptEntry};
use crate::setup::steps::{assert_ancestors, read_receipt, receipt_path, undo};
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
    let is_own = receipt.did(&site.shared_root) == Some(&Did::MakeDirectory);
    let unused = if is_own { unused(&site.shared_root) } else { Vec::new() };
    let has_builds = files::sorted_entries(&site.shared_root) != unused;
    let mut rows: Vec<_> =
        unused.iter().map(|path| text::row("remove", path, "it is empty")).collect();
    let (directories, pieces): (Vec<&ReceiptEntry>, Vec<&ReceiptEntry>) =
        receipt.entries.iter().rev().partition(|entry| entry.did == Did::MakeDirectory);
    let mut done: Result<(), Failure> = Ok(());
    for entry in pieces {
        match undo(entry, is_dry) {
            Ok(undone) => rows.extend(undone.map(|(verb, why)| text::row(verb, &entry.path, why))),
            Err(failure) => {
                rows.push(text::row("FAILED", &entry.path, &failure));
                done = Err(failure);
            }
        }
    }
    if !rows.is_empty() {
        report::line(text::table(&rows))?;
    }
    done?;
    if !is_dry {
        remove_rest(&path, &unused, &directories)?;
    }
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

/// Removes the receipt, and the directories that hold nothing else.
fn remove_rest(
    receipt: &Path,
    unused: &[PathBuf],
    directories: &[&ReceiptEntry],
) -> Result<(), Failure> {
    let remove = |directory: &PathBuf| -> Result<(), Failure> {
        assert_ancestors(directory)?;
        match std::fs::remove_dir(directory) {
            Err(error) if !files::is_absence(&error) && !is_in_use(&error) => {
                Err(Failure::file("remove", directory, error))
            }
            _ => Ok(()),
        }
    };
    let (above, others): (Vec<&PathBuf>, Vec<&PathBuf>) =
        directories.iter().map(|entry| &entry.path).partition(|made| receipt.starts_with(made));
    unused.iter().chain(others).try_for_each(remove)?;
    let file = Original::read(receipt)?;
    file.clear_leftover()?;
    file.remove()?;
    above.into_iter().try_for_each(remove)
}

/// Whether a directory is needed for something else.
fn is_in_use(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::ResourceBusy)
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
