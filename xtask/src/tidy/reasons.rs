//! Every dependency has its reason beside it.

use super::{Tree, finding};

/// A comment stands directly above each dependency in each manifest.
pub(super) fn every_dependency_has_one(tree: &Tree) -> Vec<String> {
    tree.manifests.iter().flat_map(|(path, text)| without_reason(path, text)).collect()
}

fn without_reason(path: &str, text: &str) -> Vec<String> {
    let (mut found, mut in_dependencies, mut above) = (Vec::new(), false, "");
    for (line, at) in text.lines().zip(1..) {
        // What goes over several lines is indented, or ends with a bracket at the margin.
        let dependency = if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            in_dependencies = header.ends_with("dependencies");
            let named = header.rsplit_once('.');
            named.filter(|(table, _)| table.ends_with("dependencies")).map(|(_, name)| name)
        } else {
            let name = line.split(['=', '.', ' ']).next();
            name.filter(|name| in_dependencies && name.starts_with(char::is_alphabetic))
        };
        if let Some(name) = dependency.filter(|_| !above.starts_with('#')) {
            let says = format!("the dependency `{name}` has no reason in a comment above it");
            found.push(finding(path, at, says));
        }
        above = line;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::lines;

    fn names(text: &str) -> Vec<usize> {
        lines(&without_reason("Cargo.toml", text))
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let table: [(&str, &[usize]); 8] = [
            ("[dependencies]\n# Why.\na = \"1\"\n", &[]),
            ("[dependencies]\na = \"1\"\n", &[2]),
            ("[dependencies]\n# Why.\na = \"1\"\nb = \"1\"\n", &[4]),
            (
                "[dependencies]\n# Why.\na = { version = \"1\", features = [\n  \"x\",\n  \"y\",\n] }\n",
                &[],
            ),
            ("[dependencies]\n# Why.\n\na = \"1\"\n", &[4]),
            ("[target.'cfg(unix)'.dev-dependencies]\na.workspace = true\n", &[2]),
            (
                "[dependencies.a]\nversion = \"1\"\n\n# Why.\n[dependencies.b]\nversion = \"1\"\n",
                &[1],
            ),
            ("[package]\nname = \"a\"\n[lints]\nworkspace = true\n", &[]),
        ];
        for (text, expected) in table {
            assert_eq!(names(text), expected, "{text}");
        }
    }
}
