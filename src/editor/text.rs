//! What `editor` prints for people: settings to copy, and the overview.

use super::overview::{Cover, Found, Overview, State};
use crate::editor::edit::{Aim, Editor};
use crate::editor::files::Editors;
use crate::os::files;
use crate::ui::escape::escaped;
use crate::ui::failure::Result;

/// The settings of one editor, the files that they belong in, and what else a person should know.
pub(super) fn settings(editor: Editor, aim: &Aim, editors: &Editors<'_>) -> Result<String> {
    let toolchain = editors.toolchain_directory();
    let advice =
        editor.advice().trim_end().replace("@TOOLCHAIN@", &escaped(&toolchain).to_string());
    let Some(format) = editor.format() else { return Ok(advice) };
    let files: Vec<String> = editors
        .files(editor)
        .iter()
        .map(|path| {
            let state = if files::is_there(path) { "" } else { " (does not exist yet)" };
            format!("`{}`{state}", escaped(path))
        })
        .collect();
    // What is written into a file that does not exist yet is what a person would write.
    let settings = format.edit("", aim).map_err(|obstacle| {
        let path = editors.files(editor).into_iter().next().unwrap_or_default();
        obstacle.in_file(editor.name(), &path)
    })?;
    let name = editor.name();
    let files = files.join("\n   ");
    Ok(format!(
        "in {files}:\n\n{}\n{advice}\n\n`cargo-peruser editor {name} --write` puts it there, \
         `--remove` takes it out again",
        settings.text
    ))
}

/// The overview; no line ends in spaces, nothing in it moves a cursor.
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

fn summary(editor: &Found, overview: &Overview) -> String {
    let place = match &editor.program {
        Some(program) => escaped(program).to_string(),
        None if editor.is_here => "no program on PATH".to_owned(),
        None => return "not found".to_owned(),
    };
    let is_chosen = editor.files.iter().any(|file| file.state == State::Chosen);
    let cover = match editor.covered_by {
        _ if overview.target_dir.is_none() => return place,
        Some(Cover::Settings) => "covered by its settings".to_owned(),
        Some(Cover::RustAnalyzer) if editor.name == Editor::RustAnalyzer.name() => {
            "covered by its settings, but for the first build scripts".to_owned()
        }
        Some(Cover::RustAnalyzer) => format!(
            "covered by rust-analyzer's settings, but for the first build scripts; help: \
             cargo-peruser editor {} --write",
            editor.name
        ),
        Some(Cover::Session) => "covered where it is started from this session".to_owned(),
        None if is_chosen => "builds where you have told it to".to_owned(),
        None if editor.files.is_empty() => {
            format!("NOT COVERED; help: cargo-peruser editor {}", editor.name)
        }
        None => format!("NOT COVERED; help: cargo-peruser editor {} --write", editor.name),
    };
    format!("{place}: {cover}")
}

fn details(editor: &Found) -> Vec<String> {
    let mut lines = Vec::new();
    for file in &editor.files {
        let state = match file.state {
            State::Missing => "does not exist",
            State::Silent => "does not set it",
            State::Covered => "sets it",
            State::Outdated => "sets an outdated value",
            State::Chosen | State::Unusable => "",
        };
        // An error names the file itself.
        match &file.detail {
            Some(detail) => lines.push(detail.clone()),
            None => lines.push(format!("`{}` {state}", escaped(&file.path))),
        }
        lines.extend(file.note.clone());
    }
    lines
}
