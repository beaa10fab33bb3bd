//! The hot path: gather facts, decide, make the directory safe, execute cargo.
//!
//! - `argv`, `alias`: what the command is
//! - `gather`, `inherited_variables`, `own_places`: the facts: accounts, variables, directories
//! - `cargo_config`, `excerpt`, `build_dir`: what cargo's own configuration says
//! - `decide`, `reasons`: where it builds, and why
//! - `environment`, `exec`: what cargo gets, and its start
//! - `real_cargo`, `trail`, `toolchain`, `installation`: which cargo, and who we are
//!
//! The verbs that show the decision use the same [`Plan`], so they cannot differ from it.

pub mod alias;
pub mod argv;
pub mod build_dir;
pub mod cargo_config;
pub mod decide;
pub mod environment;
pub mod excerpt;
pub mod exec;
pub mod gather;
mod inherited_variables;
pub mod installation;
mod own_places;
pub mod real_cargo;
pub mod reasons;
pub mod toolchain;
pub mod trail;

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::compile_cache::choose;
use crate::os::homes::Homes;
use crate::os::lexical;
use crate::os::snapshot::{CalledAs, Snapshot};
use crate::os::{accounts, files, tag};
use crate::private_dir::place::{PlaceKind, Required};
use crate::private_dir::{self, Caller, State};
use crate::settings::{Key, Scope, Settings};
use crate::shim::argv::{Invocation, TargetUse};
use crate::shim::cargo_config::ConfigText;
use crate::shim::decide::{Decision, EntryPoint, Facts, RootState, Rule, decide};
use crate::shim::real_cargo::Caution;
use crate::shim::real_cargo::SearchResult;
use crate::shim::trail::Trail;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result};
use crate::ui::report;
use crate::workspace::record::{self, Use};
use crate::workspace::root;
use crate::workspace::{Workspace, configuration_start};

/// A decision, and the means to carry it out.
pub struct Plan<'a> {
    /// How we were called.
    pub snapshot: &'a Snapshot,
    /// The facts that it was made from.
    pub facts: Facts,
    /// What is to be done.
    pub decision: Decision,
    args: &'a [OsString],
    homes: Homes<'a>,
}

