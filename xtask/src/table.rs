//! Tables, aligned for a terminal: names in the first column, figures in the others.

/// One line for the head and one for each row.
pub(crate) fn render<const N: usize>(
    head: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(rows);
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let rendered = lines.iter().map(|line| {
        let cells = line.iter().zip(widths).enumerate().map(|(at, (cell, width))| match at {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    rendered.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_names_left_and_figures_right() {
        let rows = [["direct", "0.50"], ["été", "11.25"]].map(|row| row.map(str::to_owned));
        assert_eq!(render(["who", "ms"], rows), "who        ms\ndirect   0.50\nété     11.25");
    }
}
