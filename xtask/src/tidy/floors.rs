//! The floors of the house: who may use whom, and what a pure file may not know.

use super::source::Source;
use super::{Tree, finding};

/// The floors from the ground up. A module may use those on its own floor and below, and a feature no
/// other feature.
const FLOORS: &[&[&str]] = &[
    &["ui"],
    &["os"],
    &["settings"],
    &["private_dir"],
    // One build, which workspace it is of, and where what it compiles may come from.
    &["compile_cache", "shim", "workspace"],
    // What a session exports, which is a build that stands nowhere.
    &["session"],
    // What was built.
    &["caches"],
    FEATURES,
    // The table of verbs, what is made from it, what installs that, and what judges the installation.
    &["cli", "completions", "doctor", "man", "setup"],
    // The library's root, which names the modules, and the program on top of it.
    &["lib"],
    &["main"],
];

/// What no other of its kind may use.
const FEATURES: &[&str] =
    &["editor", "explain", "gc", "migrate", "path", "provision", "toolchain", "usage"];

/// The names of files that decide purely, and say so.
const PURE_NAMES: [&str; 6] = ["decide", "judge", "plan", "parse", "merge", "render"];

/// The parts of the standard library that read or change the world.
const WORLD: [&str; 6] = ["env", "fs", "io", "net", "process", "thread"];

/// The dependencies that do.
const WORLDLY_CRATES: [&str; 3] = ["rustix", "users", "which"];

/// A module uses only its own floor and those below.
pub(super) fn uses_only_what_lies_below(tree: &Tree) -> Vec<String> {
    tree.shipped().flat_map(upward_uses).collect()
}

/// A file that says in its first line that it is pure mentions nothing that reads or changes the
/// world, and a file that has the name of one says so.
pub(super) fn what_is_pure_knows_nothing_of_the_world(tree: &Tree) -> Vec<String> {
    let (pure, other): (Vec<&Source>, Vec<&Source>) = tree.shipped().partition(|it| is_pure(it));
    let is_pure_of_os = |name: &str| {
        let path = format!("src/os/{name}.rs");
        pure.iter().any(|source| source.path == path)
    };
    let silent = other.iter().filter(|source| has_a_pure_name(&source.path));
    let silent = silent.map(|it| finding(&it.path, 1, "begins with `//! Pure:`, by its name"));
    silent.chain(pure.iter().flat_map(|source| worldly_mentions(source, is_pure_of_os))).collect()
}

fn is_pure(source: &Source) -> bool {
    source.text.starts_with("//! Pure:")
}

fn has_a_pure_name(path: &str) -> bool {
    let name = path.rsplit('/').next().and_then(|name| name.strip_suffix(".rs"));
    name.is_some_and(|name| PURE_NAMES.contains(&name))
}

fn upward_uses(source: &Source) -> Vec<String> {
    let name = floor_name(&source.path);
    let Some(own) = level(name) else {
        let says = format!("`{name}` has no floor; xtask/src/tidy/floors.rs names them");
        return vec![finding(&source.path, 1, says)];
    };
    let says = |used: &str| match level(used) {
        Some(level) if level == own && used != name && FEATURES.contains(&name) => {
            Some(format!("`{name}` uses `{used}`, another feature"))
        }
        Some(level) if level <= own => None,
        Some(_) => Some(format!("`{name}` uses `{used}`, a floor above its own")),
        None => Some(format!("`crate::{used}` is on no floor; name its module")),
    };
    let mentions = mentions_of_the_root(source).into_iter();
    mentions.filter_map(|(line, used)| Some(finding(&source.path, line, says(used)?))).collect()
}

/// What the file mentions right below the crate's root, by `crate::` or by climbing up to it.
fn mentions_of_the_root(source: &Source) -> Vec<(usize, &str)> {
    let mut found = source.mentions(&["crate"]);
    match depth(&source.path) {
        0 => {}
        depth => found.extend(source.mentions(&vec!["super"; depth])),
    }
    found.retain(|(_, name)| !matches!(*name, "self" | "super"));
    found
}

