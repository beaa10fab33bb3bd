//! What `setup` reports: one aligned line for each piece, and what to do next.

use std::path::Path;

use crate::os::accounts;
use crate::private_dir::provision::Person;
use crate::setup::pieces::PieceKind;
use crate::setup::steps::{PieceState, Step};
use crate::ui::escape::escaped;
use crate::ui::report::{Column, grid};

/// Three columns: the action, the path, and the reason.
pub(super) type Columns = Vec<String>;

/// The plan, including the receipt.
pub(super) fn planned(steps: &[Step], receipt: &Path) -> String {
    let mut rows = grouped(steps, |step| match (&step.piece.what, step.state) {
        (_, PieceState::WrongPermissions { .. }) => "mend",
        (_, PieceState::Outdated) => "renew",
        (PieceKind::Blocks(_), _) => "add to",
        _ => "create",
    });
    if !receipt.exists() {
        rows.push(row("create", receipt, "the list of what is installed, for --uninstall"));
    }
    all_or(rows)
}

/// The pieces that are not as they should be.
pub(super) fn state(steps: &[Step]) -> String {
    all_or(grouped(steps, |step| match step.state {
        PieceState::InPlace | PieceState::Missing => "missing",
        PieceState::Outdated => "outdated",
        PieceState::WrongPermissions { .. } => "wrong permissions",
    }))
}

fn all_or(rows: Vec<Columns>) -> String {
    if rows.is_empty() { "everything is in its place".into() } else { table(&rows) }
}

/// One row for each kind of piece that is not in its place, whether in one place or in several.
fn grouped(steps: &[Step], word: fn(&Step) -> &'static str) -> Vec<Columns> {
    let steps = steps.iter().filter(|step| step.state != PieceState::InPlace);
    let all: Vec<_> =
        steps.map(|step| ((word(step), detail(step)), step.piece.path.as_path())).collect();
    let rows = all.chunk_by(|(one, _), (other, _)| one == other).filter_map(|group| match group {
        [] => None,
        [((word, detail), path)] => Some(row(word, path, detail)),
        [((word, detail), first), ..] => {
            let holds_all =
                |directory: &&Path| group.iter().all(|(_, it)| it.starts_with(directory));
            let common = first.ancestors().skip(1).find(holds_all)?;
            Some(row(word, common, format!("{detail} ({})", group.len())))
        }
    });
    rows.collect()
}

/// The people who get a private directory once the shared root is as it should be.
pub(super) fn to_be_provisioned(people: &[Person]) -> String {
    let names: Vec<_> = people.iter().map(|person| accounts::owner(person.uid).word()).collect();
    let names = if names.is_empty() { "nobody yet".into() } else { names.join(", ") };
    format!("then private directories for: {names}")
}

/// Aligns the columns, without spaces at the ends of lines.
pub(super) fn table(rows: &[Columns]) -> String {
    grid(rows, &[Column::Text; 3], None)
}

/// One line: the action, the path, and the reason.
pub(super) fn row(verb: &str, path: &Path, why: impl ToString) -> Columns {
    vec![verb.into(), escaped(path).to_string(), why.to_string()]
}

fn detail(step: &Step) -> String {
    let group = |gid| format!(", group {}", accounts::group_word(gid));
    match (&step.piece.what, step.state) {
        (_, PieceState::WrongPermissions { before, after }) => {
            let changed = (before.group != after.group).then(|| group(after.group));
            let changed = changed.unwrap_or_default();
            format!("mode {:04o} → {:04o}{changed}", before.mode, after.mode)
        }
        (PieceKind::Root(root), _) => {
            let chosen = root.group.map(group).unwrap_or_default();
            format!("{}, mode {:04o}{chosen}", step.piece.purpose, root.mode)
        }
        _ => step.piece.purpose.into(),
    }
}
