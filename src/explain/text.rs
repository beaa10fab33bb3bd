//! The explanation as text: aligned, one fact a line.

use std::path::Path;

use serde_json::Value;

use super::Answer;
use crate::private_dir::State;
use crate::settings::Settings;
use crate::shim::migrate_command;
use crate::ui::escape::escaped;
use crate::ui::report::{Column, grid, row, table};

/// Renders the explanation, escaped for a terminal and without spaces at line ends.
pub(super) fn render(by_name: &Answer<'_>, shim: &Answer<'_>) -> String {
    let (plan, facts) = (by_name.plan, &by_name.plan.facts);
    let mut rows = answer(by_name);
    rows.extend(cargo(by_name));
    let decides_the_same =
        plan.decision == shim.plan.decision && plan.target_dir() == shim.plan.target_dir();
    if decides_the_same {
        rows.push(row("the shim", "decides the same"));
    } else {
        rows.push(row("the shim", target(shim, "cargo metadata --no-deps")));
        rows.push(row("  because", because(shim)));
    }
    if shim.cargo.cargo != by_name.cargo.cargo {
        rows.extend(cargo(shim).into_iter().map(|(name, value)| (format!("  {name}"), value)));
    }
    let name = facts.account.name.as_ref();
    let name = name.map_or("without a name".into(), |name| escaped(name).to_string());
    rows.push(row("account", format!("{name} (uid {})", plan.snapshot.uid)));
    let workspace = facts.workspace.iter();
    rows.extend(workspace.map(|it| row(it.kind.word(), escaped(&it.path))));
    // Only what a plain `cargo` no longer uses is left over.
    if let Some(leftover) = shim.plan.leftover() {
        rows.push(row("not used", format!("{}, left from earlier builds", escaped(&leftover))));
        rows.push(row("  to use it", migrate_command(&leftover)));
        rows.push(row("  to remove it", plan.remove_command(&leftover)));
    }
    format!("{}\n\nsettings\n{}", table(&rows), settings(&facts.settings))
}

fn cargo(answer: &Answer<'_>) -> Vec<(String, String)> {
    let cargo = answer.cargo.cargo.as_ref();
    let cargo = cargo.map_or("none found".into(), |path| escaped(path).to_string());
    let mut rows = vec![row("real cargo", cargo)];
    for (path, reason) in &answer.cargo.skipped {
        let path = if path.as_os_str().is_empty() { Path::new("(empty)") } else { path };
        rows.push(row("  passed over", format!("{}: {reason}", escaped(path))));
    }
    rows
}

fn answer(answer: &Answer<'_>) -> Vec<(String, String)> {
    let decision = &answer.plan.decision;
    let mut rows = vec![
        row("target directory", target(answer, "cargo-peruser path")),
        row("  because", because(answer)),
    ];
    let warnings = answer.warning().into_iter().chain(answer.sticky_root());
    rows.extend(warnings.map(|warning| row("  warning", warning)));
    rows.extend(decision.removed.iter().map(|name| row("  variable removed", name)));
    if let Some(moved) = &decision.build_dir {
        rows.push(row("build directory", escaped(&moved.to)));
        rows.push(row("  overrides", &moved.instead_of));
    }
    if let Some(path) = answer.private_dir() {
        let state = match answer.state {
            Ok(Some(State::Missing)) => "does not exist yet",
            Ok(Some(State::Private)) => "private",
            Ok(Some(State::Readable)) => "others can read it; the next build makes it private",
            _ => "refused",
        };
        rows.push(row("private directory", format!("{} ({state})", escaped(&path))));
    }
    if let Some(command) = answer.plan.provision_command() {
        rows.push(row("  because", "this account has none in the shared root"));
        rows.push(row("  to get one", command));
    }
    if let Err(refusal) = &answer.state {
        rows.push(row("  refused", escaped(&refusal.to_string())));
        rows.extend(refusal.help.iter().map(|help| row("  help", escaped(help))));
    }
    let (program, note) = (answer.cache.program(), answer.cache.note.as_ref());
    if program.is_some() || note.is_some() {
        let program = program.map_or("none".into(), |path| escaped(path).to_string());
        rows.push(row("compile cache", program));
    }
    rows.extend(note.map(|note| row("  because", escaped(note))));
    rows
}

/// The target directory, or the command that shows it.
fn target(answer: &Answer<'_>, command: &str) -> String {
    let path = answer.plan.target_dir().map(|path| escaped(&path).to_string());
    path.unwrap_or_else(|| format!("cargo's own choice (`{command}` shows it)"))
}

fn because(answer: &Answer<'_>) -> String {
    let (number, _, reason) = answer.plan.decision.rule.explained();
    format!("rule {number}: {reason}")
}

fn settings(settings: &Settings) -> String {
    let setting = |(key, value, origin): (&str, Value, &str)| {
        let value = match value {
            Value::Null => "-".to_owned(),
            Value::String(text) => escaped(&text).to_string(),
            other => escaped(&other.to_string()).to_string(),
        };
        vec![format!("  {key}"), value, origin.to_owned()]
    };
    let rows = Vec::from_iter(super::settings(settings).map(setting));
    grid(&rows, &[Column::Text; 3], None)
}
