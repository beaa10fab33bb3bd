//! Whose the cache becomes, and where that person's target directory is: the decision says so, the
//! same that every build of theirs follows.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::Request;
use crate::core::account::NoDirectory;
use crate::core::placement::{Decision, Place, PlaceKind, Required, Rule};
use crate::core::relocation::Journal;
use crate::core::relocation::tree::Inventory;
use crate::core::settings::Scope;
use crate::error::{Error, MigrateError, Owner, State};
use crate::report;
use crate::shim::{Plan, tell};
use crate::sys::accounts;
use crate::sys::private_dir::{self, Caller};
use crate::sys::relocate::place;
use crate::sys::relocate::workplace::{Errand, Workplace};
use crate::sys::relocate::{Person, failed};
use crate::sys::snapshot::Snapshot;
use crate::sys::tree::Tree;

/// What a session has exported, often into the very directory that is to be moved, is no choice of
/// where it goes. A build directory never says that, but it does say where the cure has to look.
const OWN: &[&str] = &["CARGO_PERUSER", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "OUT_DIR"];
/// Somebody else's session is not this one.
const ANOTHERS: &[&str] = &[
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

/// The process as the person would have started it in their checkout.
pub(super) fn view(snapshot: &Snapshot, request: &Request) -> Result<Snapshot, Error> {
    let (uid, gid) = match &request.to {
        None if is_sudo(snapshot) => {
            let uid = snapshot.variable("SUDO_UID").and_then(|uid| uid.to_str()?.parse().ok());
            let name = uid.and_then(|uid| accounts::owner(uid).name);
            let source = super::absolute(snapshot, &request.source);
            return Err(MigrateError::ForWhom { name, source }.into());
        }
        None => (snapshot.uid, snapshot.gid),
        Some(name) => {
            accounts::find(name).ok_or_else(|| MigrateError::NoAccount { name: name.clone() })?
        }
    };
    if uid != snapshot.uid && snapshot.uid != 0 {
        let source = super::absolute(snapshot, &request.source);
        return Err(MigrateError::OnlyRoot { person: accounts::owner(uid), source }.into());
    }
    let cwd = match &request.checkout {
        None => snapshot.cwd.clone(),
        Some(path) => {
            let path = super::absolute(snapshot, path);
            path.canonicalize().map_err(|cause| failed("open", &path, cause, State::Untouched))?
        }
    };
    let hidden = if uid == snapshot.uid { OWN } else { ANOTHERS };
    // One's own group may differ from the account's, by newgrp: what is made has it anyway.
    Ok(snapshot.of(uid, gid, cwd, hidden))
}

fn is_sudo(snapshot: &Snapshot) -> bool {
    snapshot.uid == 0 && snapshot.variable("SUDO_UID").is_some_and(|uid| uid != "0")
}

/// Where a cache goes.
pub(super) struct Target<'a> {
    /// Who receives it.
    pub(super) person: Person,
    /// The same, for messages.
    pub(super) owner: Owner,
    /// Whether somebody else does it for them.
    pub(super) is_anothers: bool,
    /// The private directory.
    pub(super) private_dir: PathBuf,
    /// The name of the target directory in it.
    pub(super) name: String,
    /// The checkout that it is for.
    pub(super) checkout: PathBuf,
    /// What was typed as the source.
    source: PathBuf,
    place: &'a Place,
    caller: Caller<'a>,
}

