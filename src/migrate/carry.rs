//! Carries out a migration. The journal records each step before it begins, unless its result shows it.
//! So an interruption at any moment leaves one complete target directory and a way to continue.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use super::check::{check, check_renamed};
use super::copy;
use super::destination::Destination;
use super::give::{chown, give, prepare};
use super::plan::{Journal, Method, Stage};
use super::preview::{Preview, is_ours, walk};
use super::source::Source;
use super::staging::{INCOMING, Staging};
use super::{Request, say};
use crate::os::tree::rename;
use rustix::io::Errno;

use crate::os::facts::facts_of;
use crate::os::interrupt;
use crate::os::lock::Locks;
use crate::os::node::Inventory;
use crate::os::tree::{Tree, directory, names};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Failure;
use crate::ui::report;

/// The time between two attempts to take a lock.
const PAUSE: Duration = Duration::from_millis(100);

/// The context of every step.
pub(super) struct Move<'a> {
    pub(super) source: &'a Source,
    pub(super) destination: &'a Destination<'a>,
    pub(super) staging: &'a Staging,
    pub(super) is_replacing: bool,
}

/// Moves the target directory, from the beginning.
pub(super) fn begin(
    request: &Request,
    source: &Source,
    destination: &Destination<'_>,
    preview: &Preview<'_>,
    staging: &Staging,
) -> Result<(), Failure> {
    let moving = Move { source, destination, staging, is_replacing: request.is_replacing };
    let Preview { tree, method, .. } = preview;
    let mut locks = Locks::default();
    let seen = moving.lock(&mut locks, tree, *method).inspect_err(|_| moving.staging.dismiss())?;
    match method {
        Method::Rename => moving.rename(tree, &seen, &mut locks),
        Method::Descend => moving.descend(tree, &seen),
        Method::Copy => copy::begin(&moving, tree, &seen, preview.keeps_source),
    }
}

/// Takes every lock of a tree, and walks the tree again for each attempt. Like cargo, it reports what it
/// waits for only if the first attempt fails.
pub(super) fn wait(
    locks: &mut Locks,
    tree: &Tree,
    look: &dyn Fn() -> Result<Inventory, Failure>,
) -> Result<Inventory, Failure> {
    let mut announced = None;
    loop {
        let inventory = look()?;
        let Some(busy) = locks.take(tree, &inventory)? else { return Ok(inventory) };
        if announced.as_ref() != Some(&busy) {
            report::note(&format!("waiting for {busy}"));
            announced = Some(busy);
        }
        std::thread::sleep(PAUSE);
        interrupt::check()?;
    }
}