fn worldly_mentions(source: &Source, is_pure_of_os: impl Fn(&str) -> bool) -> Vec<String> {
    let of = |root: &[&str], is_worldly: &dyn Fn(&str) -> bool| {
        let mentions = source.mentions(root).into_iter().filter(|(_, name)| is_worldly(name));
        let root = root.join("::");
        let says = |name| format!("what is pure knows nothing of `{root}::{name}`");
        mentions.map(|(line, name)| finding(&source.path, line, says(name))).collect::<Vec<_>>()
    };
    // A duration is no clock.
    let standard = of(&["std"], &|name| WORLD.contains(&name));
    let of_os = of(&["crate", "os"], &|name| !is_pure_of_os(name));
    let crates = WORLDLY_CRATES.iter().flat_map(|name| of(&[name], &|_| true));
    standard.into_iter().chain(of_os).chain(crates).collect()
}

fn level(floor: &str) -> Option<usize> {
    FLOORS.iter().position(|names| names.contains(&floor))
}

/// `shim` for `src/shim/decide.rs` and for `src/shim.rs`.
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
    use crate::tidy::{self, tests::lines};

    fn tree(path: &str, text: &str) -> Tree {
        tidy::tests::tree(&[(path, text)])
    }

    #[test]
    fn a_floor_may_not_use_one_above_it() {
        let table: [(&str, &str, &[usize]); 12] = [
            ("src/os/a.rs", "use crate::ui::E;\nuse crate::os::b;", &[]),
            ("src/os/a.rs", "use crate::shim;", &[1]),
            ("src/os/a.rs", "use crate::{\n    ui,\n    shim::x,\n};", &[3]),
            ("src/os/mod.rs", "fn f() { super::shim::run(); }", &[1]),
            ("src/os/a.rs", "use super::b; use super::super::shim;", &[1]),
            ("src/settings/a.rs", "use crate::os::a;\ncrate::shim::run();", &[2]),
            ("src/ui/escape.rs", "use crate::os;", &[1]),
            ("src/shim/mod.rs", "use crate::{ui, workspace};", &[]),
            ("src/migrate/a.rs", "use crate::migrate::b;\nuse crate::shim;", &[]),
            ("src/migrate/a.rs", "use crate::editor;", &[1]),
            ("src/cli/mod.rs", "use crate::{migrate, setup};", &[]),
            ("src/lib.rs", "use crate::shim;", &[]),
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
        let findings = uses_only_what_lies_below(&tree("src/path.rs", "use crate::Attic;"));
        assert_eq!(lines(&findings), [1]);
    }

    #[test]
    fn what_is_pure_may_not_touch_the_world() {
        let table: [(&str, &[usize]); 8] = [
            ("use std::path::Path;\nuse std::collections::{BTreeMap, BTreeSet};", &[]),
            ("use std::fs;", &[2]),
            ("use std::{\n    ffi::OsStr,\n    io::Read,\n};", &[4]),
            ("fn f() -> Option<std::time::Duration> { None }", &[]),
            ("use rustix::fs::Mode;\nuse which::which;", &[2, 3]),
            ("let a = exclude.users; // users::get", &[]),
            ("#[cfg(test)]\nmod tests { use std::fs; }", &[]),
            ("use crate::os::facts;", &[2]),
        ];
        for (text, expected) in table {
            let text = format!("//! Pure: rules.\n{text}");
            let findings =
                what_is_pure_knows_nothing_of_the_world(&tree("src/migrate/a.rs", &text));
            assert_eq!(lines(&findings), expected, "{text}");
        }
        let of = |path, text| what_is_pure_knows_nothing_of_the_world(&tree(path, text));
        assert!(of("src/migrate/a.rs", "use std::fs;").is_empty());
        assert_eq!(lines(&of("src/migrate/judge.rs", "//! Rules.")), [1]);
    }

    #[test]
    fn test_files_may_use_what_they_like() {
        let text = "//! Pure: all.\nuse std::fs;\nuse crate::setup;";
        let tree = tree("src/os/replace/tests.rs", text);
        assert!(uses_only_what_lies_below(&tree).is_empty());
        assert!(what_is_pure_knows_nothing_of_the_world(&tree).is_empty());
    }
}
