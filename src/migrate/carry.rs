//! Carries out a migration. The journal records each step before it begins, unless its result shows it.
//! So an interruption at any moment leaves one complete target directory and a way to continue.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rustix::io::Errno;

use super::check::check;
use super::copy;
use super::destination::Destination;
use super::give::give;
use super::journal::{Journal, Method, Next};
use super::preview::{is_ours, walk};
use super::say;
use super::source::Source;
use super::staging::{INCOMING, Staging};
use crate::os::interrupt;
use crate::os::lock::Locks;
use crate::os::node::Inventory;
use crate::os::tree::{Tree, directory, names, os_str, rename};
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
}

/// A tree in the staging directory, checked.
pub(super) type Arrived = (Tree, Inventory);

impl Move<'_> {
    /// Moves the target directory, from the beginning.
    pub(super) fn begin(&self, tree: &Tree, method: Method) -> Result<(), Failure> {
        let mut locks = Locks::default();
        let arrived = self.arrive(&mut locks, tree, method);
        let (seen, arrived) = arrived.inspect_err(|_| self.staging.dismiss())?;
        self.adopt(&arrived)?;
        if method == Method::Copy {
            self.staging.sync()?;
            match self.destination.can_be_given(&seen) {
                true => self.source.remove(&seen)?,
                // This account may not remove it.
                false => self.source.report_rest(seen.inode(), ""),
            }
        }
        self.end(method)
    }

    /// Locks the source, and brings it into the staging directory. Returns what was locked and what arrived.
    fn arrive(
        &self,
        locks: &mut Locks,
        tree: &Tree,
        method: Method,
    ) -> Result<(Inventory, Arrived), Failure> {
        let seen = self.lock(locks, tree, method)?;
        let inode = match method {
            Method::Copy => {
                let arrived = copy::make(self, tree, &seen)?;
                return Ok((seen, arrived));
            }
            Method::Rename => {
                let inode = Some(seen.inode());
                self.record(method, &seen, inode)?;
                self.source.move_to(&self.staging.at, INCOMING).map_err(|cause| {
                    let failure = Failure::step("rename", &self.source.path, cause);
                    failure.help("nothing was changed; --copy copies it instead")
                })?;
                inode
            }
            Method::Descend => {
                self.staging.make_incoming(self.destination.person)?;
                let inode = self.staging.waiting();
                self.record(method, &seen, inode)?;
                self.move_entries()?;
                inode
            }
        };
        // From here on no other user can reach it by a path.
        let arrived = self.examine(locks, tree, inode, method).inspect_err(|_| {
            if self.source.move_back(&self.staging.at, INCOMING).is_err() {
                let path = self.staging.incoming_path();
                report::note(&format!("it is in `{}` now", escaped(&path)));
            }
        })?;
        Ok((seen, arrived))
    }

    /// Checks what has arrived. If it is refused it is moved back, so messages name its old path.
    fn examine(
        &self,
        locks: &mut Locks,
        tree: &Tree,
        inode: Option<u64>,
        method: Method,
    ) -> Result<Arrived, Failure> {
        let (incoming, inventory) = self.arrived(tree.path.clone())?;
        // Another user may have built in it since then. Only root can change the owner of their files.
        let is_given = method == Method::Descend || self.destination.can_be_given(&inventory);
        let is_same = Some(inventory.inode()) == inode && is_given;
        // A lock that another process holds now is a build in a new profile.
        if !is_same || locks.take(&incoming, &inventory)?.is_some() {
            return Err(changed(tree));
        }
        Ok((Tree { path: self.staging.incoming_path(), ..incoming }, inventory))
    }

    /// What is in the staging directory, checked. Messages name this path.
    fn arrived(&self, path: PathBuf) -> Result<Arrived, Failure> {
        let incoming = Tree { path, ..self.staging.incoming()? };
        let inventory = incoming.walk(&|_| false)?;
        check(&incoming, &inventory, self.destination.person, Method::Rename)?;
        Ok((incoming, inventory))
    }

    /// Continues an interrupted move.
    pub(super) fn go_on(&self, journal: &Journal, next: Next) -> Result<(), Failure> {
        if next == Next::Continue {
            if journal.method == Method::Descend {
                self.move_entries()?;
            }
            self.adopt(&self.arrived(self.staging.incoming_path())?)?;
        }
        if journal.method == Method::Copy {
            // The earlier run may have been stopped before it synced.
            self.staging.sync()?;
            // Others may have put something there since then, so nothing more is removed.
            self.source.report_rest(journal.inode, "");
        }
        self.end(journal.method)
    }

    /// Waits for builds in the source, and in the directory that it replaces.
    fn lock(&self, locks: &mut Locks, tree: &Tree, method: Method) -> Result<Inventory, Failure> {
        let Move { destination, staging, .. } = self;
        let look = || {
            let inventory = walk(tree, method, &destination.name)?;
            // It may have been replaced meanwhile.
            if !self.source.holds(inventory.inode()) {
                return Err(changed(tree));
            }
            // A renamed tree is checked again later, when no other user can reach it by a path.
            if method != Method::Rename {
                check(tree, &inventory, destination.person, method)?;
            }
            Ok(inventory)
        };
        let inventory = wait(locks, tree, &look)?;
        let former = directory(&staging.private.top, destination.name.as_ref());
        if destination.request.is_replacing
            && let Ok(top) = former
        {
            let former = Tree { top, path: destination.path() };
            wait(locks, &former, &|| former.walk(&|_| false))?;
        }
        Ok(inventory)
    }

    /// Writes the journal of a move of the tree `seen`, which arrives as the directory with this inode.
    pub(super) fn record(
        &self,
        method: Method,
        seen: &Inventory,
        arrived: Option<u64>,
    ) -> Result<(), Failure> {
        self.staging.write(&Journal {
            version: Journal::VERSION,
            source: self.source.path.clone().into_os_string(),
            inode: seen.inode(),
            method,
            name: self.destination.name.clone(),
            arrived,
        })
    }

    /// Moves the entries of the private directory that have not been moved yet.
    fn move_entries(&self) -> Result<(), Failure> {
        let private = &self.staging.private;
        let failed = |cause: io::Error| Failure::step("move", &private.path, cause);
        let incoming = self.staging.incoming()?;
        for name in names(&private.top).map_err(failed)? {
            let name = os_str(&name);
            if !is_ours(name, &self.destination.name) {
                rename(&private.top, name, &incoming.top, name).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// Gives the arrived tree to its new owner, and puts it in place.
    fn adopt(&self, (tree, inventory): &Arrived) -> Result<(), Failure> {
        let Destination { person, name, request, .. } = self.destination;
        give(tree, inventory, *person)?;
        self.staging.put(name, request.is_replacing)
    }

    /// Removes the staging directory and reports the result.
    fn end(&self, method: Method) -> Result<(), Failure> {
        self.staging.dismiss();
        let path = self.destination.path();
        let how = if method == Method::Copy { "copied" } else { "moved" };
        let text = format!("{how} `{}` to `{}`", escaped(&self.source.path), escaped(&path));
        say(&text, &format!("it is in place: ls -A {}", quoted(&path)))
    }
}

/// Takes every lock of a tree, and walks the tree again for each attempt. Like cargo, it reports what it
/// waits for only if the first attempt fails.
fn wait(
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

/// The error for a tree that has changed since it was examined.
fn changed(tree: &Tree) -> Failure {
    tree.failed("move", &[], Errno::STALE.into())
}
