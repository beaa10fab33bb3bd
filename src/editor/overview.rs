//! Which editors are installed, and whether each builds in the user's private directory.
//!
//! Text and JSON are made from one structure, so that they cannot contradict each other.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::editor::change::FileChange;
use crate::editor::edit::Aim;
use crate::editor::known::{self, Editor, Places, RUST_ANALYZER};
use crate::shim::Plan;
use crate::shim::decide::TARGET_DIR;
use crate::ui::escape::escaped;
use crate::ui::failure::{Mark, Result};
use crate::ui::report::{row, table};

/// The overview. Paths that are not UTF-8 are approximated in JSON.
#[derive(Debug, Serialize)]
pub(super) struct Overview {
    /// The target directory for editors; `None` if they need no settings.
    pub(super) target_dir: Option<String>,
    /// The reason for it.
    pub(super) reason: String,
    /// Whether this session exports it, so that editors started from it need no settings.
    pub(super) session_exports_it: bool,
    pub(super) editors: Vec<EditorReport>,
}

/// One editor.
#[derive(Debug, Serialize)]
pub(super) struct EditorReport {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// Whether it seems to be installed.
    pub(super) is_here: bool,
    pub(super) program: Option<String>,
    pub(super) covered_by: Option<Cover>,
    pub(super) files: Vec<SettingsFile>,
}

/// What makes an editor build in its user's private directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Cover {
    /// Its own settings.
    Settings,
    /// The session's environment, if it is started from the session.
    Session,
    /// rust-analyzer's settings, which it reads too late for the first build scripts.
    RustAnalyzer,
}

/// A settings file of an editor.
#[derive(Debug, Serialize)]
pub(super) struct SettingsFile {
    pub(super) path: String,
    pub(super) state: FileState,
    /// The error, or the person's choice.
    pub(super) detail: Option<String>,
    pub(super) note: Option<String>,
}

/// The state of our settings in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum FileState {
    /// The file does not exist.
    Missing,
    /// It has none of our settings.
    Silent,
    /// It has the expected settings.
    Covered,
    /// It has an outdated value of ours.
    Outdated,
    /// It has a value that the person has chosen.
    Chosen,
    /// It cannot be read or parsed.
    Unusable,
}

impl Overview {
    pub(super) fn of(
        named: Option<&Editor>,
        session: &Plan<'_>,
        places: &Places<'_>,
    ) -> Result<Overview> {
        let aim = super::aim(session)?.unwrap_or_else(|| super::withdrawal(session));
        let target_dir = session.decision.target_dir.as_deref();
        let exported = places.snapshot.variable(TARGET_DIR);
        let session_exports_it =
            target_dir.is_some_and(|target| exported.as_deref() == Some(target.as_os_str()));
        let all = known::ALL.iter().filter(|it| named.is_none_or(|named| named.name == it.name));
        let common = known::ALL.iter().find(|it| it.name == RUST_ANALYZER);
        let common = common.map_or_else(Vec::new, |it| files(it, places, &aim));
        let found = |editor: &Editor| {
            let files = files(editor, places, &aim);
            let program = editor.program(places);
            let common: &[SettingsFile] = if editor.heeds_rust_analyzer { &common } else { &[] };
            EditorReport {
                name: editor.name,
                title: editor.title,
                is_here: program.is_some() || editor.has_traces(places),
                program: program.as_deref().map(lossy),
                covered_by: covered_by(editor.name, &files, common, session_exports_it),
                files,
            }
        };
        Ok(Overview {
            target_dir: target_dir.map(lossy),
            reason: session.decision.rule.reason().to_owned(),
            session_exports_it,
            editors: all.map(found).collect(),
        })
    }
}

