//! One of the two people, and what they do all day.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::accounts::TEAM;
use crate::process;

/// What cargo says when it waits for somebody else.
const WAIT: &str = "Blocking waiting for file lock";

/// How many lines of a failure are shown.
const SHOWN_LINES: usize = 6;

pub(super) struct Person {
    pub(super) name: &'static str,
    /// Their user id, and the id of their own group.
    pub(super) id: u32,
    pub(super) home: PathBuf,
}

/// Where and how a row's builds run.
pub(super) struct Place {
    pub(super) checkout: PathBuf,
    /// Edits a file and builds.
    pub(super) script: PathBuf,
    pub(super) umask: &'static str,
    pub(super) environment: Vec<(&'static str, OsString)>,
}

#[derive(Default)]
pub(super) struct Outcome {
    pub(super) builds: u32,
    pub(super) failures: u32,
    /// How often cargo said that it waits for a lock.
    pub(super) waits: usize,
    pub(super) first_failure: Option<String>,
}

impl Outcome {
    pub(super) fn add(&mut self, other: Self) {
        self.builds += other.builds;
        self.failures += other.failures;
        self.waits += other.waits;
        self.first_failure = self.first_failure.take().or(other.first_failure);
    }

    fn of_build(success: bool, said: &str) -> Self {
        let last: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
        let shown = last.get(last.len().saturating_sub(SHOWN_LINES)..).unwrap_or_default();
        Self {
            builds: 1,
            failures: u32::from(!success),
            waits: said.matches(WAIT).count(),
            first_failure: (!success).then(|| shown.join("\n")),
        }
    }
}

impl Person {
    /// Edits and builds as often as asked, whatever comes of it.
    pub(super) fn work(&self, place: &Place, rounds: u32) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        for round in 1..=rounds {
            let mut command = self.command(Path::new("/bin/sh"));
            command
                .arg(&place.script)
                .args([place.umask, self.name, &round.to_string()])
                .current_dir(&place.checkout)
                .envs(place.environment.iter().map(|(name, value)| (name, value)))
                .stderr(Stdio::piped());
            let (_, output) = process::attempt(&mut command)?;
            let said = String::from_utf8_lossy(&output.stderr);
            outcome.add(Outcome::of_build(output.status.success(), &said));
        }
        Ok(outcome)
    }

    /// A program that runs as this person, with nothing of ours in its environment.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={}", self.id))
            .arg(format!("--regid={}", self.id))
            .arg(format!("--groups={},{TEAM}", self.id))
            .arg("--")
            .arg(program)
            .env_clear()
            .envs([("USER", self.name), ("LOGNAME", self.name), ("LANG", "C.UTF-8")])
            .env("HOME", &self.home);
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_cargo_says() {
        let mut outcome = Outcome::default();
        let waited = "    Blocking waiting for file lock on build directory\n   Compiling a\n";
        outcome.add(Outcome::of_build(true, waited));
        outcome.add(Outcome::of_build(false, "error: failed to open\n\nCaused by:\n  denied\n"));
        outcome.add(Outcome::of_build(false, "error: another\n"));
        assert_eq!((outcome.builds, outcome.failures, outcome.waits), (3, 2, 1));
        let failure = outcome.first_failure.as_deref();
        assert_eq!(failure, Some("error: failed to open\nCaused by:\n  denied"));
    }

    #[test]
    fn a_person_acts_under_their_own_ids_and_environment() {
        let person = Person { name: "alice", id: 7, home: PathBuf::from("/h") };
        let command = person.command(Path::new("/bin/sh"));
        assert_eq!(
            process::as_typed(&command),
            "setpriv --reuid=7 --regid=7 --groups=7,60580 -- /bin/sh"
        );
        assert!(command.get_envs().any(|(name, value)| name == "HOME" && value.is_some()));
    }
}
