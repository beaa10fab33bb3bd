//! The change of one settings file: shown first, then made.

use std::path::{Path, PathBuf};

use similar::TextDiff;

use crate::editor::edit::{Aim, Format};
use crate::editor::known::{Editor, Places};
use crate::os::accounts;
use crate::os::replace::{Original, changeable_by_others};
use crate::os::trust::Trust;
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Result};
use crate::ui::report;

/// The mode of a new file: what editors themselves give it under the usual umask.
const MODE: u32 = 0o644;

/// A planned change of one file.
pub(super) struct FileChange {
    path: PathBuf,
    original: Original,
    /// The current text.
    pub(super) text: String,
    /// The new text.
    edited: String,
    /// Whether our settings are in it now, of whatever value.
    pub(super) has_ours: bool,
}

impl FileChange {
    /// Reads every settings file of an editor and plans the changes.
    ///
    /// # Errors
    /// The error of the first file that cannot be changed. Nothing is written.
    pub(super) fn to_all_files(
        editor: &Editor,
        places: &Places<'_>,
        aim: &Aim,
    ) -> Result<Vec<FileChange>> {
        let Some(format) = editor.format else {
            let Editor { name, title, .. } = editor;
            let text = format!("{title} has no settings file that another program can write");
            let help = format!("`cargo-peruser editor {name}` prints the steps");
            return Err(Failure::new(text).help(help));
        };
        let change = |path: &PathBuf| {
            let change = FileChange::to(editor, format, path, aim)?;
            if change.is_worth_making() {
                change.original.assert_writable()?;
            }
            Ok(change)
        };
        editor.files(places).iter().map(change).collect()
    }

    /// Reads one file and plans its change.
    ///
    /// # Errors
    /// A file that cannot be read or changed.
    pub(super) fn to(
        editor: &Editor,
        format: Format,
        path: &Path,
        aim: &Aim,
    ) -> Result<FileChange> {
        // Root follows no other user's symlinks: with `sudo -E`, variables name that user's own files.
        if accounts::is_root()
            && let Some((place, _)) = Trust::of(0).first_changeable(path)
        {
            return Err(changeable_by_others(path, &place));
        }
        let original = Original::read(path)?;
        let text = original.text()?.to_owned();
        let edited = format.edit(&text, aim).map_err(|failure| Failure {
            text: format!("cannot edit `{}`: {failure}", escaped(path)),
            help: failure.help.or_else(|| {
                let name = editor.name;
                Some(format!(
                    "change it by hand; `cargo-peruser editor {name}` prints what belongs there"
                ))
            }),
            ..failure
        })?;
        // If ours cannot be removed, there are some.
        let without = format.edit(&text, &aim.withdrawn());
        let has_ours = !without.is_ok_and(|without| without == text);
        Ok(FileChange { path: path.to_owned(), original, text, edited, has_ours })
    }

    /// Shows the change, makes it, and says which editor to restart.
    ///
    /// # Errors
    /// A file that cannot be written. It is unchanged then.
    pub(super) fn make(&self, editor: &Editor) -> anyhow::Result<()> {
        let FileChange { path, original, text, edited, .. } = self;
        original.clear_leftover()?;
        let name = escaped(path);
        if !self.is_worth_making() {
            report::line(format!("`{name}`: nothing to change"))?;
            return Ok(());
        }
        report::line(format!("`{name}`:\n{}", difference(text, edited)))?;
        // The target of a symlink stays, empty: whoever made the link wants the file to exist.
        let done = if Format::is_vacant(edited) && original.is_direct() {
            original.remove()?;
            "removed"
        } else {
            original.replace(edited.as_bytes(), MODE)?;
            "wrote"
        };
        report::line(format!("{done} `{name}`; restart {}", editor.title))?;
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

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// The lines that a change adds and removes, escaped for a terminal.
pub(super) fn difference(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut unified = diff.unified_diff();
    let text = unified.context_radius(CONTEXT).missing_newline_hint(false).to_string();
    let shown = |line: &str| match line.starts_with("@@") {
        true => " …".to_owned(),
        // Tabs stay: people indent with them.
        false => {
            line.split('\t').map(|part| escaped(part).to_string()).collect::<Vec<_>>().join("\t")
        }
    };
    // The first line only counts lines.
    text.lines().skip(1).map(shown).collect::<Vec<_>>().join("\n")
}
