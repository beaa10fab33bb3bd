//! Aligned tables, as the verbs show them to people.

use std::fmt::Display;

/// One row.
pub fn row(name: impl ToString, value: impl ToString) -> (String, String) {
    (name.to_string(), value.to_string())
}

/// Aligns names and values in two columns. No line ends in spaces.
pub fn table(rows: &[(String, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line =
        |(name, value): &(String, String)| format!("{name:width$}  {value}").trim_end().to_owned();
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What a column of [`grid`] contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Text, which is never shortened.
    Text,
    /// Numbers.
    Number,
    /// Numbers that are left out if there is no room for them, beginning with the last such column.
    SpareNumber,
    /// Paths, which lose their beginning if there is no room for all of it.
    Path,
}

/// Aligns rows of several columns. No line ends in spaces. If the terminal is `width` columns wide,
/// lines are made to fit, as far as columns may be shortened or left out.
pub fn grid(rows: &[Vec<String>], columns: &[Column], width: Option<usize>) -> String {
    let length = |text: &String| text.chars().count();
    let widest = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(length).max();
    let mut widths: Vec<usize> = (0..columns.len()).map(|at| widest(at).unwrap_or(0)).collect();
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    if let Some(width) = width {
        fit(&mut shown, &mut widths, columns, width);
    }
    let cell = |row: &Vec<String>, at: &usize| {
        let (text, column, width) = (row.get(*at)?, columns.get(*at)?, *widths.get(*at)?);
        let text = shortened(text, width);
        Some(match column {
            Column::Text | Column::Path => format!("{text:width$}"),
            Column::Number | Column::SpareNumber => format!("{text:>width$}"),
        })
    };
    let line = |row: &Vec<String>| {
        let cells = shown.iter().filter_map(|at| cell(row, at));
        cells.collect::<Vec<_>>().join(GAP).trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The text between two columns.
const GAP: &str = "  ";

/// The smallest width of a column of paths.
const MIN_WIDTH: usize = 12;

/// Leaves out spare columns until all others fit with the shortest paths, and then shortens the longest
/// paths.
fn fit(shown: &mut Vec<usize>, widths: &mut [usize], columns: &[Column], width: usize) {
    let total = |shown: &[usize], widths: &[usize], longest: usize| -> usize {
        let of = |at: &usize| {
            let width = widths.get(*at).copied().unwrap_or(0);
            if columns.get(*at) == Some(&Column::Path) { width.min(longest) } else { width }
        };
        shown.iter().map(of).sum::<usize>() + GAP.len() * shown.len().saturating_sub(1)
    };
    let is_spare = |at: &usize| columns.get(*at) == Some(&Column::SpareNumber);
    while total(shown, widths, MIN_WIDTH) > width
        && let Some(last) = shown.iter().rposition(is_spare)
    {
        shown.remove(last);
    }
    let longest = widths.iter().copied().max().unwrap_or(0).max(MIN_WIDTH);
    let fits = |longest: &usize| total(shown, widths, *longest) <= width;
    let longest = (MIN_WIDTH..=longest).rev().find(fits).unwrap_or(MIN_WIDTH);
    let paths = columns.iter().zip(widths).filter(|(column, _)| **column == Column::Path);
    paths.for_each(|(_, width)| *width = longest.min(*width));
}

/// Shortens a path that is too long to its end, which is the most useful part.
fn shortened(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let kept = text.chars().skip(length + 1 - width);
    std::iter::once('…').chain(kept).collect()
}

/// A number and its noun, as in `1 file` and `2 files`.
pub fn counted<N: Display + PartialEq + From<u8>>(number: N, one: &str, several: &str) -> String {
    let is_one = number == N::from(1);
    format!("{number} {}", if is_one { one } else { several })
}

/// How long ago something was, in the largest unit that fits.
pub fn ago(seconds: i64) -> String {
    match seconds {
        ..60 => "now".into(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, grid};

    #[test]
    fn a_narrow_terminal_has_no_room_for_spare_numbers_and_the_beginnings_of_paths() {
        use Column::{Number, Path, SpareNumber, Text};
        let rows = [["alice", "/home/alice/src/app", "9", "1"], ["bob", "/srv/x", "12", "1234"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        let table = |width| grid(&rows, &[Text, Path, SpareNumber, Number], width);
        let wide = "alice  /home/alice/src/app   9     1\nbob    /srv/x               12  1234";
        assert_eq!(table(None), wide);
        assert_eq!(table(Some(36)), wide);
        assert_eq!(
            table(Some(31)),
            "alice  …alice/src/app   9     1\nbob    /srv/x          12  1234"
        );
        assert_eq!(table(Some(28)), "alice  …/alice/src/app     1\nbob    /srv/x           1234");
        // A sentence is never shortened.
        let rows = [["alice", "she has a directory of her own"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        assert!(grid(&rows, &[Text, Text], Some(1)).ends_with("she has a directory of her own"));
    }
}
