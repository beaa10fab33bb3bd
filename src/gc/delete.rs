//! Removes what was chosen from one person's private directory, with that person's credentials.
//!
//! All of cargo's locks are taken first. Then what was chosen is renamed to names beginning with
//! [`STAGED`], directly in the private directory, except for lock files, the directories that contain
//! them, and the tag. So a build that waits for a lock continues in a directory that is tagged and
//! private, and a build that begins finds the same locks. Then processes and locks are examined again,
//! and what is in use by now is restored. What has such a name is of no use to anybody. So an interrupted
//! run has lost only what was chosen, and the next run removes the rest. As nothing is created, this also
//! works on a full disk.

use std::ffi::{CString, OsString};
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, OFlags, unlinkat};

use super::plan::{Outcome, PlannedRemoval, Portion};
use crate::caches::activity::{Activity, UsedBy};
use crate::caches::people::{Resident, Standing};
use crate::caches::{Cache, STAGED, is_staged, list};
use crate::os::facts::{facts_if_any, facts_of};
use crate::os::homes::Homes;
use crate::os::node::{Identity, is_lock};
use crate::os::remove::{self, Left};
use crate::os::rights::{self, Rights};
use crate::os::tree::os_str;
use crate::os::{files, process, tag, tree};
use crate::settings::Settings;
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, reason};
use crate::workspace::record;

/// How many levels below a target directory cargo's locks can be, including `tests/trybuild/<profile>`
/// and the like.
const LOCK_DEPTH: usize = 4;
/// How many caches are removed at once. Their locks are held meanwhile.
const BATCH: usize = 32;

impl From<io::Error> for Outcome {
    fn from(cause: io::Error) -> Outcome {
        match cause.kind() {
            ErrorKind::CrossesDevices => Outcome::Kept("something is mounted in it".into()),
            _ => Outcome::Failed(reason(&cause)),
        }
    }
}

/// Removes what was chosen of one person's caches, and sets the outcome of each choice.
///
/// # Errors
/// Whatever prevents it from beginning or from continuing.
pub(super) fn take(
    person: &Resident,
    choices: &mut [&mut PlannedRemoval<'_>],
    settings: &Settings,
    homes: &Homes<'_>,
) -> Result<(), Failure> {
    let Some(private) = person.open(settings, homes)? else {
        return Err(Failure::new(format!("`{}` is not private", escaped(&person.path))));
    };
    match private.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let text = format!("another gc or migrate is at work in `{}`", escaped(&person.path));
            return Err(Failure::new(text));
        }
        Err(TryLockError::Error(cause)) => return Err(Failure::file("lock", &person.path, cause)),
    }
    let mut run = RemovalRun { person, private, rights: Rights::default(), next: 0 };
    run.become_owner()?;
    for batch in choices.chunks_mut(BATCH) {
        let outcomes = run.take(batch)?;
        for (choice, outcome) in batch.iter_mut().zip(outcomes) {
            choice.outcome = Some(outcome);
        }
    }
    run.end()
}

/// The removal of what was chosen in an open private directory, which is locked.
struct RemovalRun<'a> {
    person: &'a Resident,
    private: File,
    rights: Rights,
    /// The number in the next new name.
    next: u64,
}

/// A cache that nobody else can build in, because its locks are held, and its entries that were moved.
struct Held<'a> {
    cache: &'a Cache,
    locks: TargetLocks,
    moved: Vec<MovedEntry>,
    /// Why not everything could be moved. The moved entries were chosen too, but half of a cache is of no
    /// use to anybody.
    failure: Option<io::Error>,
}

/// A directory and the name of an entry in it.
type EntryAt = (Arc<File>, CString);

/// An entry that was moved: the directory that it was in, and its name there and in the private
/// directory.
struct MovedEntry {
    from: Arc<File>,
    name: CString,
    staged: String,
}

/// Cargo's locks on a target directory, held until this is dropped.
#[derive(Default)]
struct TargetLocks(Vec<Lock>);

/// One of cargo's locks.
struct Lock {
    /// The names from the target directory to the directory that it is in.
    at: Vec<OsString>,
    identity: Identity,
    file: File,
}