impl<'a> Target<'a> {
    pub(super) fn of(
        plan: &'a Plan<'_>,
        snapshot: &Snapshot,
        request: &Request,
        source: &Path,
    ) -> Result<Target<'a>, Error> {
        let caller = plan.caller();
        let owner = accounts::owner(caller.uid);
        let is_anothers = caller.uid != snapshot.uid;
        let decision = &plan.decision;
        let (place, name) = match &decision.required {
            Some(Required { place, target: Some(name) }) => (place, name.clone()),
            _ => return Err(no_place(&owner, decision)),
        };
        if is_anothers && place.kind == PlaceKind::InOwnCache {
            let flag = request.to.as_ref().map_or(String::new(), |_| " as them".into());
            return Err(MigrateError::NoPlace {
                person: owner,
                why: "there is no shared root, and root makes nothing in another's home".into(),
                help: format!(
                    "set `shared-root`, or run{flag}: cargo-peruser migrate {}",
                    crate::shown::quoted(source)
                ),
            }
            .into());
        }
        let is_scoped = plan.survey.settings.scope == Scope::Workspace;
        if is_anothers && is_scoped && request.checkout.is_none() {
            // Where root happens to be is nobody's checkout.
            let (source, person) = (source.to_owned(), owner.word());
            return Err(MigrateError::WhichCheckout { source, person }.into());
        }
        Ok(Target {
            person: Person { uid: caller.uid, gid: caller.gid },
            owner,
            is_anothers,
            private_dir: place.private_dir(),
            name,
            checkout: plan.snapshot.cwd.clone(),
            source: source.to_owned(),
            place,
            caller,
        })
    }

    /// Whether everything is this account's to give.
    pub(super) fn can_be_given(&self, inventory: &Inventory) -> bool {
        accounts::is_root() || !inventory.has_foreign(self.person.uid)
    }

    /// The target directory.
    pub(super) fn path(&self) -> PathBuf {
        self.private_dir.join(&self.name)
    }

    /// The private directory, if it is there; nothing is made.
    pub(super) fn existing(&self) -> Result<Option<File>, Error> {
        private_dir::open_existing(self.place, &self.caller)
    }

    /// Looks at the private directory and the way to it, and refuses what is unsafe.
    pub(super) fn examine(&self) -> Result<(), Error> {
        let required = Required { place: self.place.clone(), target: Some(self.name.clone()) };
        private_dir::examine(&required, &self.caller).map(drop)
    }

    /// Whether there is something in the cache's place that has to be kept.
    pub(super) fn is_occupied(&self) -> bool {
        let private = self.existing().ok().flatten();
        private.is_some_and(|private| !place::is_free(&private, &self.name).unwrap_or(false))
    }

    /// The workplace of an earlier run, if there is one.
    pub(super) fn workplace(&self) -> Result<Option<Workplace>, Error> {
        match self.existing()? {
            Some(top) => {
                Workplace::open(&Tree { top, path: self.private_dir.clone() }, self.errand())
            }
            None => Ok(None),
        }
    }

    fn errand(&self) -> Errand<'_> {
        Errand { person: &self.owner, source: &self.source }
    }

    /// The words after `--to`, where root moves it for somebody.
    pub(super) fn to(&self) -> Option<String> {
        self.is_anothers.then(|| self.owner.word())
    }

    /// Another migration to here has to be ended first.
    pub(super) fn unfinished(&self, source: PathBuf) -> Error {
        MigrateError::Unfinished { source, to: self.to() }.into()
    }

    /// Refuses to continue what another account, source or checkout has begun.
    pub(super) fn is_same(&self, journal: &Journal) -> Result<(), Error> {
        if journal.source() != self.source {
            return Err(self.unfinished(journal.source()));
        }
        if journal.name != self.name {
            return Err(MigrateError::Elsewhere {
                source: journal.source(),
                begun: self.private_dir.join(&journal.name),
                now: self.path(),
                checkout: journal.checkout.clone().map(PathBuf::from),
                to: self.to(),
            }
            .into());
        }
        Ok(())
    }

    /// Makes sure that the private directory is there, and makes the workplace in it.
    pub(super) fn make_workplace(&self) -> Result<Workplace, Error> {
        let mut notes = Vec::new();
        let private = private_dir::establish(self.place, &self.caller, &mut notes)?;
        notes.iter().for_each(tell);
        let private = Tree { top: private.open()?, path: self.private_dir.clone() };
        let workplace = Workplace::make(&private, self.errand())?;
        if let Some(journal) = workplace.journal()? {
            report::note(&"another migration was interrupted here a moment ago");
            return Err(self.unfinished(journal.source()));
        }
        Ok(workplace)
    }
}

fn no_place(person: &Owner, decision: &Decision) -> Error {
    let list =
        |why: &str| (why.to_owned(), "list it under `include.users` in the settings".to_owned());
    let (why, help) = match &decision.rule {
        Rule::NoDirectory(NoDirectory::ExcludedUser) => list("`exclude.users` lists the account"),
        Rule::NoDirectory(NoDirectory::ExcludedGroup(_)) => {
            list("`exclude.groups` lists a group of the account")
        }
        Rule::NoDirectory(NoDirectory::NoLogin(_)) => list("nobody logs in to the account"),
        rule => (rule.reason(), "cargo-peruser explain".to_owned()),
    };
    MigrateError::NoPlace { person: person.clone(), why, help }.into()
}
