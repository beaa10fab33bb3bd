//! Every dependency has its reason beside it.

use super::Finding;
use super::tree::{Manifest, Tree};

/// A comment stands directly above each dependency in each manifest.
pub(super) fn every_dependency_has_one(tree: &Tree) -> Vec<Finding> {
    tree.manifests.iter().flat_map(without_reason).collect()
}

fn without_reason(manifest: &Manifest) -> Vec<Finding> {
    let mut found = Vec::new();
    let (mut in_dependencies, mut depth, mut above) = (false, 0_usize, "");
    for (at, line) in manifest.text.lines().enumerate() {
        let line = line.trim();
        let begins = depth == 0 && !line.is_empty() && !line.starts_with('#');
        let dependency = if let Some(header) = begins.then(|| header(line)).flatten() {
            in_dependencies = holds_dependencies(header);
            named_by(header)
        } else {
            (begins && in_dependencies).then(|| line.split(['=', '.', ' ']).next()).flatten()
        };
        if let Some(name) = dependency.filter(|_| !above.starts_with('#')) {
            let says = format!("the dependency `{name}` has no reason in a comment above it");
            found.push(Finding::new(&manifest.path, at + 1, says));
        }
        depth = depth_after(line, depth);
        above = line;
    }
    found
}

/// `dependencies` for `[dependencies]`.
fn header(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.split(']').next()
}

fn holds_dependencies(header: &str) -> bool {
    header.ends_with("dependencies")
}

/// `foo` for the table `dependencies.foo`.
fn named_by(header: &str) -> Option<&str> {
    let (before, name) = header.rsplit_once('.')?;
    holds_dependencies(before).then_some(name)
}

/// How many brackets are open after the line: a value may go over several. Comments do not count;
/// strings with brackets do not occur in what this reads.
fn depth_after(line: &str, depth: usize) -> usize {
    let code = line.split('#').next().unwrap_or(line);
    let count = |brackets: [char; 2]| code.matches(brackets).count();
    (depth + count(['[', '{'])).saturating_sub(count([']', '}']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<usize> {
        let manifest = Manifest { path: "Cargo.toml".to_owned(), text: text.to_owned() };
        let tree = Tree { manifests: vec![manifest], ..Tree::default() };
        every_dependency_has_one(&tree).iter().map(|finding| finding.line).collect()
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
