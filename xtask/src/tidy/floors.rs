//! The floors of the house: who may use whom, and what the pure floor may not know.

use super::Finding;
use super::scan::{self, Mention};
use super::tree::{Source, Tree};

/// The floors from the ground up. A module may use those on its own floor and below.
const FLOORS: &[&[&str]] = &[
    &["error", "shown"],
    // The rules: pure functions over what `sys` has read.
    &["core"],
    // What touches the world.
    &["sys", "workspace"],
    // The only writer to a terminal.
    &["report"],
    // The hot path, and what a session exports.
    &["shim", "session"],
    // One feature, one folder.
    &["migrate"],
    &["command"],
    // The library's root, which names the modules, and the program on top of it.
    &["lib"],
    &["main"],
];

/// The parts of the standard library that read or change the world.
const WORLD: [&str; 7] = ["env", "fs", "io", "net", "process", "thread", "time"];

/// The dependencies that do.
const WORLDLY_CRATES: [&str; 3] = ["rustix", "users", "which"];

/// A module uses only its own floor and those below.
pub(super) fn uses_only_what_lies_below(tree: &Tree) -> Vec<Finding> {
    tree.sources.iter().filter(|source| source.is_shipped()).flat_map(upward_uses).collect()
}

/// The core decides purely, and so does every file that says so in its first line: they mention nothing
/// that reads or changes the world.
pub(super) fn what_is_pure_knows_nothing_of_the_world(tree: &Tree) -> Vec<Finding> {
    let is_pure = |source: &&Source| {
        let says_so = source.text.starts_with("//! Pure:");
        source.is_shipped() && (says_so || floor_name(&source.path) == "core")
    };
    tree.sources.iter().filter(is_pure).flat_map(worldly_mentions).collect()
}

fn upward_uses(source: &Source) -> Vec<Finding> {
    let name = floor_name(&source.path);
    let says = |line, text: String| Finding::new(&source.path, line, text);
    let Some(own) = level(name) else {
        return vec![says(
            1,
            format!("`{name}` has no floor; xtask/src/tidy/floors.rs names them"),
        )];
    };
    mentions_of_the_root(source)
        .into_iter()
        .filter_map(|mention| match level(&mention.segment) {
            Some(used) if used <= own => None,
            Some(_) => {
                let text = format!("`{name}` uses `{}`, a floor above its own", mention.segment);
                Some(says(mention.line, text))
            }
            None => {
                let text = format!("`crate::{}` is on no floor; name its module", mention.segment);
                Some(says(mention.line, text))
            }
        })
        .collect()
}

/// What the file mentions right below the crate's root, by `crate::` or by climbing up to it.
fn mentions_of_the_root(source: &Source) -> Vec<Mention> {
    let mut found = scan::paths(&source.code, "crate");
    let depth = depth(&source.path);
    if depth > 0 {
        found.extend(scan::paths(&source.code, &vec!["super"; depth].join("::")));
    }
    found.retain(|mention| !matches!(mention.segment.as_str(), "self" | "super"));
    found
}

fn worldly_mentions(source: &Source) -> Vec<Finding> {
    // A duration is no clock; the core has none all the same.
    let is_core = floor_name(&source.path) == "core";
    let standard = scan::paths(&source.code, "std")
        .into_iter()
        .filter(move |mention| is_core || mention.segment != "time")
        .filter(|mention| WORLD.contains(&mention.segment.as_str()))
        .map(|mention| (mention.line, format!("std::{}", mention.segment)));
    let crates = WORLDLY_CRATES.iter().flat_map(|name| {
        scan::paths(&source.code, name)
            .into_iter()
            .map(|mention| (mention.line, (*name).to_owned()))
    });
    let floor = scan::paths(&source.code, "crate")
        .into_iter()
        .filter(|mention| mention.segment == "sys")
        .map(|mention| (mention.line, "crate::sys".to_owned()));
    standard
        .chain(crates)
        .chain(floor)
        .map(|(line, name)| {
            Finding::new(&source.path, line, format!("what is pure knows nothing of `{name}`"))
        })
        .collect()
}

