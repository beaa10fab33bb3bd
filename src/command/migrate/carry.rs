//! Carries a migration out. Before each step that cannot be seen from its result, the journal says
//! what is about to happen, so that whatever stops it leaves one whole cache and a way to go on.

use super::preview::{LeftOut, Preview};
use super::target::Target;
use super::{Request, copying, judging, locking};
use crate::core::relocation::tree::Inventory;
use crate::core::relocation::tree::secrets::{Known, Stands};
use crate::core::relocation::{Journal, Method, Stage, VERSION};
use crate::error::{Error, MigrateError, State};
use crate::report;
use crate::shown::shown;
use crate::sys::facts::facts_of;
use crate::sys::lock::{Attempt, Locks};
use crate::sys::relocate::place::{self, Replace};
use crate::sys::relocate::source::Site;
use crate::sys::relocate::workplace::{INCOMING, Workplace};
use crate::sys::relocate::{failed, give};
use crate::sys::tree::{Tree, directory, names};

/// What every step needs.
pub(super) struct Carrying<'a> {
    pub(super) site: &'a Site,
    pub(super) target: &'a Target<'a>,
    pub(super) workplace: Workplace,
    pub(super) replace: Replace,
}

/// Moves the cache, from the beginning.
pub(super) fn begin(
    request: &Request,
    site: &Site,
    target: &Target<'_>,
    preview: Preview<'_>,
    workplace: Workplace,
) -> Result<(), Error> {
    let carrying = Carrying { site, target, workplace, replace: request.replace };
    let mut locks = Locks::default();
    let Preview { tree, left_out, method, keeps_source, inventory, .. } = preview;
    let begun = (|| {
        // What is renamed is looked at again when it has arrived.
        let seen = (method == Method::Rename).then_some(inventory);
        let inventory = locking::wait(&mut locks, site, &tree, &left_out, target.person, seen)?;
        if request.replace == Replace::Aside
            && let Ok(former) = directory(&carrying.workplace.private.top, target.name.as_ref())
        {
            locking::wait_for_former(&mut locks, &Tree { top: former, path: target.path() })?;
        }
        Ok(inventory)
    })();
    let inventory = match begun {
        Ok(inventory) => inventory,
        Err(error) => {
            carrying.workplace.dismiss();
            return Err(error);
        }
    };
    let keeps_source = keeps_source || !target.can_be_given(&inventory);
    match method {
        Method::Rename => carrying.rename(&tree, &inventory, &mut locks),
        Method::Gather => carrying.gather(&tree, &inventory, &left_out),
        Method::Copy => copying::copy(carrying, &tree, &inventory, keeps_source),
    }
}

