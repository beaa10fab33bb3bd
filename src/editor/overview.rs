//! Which editors are here, and whether each builds into the person's directory.
//!
//! One structure feeds both outputs, so that they cannot tell different stories.

use std::path::Path;

use serde::Serialize;

use super::change::Change;
use super::text;
use crate::editor::edit::{Aim, Before, Editor};
use crate::editor::files::Editors;
use crate::os::snapshot::Snapshot;
use crate::session::Session;
use crate::shim::decide::TARGET_DIR;
use crate::ui::failure::{Failure, Mark};
use crate::ui::report;

/// Everything that `editor` tells. Paths that are not UTF-8 are approximated in JSON.
#[derive(Debug, Serialize)]
pub(super) struct Overview {
    /// What editors are to be told; `None` where nothing is.
    pub(super) target_dir: Option<String>,
    /// Why it is so.
    pub(super) reason: String,
    /// Whether this session exports it, so that editors started from it need no settings.
    pub(super) session_exports_it: bool,
    pub(super) editors: Vec<Found>,
}

/// One editor.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// Whether it seems to be here.
    pub(super) is_here: bool,
    pub(super) program: Option<String>,
    pub(super) covered_by: Option<Cover>,
    pub(super) files: Vec<File>,
}

/// What makes an editor build where its person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Cover {
    /// Its own settings.
    Settings,
    /// The session's environment, where it is started from the session.
    Session,
    /// rust-analyzer's settings, which it reads too late for the first build scripts.
    RustAnalyzer,
}

/// A file of an editor's.
#[derive(Debug, Serialize)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) state: State,
    /// What is wrong, or what the person has chosen.
    pub(super) detail: Option<String>,
    pub(super) note: Option<String>,
}

/// What a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum State {
    /// It does not exist.
    Missing,
    /// Nothing of ours.
    Silent,
    /// What it is to say.
    Covered,
    /// An outdated value of ours.
    Outdated,
    /// What the person has chosen.
    Chosen,
    /// It cannot be read or parsed.
    Unusable,
}

/// Prints it, for one editor or for all.
pub(super) fn tell(
    named: Option<Editor>,
    snapshot: &Snapshot,
    session: &Session<'_>,
    editors: &Editors<'_>,
    is_json: bool,
) -> anyhow::Result<()> {
    let overview = Overview::of(named, snapshot, session, editors)?;
    if is_json {
        report::json(&overview)?;
    } else {
        report::line(text::overview(&overview))?;
    }
    Ok(())
}

impl Overview {
    fn of(
        named: Option<Editor>,
        snapshot: &Snapshot,
        session: &Session<'_>,
        editors: &Editors<'_>,
    ) -> anyhow::Result<Overview> {
        let aim = super::aim(session)?;
        let target_dir = session.target_dir();
        let exported = snapshot.variable(TARGET_DIR);
        let session_exports_it =
            target_dir.is_some_and(|target| exported.as_deref() == Some(target.as_os_str()));
        let files = |editor| files(editor, editors, aim.as_ref());
        let common = files(Editor::RustAnalyzer);
        let found = |editor: Editor| {
            let files = files(editor);
            // What stands in settings is stronger than what is inherited.
            let heard: &[File] = if editor.heeds_rust_analyzer() { &common } else { &[] };
            let says_otherwise = |file: &File| file.state.says_otherwise();
            let covered_by = if files.iter().chain(heard).any(says_otherwise) {
                None
            } else if is_covered(&files) && editor != Editor::RustAnalyzer {
                Some(Cover::Settings)
            } else if session_exports_it {
                Some(Cover::Session)
            } else {
                is_covered(heard).then_some(Cover::RustAnalyzer)
            };
            let program = editors.program(editor);
            Found {
                name: editor.name(),
                title: editor.title(),
                is_here: program.is_some() || editors.has_traces(editor),
                program: program.as_deref().map(lossy),
                covered_by,
                files,
            }
        };
        let all = Editor::ALL.into_iter().filter(|editor| named.is_none_or(|it| it == *editor));
        Ok(Overview {
            target_dir: target_dir.map(lossy),
            reason: session.rule().reason(),
            session_exports_it,
            editors: all.map(found).collect(),
        })
    }
}

fn is_covered(files: &[File]) -> bool {
    !files.is_empty() && files.iter().all(|file| file.state == State::Covered)
}

fn files(editor: Editor, editors: &Editors<'_>, aim: Option<&Aim>) -> Vec<File> {
    editors.files(editor).iter().map(|path| File::of(editor, path, aim)).collect()
}

impl File {
    fn of(editor: Editor, path: &Path, aim: Option<&Aim>) -> File {
        let nothing = Aim::default();
        let format = editor.format();
        let change = format.map(|it| Change::to(editor, it, path, aim.unwrap_or(&nothing)));
        let (state, detail, note) = match change {
            None => (State::Missing, None, None),
            Some(Ok(change)) => {
                let state = State::of(&change);
                (state, None, editor.target_dir_note(&change.text))
            }
            Some(Err(error)) => (State::of_failure(&error), Some(error.to_string()), None),
        };
        File { path: lossy(path), state, detail, note }
    }
}

impl State {
    fn says_otherwise(self) -> bool {
        matches!(self, State::Outdated | State::Chosen)
    }

    fn of(change: &Change) -> State {
        match change.edit.before {
            _ if !change.is_there() => State::Missing,
            Before::Same if change.edit.text == change.text => State::Covered,
            Before::Nothing => State::Silent,
            Before::Same | Before::Outdated => State::Outdated,
        }
    }

    fn of_failure(error: &Failure) -> State {
        if error.mark == Some(Mark::Chosen) { State::Chosen } else { State::Unusable }
    }
}

fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
