//! One settings file and what becomes of it: shown first, then done.

use std::path::{Path, PathBuf};

use crate::editor::edit::{Aim, Format};
use crate::editor::known::{Editor, Places};
use crate::editor::text;
use crate::os::accounts;
use crate::os::replace::{Original, changeable_by_others};
use crate::os::trust::Trust;
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Result};
use crate::ui::report;

/// The mode of a new file: what editors themselves give it under the usual umask.
const MODE: u32 = 0o644;

/// A change to one file, thought through and not made yet.
pub(super) struct FileChange {
    path: PathBuf,
    original: Original,
    /// The text as it is.
    pub(super) text: String,
    /// The text as it is to be.
    edited: String,
}

impl FileChange {
    /// Reads every file of an editor and thinks the changes through.
    ///
    /// # Errors
    /// Those of the first file that cannot be changed; nothing is written then.
    pub(super) fn to_all_files(
        editor: &Editor,
        places: &Places<'_>,
        aim: &Aim,
    ) -> Result<Vec<FileChange>> {
        let Some(format) = editor.format else {
            let Editor { name, title, .. } = editor;
            let text = format!("{title} has no settings file that another program could write");
            let help = format!("`cargo-peruser editor {name}` prints the steps");
            return Err(Failure::new(text).help(help));
        };
        let change = |path: PathBuf| {
            let change = FileChange::to(editor, format, &path, aim)?;
            if change.is_worth_making() {
                change.original.assert_writable()?;
            }
            Ok(change)
        };
        editor.files(places).into_iter().map(change).collect()
    }

    /// Reads one file and thinks the change through.
    ///
    /// # Errors
    /// Why it cannot be read or changed.
    pub(super) fn to(
        editor: &Editor,
        format: Format,
        path: &Path,
        aim: &Aim,
    ) -> Result<FileChange> {
        assert_roots(path)?;
        let original = Original::read(path)?;
        let text = original.text()?.to_owned();
        let by_hand = || {
            format!(
                "change it by hand; `cargo-peruser editor {}` prints what belongs there",
                editor.name
            )
        };
        let edited = format.edit(&text, aim).map_err(|failure| Failure {
            text: format!("cannot edit `{}`: {failure}", escaped(path)),
            help: failure.help.or_else(|| Some(by_hand())),
            ..failure
        })?;
        Ok(FileChange { path: path.to_owned(), original, text, edited })
    }

    /// Shows what changes and does it.
    ///
    /// # Errors
    /// The file's; it is as it was then.
    pub(super) fn make(&self) -> anyhow::Result<()> {
        let FileChange { path, original, text, edited } = self;
        original.clear_leftover()?;
        if !self.is_worth_making() {
            report::line(format!("`{}`: nothing is to be done", escaped(path)))?;
            return Ok(());
        }
        report::line(format!("`{}`:\n{}", escaped(path), text::difference(text, edited)))?;
        // What a symlink leads to stays, empty: who made the link wants it there.
        if Format::is_vacant(edited) && original.is_direct() {
            original.remove()?;
        } else {
            original.replace(edited.as_bytes(), MODE)?;
        }
        Ok(())
    }

    /// Whether it changes anything.
    pub(super) fn is_worth_making(&self) -> bool {
        self.edited != self.text
    }

    /// Whether the file exists.
    pub(super) fn is_there(&self) -> bool {
        self.original.bytes().is_some()
    }
}

/// Root follows nobody else's symlinks: with `sudo -E`, variables lead to somebody's own files.
fn assert_roots(path: &Path) -> Result<(), Failure> {
    if !accounts::is_root() {
        return Ok(());
    }
    match Trust::of(0).first_changeable(path) {
        None => Ok(()),
        Some((place, _)) => Err(changeable_by_others(path, &place)),
    }
}