impl RemovalRun<'_> {
    fn become_owner(&mut self) -> Result<(), Failure> {
        let become_owner = self.rights.become_account(&self.person.account);
        become_owner.map_err(|cause| rights::failed(&cause))
    }

    /// Looks at processes with this program's own credentials.
    fn look(&mut self) -> Result<Activity, Failure> {
        self.rights.switch_back().map_err(|cause| rights::failed(&cause))?;
        let activity = Activity::take();
        self.become_owner()?;
        Ok(activity)
    }

    fn take(&mut self, batch: &[&mut PlannedRemoval<'_>]) -> Result<Vec<Outcome>, Failure> {
        let before = self.look()?;
        let moved: Vec<Result<Held<'_>, Outcome>> =
            batch.iter().map(|choice| self.move_out(choice, &before)).collect();
        let after = self.look()?;
        // Hold all locks until everything is decided: what is released may be in use at once.
        let settled = moved.iter().map(|moved| match moved {
            Ok(held) => self.settle(held, &after),
            Err(outcome) => outcome.clone(),
        });
        let outcomes: Vec<Outcome> = settled.collect();
        drop(moved);
        // While something is left to remove, so that an interrupted run does not leave a record. A failure
        // is harmless, because nothing depends on a record.
        let _ = self.forget_records();
        let Err(why) = self.clear(&after) else { return Ok(outcomes) };
        let taken = |outcome| match outcome {
            Outcome::Taken => Outcome::Failed(format!("not all of it could be removed yet: {why}")),
            other => other,
        };
        Ok(outcomes.into_iter().map(taken).collect())
    }

    /// Opens a cache, takes its locks, and moves the entries that were chosen.
    fn move_out<'c>(
        &mut self,
        choice: &PlannedRemoval<'c>,
        before: &Activity,
    ) -> Result<Held<'c>, Outcome> {
        let cache = choice.cache;
        let (locks, moved) = (TargetLocks::default(), Vec::new());
        let mut held = Held { cache, locks, moved, failure: None };
        if cache.is_leftover() {
            return Ok(held);
        }
        if let Some(used) = before.of(cache) {
            return Err(Outcome::Kept(in_use(used)));
        }
        let top = list::open(&self.private, &cache.names)?;
        held.locks = TargetLocks::take(&top)?;
        let mut chosen = Vec::new();
        match &choice.what {
            Portion::Directory => {
                if let Some((last, above)) = cache.names.split_last() {
                    let parent = Arc::new(tree::descend(&self.private, above)?);
                    chosen.push((parent, CString::new(last.as_bytes()).map_err(io::Error::from)?));
                }
            }
            Portion::Contents => {
                held.locks.list_others(&Arc::new(top), &mut Vec::new(), &mut chosen)?;
            }
            Portion::Incremental(profiles) => {
                for profile in profiles {
                    let at = tree::descend(&top, &profile.names)?;
                    chosen.push((Arc::new(at), c"incremental".into()));
                }
            }
        }
        held.failure = chosen.into_iter().find_map(|it| self.move_entry(it, &mut held).err());
        Ok(held)
    }

    fn move_entry(&mut self, (from, name): EntryAt, held: &mut Held<'_>) -> io::Result<()> {
        loop {
            let staged = format!("{STAGED}{}", self.next);
            self.next += 1;
            match tree::rename(&from, os_str(&name), &self.private, staged.as_ref()) {
                Ok(()) => {
                    held.moved.push(MovedEntry { from, name, staged });
                    return Ok(());
                }
                // An entry that an earlier run has left has this name.
                Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
                // Its owner has removed it meanwhile.
                Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(()),
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Restores a cache if it is in use by now, or could not be moved as a whole.
    fn settle(&self, held: &Held<'_>, after: &Activity) -> Outcome {
        let outcome = match (&held.failure, self.used(held, after)) {
            (Some(cause), _) => Outcome::Failed(reason(cause)),
            (None, Some(why)) => Outcome::Kept(why),
            (None, None) => return Outcome::Taken,
        };
        match (self.put_back(held), outcome) {
            (Err(cause), Outcome::Kept(why) | Outcome::Failed(why)) => {
                Outcome::Failed(format!("{why}, and it could not be put back: {}", reason(&cause)))
            }
            (_, outcome) => outcome,
        }
    }

    /// Why a cache has to be restored, if it has.
    fn used(&self, held: &Held<'_>, after: &Activity) -> Option<String> {
        let Held { cache, locks, moved, .. } = held;
        // A lock that did not exist before belongs to a build that has begun in the meantime.
        if moved.iter().any(|entry| locks.are_new_in(&self.private, entry)) {
            return Some("a build has begun in it".into());
        }
        let moved = moved.iter().map(|entry| self.person.path.join(&entry.staged));
        let used = moved.chain([cache.path()]).find_map(|path| after.below(&path));
        used.map(in_use)
    }

    /// Restores what was moved, in reverse order. Entries that have appeared since are not replaced.
    fn put_back(&self, held: &Held<'_>) -> io::Result<()> {
        held.moved.iter().rev().try_for_each(|entry| {
            tree::rename(&self.private, entry.staged.as_ref(), &entry.from, os_str(&entry.name))
        })
    }

    /// Removes the records of directories that are gone.
    fn forget_records(&self) -> io::Result<()> {
        let records = tree::inside(&self.private, record::DIRECTORY, tree::DIRECTORY)?;
        for name in tree::names(&records)? {
            if facts_if_any(&self.private, &*name)?.is_none() {
                unlinkat(&records, &*name, AtFlags::empty())?;
            }
        }
        Ok(())
    }

    /// Removes everything that was moved and is not in use.
    fn clear(&self, after: &Activity) -> Result<(), String> {
        let mut why = None;
        let names = tree::names(&self.private).map_err(|cause| reason(&cause))?;
        for name in names.iter().map(|name| os_str(name)).filter(|name| is_staged(name)) {
            if let Some(used) = after.below(&self.person.path.join(name)) {
                why = Some(in_use(used));
                continue;
            }
            match remove::entry(&self.private, name) {
                Ok(Left::Nothing) => {}
                Ok(Left::Something) => {
                    why = Some("something keeps coming, is mounted or is too deep there".into());
                }
                Err(cause) => why = Some(reason(&cause)),
            }
        }
        why.map_or(Ok(()), Err)
    }

    /// Removes the directories of a departed person, unless something is in them.
    fn end(mut self) -> Result<(), Failure> {
        let is_departed = self.person.standing == Standing::Departed;
        if is_departed {
            let _ = unlinkat(&self.private, record::DIRECTORY, AtFlags::REMOVEDIR);
        }
        self.rights.switch_back().map_err(|cause| rights::failed(&cause))?;
        if is_departed {
            // The parent is root's own directory, so nobody can replace the name.
            let _ = std::fs::remove_dir(&self.person.path);
        }
        Ok(())
    }
}

impl TargetLocks {
    /// Takes every lock in an open target directory, and a lock on the directory itself, which a
    /// migration takes too.
    fn take(top: &File) -> Result<TargetLocks, Outcome> {
        let (at, identity) = (Vec::new(), facts_of(top)?.identity);
        let mut locks = vec![Lock { at, identity, file: top.try_clone()? }];
        find_locks(top, &mut Vec::new(), &mut locks)?;
        for lock in &locks {
            match lock.file.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    return Err(Outcome::Kept(in_use(UsedBy::Building)));
                }
                locked => locked.map_err(io::Error::from)?,
            }
        }
        Ok(TargetLocks(locks))
    }

    /// Lists everything in an open target directory except the tag, the locks, and the directories above
    /// a lock.
    fn list_others(
        &self,
        at: &Arc<File>,
        names: &mut Vec<OsString>,
        others: &mut Vec<EntryAt>,
    ) -> io::Result<()> {
        for name in tree::names(at)? {
            let is_tag = names.is_empty() && name.as_bytes() == tag::NAME.as_bytes();
            if is_tag || is_lock(&name) {
                continue;
            }
            names.push(os_str(&name).to_owned());
            match self.0.iter().any(|lock| lock.at.starts_with(names)) {
                true => {
                    let below = Arc::new(tree::inside(at, &*name, tree::DIRECTORY)?);
                    self.list_others(&below, names, others)?;
                }
                false => others.push((Arc::clone(at), name)),
            }
            names.pop();
        }
        Ok(())
    }

    /// Whether a moved entry contains a lock that is not held. If the entry cannot be searched, it may.
    fn are_new_in(&self, private: &File, entry: &MovedEntry) -> bool {
        let Ok(below) = tree::inside(private, entry.staged.as_str(), tree::DIRECTORY) else {
            return false;
        };
        let mut found = Vec::new();
        let is_new = |lock: &Lock| self.0.iter().all(|held| held.identity != lock.identity);
        find_locks(&below, &mut Vec::new(), &mut found).is_err() || found.iter().any(is_new)
    }
}

