//! Checks what is installed: the settings, cargo-peruser itself, cargo and rustup.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::finding::{Checked, Finding, Severity};
use super::machine::Machine;
use crate::os::replace::is_same_content;
use crate::os::trust::Trust;
use crate::shim::gather::{BYPASS, is_bypass_requested};
use crate::shim::installation::{Installation, is_shim};
use crate::ui::escape::{escaped, quoted};

/// `settings`.
pub(super) fn settings(machine: &Machine<'_>) -> Checked {
    let mut found = Vec::new();
    match is_bypass_requested(machine.snapshot) {
        Err(failure) => found.push(Finding::of(&failure)),
        Ok(true) => {
            let text =
                format!("{BYPASS}=off is in the environment, so the shim changes nothing here");
            found.push(Finding::new(Severity::Warn, text).help(format!("unset {BYPASS}")));
        }
        Ok(false) => {}
    }
    found.extend(two_installations(machine));
    Ok(found)
}

/// The machine's installation and a user's own, if their versions differ.
fn two_installations(machine: &Machine<'_>) -> Option<Finding> {
    let shims = programs(machine, "cargo");
    let all = shims.iter().filter_map(|shim| Some(Installation::of_shim(shim)?.binary()));
    let (first, second) = two_of(all)?;
    // The machine's installation updates a user's own.
    let uid = |path: &Path| path.symlink_metadata().map_or(0, |found| found.uid());
    let (own, other) = if uid(&first) == 0 { (&second, &first) } else { (&first, &second) };
    let text = format!(
        "`{}` and `{}` are both installed and differ, so what a build does depends on PATH",
        escaped(&first),
        escaped(&second)
    );
    let command = format!("{} setup", quoted(other));
    let help = machine.ask(uid(own), &command);
    Some(Finding::new(Severity::Warn, text).at(own).help(help))
}

/// `toolchain`.
pub(super) fn toolchain(machine: &Machine<'_>) -> Checked {
    let mut found = Vec::new();
    if let Err(failure) = machine.plan.real_cargo(&machine.plan.trail()).cargo() {
        found.push(Finding::of(&failure));
    }
    for directory in BTreeSet::from_iter(machine.snapshot.directories_on_path()) {
        let Ok(entry) = std::fs::metadata(&directory) else { continue };
        if entry.is_dir() && entry.mode() & 0o002 != 0 {
            let text = format!(
                "`{}` is on PATH and everyone can write to it (mode {:04o}), so everyone can run \
                 programs as you",
                escaped(&directory),
                entry.mode() & 0o7777
            );
            let command = format!("chmod o-w {}", quoted(&directory));
            let place = (directory.as_path(), entry.uid());
            found.push(machine.for_owner(Severity::Warn, text, place, &command));
        }
    }
    found.extend(two_rustups(machine));
    found.extend(old_cargo(machine));
    Ok(found)
}

/// The first minor version whose `cargo clean` removes only directories with a valid tag.
const CLEANS_SAFELY: u32 = 97;

/// An old `cargo` and a newer one. They are asked for their versions only if there are at least two.
fn old_cargo(machine: &Machine<'_>) -> Option<Finding> {
    let trust = Trust::of(machine.snapshot.uid);
    let mut all = programs(machine, "cargo");
    all.retain(|cargo| !is_shim(cargo) && trust.covers(cargo));
    if all.len() < 2 {
        return None;
    }
    let asked: Vec<_> =
        all.iter().filter_map(|cargo| Some((minor_version(cargo)?, cargo))).collect();
    let (old, path) = asked.iter().find(|(minor, _)| *minor < CLEANS_SAFELY)?;
    let (new, other) = asked.iter().find(|(minor, _)| *minor >= CLEANS_SAFELY)?;
    let text = format!(
        "`{}` is cargo 1.{old}, beside 1.{new} in `{}`: before 1.{CLEANS_SAFELY} `cargo clean` also \
         removes what is no target directory",
        escaped(path),
        escaped(other)
    );
    let help = "uninstall the old one, or take its directory out of PATH";
    Some(Finding::new(Severity::Note, text).at(path).help(help))
}

/// The minor version that `cargo -V` prints, outside all projects and without installing anything.
fn minor_version(cargo: &Path) -> Option<u32> {
    let mut command = Command::new(cargo);
    command.arg("-V").current_dir("/").env("RUSTUP_AUTO_INSTALL", "0");
    let said = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?.stdout;
    let said = String::from_utf8(said).ok()?;
    said.strip_prefix("cargo 1.")?.split('.').next()?.parse().ok()
}

fn two_rustups(machine: &Machine<'_>) -> Option<Finding> {
    let (first, other) = two_of(programs(machine, "rustup").into_iter())?;
    let text = format!(
        "there are two rustups, `{}` and `{}`: an update of one leaves the other's proxies old",
        escaped(&first),
        escaped(&other)
    );
    let help = "uninstall one of them, or take its directory out of PATH";
    Some(Finding::new(Severity::Note, text).at(&other).help(help))
}

/// The programs with this name in the absolute entries of PATH.
fn programs(machine: &Machine<'_>, name: &str) -> Vec<PathBuf> {
    let all = which::which_in_global(name, machine.snapshot.variable("PATH"));
    all.into_iter().flatten().filter(|path| path.is_absolute()).collect()
}

/// The first of these programs, and one with other content.
fn two_of(mut all: impl Iterator<Item = PathBuf>) -> Option<(PathBuf, PathBuf)> {
    let first = all.next()?;
    let other = all.find(|other| !is_same_content(other, &first).unwrap_or(false))?;
    Some((first, other))
}
