//! What is installed: the settings, cargo-peruser itself, cargo and rustup.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::finding::{Checked, Finding, Severity};
use super::machine::Machine;
use crate::os::accounts;
use crate::os::replace::is_same_content;
use crate::session::installation::{Installation, is_same_file};
use crate::settings;
use crate::shim::Plan;
use crate::shim::candidate::entries;
use crate::shim::decide::EntryPoint;
use crate::shim::gather::BYPASS;
use crate::ui::escape::{escaped, quoted};

/// `settings`.
pub(super) fn settings(machine: &Machine<'_>) -> Checked {
    let Machine { snapshot, flags, homes, .. } = machine;
    let mut found = Vec::new();
    let loaded = settings::files::load(snapshot, homes, flags).map(|_| ());
    // What asks the shim to step aside lets it overlook mistakes, and may be a mistake itself.
    let planned = || Plan::make(snapshot, EntryPoint::Shim, flags, &[]).map(|_| ());
    if let Err(failure) = loaded.and_then(|()| planned()) {
        found.push(Finding::of(&failure));
    }
    if snapshot.variable(BYPASS).is_some_and(|value| value == "off") {
        let text = format!("{BYPASS}=off is in the environment, so the shim changes nothing here");
        found.push(Finding::new(Severity::Warn, text).help(format!("unset {BYPASS}")));
    }
    found.extend(two_installations(machine));
    Ok(found)
}

/// The machine's installation and a person's that are not of one version.
fn two_installations(machine: &Machine<'_>) -> Option<Finding> {
    let mut all: Vec<Installation> = Vec::new();
    for installation in
        directories(machine).iter().filter_map(|at| Installation::of_shim(&at.join("cargo")))
    {
        if !all.contains(&installation) {
            all.push(installation);
        }
    }
    let [first, second, ..] = all.as_slice() else { return None };
    let (first, second) = (first.binary(), second.binary());
    if is_equal(&first, &second) {
        return None;
    }
    // A person's own goes more easily than the machine's.
    let uid = |path: &Path| path.symlink_metadata().map_or(0, |found| found.uid());
    let own = if uid(&first) == 0 { &second } else { &first };
    let text = format!(
        "`{}` and `{}` are both installed and differ, so what a build does depends on PATH",
        escaped(&first),
        escaped(&second)
    );
    let command = format!("{} setup --uninstall", quoted(own));
    let help = machine.ask(uid(own), &command);
    let owner = accounts::owner(uid(own));
    Some(Finding::new(Severity::Warn, text).at(own).owned_by(&owner).help(help))
}

fn is_equal(one: &Path, other: &Path) -> bool {
    is_same_content(one, other).unwrap_or(false)
}

/// Whether a `cargo` is the shim: of an installation, or this very program.
pub(super) fn is_shim(cargo: &Path) -> bool {
    let ourselves = Path::new("/proc/self/exe");
    Installation::of_shim(cargo).is_some()
        || is_same_file(cargo, ourselves)
        || is_equal(cargo, ourselves)
}

/// `toolchain`.
pub(super) fn toolchain(machine: &Machine<'_>) -> Checked {
    let plan = machine.shim()?;
    let mut found = Vec::new();
    if let Err(failure) = plan.real_cargo(&plan.trail()).cargo() {
        found.push(Finding::of(&failure));
    }
    for directory in directories(machine) {
        let Ok(entry) = std::fs::metadata(&directory) else { continue };
        if entry.is_dir() && entry.mode() & 0o002 != 0 {
            let text = format!(
                "`{}` is on PATH and everyone can write to it (mode {:04o}), so everyone can run \
                 programs as you",
                escaped(&directory),
                entry.mode() & 0o7777
            );
            let command = format!("chmod o-w {}", quoted(&directory));
            let help = machine.ask_at(&directory, entry.uid(), &command);
            let owner = accounts::owner(entry.uid());
            found.push(
                Finding::new(Severity::Warn, text).at(&directory).owned_by(&owner).help(help),
            );
        }
    }
    found.extend(two_rustups(machine));
    Ok(found)
}

fn two_rustups(machine: &Machine<'_>) -> Option<Finding> {
    let all: Vec<PathBuf> = directories(machine)
        .into_iter()
        .map(|at| at.join("rustup"))
        .filter(|path| which::which_global(path).is_ok())
        .collect();
    let first = all.first()?;
    let other = all.iter().find(|path| !is_same_file(path, first) && !is_equal(path, first))?;
    let text = format!(
        "there are two rustups, `{}` and `{}`: an update of one leaves the other's proxies old",
        escaped(first),
        escaped(other)
    );
    Some(
        Finding::new(Severity::Note, text)
            .at(other)
            .help("uninstall one of them, or take its directory out of PATH"),
    )
}

/// The absolute entries of PATH, each once.
fn directories(machine: &Machine<'_>) -> Vec<PathBuf> {
    let path = machine.snapshot.variable("PATH").unwrap_or_default();
    let mut all: Vec<PathBuf> = Vec::new();
    for entry in entries(&path).flatten() {
        if !all.iter().any(|seen| seen == entry) {
            all.push(entry.to_owned());
        }
    }
    all
}