fn level(floor: &str) -> Option<usize> {
    FLOORS.iter().position(|names| names.contains(&floor))
}

/// `core` for `src/core/settings.rs` and for `src/core.rs`.
fn floor_name(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap_or(path);
    let first = below.split('/').next().unwrap_or(below);
    first.strip_suffix(".rs").unwrap_or(first)
}

/// How many `super::` lead from the file's module to the crate's root.
fn depth(path: &str) -> usize {
    match path.strip_prefix("src/") {
        Some("lib.rs" | "main.rs") | None => 0,
        Some(below) => below.trim_end_matches("/mod.rs").split('/').count(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(path: &str, text: &str) -> Tree {
        Tree { sources: vec![Source::new(path, text)], ..Tree::default() }
    }

    fn lines(findings: &[Finding]) -> Vec<usize> {
        findings.iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_floor_may_not_use_one_above_it() {
        let table: [(&str, &str, &[usize]); 12] = [
            ("src/core/a.rs", "use crate::error::E;\nuse crate::core::b;", &[]),
            ("src/core/a.rs", "use crate::sys;", &[1]),
            ("src/core/a.rs", "use crate::{\n    error,\n    sys::x,\n};", &[3]),
            ("src/core/mod.rs", "fn f() { super::report::say(); }", &[1]),
            ("src/core/a.rs", "use super::b; use super::super::sys;", &[1]),
            ("src/sys/exec.rs", "use crate::core::a;\ncrate::report::say();", &[2]),
            ("src/error.rs", "use crate::core;", &[1]),
            ("src/shim.rs", "use crate::{report, sys};", &[]),
            ("src/shim.rs", "use crate::migrate;", &[1]),
            ("src/command/mod.rs", "use crate::{migrate, shim};", &[]),
            ("src/lib.rs", "use crate::shim;", &[]),
            ("src/shown.rs", "use crate::error;", &[]),
        ];
        for (path, text, expected) in table {
            assert_eq!(
                lines(&uses_only_what_lies_below(&tree(path, text))),
                expected,
                "{path}: {text}"
            );
        }
    }

    #[test]
    fn a_module_without_a_floor_is_named() {
        let findings = uses_only_what_lies_below(&tree("src/attic.rs", "//! Nobody's."));
        assert_eq!(lines(&findings), [1]);
        let findings = uses_only_what_lies_below(&tree("src/shim.rs", "use crate::Attic;"));
        assert_eq!(lines(&findings), [1]);
    }

    #[test]
    fn what_is_pure_may_not_touch_the_world() {
        let table: [(&str, &[usize]); 7] = [
            ("use std::path::Path;\nuse std::collections::{BTreeMap, BTreeSet};", &[]),
            ("use std::fs;", &[1]),
            ("use std::{\n    ffi::OsStr,\n    io::Read,\n};", &[3]),
            ("fn f() -> Option<std::time::Duration> { None }", &[1]),
            ("use rustix::fs::Mode;\nuse which::which;", &[1, 2]),
            ("let a = exclude.users; // users::get", &[]),
            ("#[cfg(test)]\nmod tests { use std::fs; }", &[]),
        ];
        for (text, expected) in table {
            let findings = what_is_pure_knows_nothing_of_the_world(&tree("src/core/a.rs", text));
            assert_eq!(lines(&findings), expected, "{text}");
        }
        for (text, expected) in [
            ("use std::fs;", &[][..]),
            ("//! Pure: rules.\nuse std::fs;", &[2]),
            ("//! Pure: rules.\nuse crate::sys::facts;", &[2]),
        ] {
            let findings = what_is_pure_knows_nothing_of_the_world(&tree("src/migrate/a.rs", text));
            assert_eq!(lines(&findings), expected, "{text}");
        }
    }

    #[test]
    fn test_files_may_use_what_they_like() {
        let text = "use std::fs;\nuse crate::sys;";
        let tree = tree("src/core/placement/tests.rs", text);
        assert!(uses_only_what_lies_below(&tree).is_empty());
        assert!(what_is_pure_knows_nothing_of_the_world(&tree).is_empty());
    }
}
