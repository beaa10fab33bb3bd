//! `setup --uninstall`: removes everything, in the reverse order.
//!
//! One piece that cannot be removed does not keep the others; as long as there is one, the receipt
//! stays, and the next run tries it again.

use std::path::Path;

use super::site::Site;
use super::text;
use crate::os::files;
use crate::private_dir::provision::remove_empty;
use crate::setup::pieces::{Did, Receipt, ReceiptEntry};
use crate::setup::steps::{
    Undone, clear_receipt_leftovers, end_receipt, read_receipt, receipt_path, undo,
};
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;
use crate::ui::report;

/// `editors` have settings that will still say where the person builds.
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
    remove_unused(site, &receipt, is_dry);
    let (done, ended) = undo_all(&path, &receipt, is_dry);
    let rows = done.iter().map(|(entry, undone)| (*entry, undone.as_ref()));
    let rows = rows.filter(|(entry, undone)| is_news(entry, *undone, &site.shared_root));
    let rows: Vec<_> = rows.map(|(entry, undone)| text::undone(entry, undone)).collect();
    if !rows.is_empty() {
        report::line(text::table(&rows))?;
    }
    ended?;
    done.into_iter()
        .try_for_each(|(_, undone)| undone.map_or(Ok(()), |undone| undone.map(drop)))?;
    if site.shared_root.exists() {
        report::note(&format!("what was built stays, in `{}`", escaped(&site.shared_root)));
    }
    Ok(0)
}

/// What has become of each record; `None` where nothing is done.
type Done<'a> = Vec<(&'a ReceiptEntry, Option<Result<Undone, Failure>>)>;

/// Undoes every record, and takes the receipt away if none has failed, with the directories above it
/// that were made for it. The second is an error of that.
fn undo_all<'a>(
    path: &Path,
    receipt: &'a Receipt,
    is_dry: bool,
) -> (Done<'a>, Result<(), Failure>) {
    let (above, others): (Vec<&ReceiptEntry>, Vec<&ReceiptEntry>) =
        receipt.entries.iter().rev().partition(|entry| path.starts_with(&entry.path));
    if is_dry {
        return (others.into_iter().chain(above).map(|entry| (entry, None)).collect(), Ok(()));
    }
    let mut done: Done<'a> = others.into_iter().map(|entry| (entry, Some(undo(entry)))).collect();
    if done.iter().any(|(_, undone)| matches!(undone, Some(Err(_)))) {
        return (done, Ok(()));
    }
    let gone = match end_receipt(path, receipt) {
        Ok(gone) => gone,
        Err(error) => return (done, Err(error)),
    };
    let is_gone =
        |entry: &ReceiptEntry| gone.as_ref().is_some_and(|top| entry.path.starts_with(top));
    done.extend(above.into_iter().map(|entry| {
        (entry, Some(if is_gone(entry) { Ok(Undone::Removed) } else { undo(entry) }))
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
/// made.
fn remove_unused(site: &Site, receipt: &Receipt, is_dry: bool) {
    if !is_dry && receipt.did(&site.shared_root) == Some(&Did::MakeDirectory) {
        remove_empty(&site.shared_root);
    }
}

/// Whether it is told what has become of a piece, or what would.
fn is_news(
    entry: &ReceiptEntry,
    undone: Option<&Result<Undone, Failure>>,
    shared_root: &Path,
) -> bool {
    match undone {
        Some(Ok(Undone::Nothing)) => false,
        None => files::is_there(&entry.path),
        // A directory that others use as well is no news, but the caches are.
        Some(Ok(Undone::Kept(_))) => entry.did != Did::MakeDirectory || entry.path == shared_root,
        _ => true,
    }
}