impl Move<'_> {
    /// Waits for builds in the source, and in the directory that it replaces.
    pub(super) fn lock(
        &self,
        locks: &mut Locks,
        tree: &Tree,
        method: Method,
    ) -> Result<Inventory, Failure> {
        let look = || {
            let inventory = walk(tree, method, &self.destination.name)?;
            // It may have been replaced meanwhile.
            match inventory.top() {
                Some(top) if self.source.holds(top.identity.1) => {}
                _ => return Err(changed(tree)),
            }
            // A renamed tree is checked again later, when no other user can reach it by a path.
            if method != Method::Rename {
                check(tree, &inventory, self.destination.person)?;
            }
            Ok(inventory)
        };
        let inventory = wait(locks, tree, &look)?;
        let former = directory(&self.staging.private.top, self.destination.name.as_ref());
        if self.is_replacing
            && let Ok(top) = former
        {
            let former = Tree { top, path: self.destination.path() };
            wait(locks, &former, &|| former.walk(&|_| false))?;
        }
        Ok(inventory)
    }

    /// The journal of a move of the tree `seen`.
    pub(super) fn journal(&self, method: Method, stage: Stage, seen: &Inventory) -> Journal {
        Journal {
            version: Journal::VERSION,
            source: self.source.path.clone().into_os_string(),
            inode: seen.top().map_or(0, |top| top.identity.1),
            method,
            stage,
            name: self.destination.name.clone(),
            arrived: None,
        }
    }

    fn rename(&self, tree: &Tree, seen: &Inventory, locks: &mut Locks) -> Result<(), Failure> {
        let Move { source, staging, .. } = self;
        let journal = self.journal(Method::Rename, Stage::Moving, seen);
        staging.write(&journal).inspect_err(|_| staging.dismiss())?;
        if let Err(cause) = source.move_to(&staging.at, INCOMING) {
            staging.dismiss();
            let failure = Failure::step("rename", &source.path, cause);
            return Err(failure.help("nothing was changed; --copy copies it instead"));
        }
        // From here on no other user can reach it by a path. If it is refused now, it can be moved back.
        match self.arrived(tree, seen, locks) {
            Ok((incoming, inventory)) => self.adopt(&journal, &incoming, &inventory),
            Err(error) => {
                match source.move_back(&staging.at, INCOMING) {
                    Ok(()) => staging.dismiss(),
                    Err(_) => {
                        let path = staging.incoming_path();
                        report::note(&format!("it is in `{}` now", escaped(&path)));
                    }
                }
                Err(error)
            }
        }
    }

    /// Checks that the renamed tree is the one that was examined, and that no build is running in it.
    fn arrived(
        &self,
        tree: &Tree,
        seen: &Inventory,
        locks: &mut Locks,
    ) -> Result<(Tree, Inventory), Failure> {
        let incoming = self.staging.incoming()?;
        // Messages name its old path: if something is wrong, it is moved back there.
        let incoming = Tree { path: tree.path.clone(), ..incoming };
        let inventory = incoming.walk(&|_| false)?;
        let top = |inventory: &Inventory| inventory.top().map(|top| top.identity);
        // Another user may have built in it since then. Only root can change the owner of their files.
        let is_same = top(&inventory) == top(seen) && self.destination.can_be_given(&inventory);
        // A lock that another process holds now is a build in a new profile.
        if !is_same || locks.take(&incoming, &inventory)?.is_some() {
            return Err(changed(tree));
        }
        check_renamed(&incoming, &inventory, self.destination.person)?;
        Ok((Tree { path: self.staging.incoming_path(), ..incoming }, inventory))
    }

    fn descend(&self, private: &Tree, seen: &Inventory) -> Result<(), Failure> {
        let room = self.staging.make_incoming()?;
        // The new owner must be able to read it: it becomes the top of the target directory.
        let given = chown(&room.top, self.destination.person);
        given.map_err(|cause| Failure::step("change the owner of", &room.path, cause))?;
        let inode = facts_of(&room.top).ok().map(|room| room.identity.1);
        let journal =
            Journal { arrived: inode, ..self.journal(Method::Descend, Stage::Moving, seen) };
        self.staging.write(&journal)?;
        self.descend_rest(&journal, private)
    }

    /// Moves the entries of the private directory that have not been moved yet.
    pub(super) fn descend_rest(&self, journal: &Journal, private: &Tree) -> Result<(), Failure> {
        let failed = |cause: std::io::Error| Failure::step("move", &private.path, cause);
        let incoming = self.staging.incoming()?;
        for name in names(&private.top).map_err(failed)? {
            let name = OsStr::from_bytes(name.as_bytes());
            if !is_ours(name, &journal.name) {
                rename(&private.top, name, &incoming.top, name).map_err(failed)?;
            }
        }
        self.adopt_incoming(journal)
    }

    /// Checks the arrived tree again, gives it to its new owner, and puts it in place.
    pub(super) fn adopt_incoming(&self, journal: &Journal) -> Result<(), Failure> {
        let incoming = self.staging.incoming()?;
        let inventory = incoming.walk(&|_| false)?;
        check_renamed(&incoming, &inventory, self.destination.person)?;
        self.adopt(journal, &incoming, &inventory)
    }

    fn adopt(&self, journal: &Journal, tree: &Tree, inventory: &Inventory) -> Result<(), Failure> {
        give(tree, inventory, self.destination.person)?;
        prepare(tree, self.destination.person)?;
        self.staging.put(&journal.name, self.is_replacing)?;
        self.end(journal)
    }

    /// Removes the staging directory and reports the result.
    pub(super) fn end(&self, journal: &Journal) -> Result<(), Failure> {
        self.staging.dismiss();
        let (source, path) = (journal.source(), self.staging.private.path.join(&journal.name));
        let how = if journal.method == Method::Copy { "copied" } else { "moved" };
        let text = format!("{how} `{}` to `{}`", escaped(&source), escaped(&path));
        say(&text, &format!("it is in place: ls -A {}", quoted(&path)))
    }
}

/// The error for a tree that has changed since it was examined.
fn changed(tree: &Tree) -> Failure {
    tree.failed("move", &[], Errno::STALE.into())
}
