//! Lets cargo make a workspace's own units dirty, and counts what it finds fresh.
//!
//! Only ever as the person whose cache it is: a checkout decides what cargo runs.

use std::collections::{BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::profiles::{Profile, Survey};
use crate::core::environment::Change;
use crate::error::{Error, MigrateError, Uncleaned};
use crate::shown::quoted;
use crate::sys::{exec, interrupt};

/// How often it is looked whether cargo has ended, or shall.
const BEAT: Duration = Duration::from_millis(50);

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
    /// What cargo has said, and failures.
    pub fn clean(&self, profile: &Profile) -> Result<Cleaned, Uncleaned> {
        let words = profile.words();
        let with = |more: &[OsString]| self.run(words.iter().chain(more).cloned());
        let cleaned = with(&["--workspace".into()]).or_else(|error| {
            // Cargo before 1.93 does not know the flag, and takes packages by name.
            let members = if error.says("'--workspace'") { self.members() } else { Vec::new() };
            if members.is_empty() { Err(error) } else { with(&members) }
        });
        match cleaned {
            Ok(_) => Ok(Cleaned::Dirty),
            Err(error) if error.says(&format!("profile `{}` is not defined", profile.name())) => {
                Ok(Cleaned::Unknown)
            }
            Err(error) => Err(error),
        }
    }

    /// `-p NAME` for each package of the workspace.
    fn members(&self) -> Vec<OsString> {
        self.own().into_iter().flat_map(|name| ["-p".into(), name.into()]).collect()
    }

    /// The names of the workspace's own packages; none where cargo does not say.
    pub fn own(&self) -> BTreeSet<String> {
        let words = ["metadata", "--no-deps", "--format-version=1"].map(OsString::from);
        self.run(words.into_iter()).map(|answer| Resolution::parse(&answer).own).unwrap_or_default()
    }

    /// The names of what the workspace depends on, on this machine and on these targets; `None` where
    /// cargo does not say. What it has not downloaded, nothing was built of.
    pub fn dependencies(&self, triples: &BTreeSet<&str>) -> Option<BTreeSet<String>> {
        let about = self.run(["-vV".into()].into_iter()).ok()?;
        let about = String::from_utf8_lossy(&about).into_owned();
        let host = about.lines().find_map(|line| line.strip_prefix("host: "))?;
        let platforms = triples.iter().copied().chain([host]);
        let words = ["metadata", "--format-version=1", "--offline"].into_iter();
        let words = words.chain(platforms.flat_map(|triple| ["--filter-platform", triple]));
        Some(Resolution::parse(&self.run(words.map(OsString::from)).ok()?).dependencies)
    }

    /// Builds the checkout, and counts the units that were fresh among all. What cargo has to say of
    /// it, it says to the person itself.
    ///
    /// # Errors
    /// [`MigrateError::Unbuilt`], and failures.
    pub fn build(&self) -> Result<(usize, usize), Error> {
        let words = ["build", "--message-format=json-render-diagnostics"].map(OsString::from);
        let child = self.command(&words).stdout(Stdio::piped()).spawn();
        let ended = child.and_then(attend);
        let (status, output) = ended.map_err(|cause| exec::failed(self.program, cause))?;
        if !status.success() {
            let is_interrupted = interrupt::is_requested();
            let checkout = self.checkout.to_owned();
            return Err(MigrateError::Unbuilt { checkout, is_interrupted }.into());
        }
        let units = output.split(|byte| *byte == b'\n').filter_map(|line| {
            let message: Value = serde_json::from_slice(line).ok()?;
            let is_unit = message.get("reason")?.as_str()? == "compiler-artifact";
            message.get("fresh")?.as_bool().filter(|_| is_unit)
        });
        let units: Vec<bool> = units.collect();
        Ok((units.iter().filter(|fresh| **fresh).count(), units.len()))
    }

    fn command(&self, words: &[OsString]) -> Command {
        let mut command = Command::new(self.program);
        command.args(words).current_dir(self.checkout).stdin(Stdio::null());
        exec::prepare(&mut command, self.changes);
        command
    }

    fn run(&self, words: impl Iterator<Item = OsString>) -> Result<Vec<u8>, Uncleaned> {
        let words: Vec<OsString> = words.collect();
        let output = self.command(&words).output();
        let output = output.map_err(|cause| exec::failed(self.program, cause))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let shown = std::iter::once(OsStr::new("cargo")).chain(words.iter().map(|word| &**word));
        let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
        Err(Uncleaned::Cargo {
            command: shown.map(quoted).collect::<Vec<_>>().join(" "),
            ended: if said.is_empty() { output.status.to_string() } else { said },
        })
    }
}

/// The names in what `cargo metadata` prints.
#[derive(Debug, Default)]
struct Resolution {
    own: BTreeSet<String>,
    dependencies: BTreeSet<String>,
}

impl Resolution {
    fn parse(answer: &[u8]) -> Resolution {
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let list = |key| answer.get(key).and_then(Value::as_array).into_iter().flatten();
        let members: HashSet<&str> = list("workspace_members").filter_map(Value::as_str).collect();
        let mut found = Resolution::default();
        for package in list("packages") {
            let text = |key| package.get(key).and_then(Value::as_str);
            let (Some(name), Some(id)) = (text("name"), text("id")) else { continue };
            let is_own = members.contains(id);
            let names = if is_own { &mut found.own } else { &mut found.dependencies };
            names.insert(name.to_owned());
        }
        found
    }
}

/// Waits for a cargo and reads what it prints. Ctrl-C at a terminal has reached it as well; a signal
/// to this process alone is passed on.
fn attend(mut child: Child) -> io::Result<(ExitStatus, Vec<u8>)> {
    let mut stdout = child.stdout.take();
    std::thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut output = Vec::new();
            stdout.as_mut().map_or(Ok(0), |stdout| stdout.read_to_end(&mut output)).map(|_| output)
        });
        let mut is_told = false;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if interrupt::is_requested() && !is_told {
                // It is not waited for yet, so the number is still its own.
                let _ = kill_process(Pid::from_child(&child), Signal::INT);
                is_told = true;
            }
            std::thread::sleep(BEAT);
        };
        let output = reading.join().unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()));
        Ok((status, output?))
    })
}
