//! What `setup` tells: one line a piece, aligned, and what to do next.

use std::path::Path;

use super::site::Site;
use crate::core::setup::{Did, Record, What};
use crate::error::Error;
use crate::shown::shown;
use crate::sys::accounts;
use crate::sys::provision::Person;
use crate::sys::setup::{PieceState, Step, Undone};

/// Three columns: what is done, where, and why.
pub(super) type Row = [String; 3];

/// What is about to be done, the receipt included.
pub(super) fn planned(steps: &[Step], receipt: &Path) -> String {
    let mut rows: Vec<Row> = steps
        .iter()
        .filter(|step| step.state != PieceState::InPlace)
        .map(|step| row(verb(step), &step.piece.path, detail(step)))
        .collect();
    if !receipt.exists() {
        rows.push(row("create", receipt, "the receipt, by which --uninstall goes"));
    }
    if rows.is_empty() { "everything is in its place".into() } else { table(&rows) }
}

/// Who gets a private directory once the shared root is as it should be.
pub(super) fn to_be_provisioned(people: &[Person]) -> String {
    let names = people.iter().map(|person| accounts::owner(person.uid).word());
    format!("then private directories for: {}", names.collect::<Vec<_>>().join(", "))
}

/// That people's caches stay where they are, and builds do not.
pub(super) fn leaves_caches_behind(shared_root: &Path) -> String {
    format!(
        "people have one cache each in `{}`, and each workspace will begin an empty one; to keep one \
         for everything that a person builds: cargo-peruser setup --scope user",
        shown(shared_root)
    )
}

/// How every piece stands.
pub(super) fn state(steps: &[Step]) -> String {
    let word = |step: &Step| match step.state {
        PieceState::InPlace => "in place",
        PieceState::Missing => "missing",
        PieceState::Outdated => "outdated",
        PieceState::Loose { .. } => "loose",
    };
    let rows: Vec<Row> =
        steps.iter().map(|step| row(word(step), &step.piece.path, detail(step))).collect();
    table(&rows)
}

/// What has become of a piece, or what would.
pub(super) fn undone(entry: &Record, undone: Option<&Result<Undone, Error>>) -> Row {
    let is_restored =
        matches!(entry.did, Did::ChangeMode { .. } | Did::PutBlocks { made_file: false, .. });
    let mode = match &entry.did {
        Did::ChangeMode { mode_before, .. } => format!("mode {mode_before:04o}"),
        _ => String::new(),
    };
    match undone {
        Some(Err(error)) => row("FAILED", &entry.path, error),
        Some(Ok(Undone::Kept(why))) => row("kept", &entry.path, why),
        Some(Ok(Undone::Restored)) => row("restore", &entry.path, mode),
        None if is_restored => row("restore", &entry.path, mode),
        _ => row("remove", &entry.path, ""),
    }
}

/// Where nothing is known to be set up.
pub(super) fn nothing_set_up(receipt: &Path) -> String {
    format!("nothing is set up: there is no `{}`", shown(receipt))
}

/// What is never taken away.
pub(super) fn caches_stay(site: &Site) -> String {
    format!("what was built stays, in `{}`", shown(&site.shared_root))
}

/// Aligned, without spaces at the ends of lines.
pub(super) fn table(rows: &[Row]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (first, second) = (width(0), width(1));
    let line = |[verb, path, why]: &Row| {
        format!("{verb:first$}  {path:second$}  {why}").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn row(verb: &str, path: &Path, why: impl ToString) -> Row {
    [verb.into(), shown(path).to_string(), why.to_string()]
}

fn verb(step: &Step) -> &'static str {
    match (&step.piece.what, step.state) {
        (_, PieceState::Loose { .. }) => "mend",
        (What::Blocks(_), PieceState::Outdated) => "change",
        (_, PieceState::Outdated) => "renew",
        _ => "create",
    }
}

fn detail(step: &Step) -> String {
    match (&step.piece.what, step.state) {
        (_, PieceState::Loose { before, after }) => {
            let group = if before.group == after.group {
                String::new()
            } else {
                format!(", group {} → {}", before.group, after.group)
            };
            format!("mode {:04o} → {:04o}{group}", before.mode, after.mode)
        }
        (What::Root(root), PieceState::Missing) => {
            format!("{}, mode {:04o}", step.piece.purpose, root.mode)
        }
        (What::Link(to), _) => format!("{}, a link to {}", step.piece.purpose, shown(to)),
        (What::Blocks(blocks), _) => {
            let places = match (&blocks.top, &blocks.end) {
                (Some(_), Some(_)) => "blocks at its top and end",
                (Some(_), None) => "a block at its top",
                _ => "a block at its end",
            };
            format!("{}: {places}", step.piece.purpose)
        }
        _ => step.piece.purpose.into(),
    }
}
