//! The new owner, and the path of their target directory. The same decision gives it as for their builds.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::Request;
use super::journal::Journal;
use crate::os::accounts;
use crate::os::node::Inventory;
use crate::os::snapshot::Snapshot;
use crate::private_dir::place::{PlaceKind, Required};
use crate::private_dir::provision::Person;
use crate::private_dir::{self, Caller};
use crate::settings::Scope;
use crate::shim::Plan;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Failure;
use crate::ui::owner::Owner;
use crate::ui::report;

/// Variables to ignore: a session often exports the very directory that is moved, which is not a choice of
/// its destination.
const OWN_SESSION: &[&str] =
    &["CARGO_PERUSER", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "OUT_DIR"];
/// Variables to ignore for another user: this session is not theirs.
const ANOTHER_SESSION: &[&str] = &[
    "CARGO_PERUSER",
    "CARGO_TARGET_DIR",
    "CARGO_BUILD_TARGET_DIR",
    "CARGO_BUILD_BUILD_DIR",
    "OUT_DIR",
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "CARGO_HOME",
];

/// This process as if the new owner had started it in their checkout.
pub(super) fn view(snapshot: &Snapshot, request: &Request) -> Result<Snapshot, Failure> {
    let as_root =
        |to: &str| format!("sudo cargo-peruser migrate {} --to {to}", quoted(&request.source));
    let sudo_uid = snapshot.variable("SUDO_UID").filter(|uid| snapshot.uid == 0 && uid != "0");
    let (uid, gid) = match (&request.to, sudo_uid) {
        (None, Some(uid)) => {
            let uid = uid.to_str().and_then(|uid| uid.parse().ok());
            let name = uid.map_or_else(|| "USER".into(), |uid| accounts::owner(uid).word());
            let text = "running as root through sudo, so `--to` must name the new owner";
            return Err(Failure::new(text).help(as_root(&name)));
        }
        (None, None) => (snapshot.uid, snapshot.gid),
        (Some(name), _) => accounts::find(name).ok_or_else(|| {
            Failure::new(format!("there is no account `{}`", escaped(name))).help("getent passwd")
        })?,
    };
    if uid != snapshot.uid && snapshot.uid != 0 {
        let owner = accounts::owner(uid);
        let text = format!("only root can give a target directory to {owner}");
        return Err(Failure::new(text).help(as_root(&owner.word())).exit(77));
    }
    let cwd = match &request.checkout {
        None => snapshot.cwd.clone(),
        Some(path) => path.canonicalize().map_err(|cause| Failure::step("open", path, cause))?,
    };
    let hidden = if uid == snapshot.uid { OWN_SESSION } else { ANOTHER_SESSION };
    // For the caller, the process's group counts: newgrp may have changed it, and new files have it.
    Ok(snapshot.of(uid, gid, cwd, hidden))
}

/// The destination of a target directory.
pub(super) struct Destination<'a> {
    /// The new owner.
    pub(super) person: Person,
    /// The same, for messages.
    pub(super) owner: Owner,
    /// Whether root moves it for another user.
    pub(super) is_for_another: bool,
    /// The private directory.
    pub(super) private_dir: PathBuf,
    /// The name of the target directory in it.
    pub(super) name: String,
    /// The checkout that it is for, unless it is for everything that the user builds.
    pub(super) checkout: Option<PathBuf>,
    /// The command line.
    pub(super) request: &'a Request,
    required: &'a Required,
    caller: Caller<'a>,
}

