//! Rows of a name and a value, aligned, as the verbs show them to people.

/// One row.
pub fn row(name: impl ToString, value: impl ToString) -> (String, String) {
    (name.to_string(), value.to_string())
}

/// The rows under one another; no line ends in spaces.
pub fn table(rows: &[(String, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line =
        |(name, value): &(String, String)| format!("{name:width$}  {value}").trim_end().to_owned();
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// How a column of [`grid`] is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows of several columns under one another; no line ends in spaces. In a terminal that is too narrow,
/// column `flexible` loses the beginning of what does not fit.
pub fn grid(
    rows: &[Vec<String>],
    aligned: &[Align],
    flexible: usize,
    width: Option<usize>,
) -> String {
    let length = |text: &String| text.chars().count();
    let column = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(length).max();
    let mut widths: Vec<usize> = (0..aligned.len()).map(|at| column(at).unwrap_or(0)).collect();
    let total: usize = widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1);
    if let Some((width, flexible)) = width.zip(widths.get_mut(flexible)) {
        *flexible =
            flexible.saturating_sub(total.saturating_sub(width)).max(MIN_WIDTH.min(*flexible));
    }
    let cell = |(text, (align, width)): (&String, (&Align, &usize))| {
        let text = shortened(text, *width);
        match align {
            Align::Left => format!("{text:width$}"),
            Align::Right => format!("{text:>width$}"),
        }
    };
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(aligned.iter().zip(&widths)).map(cell);
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// No column gets narrower than that.
const MIN_WIDTH: usize = 12;

/// The end of a text that is too long, which tells most of a path.
fn shortened(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let kept = text.chars().skip(length + 1 - width);
    std::iter::once('…').chain(kept).collect()
}

/// How long ago something was, in its largest unit.
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
    use super::{Align, grid};

    #[test]
    fn a_narrow_terminal_loses_the_beginning_of_one_column() {
        let rows = [["alice", "/home/alice/src/app", "1"], ["bob", "/srv/x", "1234"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec());
        let table = |width| grid(&rows, &[Align::Left, Align::Left, Align::Right], 1, width);
        let wide = "alice  /home/alice/src/app     1\nbob    /srv/x               1234";
        assert_eq!(table(None), wide);
        assert_eq!(table(Some(32)), wide);
        assert_eq!(table(Some(27)), "alice  …alice/src/app     1\nbob    /srv/x          1234");
        assert!(table(Some(1)).contains("/src/app"));
    }
}
