//! Carries out a migration. The journal records each step before it begins, unless its result shows it.
//! So an interruption at any moment leaves one complete target directory and a way to continue.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use super::check::check;
use super::copy;
use super::destination::Destination;
use super::give::{chown, give, prepare};
use super::journal::{Journal, Method};
use super::preview::{is_ours, walk};
use super::say;
use super::source::Source;
use super::staging::{INCOMING, Staging};
use crate::os::facts::facts_of;
use crate::os::interrupt;
use crate::os::lock::Locks;
use crate::os::node::Inventory;
use crate::os::tree::{Tree, directory, names, rename};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Failure;
use crate::ui::report;
use rustix::io::Errno;

/// The time between two attempts to take a lock.
const PAUSE: Duration = Duration::from_millis(100);

/// The context of every step.
pub(super) struct Move<'a> {
    pub(super) source: &'a Source,
    pub(super) destination: &'a Destination<'a>,
    pub(super) staging: &'a Staging,
    pub(super) is_replacing: bool,
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
    /// Moves the target directory, from the beginning.
    pub(super) fn begin(
        &self,
        tree: &Tree,
        method: Method,
        keeps_source: bool,
    ) -> Result<(), Failure> {
        let mut locks = Locks::default();
        let seen = self.lock(&mut locks, tree, method).inspect_err(|_| self.staging.dismiss())?;
        match method {
            Method::Rename => self.rename(tree, &seen, &mut locks)?,
            Method::Descend => self.descend(&seen)?,
            Method::Copy => copy::begin(self, tree, &seen, keeps_source)?,
        }
        self.end(method)
    }

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
                check(tree, &inventory, self.destination.person, method)?;
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

    /// The journal of a move of the tree `seen`, which arrives as the directory with this inode.
    pub(super) fn journal(
        &self,
        method: Method,
        seen: &Inventory,
        arrived: Option<u64>,
    ) -> Journal {
        Journal {
            version: Journal::VERSION,
            source: self.source.path.clone().into_os_string(),
            inode: inode(seen).unwrap_or_default(),
            method,
            name: self.destination.name.clone(),
            arrived,
        }
    }

    fn rename(&self, tree: &Tree, seen: &Inventory, locks: &mut Locks) -> Result<(), Failure> {
        let Move { source, destination, staging, .. } = self;
        let journal = self.journal(Method::Rename, seen, inode(seen));
        staging.write(&journal).inspect_err(|_| staging.dismiss())?;
        if let Err(cause) = source.move_to(&staging.at, INCOMING) {
            staging.dismiss();
            let failure = Failure::step("rename", &source.path, cause);
            return Err(failure.help("nothing was changed; --copy copies it instead"));
        }
        // From here on no other user can reach it by a path. If it is refused now, it is moved back, so
        // messages name its old path.
        let mut examine = || {
            let incoming = Tree { path: tree.path.clone(), ..staging.incoming()? };
            let inventory = incoming.walk(&|_| false)?;
            // Another user may have built in it since then. Only root can change the owner of their files.
            let is_same = inode(&inventory) == inode(seen) && destination.can_be_given(&inventory);
            // A lock that another process holds now is a build in a new profile.
            if !is_same || locks.take(&incoming, &inventory)?.is_some() {
                return Err(changed(tree));
            }
            check(&incoming, &inventory, destination.person, Method::Rename)?;
            Ok(inventory)
        };
        let inventory = examine().inspect_err(|_| {
            if source.move_back(&staging.at, INCOMING).is_ok() {
                staging.dismiss();
            } else {
                let path = staging.incoming_path();
                report::note(&format!("it is in `{}` now", escaped(&path)));
            }
        })?;
        self.adopt(&staging.incoming()?, &inventory)
    }

    fn descend(&self, seen: &Inventory) -> Result<(), Failure> {
        let room = self.staging.make_incoming()?;
        // The new owner must be able to read it: it becomes the top of the target directory.
        let given = chown(&room.top, self.destination.person);
        let arrived = given.and_then(|()| facts_of(&room.top));
        let arrived =
            arrived.map_err(|cause| Failure::step("change the owner of", &room.path, cause))?;
        self.staging.write(&self.journal(Method::Descend, seen, Some(arrived.identity.1)))?;
        self.descend_rest()
    }

    /// Moves the entries of the private directory that have not been moved yet.
    pub(super) fn descend_rest(&self) -> Result<(), Failure> {
        let private = &self.staging.private;
        let failed = |cause: std::io::Error| Failure::step("move", &private.path, cause);
        let incoming = self.staging.incoming()?;
        for name in names(&private.top).map_err(failed)? {
            let name = OsStr::from_bytes(name.as_bytes());
            if !is_ours(name, &self.destination.name) {
                rename(&private.top, name, &incoming.top, name).map_err(failed)?;
            }
        }
        self.adopt_incoming()
    }

    /// Checks the arrived tree again, gives it to its new owner, and puts it in place.
    pub(super) fn adopt_incoming(&self) -> Result<(), Failure> {
        let incoming = self.staging.incoming()?;
        let inventory = incoming.walk(&|_| false)?;
        check(&incoming, &inventory, self.destination.person, Method::Rename)?;
        self.adopt(&incoming, &inventory)
    }

    fn adopt(&self, tree: &Tree, inventory: &Inventory) -> Result<(), Failure> {
        give(tree, inventory, self.destination.person)?;
        prepare(tree, self.destination.person)?;
        self.staging.put(&self.destination.name, self.is_replacing)
    }

    /// Removes the staging directory and reports the result.
    pub(super) fn end(&self, method: Method) -> Result<(), Failure> {
        self.staging.dismiss();
        let path = self.destination.path();
        let how = if method == Method::Copy { "copied" } else { "moved" };
        let text = format!("{how} `{}` to `{}`", escaped(&self.source.path), escaped(&path));
        say(&text, &format!("it is in place: ls -A {}", quoted(&path)))
    }
}

fn inode(inventory: &Inventory) -> Option<u64> {
    inventory.top().map(|top| top.identity.1)
}

/// The error for a tree that has changed since it was examined.
fn changed(tree: &Tree) -> Failure {
    tree.failed("move", &[], Errno::STALE.into())
}
