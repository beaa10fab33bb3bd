//! What the person is told of a cure: what will be rebuilt, and what is left for them to decide.

use std::collections::BTreeSet;
use std::path::Path;

use super::super::say;
use super::Done;
use crate::error::Error;
use crate::report;
use crate::shown::{quoted, shown};
use crate::sys::relocate::cure::Cargo;
use crate::sys::relocate::profiles::{Profile, Survey};

/// Says what will be rebuilt.
pub(super) fn done(done: &Done<'_>, target: &Path, checkout: &Path) -> Result<(), Error> {
    if !done.unknown.is_empty() {
        let names: BTreeSet<&str> = done.unknown.iter().map(|profile| profile.name()).collect();
        let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
        report::note(&format!(
            "the workspace has no profile {}: nothing of it was built with that",
            names.join(", ")
        ));
    }
    if done.cleaned.is_empty() {
        return Ok(());
    }
    let titles: Vec<String> = done.cleaned.iter().map(|profile| profile.title()).collect();
    let text = format!(
        "the workspace's own units in `{}` will be rebuilt ({})",
        shown(checkout),
        titles.join(", ")
    );
    say(text, target)
}

/// Names what was not cleaned, and what would.
pub(super) fn left_out(survey: &Survey, target: &Path) {
    for directory in &survey.others {
        // A tool that builds there, as rust-analyzer does, has its own target directory in this one.
        let is_target_dir = directory.join(".rustc_info.json").exists();
        let foreign = "neither a profile's directory nor that of a target that rustc knows";
        let (why, command) = match (directory.is_symlink(), is_target_dir) {
            (true, _) => ("a symlink, which is not followed", "rm"),
            (false, true) => (foreign, "cargo clean --target-dir"),
            (false, false) => (foreign, "rm -r"),
        };
        report::advice(
            &format!("not cleaned: `{}`, {why}", shown(directory)),
            &format!("to have it rebuilt: {command} {}", quoted(directory)),
        );
    }
    for link in &survey.links {
        report::advice(
            &format!(
                "not cleaned: `{}`, a symlink, which is not followed",
                shown(link.directory())
            ),
            &format!("cargo follows it: {} --workspace", command(link)),
        );
    }
    if survey.profiles.is_empty() && survey.others.is_empty() && survey.links.is_empty() {
        let target = shown(target);
        report::note(&format!("nothing is built in `{target}`, so there is nothing to rebuild"));
    }
}

/// Names what a cargo with another layout has built of the workspace's own: each cleans its layout only.
pub(super) fn other_layout(cargo: &Cargo<'_>, done: &Done<'_>) {
    let mut units: Vec<_> = done.cleaned.iter().flat_map(|profile| profile.units()).collect();
    if !units.is_empty() {
        let own = cargo.own();
        units.retain(|(package, _)| own.contains(package));
    }
    if units.is_empty() {
        return;
    }
    let paths: Vec<String> = units.iter().map(|(_, path)| quoted(path)).collect();
    report::advice(
        &"not cleaned: the workspace's own units that a cargo with another layout has built",
        &format!("to have them rebuilt: rm -r {}", paths.join(" ")),
    );
}

/// Names the dependencies whose build scripts have left files: whether one of them has its path
/// compiled in, and looks for it when it runs, nothing tells.
pub(super) fn generating(cargo: &Cargo<'_>, done: &Done<'_>, checkout: &Path) {
    let found = done.cleaned.iter().map(|profile| (*profile, profile.generating()));
    let found: Vec<(&Profile, Vec<String>)> =
        found.filter(|(_, names)| !names.is_empty()).collect();
    if found.is_empty() {
        return;
    }
    let triples = found.iter().filter_map(|(profile, _)| profile.triple()).collect();
    let commands = match cargo.dependencies(&triples) {
        // The cache may hold other workspaces' dependencies: cargo would clean nothing at all.
        Some(known) => {
            found.iter().filter_map(|(profile, names)| rebuilding(profile, names, &known)).collect()
        }
        None => vec!["cargo-peruser clean --profile PROFILE -p NAME".to_owned()],
    };
    if !commands.is_empty() {
        report::advice(
            &"dependencies whose build scripts have made files stay fresh; one that reads them when \
              it runs still looks at the old place",
            &format!("to rebuild them, in `{}`: {}", shown(checkout), commands.join(" && ")),
        );
    }
}

/// What cleans those of the packages that the workspace depends on.
fn rebuilding(profile: &Profile, names: &[String], known: &BTreeSet<String>) -> Option<String> {
    let names: BTreeSet<&String> = names.iter().filter(|name| known.contains(*name)).collect();
    let words: Vec<String> = names.into_iter().map(|name| format!("-p {}", quoted(name))).collect();
    (!words.is_empty()).then(|| format!("{} {}", command(profile), words.join(" ")))
}

/// What a person types to clean in one profile.
fn command(profile: &Profile) -> String {
    let words: Vec<String> = profile.words().iter().map(quoted).collect();
    format!("cargo-peruser {}", words.join(" "))
}
