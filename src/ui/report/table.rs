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
