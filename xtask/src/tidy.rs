//! `cargo xtask tidy`: the house rules that no compiler and no linter knows.
//!
//! Every rule is a function from the project's texts to findings, so that a test can hand it a bad
//! text and see it fail. The checks read text, not syntax trees: what they look for is so plain
//! that a scan which skips comments, literals and test code finds it.

mod floors;
mod layout;
mod lines;
mod messages;
mod reasons;
mod scan;
mod tree;
mod wording;

use std::fmt;
use std::process::ExitCode;

use anyhow::bail;

use crate::{project, screen};
use tree::Tree;

/// One place that breaks a rule.
#[derive(Debug, PartialEq)]
struct Finding {
    path: String,
    /// Counted from 1.
    line: usize,
    says: String,
}

impl Finding {
    fn new(path: &str, line: usize, says: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, says: says.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.says)
    }
}

struct Rule {
    name: &'static str,
    check: fn(&Tree) -> Vec<Finding>,
}

/// All rules; what each one wants stands at the function that checks it.
const RULES: &[Rule] = &[
    Rule { name: "floors", check: floors::uses_only_what_lies_below },
    Rule { name: "purity", check: floors::what_is_pure_knows_nothing_of_the_world },
    Rule { name: "allow", check: wording::expects_lints_and_never_allows_them },
    Rule { name: "prologue", check: layout::every_file_says_why_it_exists },
    Rule { name: "test-files", check: layout::test_files_are_compiled_for_tests_only },
    Rule { name: "top-level", check: layout::the_top_level_stays_small },
    Rule { name: "reasons", check: reasons::every_dependency_has_one },
];

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let root = project::root()?;
    let tree = Tree::read(&root)?;
    let mut findings: Vec<String> = RULES
        .iter()
        .flat_map(|rule| {
            (rule.check)(&tree).into_iter().map(|found| format!("{found} [{}]", rule.name))
        })
        .collect();
    let unlisted = messages::are_listed(&root, &tree)?;
    findings.extend(unlisted.into_iter().map(|found| format!("{found} [messages]")));
    for finding in &findings {
        screen::result(finding);
    }
    if !findings.is_empty() {
        bail!("{} findings in {} files", findings.len(), tree.sources.len());
    }
    screen::result(lines::by_area(&tree).render());
    let (rules, files) = (RULES.len() + 1, tree.sources.len());
    screen::note(format_args!("tidy: {rules} rules hold in {files} source files"));
    Ok(ExitCode::SUCCESS)
}
