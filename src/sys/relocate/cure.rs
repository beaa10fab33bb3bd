//! Lets cargo make a workspace's own units dirty, and counts what it finds fresh.
//!
//! Only ever as the person whose cache it is: a checkout decides what cargo runs.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::failed;
use crate::core::environment::Change;
use crate::core::relocation::tree::LOCKS;
use crate::error::{Error, MigrateError, State};
use crate::shown::quoted;
use crate::sys::exec;

/// Where incremental state stands while cargo cleans.
const KEPT: &str = "incremental.kept-by-cargo-peruser";

/// A profile that a target directory has been built with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    name: String,
    triple: Option<String>,
    directory: PathBuf,
}

impl Profile {
    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What cargo calls it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A cargo, where it is to run, and with which changes of the environment.
#[derive(Clone, Copy, Debug)]
pub struct Cargo<'a> {
    /// The program.
    pub program: &'a Path,
    /// The checkout.
    pub checkout: &'a Path,
    /// What the decision says.
    pub changes: &'a [Change],
}

/// The profiles that a target directory has been built with, by their locks.
///
/// # Errors
/// Where it cannot be read.
pub fn profiles(target: &Path) -> Result<Vec<Profile>, Error> {
    let mut found = Vec::new();
    for directory in below(target)? {
        if is_profile(&directory) {
            found.push(profile(&directory, None));
            continue;
        }
        let triple = directory.file_name().map(|name| name.to_string_lossy().into_owned());
        let inner = below(&directory)?.into_iter().filter(|inner| is_profile(inner));
        found.extend(inner.map(|inner| profile(&inner, triple.clone())));
    }
    Ok(found)
}

fn profile(directory: &Path, triple: Option<String>) -> Profile {
    let name = directory.file_name().unwrap_or_default().to_string_lossy();
    let name = if name == "debug" { "dev".into() } else { name.into_owned() };
    Profile { name, triple, directory: directory.to_owned() }
}

fn is_profile(directory: &Path) -> bool {
    LOCKS.iter().any(|lock| directory.join(lock).exists())
}

fn below(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let doing = |cause| failed("read", directory, cause, State::Untouched);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(doing)? {
        let entry = entry.map_err(doing)?;
        if entry.file_type().map_err(doing)?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

impl Cargo<'_> {
    /// Makes the workspace's own units of one profile dirty; their incremental state stays.
    ///
    /// # Errors
    /// [`MigrateError::Cure`], and failures.
    pub fn cure(&self, profile: &Profile) -> Result<(), Error> {
        let (incremental, kept) =
            (profile.directory.join("incremental"), profile.directory.join(KEPT));
        let doing = |cause| failed("keep", &incremental, cause, State::Untouched);
        // What is kept already was left by a run that was stopped in between.
        let is_kept = kept.exists();
        if incremental.exists() && !is_kept {
            std::fs::rename(&incremental, &kept).map_err(doing)?;
        }
        let cleaned = self.clean(profile);
        if kept.exists() && !incremental.exists() {
            std::fs::rename(&kept, &incremental).map_err(doing)?;
        }
        cleaned
    }

    fn clean(&self, profile: &Profile) -> Result<(), Error> {
        let mut words: Vec<OsString> =
            ["clean", "--profile", &profile.name].map(OsString::from).to_vec();
        if let Some(triple) = &profile.triple {
            words.extend(["--target".into(), triple.into()]);
        }
        let with = |more: &[OsString]| self.run(words.iter().chain(more).cloned());
        // Cargo before 1.93 does not know the flag, and takes packages by name.
        with(&["--workspace".into()]).or_else(|error| {
            let members = self.members();
            if members.is_empty() { Err(error) } else { with(&members) }
        })?;
        Ok(())
    }

    /// `-p NAME` for each package of the workspace.
    fn members(&self) -> Vec<OsString> {
        let words = ["metadata", "--no-deps", "--format-version=1"].map(OsString::from);
        let Ok(answer) = self.run(words.into_iter()) else { return Vec::new() };
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let packages = answer.get("packages").and_then(Value::as_array);
        let names = packages.into_iter().flatten().filter_map(|one| one.get("name")?.as_str());
        names.flat_map(|name| ["-p".into(), name.into()]).collect()
    }

    /// Builds the checkout, and counts the units that were fresh among all.
    ///
    /// # Errors
    /// [`MigrateError::Cure`] where it does not build.
    pub fn build(&self) -> Result<(usize, usize), Error> {
        let words = ["build", "--message-format=json-render-diagnostics"].map(OsString::from);
        let output = self.run(words.into_iter())?;
        let units = output.split(|byte| *byte == b'\n').filter_map(|line| {
            let message: Value = serde_json::from_slice(line).ok()?;
            let is_unit = message.get("reason")?.as_str()? == "compiler-artifact";
            message.get("fresh")?.as_bool().filter(|_| is_unit)
        });
        let units: Vec<bool> = units.collect();
        Ok((units.iter().filter(|fresh| **fresh).count(), units.len()))
    }

    fn run(&self, words: impl Iterator<Item = OsString>) -> Result<Vec<u8>, Error> {
        let words: Vec<OsString> = words.collect();
        let mut command = Command::new(self.program);
        command.args(&words).current_dir(self.checkout).stdin(Stdio::null());
        exec::prepare(&mut command, self.changes);
        let output = command.output().map_err(|cause| exec::failed(self.program, cause))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let shown = std::iter::once(OsStr::new("cargo")).chain(words.iter().map(|word| &**word));
        let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        Err(MigrateError::Cure {
            command: shown.map(quoted).collect::<Vec<_>>().join(" "),
            ended: if said.is_empty() { output.status.to_string() } else { said },
        }
        .into())
    }
}