impl<'a> Destination<'a> {
    pub(super) fn of(
        plan: &'a Plan<'_>,
        snapshot: &Snapshot,
        request: &'a Request,
    ) -> Result<Destination<'a>, Failure> {
        let source = quoted(&request.source);
        let caller = plan.caller();
        let owner = accounts::owner(caller.uid);
        let is_for_another = caller.uid != snapshot.uid;
        let required = plan.decision.required.as_ref();
        let Some(required @ Required { place, target: Some(name) }) = required else {
            let help = "list the account under `include.users`, or see: cargo-peruser explain";
            return Err(no_place(&owner, plan.decision.rule.reason()).help(help));
        };
        if is_for_another && place.kind == PlaceKind::InOwnCache {
            let why = "there is no shared root, and root creates nothing in another user's home";
            let help = format!("run as {owner}: cargo-peruser migrate {source}");
            return Err(no_place(&owner, why).help(help));
        }
        let is_for_one = plan.settings().scope() == Scope::Workspace;
        if is_for_another && is_for_one && request.checkout.is_none() {
            // Root's working directory says nothing about the new owner's checkout.
            let text = "each checkout has its own target directory, so `--checkout` must name one";
            let to = owner.word();
            let help = format!("cargo-peruser migrate {source} --to {to} --checkout CHECKOUT");
            return Err(Failure::new(text).help(help));
        }
        let is_in_checkout = is_for_one && plan.facts.workspace.is_some();
        Ok(Destination {
            person: Person { uid: caller.uid, gid: caller.gid },
            owner,
            is_for_another,
            private_dir: place.private_dir(),
            name: name.clone(),
            checkout: (is_in_checkout || request.checkout.is_some())
                .then(|| plan.snapshot.cwd.clone()),
            request,
            required,
            caller,
        })
    }

    /// The target directory.
    pub(super) fn path(&self) -> PathBuf {
        self.private_dir.join(&self.name)
    }

    /// Whether this account may give all entries to the new owner.
    pub(super) fn can_be_given(&self, inventory: &Inventory) -> bool {
        accounts::is_root() || !inventory.has_foreign(self.person.uid)
    }

    /// The private directory, if it exists. Creates nothing.
    pub(super) fn existing(&self) -> Result<Option<File>, Failure> {
        private_dir::open_existing(&self.required.place, &self.caller)
    }

    /// Checks the private directory and its ancestors, and refuses unsafe ones.
    pub(super) fn examine(&self) -> Result<(), Failure> {
        private_dir::examine(self.required, &self.caller).map(drop)
    }

    /// The private directory, open. Creates it if it is missing.
    pub(super) fn establish(&self) -> Result<File, Failure> {
        let mut notes = Vec::new();
        let private = private_dir::establish(&self.required.place, &self.caller, &mut notes)?;
        notes.iter().for_each(|note| report::note(note));
        private.open()
    }

    /// The error for an unfinished migration to the same destination, which must be finished first.
    pub(super) fn unfinished(&self, journal: &Journal) -> Failure {
        let source = journal.source();
        let text = format!("an earlier migration of `{}` is unfinished", escaped(&source));
        Failure::new(text).help(self.command(&source, self.is_for_another))
    }

    /// The error for a migration that another account began: only that account can continue it. The source
    /// in its journal is not trusted.
    pub(super) fn begun_by(&self, staging: &Path, uid: u32) -> Failure {
        let by = accounts::owner(uid);
        let text = format!("an earlier migration by {by} is unfinished, in `{}`", escaped(staging));
        let command = self.command(&self.request.source, uid == 0);
        Failure::new(text).help(format!("as {by}, run: {command}"))
    }

    fn command(&self, source: &Path, as_root: bool) -> String {
        let to = if as_root { format!(" --to {}", self.owner.word()) } else { String::new() };
        format!("cargo-peruser migrate {}{to}", quoted(source))
    }

    /// The command that rebuilds a checkout's own packages afterwards, and who must run it.
    pub(super) fn checkout_command(&self) -> String {
        let who = if self.is_for_another { format!("as {}", self.owner) } else { "run".into() };
        let (each, checkout) = match &self.checkout {
            Some(checkout) => ("", quoted(checkout)),
            None => ("once for each checkout, ", "CHECKOUT".into()),
        };
        let target = quoted(&self.path());
        format!("{each}{who}: cargo-peruser migrate {target} --checkout {checkout}")
    }
}

fn no_place(owner: &Owner, why: &str) -> Failure {
    Failure::new(format!("no place for a target directory of {owner}: {why}"))
}
