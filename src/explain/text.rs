//! The explanation as text: aligned, one fact a line.

use super::{Answer, Explanation, Setting};
use crate::private_dir::State;
use crate::ui::escape::escaped;
use crate::ui::report::{row, table};

/// Renders the explanation, escaped for a terminal and without spaces at line ends.
pub(super) fn render(explanation: &Explanation) -> String {
    let Explanation { by_name, shim, account, workspace, settings: all, .. } = explanation;
    let mut rows = answer(by_name);
    rows.extend(cargo(by_name));
    if decides_like(shim, by_name) {
        rows.push(row("the shim", "decides the same"));
    } else {
        rows.push(row("the shim", target(shim, "cargo metadata --no-deps")));
        rows.push(row("  because", because(shim)));
    }
    if shim.real_cargo != by_name.real_cargo {
        rows.extend(cargo(shim).into_iter().map(|(name, value)| (format!("  {name}"), value)));
    }
    let name =
        account.name.as_ref().map_or("without a name".into(), |name| escaped(name).to_string());
    rows.push(row("account", format!("{name} (uid {})", account.uid)));
    rows.extend(workspace.iter().map(|workspace| row(workspace.kind, escaped(&workspace.path))));
    if let (Some(path), Some(migrate)) = (&explanation.leftover, &explanation.migrate) {
        rows.push(row("not used", format!("{}, left from earlier builds", escaped(path))));
        rows.push(row("  to use it", migrate));
        rows.extend(explanation.remove.iter().map(|remove| row("  to remove it", remove)));
    }
    format!("{}\n\nsettings\n{}", table(&rows), settings(all))
}

/// Whether both answers use the same directories, whichever cargo they execute.
fn decides_like(one: &Answer, other: &Answer) -> bool {
    let places = |answer: &Answer| {
        [&answer.target_dir, &answer.build_dir, &answer.private_dir].map(Clone::clone)
    };
    one.rule == other.rule
        && places(one) == places(other)
        && one.removed_variables == other.removed_variables
}

fn cargo(answer: &Answer) -> Vec<(String, String)> {
    let cargo = answer.real_cargo.as_ref();
    let mut rows = vec![row(
        "real cargo",
        cargo.map_or("none found".into(), |path| escaped(path).to_string()),
    )];
    for passed in &answer.passed_over {
        let path = if passed.path.is_empty() { "(empty)" } else { &passed.path };
        rows.push(row("  passed over", format!("{}: {}", escaped(path), passed.reason)));
    }
    rows
}

fn answer(answer: &Answer) -> Vec<(String, String)> {
    let mut rows = vec![
        row("target directory", target(answer, "cargo-peruser path")),
        row("  because", because(answer)),
    ];
    let warnings = answer.warning.into_iter().chain(answer.sticky_root);
    rows.extend(warnings.map(|warning| row("  warning", warning)));
    for name in &answer.removed_variables {
        rows.push(row("  variable removed", name));
    }
    if let (Some(build), Some(origin)) = (&answer.build_dir, &answer.build_dir_overrides) {
        rows.push(row("build directory", escaped(build)));
        rows.push(row("  overrides", origin));
    }
    if let Some(path) = &answer.private_dir {
        let state = match answer.state {
            Some(State::Missing) => "does not exist yet",
            Some(State::Private) => "private",
            Some(State::Readable) => "others can read it; the next build makes it private",
            None => "refused",
        };
        rows.push(row("private directory", format!("{} ({state})", escaped(path))));
    }
    if let Some(command) = &answer.provision {
        rows.push(row("  because", "this account has none in the shared root"));
        rows.push(row("  to get one", command));
    }
    rows.extend(answer.refusal.iter().map(|refusal| row("  refused", escaped(refusal))));
    rows.extend(answer.help.iter().map(|help| row("  help", escaped(help))));
    if answer.compile_cache.is_some() || answer.compile_cache_note.is_some() {
        let program = answer.compile_cache.as_ref().map(|path| escaped(path).to_string());
        rows.push(row("compile cache", program.unwrap_or_else(|| "none".into())));
    }
    rows.extend(answer.compile_cache_note.iter().map(|note| row("  because", escaped(note))));
    rows
}

/// The target directory, or the command that shows it.
fn target(answer: &Answer, command: &str) -> String {
    let path = answer.target_dir.as_ref().map(|path| escaped(path).to_string());
    path.unwrap_or_else(|| format!("cargo's own choice (`{command}` shows it)"))
}

fn because(answer: &Answer) -> String {
    format!("rule {}: {}", answer.rule_number, answer.reason)
}

fn settings(settings: &[Setting]) -> String {
    let value = |setting: &Setting| match &setting.value {
        serde_json::Value::Null => "-".to_owned(),
        serde_json::Value::String(text) => escaped(text).to_string(),
        other => escaped(&other.to_string()).to_string(),
    };
    let width = settings.iter().map(|setting| value(setting).chars().count()).max().unwrap_or(0);
    let row_of = |setting: &Setting| {
        let value = format!("{:width$}", value(setting));
        row(format!("  {}", setting.key), format!("{value}  {}", setting.origin))
    };
    table(&settings.iter().map(row_of).collect::<Vec<_>>())
}
