//! What `usage` shows to people.

use super::{PRIVATE, Row, Total, Usage};
use crate::ui::escape::{bytes, escaped};
use crate::ui::report::{Align, ago, grid};

/// How many columns the bar has.
const BAR: u64 = 10;

/// A table of directories, one of people, and what is free.
pub(super) fn render(usage: &Usage, now: i64, width: Option<usize>) -> String {
    let mut parts = Vec::new();
    if !usage.directories.is_empty() {
        parts.push(directories(&usage.directories, now, width));
    }
    parts.push(people(usage, width));
    let root =
        usage.shared_root.as_ref().map_or(String::new(), |root| format!(" in {}", escaped(root)));
    if let Some(free) = usage.free_bytes {
        let inodes = usage.free_inodes.map_or(String::new(), |free| format!(", {free} inodes"));
        parts.push(format!("free{root}: {}{inodes}", bytes(free)));
    }
    parts.join("\n\n")
}

fn directories(rows: &[Row], now: i64, width: Option<usize>) -> String {
    use Align::{Left, Right};
    let titles =
        ["person", "directory", "workspace", "size", "files", "incr", "last used", "state", ""];
    let mut table = vec![titles.map(str::to_owned).to_vec()];
    let largest = rows.iter().map(|row| row.bytes).max().unwrap_or(1).max(1);
    for row in rows {
        let percent = row.incremental_bytes * 100 / row.bytes.max(1);
        let more = if row.is_partial { "+" } else { "" };
        table.push(vec![
            escaped(&row.person).to_string(),
            escaped(&row.directory).to_string(),
            row.workspace.as_deref().map_or("–".into(), |path| escaped(path).to_string()),
            bytes(row.bytes) + more,
            row.files.to_string() + more,
            format!("{percent}%"),
            row.last_used.map_or("–".into(), |used| ago(now - used)),
            row.states.join(", "),
            "█".repeat(usize::try_from(row.bytes * BAR / largest).unwrap_or_default()),
        ]);
    }
    let aligned = [Left, Left, Left, Right, Right, Right, Right, Left, Left];
    grid(&table, &aligned, 2, width)
}

fn people(usage: &Usage, width: Option<usize>) -> String {
    let mut table = Vec::new();
    for Total { person, directories, bytes: size, files, state, path, .. } in &usage.people {
        let (size, files) = match (size, files) {
            (Some(size), Some(files)) => (bytes(*size), format!("{files} files")),
            _ => (PRIVATE.into(), String::new()),
        };
        let of = if *state == PRIVATE { String::new() } else { counted(*directories) };
        let what = match *state {
            "departed" => "departed: no such account",
            "mismatched" => "name and owner do not belong together",
            _ => "",
        };
        let is_elsewhere = usage.shared_root.as_ref().zip(path.as_ref());
        let is_elsewhere = is_elsewhere.is_none_or(|(root, path)| !path.starts_with(root.as_str()));
        let place =
            path.as_ref().filter(|_| is_elsewhere).map(|path| format!("in {}", escaped(path)));
        let what = place.unwrap_or_else(|| what.into());
        table.push(vec![escaped(person).to_string(), size, files, of, what]);
    }
    let (size, files) = (bytes(usage.total_bytes), format!("{} files", usage.total_files));
    let directories = usage.directories.iter().filter(|row| row.directory != ".").count();
    let all = counted(directories);
    table.push(vec!["total".into(), size, files, all, String::new()]);
    let aligned = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Left];
    grid(&table, &aligned, 4, width)
}

fn counted(directories: usize) -> String {
    format!("{directories} director{}", if directories == 1 { "y" } else { "ies" })
}
