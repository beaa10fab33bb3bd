//! `setup --uninstall`: removes everything, in the reverse order.
//!
//! One piece that cannot be removed does not keep the others; as long as there is one, the receipt
//! stays, and the next run tries it again.

use std::path::Path;

use super::site::Site;
use super::text::{self, Row};
use crate::os::files;
use crate::private_dir::provision::remove_empty;
use crate::setup::pieces::{Did, Receipt, Record};
use crate::setup::steps::{
    Undone, clear_receipt_leftovers, end_receipt, read_receipt, receipt_path, undo,
};
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
        report::note(&text::nothing_set_up(&path));
    }
    remove_unused(site, &receipt, is_dry);
    let mut progress = Progress { shared_root: &site.shared_root, rows: Vec::new(), failed: None };
    let (above, others): (Vec<&Record>, Vec<&Record>) =
        receipt.entries.iter().rev().partition(|entry| path.starts_with(&entry.path));
    for entry in others {
        progress.note(entry, if is_dry { None } else { Some(undo(entry)) });
    }
    let ended = match (is_dry, &progress.failed) {
        (false, None) => progress.end(&path, &receipt, &above),
        _ => Ok(()),
    };
    if is_dry {
        above.into_iter().for_each(|entry| progress.note(entry, None));
    }
    if !progress.rows.is_empty() {
        report::line(text::table(&progress.rows))?;
    }
    ended?;
    match progress.failed {
        Some(error) => Err(error.into()),
        None => {
            if site.shared_root.exists() {
                report::note(&text::caches_stay(site));
            }
            Ok(0)
        }
    }
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

/// How far it has come.
struct Progress<'a> {
    shared_root: &'a Path,
    rows: Vec<Row>,
    failed: Option<Failure>,
}

impl Progress<'_> {
    /// Writes down what has become of a piece; `None` for what would.
    fn note(&mut self, entry: &Record, undone: Option<Result<Undone, Failure>>) {
        let is_quiet = match &undone {
            Some(Ok(Undone::Nothing)) => true,
            None => !files::is_there(&entry.path),
            // A directory that others use as well is no news, but the caches are.
            Some(Ok(Undone::Kept(_))) => {
                entry.did == Did::MakeDirectory && entry.path != self.shared_root
            }
            _ => false,
        };
        if !is_quiet {
            self.rows.push(text::undone(entry, undone.as_ref()));
        }
        if let Some(Err(error)) = undone {
            self.failed.get_or_insert(error);
        }
    }

    /// Takes the receipt away, and the directories above it that were made for it.
    fn end(&mut self, path: &Path, receipt: &Receipt, above: &[&Record]) -> Result<(), Failure> {
        let gone = end_receipt(path, receipt)?;
        for entry in above {
            let is_gone = gone.as_ref().is_some_and(|top| entry.path.starts_with(top));
            self.note(entry, Some(if is_gone { Ok(Undone::Removed) } else { undo(entry) }));
        }
        Ok(())
    }
}
