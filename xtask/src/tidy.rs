//! `cargo xtask tidy`: the house rules that no compiler and no linter knows.
//!
//! Every rule is a function from the project's texts to findings, so that a test can hand it a bad
//! text and see it fail. The checks read tokens, not syntax trees: what they look for is so plain
//! that it shows in tokens, once comments and test code are left out.

mod floors;
mod layout;
mod lines;
mod messages;
mod reasons;
mod source;

use std::fmt::Display;
use std::fs;
use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::{project, screen};
use source::Source;

/// The project's texts, read once; every rule works on this and on nothing else.
#[derive(Default)]
struct Tree {
    sources: Vec<Source>,
    /// Path and text of each `Cargo.toml`.
    manifests: Vec<(String, String)>,
}

type Rule = fn(&Tree) -> Vec<String>;

/// All rules; what each one wants stands at the function that checks it.
const RULES: [(&str, Rule); 7] = [
    ("floors", floors::uses_only_what_lies_below),
    ("purity", floors::what_is_pure_knows_nothing_of_the_world),
    ("allow", layout::expects_lints_and_never_allows_them),
    ("prologue", layout::every_file_says_why_it_exists),
    ("names", layout::no_two_types_have_one_name),
    ("reasons", reasons::every_dependency_has_one),
    ("messages", messages::are_listed),
];

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    project::enter()?;
    let tree = Tree::read()?;
    messages::overwrite_if_asked(&tree)?;
    let of_rule = |(name, check): (&'static str, Rule)| {
        check(&tree).into_iter().map(move |found| format!("{found} [{name}]"))
    };
    let findings: Vec<String> = RULES.into_iter().flat_map(of_rule).collect();
    findings.iter().for_each(screen::result);
    if !findings.is_empty() {
        bail!("{} findings in {} files", findings.len(), tree.sources.len());
    }
    screen::result(lines::by_area(&tree));
    let (rules, files) = (RULES.len(), tree.sources.len());
    screen::note(format_args!("tidy: {rules} rules hold in {files} source files"));
    Ok(ExitCode::SUCCESS)
}

/// One place that breaks a rule; lines are counted from 1.
fn finding(path: &str, line: usize, says: impl Display) -> String {
    format!("{path}:{line}: {says}")
}

impl Tree {
    fn read() -> anyhow::Result<Self> {
        let mut tree = Self::default();
        for path in &project::files()? {
            let read =
                || fs::read_to_string(path).with_context(|| format!("failed to read `{path}`"));
            if path.ends_with(".rs") {
                tree.sources.push(Source::new(path, &read()?)?);
            } else if path.ends_with("Cargo.toml") {
                tree.manifests.push((path.clone(), read()?));
            }
        }
        Ok(tree)
    }

    fn shipped(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| source.is_shipped())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A project of these Rust files.
    pub(super) fn tree(sources: &[(&str, &str)]) -> Tree {
        let source = |&(path, text): &(&str, &str)| Source::new(path, text).unwrap();
        Tree { sources: sources.iter().map(source).collect(), ..Tree::default() }
    }

    /// The lines that were found.
    pub(super) fn lines(findings: &[String]) -> Vec<usize> {
        findings.iter().map(|found| found.split(':').nth(1).unwrap().parse().unwrap()).collect()
    }
}
