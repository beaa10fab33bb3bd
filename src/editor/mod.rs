//! `editor`: the settings with which an editor builds in its user's private directory.
//!
//! Editors bypass PATH to find cargo, so their own settings need the variable that a session exports.
//! Only the user's own files are written, never those of a checkout.

mod change;
mod edit;
mod known;
mod overview;

use std::ffi::OsStr;

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};

use crate::editor::change::FileChange;
use crate::editor::edit::{Aim, Variable};
use crate::editor::known::{Editor, Places};
use crate::editor::overview::Overview;
use crate::os::homes::Homes;
use crate::os::homes::no_place;
use crate::os::snapshot::Snapshot;
use crate::private_dir::place::OWN_NAME;
use crate::session;
use crate::settings::Flags;
use crate::shim::Plan;
use crate::shim::decide::{BUILD_BUILD_DIR, TARGET_DIR};
use crate::ui::arguments::switch;
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Result};
use crate::ui::report;

pub(super) fn command() -> Command {
    Command::default()
        .about("Show or write the settings that make an editor build in your directory")
        .long_about(
            "Shows the settings that make an editor build in your private directory, and the file \
             that they belong in; --write writes them there. Everything else in the file stays as it \
             is, and a file that cannot be parsed is refused. Without a name it shows which editors \
             are installed, and whether each builds in your directory.",
        )
        .args([
            Arg::new("name")
                .value_name("EDITOR")
                .value_parser(PossibleValuesParser::new(known::ALL.iter().map(|it| it.name)))
                .help("The editor; rust-analyzer's own settings serve several editors"),
            switch("write", "Write the settings into your own file, after showing what changes")
                .requires("name"),
            switch("remove", "Remove these settings from your own file, and nothing else")
                .requires("name")
                .conflicts_with("write"),
            switch("json", "Print JSON, with keys that stay the same")
                .conflicts_with_all(["write", "remove"]),
        ])
}

pub(super) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    let name = verb.get_one::<String>("name");
    let named = known::ALL.iter().find(|it| name.is_some_and(|name| name == it.name));
    let there = session::of(snapshot);
    let session = session::decide(&there, flags)?;
    let places = Places::of(snapshot).ok_or_else(|| {
        no_place("settings", snapshot.uid).help("set XDG_CONFIG_HOME to a directory of your own")
    })?;
    let (is_json, is_write) = (verb.get_flag("json"), verb.get_flag("write"));
    let Some(editor) = named.filter(|_| !is_json) else {
        let overview = Overview::of(named, &session, &places)?;
        match is_json {
            true => report::json(&overview)?,
            false => report::line(overview::text(&overview))?,
        }
        return Ok(0);
    };
    let is_removal = verb.get_flag("remove");
    let aim = if is_removal { Some(withdrawal(&session)) } else { aim(&session)? };
    let Some(aim) = aim else {
        let reason = session.decision.rule.reason();
        report::note(&format!("editors need no settings here: {reason}"));
        return Ok(0);
    };
    if !is_write && !is_removal {
        report::line(editor.settings(&aim, &places)?)?;
        return Ok(0);
    }
    // All of them are read before the first is written.
    let changes = FileChange::to_all_files(editor, &places, &aim)?;
    if is_write {
        session.prepare()?.iter().for_each(|note| report::note(note));
    }
    changes.iter().try_for_each(|change| change.make(editor))?;
    Ok(0)
}

/// The expected settings; `None` if a session exports nothing, because the caller gets no directory or
/// has chosen another one.
fn aim(session: &Plan<'_>) -> Result<Option<Aim>> {
    if session.decision.target_dir.is_none() {
        return Ok(None);
    }
    let mut aim = withdrawal(session);
    let changes = session::changes(session);
    for Variable { name, value } in &mut aim.variables {
        let change = changes.iter().find(|change| change.name == *name);
        *value = change.and_then(|change| change.value.as_deref()).map(plain).transpose()?;
    }
    Ok(Some(aim))
}

/// A path as text that every format can hold.
fn plain(path: &OsStr) -> Result<String> {
    let text = path.to_str().filter(|text| !text.contains(char::is_control));
    text.map(str::to_owned).ok_or_else(|| {
        let path = escaped(path);
        let why = "it is not UTF-8, or has control characters";
        Failure::new(format!("editors' settings cannot hold the path `{path}`: {why}"))
    })
}

/// The aim that removes our settings, even if the caller gets no directory now. We only ever set
/// directories in the shared root, and in the own cache of a caller without a directory there.
fn withdrawal(session: &Plan<'_>) -> Aim {
    let own = Homes::new(session.snapshot).cache().map(|cache| cache.join(OWN_NAME));
    let roots = session.settings().shared_root().map(Into::into).into_iter().chain(own).collect();
    let unset = |name| Variable { name, value: None };
    Aim { variables: [TARGET_DIR, BUILD_BUILD_DIR].map(unset).into(), roots }
}

/// The editors whose settings `--write` has changed, to be named before the program is uninstalled.
/// Files that cannot be read are ignored.
pub(super) fn written(snapshot: &Snapshot, flags: &Flags) -> Vec<&'static str> {
    unlike(snapshot, flags, |session| Ok(Some(withdrawal(session))))
}

/// The editors whose settings `--write` has changed, and which are outdated now.
pub(crate) fn outdated(snapshot: &Snapshot, flags: &Flags) -> Vec<&'static str> {
    unlike(snapshot, flags, aim)
}

/// The editors with settings of ours that differ from an aim.
fn unlike(
    snapshot: &Snapshot,
    flags: &Flags,
    aim: impl FnOnce(&Plan<'_>) -> Result<Option<Aim>>,
) -> Vec<&'static str> {
    let there = session::of(snapshot);
    let aim = session::decide(&there, flags).and_then(|session| aim(&session)).ok().flatten();
    let (Some(aim), Some(places)) = (aim, Places::of(snapshot)) else { return Vec::new() };
    let is_meant = |editor: &&Editor| {
        FileChange::to_all_files(editor, &places, &aim).is_ok_and(|changes| {
            changes.iter().any(|it| it.has_ours) && changes.iter().any(FileChange::is_worth_making)
        })
    };
    known::ALL.iter().filter(is_meant).map(|editor| editor.name).collect()
}