/// What covers an editor with these files; `common` are rust-analyzer's own, if the editor uses them.
fn covered_by(
    name: &str,
    files: &[SettingsFile],
    common: &[SettingsFile],
    is_exported: bool,
) -> Option<Cover> {
    let is_covered = |files: &[SettingsFile]| {
        !files.is_empty() && files.iter().all(|it| it.state == FileState::Covered)
    };
    // Settings override inherited variables.
    let says_otherwise =
        |it: &SettingsFile| matches!(it.state, FileState::Outdated | FileState::Chosen);
    if files.iter().chain(common).any(says_otherwise) {
        None
    } else if is_covered(files) && name != RUST_ANALYZER {
        Some(Cover::Settings)
    } else if is_exported {
        Some(Cover::Session)
    } else {
        is_covered(common).then_some(Cover::RustAnalyzer)
    }
}

fn files(editor: &Editor, places: &Places<'_>, aim: &Aim) -> Vec<SettingsFile> {
    let Some(format) = editor.format else { return Vec::new() };
    let file = |path: &PathBuf| {
        let (state, detail, note) = match FileChange::to(editor, format, path, aim) {
            Ok(change) => (FileState::of(&change, aim), None, editor.target_dir_note(&change.text)),
            Err(error) if error.mark == Some(Mark::Chosen) => {
                (FileState::Chosen, Some(error.text), None)
            }
            Err(error) => (FileState::Unusable, Some(error.text), None),
        };
        SettingsFile { path: lossy(path), state, detail, note }
    };
    editor.files(places).iter().map(file).collect()
}

impl FileState {
    fn of(change: &FileChange, aim: &Aim) -> FileState {
        match (change.is_worth_making(), change.has_ours) {
            _ if !change.is_there() => FileState::Missing,
            (true, true) => FileState::Outdated,
            (true, false) => FileState::Silent,
            (false, _) if aim.wants_nothing() => FileState::Silent,
            (false, _) => FileState::Covered,
        }
    }
}

fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The overview, escaped for a terminal and without spaces at line ends.
pub(super) fn text(overview: &Overview) -> String {
    let first = match &overview.target_dir {
        Some(path) => {
            let exports = if overview.session_exports_it { "exports" } else { "does not export" };
            format!("target directory  {} (this session {exports} it)", escaped(path))
        }
        None => format!("editors need no settings here: {}", overview.reason),
    };
    let mut rows = Vec::new();
    for editor in &overview.editors {
        rows.push(row(editor.name, summary(editor, overview)));
        if editor.is_here || overview.editors.len() == 1 {
            let lines = editor.files.iter().flat_map(lines);
            rows.extend(lines.map(|line| row("", line)));
        }
    }
    format!("{first}\n{}", table(&rows))
}

fn summary(editor: &EditorReport, overview: &Overview) -> String {
    let place = match &editor.program {
        Some(program) => escaped(program).to_string(),
        None if editor.is_here => "no program on PATH".to_owned(),
        None => return "not found".to_owned(),
    };
    let is_chosen = editor.files.iter().any(|file| file.state == FileState::Chosen);
    let cover = match editor.covered_by {
        _ if overview.target_dir.is_none() => return place,
        Some(Cover::Settings) => "covered by its settings".to_owned(),
        Some(Cover::RustAnalyzer) => {
            "covered by rust-analyzer's settings, except for the first build scripts".to_owned()
        }
        Some(Cover::Session) => "covered if it is started from this session".to_owned(),
        None if is_chosen => "builds in the directory that you chose".to_owned(),
        None => format!("NOT COVERED; help: cargo-peruser editor {}", editor.name),
    };
    format!("{place}: {cover}")
}

/// What is said about a file. An error names the file itself.
fn lines(file: &SettingsFile) -> impl Iterator<Item = String> {
    let state = match file.state {
        FileState::Missing => ": no settings there yet",
        FileState::Silent => " does not set it",
        FileState::Covered => " sets it",
        FileState::Outdated => " sets an outdated value",
        FileState::Chosen | FileState::Unusable => "",
    };
    let stated = || format!("`{}`{state}", escaped(&file.path));
    let line = file.detail.clone().unwrap_or_else(stated);
    std::iter::once(line).chain(file.note.clone())
}