impl<'a> Plan<'a> {
    /// Gathers the facts and decides, for a cargo command with `args`. Changes nothing.
    ///
    /// # Errors
    /// Mistakes in the settings.
    pub fn make(
        snapshot: &'a Snapshot,
        entry_point: EntryPoint,
        flags: &[(Key, OsString)],
        args: &'a [OsString],
    ) -> Result<Plan<'a>> {
        let homes = Homes::new(snapshot);
        let facts = Facts::gather(&homes, entry_point, flags, args)?;
        let decision = decide(&facts);
        Ok(Plan { snapshot, args, homes, facts, decision })
    }

    /// The merged settings.
    pub fn settings(&self) -> &Settings {
        &self.facts.settings
    }

    /// The cargo arguments that matter, with aliases expanded.
    pub fn invocation(&self) -> &Invocation {
        &self.facts.invocation
    }

    /// Whether cargo has no command, alias or external program of this name.
    pub fn is_unknown_to_cargo(&self, name: &OsStr) -> bool {
        let is_alias = self.invocation().command.as_deref() != Some(name);
        let mut program = OsString::from("cargo-");
        program.push(name);
        let in_home =
            || self.homes.cargo().is_some_and(|home| home.join("bin").join(&program).exists());
        !is_alias
            && !self.invocation().is_cargos_own()
            && which::which(&program).is_err()
            && !in_home()
    }

    /// The resulting target directory, unless cargo alone decides it.
    pub fn target_dir(&self) -> Option<PathBuf> {
        let Facts { invocation, variables, working_directory, .. } = &self.facts;
        let chosen = || invocation.target_dir.as_ref().map(|path| working_directory.join(path));
        let inherited = || self.decision.required.as_ref().and(variables.target_dir.clone());
        let path = self.decision.target_dir.clone().or_else(chosen).or_else(inherited)?;
        Some(lexical::absolute(working_directory, &path))
    }

    /// Whether each workspace has a target directory of its own, and this build is in none.
    pub fn is_outside_of_workspaces(&self) -> bool {
        self.decision.rule == Rule::Redirected
            && self.settings().scope() == Scope::Workspace
            && self.facts.workspace.is_none()
    }

    /// Looks for the real cargo.
    pub fn real_cargo(&self, trail: &Trail) -> SearchResult {
        // If nothing is protected, the shell's choice is good enough.
        let caution =
            if self.decision.required.is_some() { Caution::Full } else { Caution::AsTheShell };
        real_cargo::find(&self.homes, self.settings(), self.invocation(), trail, caution)
    }

    /// The wrapper around the compiler that cargo's configuration names; an empty one means none.
    pub fn configured_wrapper(&self) -> Option<String> {
        let Facts { invocation, working_directory, .. } = &self.facts;
        let cargo_home = self.homes.cargo();
        let cargo_home = cargo_home.as_deref();
        let start = configuration_start(invocation, working_directory, cargo_home);
        let in_files = || cargo_config::in_files(&start, cargo_home, self.snapshot.here());
        let typed = cargo_config::typed(invocation, working_directory);
        let first = |texts: &[ConfigText]| texts.iter().find_map(ConfigText::wrapper);
        first(&typed).or_else(|| first(&in_files()))
    }

    /// The trail of this process so far.
    pub fn trail(&self) -> Trail {
        let inherited = self.snapshot.variable(trail::VARIABLE);
        let (pid, now) = (std::process::id(), self.snapshot.now());
        let trail = Trail::pick_up(inherited.as_deref(), pid, self.args, now);
        match self.snapshot.called_as {
            // A cargo that calls its subcommands is a real one, so the candidates were right.
            CalledAs::Subcommand => Trail { tried: Vec::new(), ..trail },
            _ => trail,
        }
    }

    /// Checks the required directories. Changes nothing.
    ///
    /// # Errors
    /// Refusals.
    pub fn examine(&self) -> Result<Option<State>> {
        let required = self.decision.required.as_ref();
        required.map(|required| private_dir::examine(required, &self.caller())).transpose()
    }

    /// Creates the required directories, as far as the command will use them. Returns what the user
    /// should know after a success.
    ///
    /// # Errors
    /// Refusals, and failures to create a directory.
    pub fn prepare(&self) -> Result<Vec<String>> {
        let mut notes = Vec::new();
        let Some(required) = &self.decision.required else { return Ok(notes) };
        let target_use = self.invocation().target_use();
        if target_use == TargetUse::None {
            return Ok(notes);
        }
        let (place, caller) = (&required.place, self.caller());
        match target_use {
            TargetUse::None => {}
            TargetUse::Reads => {
                let state = private_dir::examine(required, &caller)?;
                // Otherwise another user could put a directory there before cargo looks. Cargo would
                // trust its contents, or delete what it points to.
                if state == State::Missing && private_dir::may_be_planted(place) {
                    private_dir::establish(place, &caller, &mut notes)?;
                }
            }
            TargetUse::Writes => {
                let made = self.make_directories(required, &caller, &mut notes);
                made.map_err(|error| match self.provision_command() {
                    // If the directory cannot be created, root can create another one instead.
                    Some(command) if error.exit == 73 => error.help(command),
                    _ => error,
                })?;
            }
        }
        Ok(notes)
    }

    fn make_directories(
        &self,
        Required { place, target }: &Required,
        caller: &Caller<'_>,
        notes: &mut Vec<String>,
    ) -> Result<()> {
        let directory = private_dir::establish(place, caller, notes)?;
        let Some(name) = target else { return Ok(()) };
        directory.target(name)?;
        let provision = self.provision_command();
        let is_hidden = self.has_hidden_root() && place.kind == PlaceKind::InOwnCache;
        if (provision.is_some() || is_hidden) && directory.is_unused(name) {
            let path = place.private_dir();
            let path = escaped(&path);
            notes.push(match provision {
                Some(command) => format!(
                    "you have no private directory in the shared root, so this builds in `{path}`; \
                     to get one: {command}"
                ),
                None => format!(
                    "this user namespace hides who owns the shared root, so this builds in `{path}`"
                ),
            });
        }
        Ok(())
    }

    /// The command with which root creates the caller's private directory in the shared root, if this
    /// build uses the caller's own cache directory because it is missing. If only root can enter the
    /// root, setup has to mend it.
    pub fn provision_command(&self) -> Option<String> {
        let is_missing = self.facts.root == RootState::NotProvisioned;
        if !is_missing || self.decision.required.is_none() {
            return None;
        }
        let closed = self.settings().shared_root().filter(|root| self.facts.is_closed(root));
        Some(match closed {
            Some(root) => format!("sudo cargo-peruser setup --shared-root {}", quoted(root)),
            None => private_dir::provision_command(self.snapshot.uid),
        })
    }

    /// Whether there is a shared root whose owner a user namespace hides.
    pub fn has_hidden_root(&self) -> bool {
        self.facts.root == RootState::OwnerHidden
    }

    /// Whether the build is below a shared root in which others can create files.
    pub fn uses_sticky_root(&self) -> bool {
        let place = self.decision.required.as_ref().map(|required| &required.place);
        place.is_some_and(|place| place.kind == PlaceKind::BelowSharedRoot)
            && self.facts.others_write_to_root()
    }

    /// Carries out the decision and executes cargo.
    ///
    /// # Errors
    /// Only ours: once cargo runs, its errors are its own.
    pub fn carry_out(&self) -> Result<Infallible> {
        let trail = self.trail();
        if trail.hops >= trail::MAX_HOPS {
            return Err(exec_loop(&trail));
        }
        // Before any directory is created: without a cargo none is needed.
        let cargo = self.real_cargo(&trail).cargo()?;
        for note in self.prepare()? {
            report::note(&note);
        }
        if self.note_use() == Use::First
            && let Some(leftover) = self.leftover()
        {
            self.report_leftover(&leftover);
        }
        if self.is_sudo() {
            self.report_sudo();
        }
        let wrapping = choose::wrapping(self);
        if let Some(note) = wrapping.note
            && self.invocation().target_use() == TargetUse::Writes
        {
            report::note(&note);
        }
        let mut changes = environment::changes(&self.decision);
        changes.extend(wrapping.changes);
        changes.push(environment::marker(&trail.then(cargo.clone())));
        exec::exec(&cargo, self.args, &changes)
    }

    /// The owner of the private directory, and the user who acts.
    pub fn caller(&self) -> Caller<'_> {
        let Snapshot { uid, gid, acting, .. } = *self.snapshot;
        Caller {
            checkout: self.facts.workspace.as_ref().and_then(Workspace::directory),
            homes: (acting == uid).then_some(&self.homes),
            ..Caller::of(self.settings(), uid, gid, acting)
        }
    }

    /// The workspace's own `target`, left from builds without us. It is not used for this build;
    /// without a shared root, a plain `cargo` still uses it.
    pub fn leftover(&self) -> Option<PathBuf> {
        let is_redirected =
            self.decision.rule == Rule::Redirected && self.facts.root != RootState::Absent;
        let workspace = self.facts.workspace.as_ref().filter(|_| is_redirected)?;
        let directory = workspace.directory()?.join("target");
        let is_cargos = |name| files::is_there(&directory.join(name));
        let is_cargos = [tag::NAME, ".rustc_info.json"].into_iter().any(is_cargos);
        is_cargos.then_some(directory)
    }

    /// Reports a workspace's leftover `target`: scripts would still run programs from it.
    fn report_leftover(&self, leftover: &Path) {
        report::note(&format!(
            "`{}` is left from earlier builds and no longer used: scripts that run programs from it run \
             old ones; to use it: {}; to remove it: {}",
            escaped(leftover),
            migrate_command(leftover),
            self.remove_command(leftover)
        ));
    }

    /// How a leftover is removed. If it is another user's, they may still use it, and `cargo clean` may
    /// be allowed to remove only half of it.
    pub fn remove_command(&self, leftover: &Path) -> String {
        let owner = files::owner(leftover).ok().flatten();
        if let Some(owner) = owner.filter(|owner| *owner != self.snapshot.uid) {
            return format!("ask {}", accounts::owner(owner));
        }
        let manifest = leftover.with_file_name(root::MANIFEST);
        format!("CARGO_PERUSER=off cargo clean --manifest-path {}", quoted(&manifest))
    }

    /// Records the use of the target directory.
    fn note_use(&self) -> Use {
        let writes = self.invocation().target_use() == TargetUse::Writes;
        let required = self.decision.required.as_ref().filter(|_| writes);
        if let Some(Required { place, target: Some(name) }) = required {
            let own = self.facts.workspace.as_ref();
            let own = own.filter(|workspace| workspace.directory_name() == *name);
            return record::note_use(&place.private_dir(), name, own, self.snapshot.uid);
        }
        Use::Known
    }

    /// Tells root where its files go. With `sudo -E`, cargo's own files still go to the home of the
    /// user who ran sudo.
    fn report_sudo(&self) {
        let text = "running as root through sudo, so this builds into root's own directory";
        match self.homes.cargo().filter(|home| !self.homes.is_own(home)) {
            None => report::note(&text),
            Some(home) => report::advice(
                &format!("{text}, and cargo leaves files owned by root in `{}`", escaped(&home)),
                &"to use root's own home: sudo -H cargo …",
            ),
        }
    }

    /// Whether root's directory is used because of `sudo`.
    pub fn is_sudo(&self) -> bool {
        self.snapshot.uid == 0
            && self.decision.required.is_some()
            && self.invocation().target_use() == TargetUse::Writes
            && self.snapshot.variable("SUDO_UID").is_some_and(|uid| uid != "0")
    }
}

/// Runs the shim.
///
/// # Errors
/// Only ours: once cargo runs, its errors are its own.
pub fn run(snapshot: &Snapshot) -> Result<Infallible> {
    Plan::make(snapshot, EntryPoint::Shim, &[], &snapshot.args)?.carry_out()
}

/// The command that moves a leftover to the build's target directory, which may exist by now.
pub fn migrate_command(leftover: &Path) -> String {
    format!("cargo-peruser migrate {} --replace", quoted(leftover))
}

/// The failure if the executed program keeps executing us, with other arguments each time.
fn exec_loop(trail: &Trail) -> Failure {
    let last = trail.last.as_deref();
    let last = last.map_or("something".to_owned(), |path| format!("`{}`", escaped(path)));
    let text = format!("{last} has executed cargo-peruser again, in {} nested runs", trail.hops);
    let help = "let the wrapper execute a cargo by its path, or name one with `real-cargo` in the \
                settings";
    Failure::new(text).help(help).exit(127)
}
