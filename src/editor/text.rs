//! The text that `editor` prints: settings to copy, and the overview.

use std::path::PathBuf;

use similar::TextDiff;

use crate::editor::edit::Aim;
use crate::editor::known::{Editor, Places};
use crate::editor::overview::{Cover, EditorReport, FileState, Overview};
use crate::os::files;
use crate::ui::escape::escaped;
use crate::ui::failure::Result;

/// Lines shown around a change.
const CONTEXT: usize = 3;

/// The lines that a change adds and removes, escaped for a terminal.
pub(super) fn difference(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut lines = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        if !lines.is_empty() {
            lines.push(" …".to_owned());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            // Tabs stay: people indent with them.
            let parts = change.value().trim_end_matches(['\r', '\n']).split('\t');
            let parts: Vec<String> = parts.map(|part| escaped(part).to_string()).collect();
            lines.push(format!("{}{}", change.tag(), parts.join("\t")));
        }
    }
    lines.join("\n")
}

/// The settings of one editor, the files that they belong in, and advice.
pub(super) fn settings(editor: &Editor, aim: &Aim, places: &Places<'_>) -> Result<String> {
    let toolchain = escaped(&places.toolchain_directory()).to_string();
    let advice = editor.advice.trim_end().replace("@TOOLCHAIN@", &toolchain);
    let Some(format) = editor.format else { return Ok(advice) };
    let file = |path: &PathBuf| {
        let state = if files::is_there(path) { "" } else { " (does not exist yet)" };
        format!("`{}`{state}", escaped(path))
    };
    let files: Vec<String> = editor.files(places).iter().map(file).collect();
    // An edit of an empty file shows what a person would write.
    let settings = format.edit("", aim)?;
    Ok(format!(
        "in {}:\n\n{settings}\n{advice}\n\n`cargo-peruser editor {} --write` writes these settings, \
         `--remove` removes them again",
        files.join("\n   "),
        editor.name
    ))
}

/// The overview, escaped for a terminal and without spaces at line ends.
pub(super) fn overview(overview: &Overview) -> String {
    let mut lines = Vec::new();
    match &overview.target_dir {
        Some(path) => {
            let session = match overview.session_exports_it {
                true => "this session exports it",
                false => "this session does not export it",
            };
            lines.push(format!("target directory  {} ({session})", escaped(path)));
        }
        None => lines.push(format!("editors need no settings here: {}", overview.reason)),
    }
    let width = overview.editors.iter().map(|it| it.name.len()).max().unwrap_or(0);
    for editor in &overview.editors {
        lines.push(format!("{:width$}  {}", editor.name, summary(editor, overview)));
        if editor.is_here || overview.editors.len() == 1 {
            lines.extend(details(editor).into_iter().map(|line| format!("{:width$}  {line}", "")));
        }
    }
    lines.join("\n")
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

fn details(editor: &EditorReport) -> Vec<String> {
    let mut lines = Vec::new();
    for file in &editor.files {
        let state = match file.state {
            FileState::Missing => ": no settings there yet",
            FileState::Silent => " does not set it",
            FileState::Covered => " sets it",
            FileState::Outdated => " sets an outdated value",
            FileState::Chosen | FileState::Unusable => "",
        };
        // An error names the file itself.
        match &file.detail {
            Some(detail) => lines.push(detail.clone()),
            None => lines.push(format!("`{}`{state}", escaped(&file.path))),
        }
        lines.extend(file.note.clone());
    }
    lines
}
