//! Lets cargo make a workspace's own units dirty, and counts what it finds fresh.
//!
//! Only ever as the person whose cache it is: a checkout decides what cargo runs.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::profiles::{Profile, Survey};
use crate::core::environment::Change;
use crate::error::{Error, MigrateError};
use crate::shown::quoted;
use crate::sys::exec;

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

/// What came of cleaning one profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cleaned {
    /// The workspace's own units are dirty.
    Dirty,
    /// The workspace has no such profile, so that nothing of it was built with that.
    Unknown,
}

impl Cargo<'_> {
    /// What a target directory has been built with. A directory is taken for a target's only where
    /// this toolchain's rustc knows the target.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn survey(&self, target: &Path) -> Result<Survey, Error> {
        let targets = self.targets();
        Survey::of(target, &|name| targets.contains(name))
    }

    /// The targets that rustc knows; none where it does not say.
    fn targets(&self) -> HashSet<String> {
        let beside = self.program.with_file_name("rustc");
        let rustc = if beside.exists() { beside } else { "rustc".into() };
        let mut command = Command::new(rustc);
        command.args(["--print", "target-list"]).current_dir(self.checkout);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        exec::prepare(&mut command, self.changes);
        let answer = command.output().map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&answer).lines().map(str::to_owned).collect()
    }

    /// Makes the workspace's own units of one profile dirty. Cargo takes their incremental state
    /// away as well, unless that stands elsewhere meanwhile.
    ///
    /// # Errors
    /// [`MigrateError::Cure`], and failures.
    pub fn clean(&self, profile: &Profile) -> Result<Cleaned, Error> {
        let words = profile.words();
        let with = |more: &[OsString]| self.run(words.iter().chain(more).cloned());
        let cleaned = with(&["--workspace".into()]).or_else(|error| {
            // Cargo before 1.93 does not know the flag, and takes packages by name.
            let members = if is_unknown(&error, profile) { Vec::new() } else { self.members() };
            if members.is_empty() { Err(error) } else { with(&members) }
        });
        match cleaned {
            Ok(_) => Ok(Cleaned::Dirty),
            Err(error) if is_unknown(&error, profile) => Ok(Cleaned::Unknown),
            Err(error) => Err(error),
        }
    }

    /// `-p NAME` for each package of the workspace.
    fn members(&self) -> Vec<OsString> {
        self.own().into_iter().flat_map(|name| ["-p".into(), name.into()]).collect()
    }

    /// The names of the workspace's own packages; none where cargo does not say.
    pub fn own(&self) -> Vec<String> {
        let words = ["metadata", "--no-deps", "--format-version=1"].map(OsString::from);
        let Ok(answer) = self.run(words.into_iter()) else { return Vec::new() };
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let packages = answer.get("packages").and_then(Value::as_array);
        let names = packages.into_iter().flatten().filter_map(|one| one.get("name")?.as_str());
        names.map(str::to_owned).collect()
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

/// Whether cargo says that the workspace has no such profile.
fn is_unknown(error: &Error, profile: &Profile) -> bool {
    let Error::Migrate(error) = error else { return false };
    let MigrateError::Cure { ended, .. } = &**error else { return false };
    ended.contains(&format!("profile `{}` is not defined", profile.name()))
}
