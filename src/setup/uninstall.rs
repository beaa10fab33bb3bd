//! `setup --uninstall`: removes everything, in reverse order.
//!
//! A piece that cannot be removed does not stop the removal of the others. The receipt then stays, and
//! the next run tries again.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::site::Site;
use super::{NOTHING_DONE, advice, text};
use crate::os::replace::beside;
use crate::private_dir::provision::unused;
use crate::setup::pieces::{Did, Receipt, ReceiptEntry};
use crate::setup::steps::{
    Undone, clear_receipt_leftovers, end_receipt, read_receipt, receipt_path, undo,
};
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;
use crate::ui::report;

/// `editors` have settings that will still name the person's directory.
pub(super) fn run(site: &Site, is_dry: bool, editors: &[&str]) -> anyhow::Result<u8> {
    warn(site, editors);
    let path = receipt_path(&site.installation);
    let receipt = read_receipt(&path)?;
    if !is_dry {
        clear_receipt_leftovers(&path)?;
    }
    if receipt.entries.is_empty() {
        report::note(&format!("nothing is set up: there is no `{}`", escaped(&path)));
    }
    let mut gone = remove_unused(site, &receipt, is_dry);
    let mut rows: Vec<_> = gone.iter().map(|path| text::removed(path, "it is empty")).collect();
    rows.sort();
    let (done, ended) = undo_all(&path, &receipt, &mut gone, is_dry);
    let news = done.iter().filter(|(entry, undone)| is_news(entry, undone, &site.shared_root));
    rows.extend(news.map(|(entry, undone)| text::undone(entry, undone)));
    if !rows.is_empty() {
        report::line(text::table(&rows))?;
    }
    let done = done.into_iter().try_for_each(|(_, undone)| undone.map(drop));
    let done = ended.and(done);
    if done.is_ok() && site.shared_root.exists() && !gone.contains(&site.shared_root) {
        report::note(&format!("what was built stays, in `{}`", escaped(&site.shared_root)));
    }
    if site.is_machine() {
        advice::tell_of_sudoers(&site.installation.shim_dir());
    }
    if is_dry {
        report::note(&NOTHING_DONE);
    }
    Ok(done.map(|()| 0)?)
}

/// The result for each entry, or in a dry run the expected one.
type Done<'a> = Vec<(&'a ReceiptEntry, Result<Undone, Failure>)>;

/// Undoes every entry. If none has failed, removes the receipt, together with the directories above it
/// that were made for it. The second value is an error of that. Adds what is removed to `gone`.
fn undo_all<'a>(
    path: &Path,
    receipt: &'a Receipt,
    gone: &mut HashSet<PathBuf>,
    is_dry: bool,
) -> (Done<'a>, Result<(), Failure>) {
    let (above, others): (Vec<&ReceiptEntry>, Vec<&ReceiptEntry>) =
        receipt.entries.iter().rev().partition(|entry| path.starts_with(&entry.path));
    gone.insert(path.to_owned());
    let mut undo = |entry: &'a ReceiptEntry| {
        let undone = undo(entry, gone, is_dry);
        // What a killed run has left beside it is removed, too.
        gone.insert(beside(&entry.path));
        if matches!(undone, Ok(Undone::Removed)) {
            gone.insert(entry.path.clone());
        }
        (entry, undone)
    };
    let mut done: Done<'a> = others.into_iter().map(&mut undo).collect();
    if done.iter().any(|(_, undone)| undone.is_err()) {
        return (done, Ok(()));
    }
    let top = if is_dry { Ok(None) } else { end_receipt(path, receipt) };
    let top = match top {
        Ok(top) => top,
        Err(error) => return (done, Err(error)),
    };
    let is_gone =
        |entry: &ReceiptEntry| top.as_ref().is_some_and(|top| entry.path.starts_with(top));
    done.extend(above.into_iter().map(|entry| match is_gone(entry) {
        true => (entry, Ok(Undone::Removed)),
        false => undo(entry),
    }));
    (done, Ok(()))
}

fn warn(site: &Site, editors: &[&str]) {
    for editor in editors {
        report::warning(
            &format!("the settings of {editor} will go on naming your directory"),
            &format!("cargo-peruser editor {editor} --remove, before this or from another copy"),
        );
    }
    if site.settings().compile_cache().is_some() {
        let text =
            "cargo fails in sessions that are open now, because their RUSTC_WRAPPER leads nowhere";
        report::warning(&text, &"in each of them: unset RUSTC_WRAPPER");
    }
}

/// Removes the private directories in which nobody has built yet, from a shared root that setup has
/// created. A dry run only lists them.
fn remove_unused(site: &Site, receipt: &Receipt, is_dry: bool) -> HashSet<PathBuf> {
    let is_own = receipt.did(&site.shared_root) == Some(&Did::MakeDirectory);
    let unused = if is_own { unused(&site.shared_root) } else { Vec::new() };
    unused.into_iter().filter(|path| is_dry || std::fs::remove_dir(path).is_ok()).collect()
}

/// Whether to report this piece.
fn is_news(entry: &ReceiptEntry, undone: &Result<Undone, Failure>, shared_root: &Path) -> bool {
    match undone {
        Ok(Undone::Nothing) => false,
        // A directory that others use as well is not worth a line, but the caches are.
        Ok(Undone::Kept(_)) => entry.did != Did::MakeDirectory || entry.path == shared_root,
        _ => true,
    }
}