impl Carrying<'_> {
    /// The journal of a move that is about to begin, of a source that was seen like this.
    pub(super) fn journal(&self, method: Method, stage: Stage, seen: &Inventory) -> Journal {
        Journal {
            version: VERSION,
            shown: shown(&self.site.path).to_string(),
            source: self.site.path.clone().into_os_string(),
            identity: seen.top().map(|top| top.identity).unwrap_or_default(),
            method,
            stage,
            name: self.target.name.clone(),
            arrived: None,
            aside: None,
            workplace: self.workplace.identity(),
            parent: self.site.parent_identity(),
            checkout: Some(self.target.checkout.clone().into_os_string()),
        }
    }

    fn rename(self, tree: &Tree, seen: &Inventory, locks: &mut Locks) -> Result<(), Error> {
        let journal = self.journal(Method::Rename, Stage::Moving, seen);
        if let Err(error) = self.workplace.write(&journal) {
            self.workplace.dismiss();
            return Err(error);
        }
        if let Err(cause) = self.site.leave_to(&self.workplace.at, INCOMING) {
            self.workplace.dismiss();
            return Err(failed("rename", &self.site.path, cause, State::Untouched));
        }
        // From here on nobody reaches it by a path. Whatever is found now can still be undone.
        match self.arrived(tree, seen, locks) {
            Ok((incoming, inventory)) => self.adopt(journal, &incoming, &inventory),
            Err(error) => {
                if self.site.come_back(&self.workplace.at, INCOMING).is_err() {
                    let waits = self.workplace.incoming_path();
                    return Err(error.journaled().moved(&self.site.path, &waits));
                }
                self.workplace.dismiss();
                Err(error)
            }
        }
    }

    /// What has been renamed must be what was looked at, with no build at work in it.
    fn arrived(
        &self,
        tree: &Tree,
        seen: &Inventory,
        locks: &mut Locks,
    ) -> Result<(Tree, Inventory), Error> {
        let top = |inventory: &Inventory| inventory.top().map(|top| top.identity);
        let mut incoming = self.workplace.incoming()?;
        // Whatever is wrong, it goes back to there.
        let waits = std::mem::replace(&mut incoming.path, self.site.path.clone());
        let inventory = incoming.walk(&|_| false)?;
        let is_same = top(&inventory) == top(seen);
        // Somebody may have built in it since it was looked at, whom only root can take files from.
        if !is_same || !self.target.can_be_given(&inventory) {
            return Err(tree.changed(&[]));
        }
        // Where it stood says nothing about what has come into it since.
        let person = self.target.person;
        judging::judge_arrived(&incoming, &inventory, person, Stands::Whole, &seen.known())?;
        match locks.take(&incoming, &inventory)? {
            Attempt::Held => Ok((Tree { path: waits, ..incoming }, inventory)),
            // In a profile that had not been built before.
            Attempt::Busy { .. } => Err(tree.changed(&[])),
        }
    }

    fn gather(self, tree: &Tree, seen: &Inventory, stays: &LeftOut) -> Result<(), Error> {
        let room = facts_of(&self.workplace.make_room()?.top);
        let arrived = room.ok().map(|room| room.identity);
        let journal = Journal { arrived, ..self.journal(Method::Gather, Stage::Moving, seen) };
        self.workplace.write(&journal)?;
        self.gather_rest(journal, tree, &|name| stays.has(name))
    }

    /// Moves the entries of the private directory that have not been moved yet.
    pub(super) fn gather_rest(
        self,
        journal: Journal,
        private: &Tree,
        stays: &dyn Fn(&std::ffi::OsStr) -> bool,
    ) -> Result<(), Error> {
        use std::os::unix::ffi::OsStrExt;
        let doing = |cause| failed("move", &private.path, cause, State::Journaled);
        let incoming = self.workplace.incoming()?;
        for name in names(&private.top).map_err(doing)? {
            let name = std::ffi::OsStr::from_bytes(name.as_bytes());
            if !stays(name) {
                place::rename(&private.top, name, &incoming.top, name).map_err(doing)?;
            }
        }
        let inventory = incoming.walk(&|_| false)?;
        let (person, known) = (self.target.person, Known::new());
        judging::judge_arrived(&incoming, &inventory, person, Stands::Gathered, &known)?;
        self.adopt(journal, &incoming, &inventory)
    }

    /// Gives what has arrived to the person and puts it in its place.
    pub(super) fn adopt(
        self,
        journal: Journal,
        incoming: &Tree,
        inventory: &Inventory,
    ) -> Result<(), Error> {
        give::give(incoming, inventory, self.target.person).map_err(Error::journaled)?;
        place::prepare(incoming, self.target.person)?;
        self.put(&journal)?;
        self.end(&journal, "moved")
    }

    /// Puts what has arrived in its place.
    pub(super) fn put(&self, journal: &Journal) -> Result<(), Error> {
        place::put(&self.workplace, &journal.name, self.replace)?;
        self.keep_former(journal)
    }

    /// Keeps what stood in the place before.
    pub(super) fn keep_former(&self, journal: &Journal) -> Result<(), Error> {
        if let Some(kept) = place::keep_former(&self.workplace, &journal.name)? {
            report::note(&format!("what stood there before is kept as `{}`", shown(&kept)));
        }
        Ok(())
    }

    /// The cache is in its place.
    pub(super) fn end(self, journal: &Journal, how: &str) -> Result<(), Error> {
        let path = self.target.private_dir.join(&journal.name);
        self.workplace.dismiss();
        let line = format!("{how} `{}` to `{}`", journal.shown, shown(&path));
        report::line(line).map_err(|cause| MigrateError::Unsaid { cause, cache: Some(path) }.into())
    }
}
