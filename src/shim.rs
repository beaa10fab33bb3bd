//! The hot path: look around, decide, make the directory safe, become cargo.
//!
//! The verbs that show the decision plan with the same [`Plan`], so that they cannot disagree.

use std::convert::Infallible;
use std::ffi::OsString;

use crate::core::candidate::Skip;
use crate::core::environment;
use crate::core::invocation::{Invocation, TargetUse};
use crate::core::placement::{Decision, Door, decide};
use crate::core::settings::{Key, Settings};
use crate::core::trail::Trail;
use crate::error::{Error, Result};
use crate::report;
use crate::shown::shown;
use crate::sys::homes::Homes;
use crate::sys::private_dir::{self, Caller, Note};
use crate::sys::real_cargo::{self, Found};
use crate::sys::snapshot::{CalledAs, Snapshot};
use crate::sys::survey::Survey;
use crate::sys::{accounts, exec};

/// A decision, with what it was made from.
pub struct Plan<'a> {
    /// How we were called.
    pub snapshot: &'a Snapshot,
    /// What cargo will receive.
    pub args: &'a [OsString],
    /// The arguments that matter.
    pub invocation: &'a Invocation<'a>,
    /// What was found.
    pub survey: Survey,
    /// What is to be done.
    pub decision: Decision,
}

impl<'a> Plan<'a> {
    /// Looks around and decides. Changes nothing.
    ///
    /// # Errors
    /// Mistakes in the settings.
    pub fn make(
        snapshot: &'a Snapshot,
        door: Door,
        flags: &[(Key, OsString)],
        args: &'a [OsString],
        invocation: &'a Invocation<'a>,
    ) -> Result<Plan<'a>> {
        let survey = Survey::take(snapshot, door, flags, invocation)?;
        let decision = decide(&survey.facts(door, invocation));
        Ok(Plan { snapshot, args, invocation, survey, decision })
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.survey.settings
    }

    /// Looks for the real cargo.
    pub fn real_cargo(&self, trail: &Trail) -> Found {
        let homes = Homes::new(self.snapshot);
        real_cargo::find(self.snapshot, self.settings(), self.invocation, &homes, trail)
    }

    /// Who asks for the private directory.
    pub fn caller(&self) -> Caller<'_> {
        let settings = self.settings();
        let origin = settings.origin(Key::SharedRoot).map(ToString::to_string);
        Caller {
            uid: self.snapshot.uid,
            gid: self.snapshot.gid,
            trusted: accounts::uids(&settings.trusted_owners),
            checkout: self.survey.checkout.as_ref().map(|checkout| checkout.top.as_path()),
            root_origin: origin.unwrap_or_else(|| "the settings".into()),
        }
    }

    /// The trail of this process, as far as it has been here.
    pub fn trail(&self) -> Trail {
        let inherited = self.snapshot.variable(crate::core::trail::VARIABLE);
        let trail = Trail::pick_up(inherited.as_deref(), self.snapshot.process(), self.args);
        // A cargo has run that calls its subcommands, so it was a real one.
        let is_subcommand = self.snapshot.called_as == CalledAs::Subcommand;
        if is_subcommand { trail.restart() } else { trail }
    }

    /// Makes what the decision needs, as far as the command will use it.
    ///
    /// # Errors
    /// Refusals, and directories that cannot be made.
    pub fn prepare(&self) -> Result<Vec<Note>> {
        let mut notes = Vec::new();
        let Some(place) = &self.decision.place else {
            return Ok(notes);
        };
        let caller = self.caller();
        match self.invocation.target_use() {
            TargetUse::None => {}
            TargetUse::Reads => {
                private_dir::examine(place, &caller)?;
                if let Some(name) = &self.decision.make {
                    private_dir::examine_target(place, name, &caller)?;
                }
            }
            TargetUse::Writes => {
                let directory = private_dir::establish(place, &caller, &mut notes)?;
                if let Some(name) = &self.decision.make {
                    directory.target(name)?;
                }
            }
        }
        Ok(notes)
    }

    /// Does what was decided and becomes cargo.
    ///
    /// # Errors
    /// Ours; once cargo runs, everything is cargo's.
    pub fn carry_out(&self) -> Result<Infallible> {
        let trail = self.trail();
        // Before anything is made: without a cargo there is nothing to make it for.
        let found = self.real_cargo(&trail);
        let cargo = found.cargo.ok_or_else(|| none_found(&found.skipped))?;
        for note in self.prepare()? {
            tell(&note);
        }
        if self.is_sudo() {
            report::note(&"running as root through sudo, so this builds into root's own directory");
        }
        let mut changes = environment::changes(&self.decision);
        changes.push(environment::marker(&trail.then(cargo.clone())));
        exec::exec(&cargo, self.args, &changes)
    }

    /// Whether root's directory is used because somebody typed `sudo`.
    fn is_sudo(&self) -> bool {
        self.snapshot.uid == 0
            && self.decision.make.is_some()
            && self.invocation.target_use() == TargetUse::Writes
            && self.snapshot.variable("SUDO_UID").is_some_and(|uid| uid != "0")
    }
}

/// Runs as the shim.
///
/// # Errors
/// Ours; once cargo runs, everything is cargo's.
pub fn run(snapshot: &Snapshot) -> Result<Infallible> {
    let invocation = Invocation::read(&snapshot.args);
    Plan::make(snapshot, Door::Shim, &[], &snapshot.args, &invocation)?.carry_out()
}

fn none_found(skipped: &[(std::path::PathBuf, Skip)]) -> Error {
    Error::NoRealCargo { seen: real_cargo::reasons(skipped) }
}

fn tell(note: &Note) {
    match note {
        Note::Tightened(path, mode) => report::note(&format!(
            "others could read `{}` (mode {mode:04o}); it is private now (mode 0700)",
            shown(path)
        )),
        Note::NoExec(path) => report::note(&format!(
            "`{}` is on a file system mounted noexec: build scripts and tests cannot run there",
            shown(path)
        )),
    }
}