/// Opens cargo's locks below a directory.
fn find_locks(at: &File, names: &mut Vec<OsString>, found: &mut Vec<Lock>) -> io::Result<()> {
    let mut below = Vec::new();
    tree::each_name(at, |name, kind| {
        if is_lock(name) {
            let file = tree::inside(at, name, OFlags::RDONLY | tree::FILE)?;
            found.push(Lock { at: names.clone(), identity: facts_of(&file)?.identity, file });
        } else if names.len() < LOCK_DEPTH
            && [FileType::Directory, FileType::Unknown].contains(&kind)
        {
            below.push(os_str(name).to_owned());
        }
        Ok(())
    })?;
    for name in below {
        match tree::inside(at, &name, tree::DIRECTORY) {
            Ok(directory) => {
                names.push(name);
                find_locks(&directory, names, found)?;
                names.pop();
            }
            Err(cause) if files::is_absence(&cause) => {}
            Err(cause) => return Err(cause),
        }
    }
    Ok(())
}

/// Why a cache that is in use is kept.
pub(super) fn in_use(used: UsedBy) -> String {
    let process = |pid| format!("process {pid} ({})", escaped(&process::program(pid)));
    match used {
        UsedBy::Building => "cargo is building in it".into(),
        UsedBy::Running(pid) => format!("{} uses it", process(pid)),
        UsedBy::Unreadable(pid) => {
            format!("{} cannot be looked at, and may use it", process(pid))
        }
    }
}
