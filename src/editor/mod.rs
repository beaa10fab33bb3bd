//! `editor`: the settings that let an editor build where its person does.
//!
//! Editors find cargo past PATH, so the variable that a session exports has to stand in their own
//! settings. Only files of the person's are written, never a checkout's.

mod change;
mod edit;
mod files;
mod overview;
mod text;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Command};

use crate::editor::edit::{Aim, Editor, Variable};
use crate::editor::files::Editors;
use crate::os::snapshot::Snapshot;
use crate::private_dir::place::OWN_NAME;
use crate::session::{Session, SessionContext};
use crate::settings::Flags;
use crate::shim;
use crate::shim::decide::{BUILD_BUILD_DIR, TARGET_DIR};
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Result};
use crate::ui::report;
use change::Change;
use std::path::PathBuf;

pub(super) fn command() -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    Command::default()
        .about("Show or write the settings that let an editor build into your directory")
        .long_about(
            "Shows the settings that let an editor build into your private directory, and the file \
             that they belong in; --write writes them there. Everything else in the file stays as it \
             is, and a file that cannot be parsed is refused. Without a name it shows which editors \
             are installed, and whether each builds into your directory.",
        )
        .args([
            Arg::new("name")
                .value_name("EDITOR")
                .value_parser(PossibleValuesParser::new(Editor::ALL.map(Editor::name)))
                .help("The editor; rust-analyzer's own settings serve several editors"),
            flag("write")
                .requires("name")
                .help("Write the settings into your own file, after showing what changes"),
            flag("remove")
                .requires("name")
                .conflicts_with("write")
                .help("Remove these settings from your own file, and nothing else"),
            flag("json")
                .conflicts_with_all(["write", "remove"])
                .help("Print JSON, with keys that stay the same"),
        ])
}

pub(super) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    let name = verb.get_one::<String>("name");
    let named = Editor::ALL.into_iter().find(|it| name.is_some_and(|name| name == it.name()));
    let context = SessionContext::of(snapshot);
    let session = context.session(flags)?;
    let no_home = || {
        let uid = snapshot.uid;
        Failure::new(format!("no place for settings: uid {uid} has no home directory of its own"))
            .help("set XDG_CONFIG_HOME to a directory of your own")
    };
    let editors = Editors::of(snapshot).ok_or_else(no_home)?;
    match named {
        Some(editor) if verb.get_flag("remove") => remove(editor, &session, &editors)?,
        Some(editor) if verb.get_flag("write") => write(editor, &session, &editors)?,
        Some(editor) if !verb.get_flag("json") => show(editor, &session, &editors)?,
        _ => overview::tell(named, snapshot, &session, &editors, verb.get_flag("json"))?,
    }
    Ok(0)
}

/// What the settings are to say; `None` where a session exports nothing, because the caller gets no
/// directory or has chosen another.
fn aim(session: &Session<'_>) -> Result<Option<Aim>> {
    if session.target_dir().is_none() {
        return Ok(None);
    }
    let changes = session.changes();
    let mut variables = Vec::new();
    for name in [TARGET_DIR, BUILD_BUILD_DIR] {
        let value = changes.iter().find(|change| change.name == name);
        let value = value.and_then(|change| change.value.clone());
        let text = value.map(|value| value.into_string()).transpose();
        let value = text.map_err(|path| {
            let path = escaped(&path);
            Failure::new(format!("editors cannot be told of `{path}`: the path is not UTF-8"))
                .help("let the administrator choose a shared root whose path is UTF-8")
        })?;
        variables.push(Variable { name, value });
    }
    Ok(Some(Aim { variables, roots: roots(session) }))
}

/// Where a directory that the settings name can only be ours: the shared root, and the private
/// directory in the caller's own cache, where somebody builds who has none in the shared root yet.
fn roots(session: &Session<'_>) -> Vec<PathBuf> {
    let own = session.own_cache().map(|cache| cache.join(OWN_NAME));
    session.settings().shared_root().map(Into::into).into_iter().chain(own).collect()
}

/// What takes our settings out, whether or not the caller gets a directory now.
fn withdrawal(session: &Session<'_>) -> Aim {
    let unset = |name| Variable { name, value: None };
    Aim { variables: [TARGET_DIR, BUILD_BUILD_DIR].map(unset).into(), roots: roots(session) }
}

fn show(editor: Editor, session: &Session<'_>, editors: &Editors<'_>) -> anyhow::Result<()> {
    let Some(aim) = aim(session)? else {
        nothing_to_say(session);
        return Ok(());
    };
    Ok(report::line(text::settings(editor, &aim, editors)?)?)
}

fn write(editor: Editor, session: &Session<'_>, editors: &Editors<'_>) -> anyhow::Result<()> {
    let Some(aim) = aim(session)? else {
        nothing_to_say(session);
        return Ok(());
    };
    // All of them are read before the first is written.
    let changes = Change::to_all_files(editor, editors, &aim)?;
    for note in session.prepare()? {
        shim::tell(&note);
    }
    for change in &changes {
        change.make()?;
    }
    Ok(())
}

fn remove(editor: Editor, session: &Session<'_>, editors: &Editors<'_>) -> anyhow::Result<()> {
    for change in &Change::to_all_files(editor, editors, &withdrawal(session))? {
        change.make()?;
    }
    Ok(())
}

/// The editors whose settings `--write` has changed. Whoever takes the program away should know of
/// them before; what cannot be read is not worth a word then.
pub(super) fn written(snapshot: &Snapshot, flags: &Flags) -> Vec<&'static str> {
    let context = SessionContext::of(snapshot);
    let Ok(session) = context.session(flags) else { return Vec::new() };
    let Some(editors) = Editors::of(snapshot) else { return Vec::new() };
    let withdrawal = withdrawal(&session);
    let is_written = |editor: &Editor| {
        let changes = Change::to_all_files(*editor, &editors, &withdrawal).unwrap_or_default();
        changes.iter().any(Change::is_worth_making)
    };
    Editor::ALL.into_iter().filter(is_written).map(Editor::name).collect()
}

/// The editors whose settings `--write` has changed, and which are to say something else by now.
pub(crate) fn outdated(snapshot: &Snapshot, flags: &Flags) -> Vec<&'static str> {
    let context = SessionContext::of(snapshot);
    let aim = context.session(flags).and_then(|session| aim(&session)).ok().flatten();
    let (Some(aim), Some(editors)) = (aim, Editors::of(snapshot)) else { return Vec::new() };
    let is_outdated = |name: &&str| {
        let editor = Editor::ALL.into_iter().find(|editor| editor.name() == *name);
        let changes = editor.and_then(|it| Change::to_all_files(it, &editors, &aim).ok());
        changes.unwrap_or_default().iter().any(Change::is_worth_making)
    };
    written(snapshot, flags).into_iter().filter(is_outdated).collect()
}

fn nothing_to_say(session: &Session<'_>) {
    report::note(&format!("editors need no settings here: {}", session.rule().reason()));
}
