//! What `usage` prints for people.

use std::path::Path;

use super::{Row, Total, Usage};
use crate::caches::people::Standing;
use crate::ui::escape::{bytes, escaped};
use crate::ui::report::{Column, ago, counted, grid};

/// The width of the bar, in columns.
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
    use Column::{Number, SpareNumber, Text};
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
    let columns =
        [Text, Column::Path, Column::Path, Number, SpareNumber, SpareNumber, Number, Text, Text];
    let all = grid(&table, &columns, None);
    let fits = |width: usize| all.lines().all(|line| line.chars().count() <= width);
    if width.is_none_or(fits) {
        return all;
    }
    // The bar only repeats the size.
    table.iter_mut().for_each(|row| drop(row.pop()));
    grid(&table, columns.split_last().map_or(&[], |(_, others)| others), width)
}

fn people(usage: &Usage, width: Option<usize>) -> String {
    let root = usage.shared_root.as_deref().map(Path::new);
    let row = |name: String, size: Option<u64>, files: Option<u64>, directories, what: String| {
        let in_directories = counted(directories, "directory", "directories");
        let of = size.map_or(String::new(), |_| in_directories);
        let files = files.map_or(String::new(), |files| counted(files, "file", "files"));
        vec![name, size.map_or(String::new(), bytes), files, of, what]
    };
    let mut table: Vec<Vec<String>> = Vec::new();
    for Total { person, directories, bytes, files, state, path, .. } in &usage.people {
        let elsewhere = path.as_ref().filter(|path| Path::new(path).parent() != root);
        let what = match elsewhere {
            Some(path) => format!("in {}", escaped(path)),
            None if *state == Standing::Known.word() => String::new(),
            None => (*state).to_owned(),
        };
        table.push(row(escaped(person).to_string(), *bytes, *files, *directories, what));
    }
    let directories = usage.people.iter().map(|person| person.directories).sum();
    let (size, files) = (Some(usage.total_bytes), Some(usage.total_files));
    table.push(row("total".into(), size, files, directories, String::new()));
    let columns = [Column::Text, Column::Number, Column::Number, Column::Number, Column::Path];
    grid(&table, &columns, width)
}
