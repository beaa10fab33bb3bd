//! Tables, aligned for a terminal or as Markdown for the README.

/// How a table is written out.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    Plain,
    Markdown,
}

/// A table whose first column holds names and whose others hold figures.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new<const N: usize>(head: [&str; N]) -> Self {
        Self { rows: vec![head.map(str::to_owned).to_vec()] }
    }

    /// Adds a row; it has as many cells as the head.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    pub(crate) fn render(&self, style: Style) -> String {
        let widths = self.widths();
        let (open, between, close) = match style {
            Style::Plain => ("", "  ", ""),
            Style::Markdown => ("| ", " | ", " |"),
        };
        let mut lines: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let cells: Vec<String> = row
                    .iter()
                    .zip(&widths)
                    .enumerate()
                    .map(|(at, cell)| padded(at, cell))
                    .collect();
                format!("{open}{}{close}", cells.join(between)).trim_end().to_owned()
            })
            .collect();
        if matches!(style, Style::Markdown) {
            lines.insert(1, rule(&widths));
        }
        lines.join("\n")
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        (0..columns)
            .map(|at| {
                self.rows.iter().filter_map(|row| row.get(at)).map(|c| c.chars().count()).max()
            })
            .map(Option::unwrap_or_default)
            .collect()
    }
}

/// Names to the left, figures to the right.
fn padded(at: usize, (cell, &width): (&String, &usize)) -> String {
    if at == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
}

fn rule(widths: &[usize]) -> String {
    let cells: Vec<String> =
        widths
            .iter()
            .enumerate()
            .map(|(at, &width)| {
                if at == 0 {
                    "-".repeat(width)
                } else {
                    format!("{}:", "-".repeat(width.max(2) - 1))
                }
            })
            .collect();
    format!("| {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(["who", "ms"]);
        table.row(["direct".to_owned(), "0.50".to_owned()]);
        table.row(["été".to_owned(), "11.25".to_owned()]);
        table
    }

    #[test]
    fn aligns_names_left_and_figures_right() {
        assert_eq!(sample().render(Style::Plain), "who        ms\ndirect   0.50\nété     11.25");
    }

    #[test]
    fn writes_markdown_with_the_same_alignment() {
        let expected =
            "| who    |    ms |\n| ------ | ----: |\n| direct |  0.50 |\n| été    | 11.25 |";
        assert_eq!(sample().render(Style::Markdown), expected);
    }
}
