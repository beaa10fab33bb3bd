//! Removes what was chosen from one person's private directory, with that person's credentials.
//!
//! All of cargo's locks are taken first. Then what was chosen is moved into a staging directory in the
//! same private directory, except for lock files, the directories that contain them, and the tag. So a
//! build that waits for a lock continues in a directory that is tagged and private, and a build that
//! begins finds the same locks. Then processes and locks are examined again, and what is in use by now
//! is restored. The content of the staging directory is of no use to anybody. So an interrupted run has
//! lost only what was chosen, and the next run removes the rest. If the disk is too full to create the
//! staging directory, a directory that is to be removed becomes the staging directory.

use std::collections::HashSet;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, flock, mkdirat, unlinkat};
use rustix::io::Errno;

use super::plan::{Outcome, PlannedRemoval, Portion};
use crate::caches::activity::{Activity, UsedBy};
use crate::caches::people::{Resident, Standing};
use crate::caches::{Cache, STAGING, list};
use crate::os::entry::Kind;
use crate::os::facts::{facts, facts_if_any, facts_of};
use crate::os::homes::Homes;
use crate::os::node::{Identity, is_lock};
use crate::os::remove::{self, Left};
use crate::os::rights::{self, Rights};
use crate::os::{files, process, tag, tree};
use crate::settings::Settings;
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, reason};
use crate::workspace::record::{self, Sources};

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
    let private = Arc::new(private);
    let at = Arc::clone(&private);
    let mut staging = GcStaging { person, private, at, rights: Rights::default(), next: 0 };
    staging.become_owner()?;
    staging.make(choices)?;
    for batch in choices.chunks_mut(BATCH) {
        let outcomes = staging.take(batch)?;
        for (choice, outcome) in batch.iter_mut().zip(outcomes) {
            choice.outcome = Some(outcome);
        }
    }
    staging.end()
}

/// The staging directory in an open private directory.
struct GcStaging<'a> {
    person: &'a Resident,
    private: Arc<File>,
    /// The staging directory, locked.
    at: Arc<File>,
    rights: Rights,
    next: u64,
}

/// A cache that nobody else can build in, because its locks are held, and its entries that were moved.
struct Held<'a> {
    cache: &'a Cache,
    locks: TargetLocks,
    moved: Vec<MovedEntry>,
}

/// A directory and the name of an entry in it.
type EntryAt = (Arc<File>, CString);

/// An entry that was moved, with its source and its destination.
struct MovedEntry {
    from: Arc<File>,
    name: CString,
    to: Arc<File>,
    staged: OsString,
    path: PathBuf,
}

/// Cargo's locks on a target directory, held until this is dropped.
#[derive(Default)]
struct TargetLocks {
    /// The target directory itself comes first.
    files: Vec<File>,
    identities: HashSet<Identity>,
    /// The directories that contain a lock, and their ancestors, each as the names from the target
    /// directory to it.
    skeleton: HashSet<Vec<OsString>>,
}

impl GcStaging<'_> {
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

    fn path(&self) -> PathBuf {
        self.person.path.join(STAGING)
    }

    /// Creates the staging directory, or opens the one that an interrupted run has left.
    fn make(&mut self, choices: &[&mut PlannedRemoval<'_>]) -> Result<(), Failure> {
        let path = self.path();
        let failed = |doing: &str, cause: io::Error| Failure::step(doing, &path, cause);
        match mkdirat(&self.private, STAGING, Mode::from_raw_mode(0o700)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(Errno::NOSPC | Errno::DQUOT) if self.make_without_space(choices)? => {}
            Err(cause) => return Err(failed("create directory", cause.into())),
        }
        let open = || tree::inside(&self.private, STAGING, tree::DIRECTORY);
        let at = open().map_err(|it| failed("open", it))?;
        let found = facts_of(&at).map_err(|it| failed("look at", it))?;
        let top = facts_of(&self.private).map_err(|it| failed("look at", it))?;
        if found.uid != self.person.account.uid || found.file_system() != top.file_system() {
            let text =
                format!("refusing `{}`: it is not its owner's own directory", escaped(&path));
            return Err(Failure::new(text).exit(77));
        }
        let busy =
            || Failure::new(format!("another gc is at work in `{}`", escaped(&self.person.path)));
        match flock(&at, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(busy()),
            Err(cause) => return Err(failed("lock", cause.into())),
        }
        // The run that had the lock has removed the directory in the meantime.
        if !open().and_then(|it| facts_of(&it)).is_ok_and(|it| it.identity == found.identity) {
            return Err(busy());
        }
        self.at = Arc::new(at);
        Ok(())
    }

    /// Renames a directory that is to be removed to the staging directory's name, which needs no space.
    /// Returns whether there was one.
    fn make_without_space(&mut self, choices: &[&mut PlannedRemoval<'_>]) -> Result<bool, Failure> {
        let before = self.look()?;
        for choice in choices {
            let Ok((mut held, mut chosen)) = self.hold(choice, &before) else { continue };
            if choice.what == Portion::Directory {
                let Some(Ok(top)) = held.locks.files.first().map(File::try_clone) else { continue };
                let (names, top) = (tree::names(&top).unwrap_or_default(), Arc::new(top));
                chosen = names.into_iter().map(|name| (Arc::clone(&top), name)).collect();
            }
            let uid = self.person.account.uid;
            let is_own = |(at, name): &EntryAt| {
                facts(at, &**name).is_ok_and(|it| it.kind == Kind::Directory && it.uid == uid)
            };
            let Some((from, name)) = chosen.into_iter().find(is_own) else { continue };
            let (to, staged) = (Arc::clone(&self.private), STAGING.into());
            let entry = MovedEntry { from, name, to, staged, path: self.path() };
            if !held.take(entry).unwrap_or(false) {
                continue;
            }
            if held.used(&self.look()?).is_none() {
                return Ok(true);
            }
            let failed = |cause| Failure::step("put back", &held.cache.path(), cause);
            held.put_back().map_err(failed)?;
        }
        Ok(false)
    }

    fn take(&mut self, batch: &[&mut PlannedRemoval<'_>]) -> Result<Vec<Outcome>, Failure> {
        let before = self.look()?;
        let moved: Vec<Result<Held<'_>, Outcome>> =
            batch.iter().map(|choice| self.move_out(choice, &before)).collect();
        let after = self.look()?;
        // Hold all locks until everything is decided: what is released may be in use at once.
        let settled = moved.iter().map(|moved| match moved {
            Ok(held) => held.settle(&after),
            Err(outcome) => outcome.clone(),
        });
        let outcomes: Vec<Outcome> = settled.collect();
        drop(moved);
        let Err(why) = self.clear(&after) else { return Ok(outcomes) };
        let taken = |outcome| match outcome {
            Outcome::Taken => Outcome::Failed(format!("not all of it could be removed yet: {why}")),
            other => other,
        };
        Ok(outcomes.into_iter().map(taken).collect())
    }

    /// Opens a cache, takes its locks, and finds the entries that were chosen.
    fn hold<'c>(
        &self,
        choice: &PlannedRemoval<'c>,
        before: &Activity,
    ) -> Result<(Held<'c>, Vec<EntryAt>), Outcome> {
        let cache = &choice.candidate.cache;
        if let Some(used) = before.of(cache) {
            return Err(Outcome::Kept(in_use(used)));
        }
        let top = list::open(&self.private, &cache.names)?;
        if choice.what == Portion::Directory && self.has_come_back(cache) {
            return Err(Outcome::Kept("its workspace is there again".into()));
        }
        let locks = TargetLocks::take(&top)?;
        let mut chosen = Vec::new();
        match &choice.what {
            Portion::Directory => {
                if let Some((last, above)) = cache.names.split_last() {
                    let parent = Arc::new(tree::descend(&self.private, above)?);
                    chosen.push((parent, CString::new(last.as_bytes()).map_err(io::Error::from)?));
                }
            }
            Portion::Contents => locks.list_others(&Arc::new(top), &mut Vec::new(), &mut chosen)?,
            Portion::Incremental(profiles) => {
                for profile in profiles {
                    let at = tree::descend(&top, &profile.names)?;
                    chosen.push((Arc::new(at), c"incremental".into()));
                }
            }
        }
        Ok((Held { cache, locks, moved: Vec::new() }, chosen))
    }

    fn move_out<'c>(
        &mut self,
        choice: &PlannedRemoval<'c>,
        before: &Activity,
    ) -> Result<Held<'c>, Outcome> {
        let cache = &choice.candidate.cache;
        if cache.is_leftover() {
            return Ok(Held { cache, locks: TargetLocks::default(), moved: Vec::new() });
        }
        let (mut held, chosen) = self.hold(choice, before)?;
        for (from, name) in chosen {
            if let Err(cause) = self.move_entry(from, name, &mut held) {
                // The moved entries were chosen too, but half of a cache is of no use to anybody.
                let back = held.put_back().err().map(|it| format!(", {}", reason(&it)));
                return Err(Outcome::Failed(reason(&cause) + &back.unwrap_or_default()));
            }
        }
        Ok(held)
    }

    fn move_entry(
        &mut self,
        from: Arc<File>,
        name: CString,
        held: &mut Held<'_>,
    ) -> io::Result<()> {
        loop {
            let staged = self.next.to_string();
            self.next += 1;
            let path = self.path().join(&staged);
            let (from, to) = (Arc::clone(&from), Arc::clone(&self.at));
            let entry = MovedEntry { from, name: name.clone(), to, staged: staged.into(), path };
            match held.take(entry) {
                // An entry that an earlier run has left may have this name.
                Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
                taken => return taken.map(|_| ()),
            }
        }
    }

    /// Whether the workspace of an orphan exists again.
    fn has_come_back(&self, cache: &Cache) -> bool {
        let name = cache.names.iter().find(|name| name.as_bytes() != b"build");
        let uid = self.person.account.uid;
        let record = name.and_then(|name| record::read(&self.private, name, uid));
        record.is_some_and(|record| {
            record.sources() == Sources::Present && cache.sources != Sources::Present
        })
    }

    /// Removes the records of directories that are gone, unless the workspace exists and may be built
    /// again.
    fn forget_records(&self) -> io::Result<()> {
        let records = tree::inside(&self.private, record::DIRECTORY, tree::DIRECTORY)?;
        for name in tree::names(&records)? {
            let record = record::read(&self.private, os(&name), self.person.account.uid);
            let is_over = self.person.standing == Standing::Departed
                || record
                    .is_some_and(|it| matches!(it.sources(), Sources::Gone | Sources::Another));
            if is_over && facts_if_any(&self.private, &*name)?.is_none() {
                unlinkat(&records, &*name, AtFlags::empty())?;
            }
        }
        Ok(())
    }

    /// Removes everything in the staging directory that is not in use.
    fn clear(&self, after: &Activity) -> Result<(), String> {
        let mut why = None;
        for name in tree::names(&self.at).map_err(|cause| reason(&cause))? {
            let name = OsStr::from_bytes(name.as_bytes());
            if let Some(used) = after.below(&self.path().join(name)) {
                why = Some(in_use(used));
                continue;
            }
            match remove::entry(&self.at, name) {
                Ok(Left::Nothing) => {}
                Ok(Left::Something) => {
                    why = Some("something keeps coming, is mounted or is too deep there".into());
                }
                Err(cause) => why = Some(reason(&cause)),
            }
        }
        why.map_or(Ok(()), Err)
    }

    /// Removes the staging directory, and those of this tool's directories that are empty now.
    fn end(mut self) -> Result<(), Failure> {
        // Failures are harmless: nothing depends on a record, and a directory that is not empty stays.
        let _ = self.forget_records();
        let _ = unlinkat(&*self.private, STAGING, AtFlags::REMOVEDIR);
        let is_departed = self.person.standing == Standing::Departed;
        if is_departed {
            let _ = unlinkat(&*self.private, record::DIRECTORY, AtFlags::REMOVEDIR);
        }
        self.rights.switch_back().map_err(|cause| rights::failed(&cause))?;
        if is_departed {
            // The parent is root's own directory, so nobody can replace the name.
            let _ = std::fs::remove_dir(&self.person.path);
        }
        Ok(())
    }
}

impl Held<'_> {
    /// Moves an entry. Returns whether it existed.
    fn take(&mut self, entry: MovedEntry) -> io::Result<bool> {
        match tree::rename(&entry.from, os(&entry.name), &entry.to, &entry.staged) {
            Ok(()) => {
                self.moved.push(entry);
                Ok(true)
            }
            // Its owner has removed it meanwhile.
            Err(cause) if cause.kind() == ErrorKind::NotFound => Ok(false),
            Err(cause) => Err(cause),
        }
    }

    /// Restores the cache if it is in use by now.
    fn settle(&self, after: &Activity) -> Outcome {
        let Some(why) = self.used(after) else { return Outcome::Taken };
        match self.put_back() {
            Ok(()) => Outcome::Kept(why),
            Err(cause) => {
                Outcome::Failed(format!("{why}, and it could not be put back: {}", reason(&cause)))
            }
        }
    }

    /// Why the cache has to be restored, if it has.
    fn used(&self, after: &Activity) -> Option<String> {
        // A lock that did not exist before belongs to a build that has begun in the meantime.
        if self.moved.iter().any(|entry| self.locks.are_new_in(entry)) {
            return Some("a build has begun in it".into());
        }
        let cache = self.cache.path();
        let mut paths = self.moved.iter().map(|entry| &entry.path).chain([&cache]);
        let used = paths.find_map(|path| after.below(path));
        used.filter(|_| !self.cache.is_leftover()).map(in_use)
    }

    /// Restores what was moved, in reverse order. Entries that have appeared since are not replaced.
    fn put_back(&self) -> io::Result<()> {
        for entry in self.moved.iter().rev() {
            tree::rename(&entry.to, &entry.staged, &entry.from, os(&entry.name))?;
        }
        Ok(())
    }
}

impl TargetLocks {
    /// Takes every lock in an open target directory, and a lock on the directory itself, which a
    /// migration takes too.
    fn take(top: &File) -> Result<TargetLocks, Outcome> {
        let mut locks = TargetLocks::default();
        let mut found = vec![(Vec::new(), top.try_clone()?)];
        find_locks(top, &mut Vec::new(), &mut found)?;
        for (names, file) in found {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(Errno::WOULDBLOCK) => return Err(Outcome::Kept(in_use(UsedBy::Building))),
                Err(cause) => return Err(io::Error::from(cause).into()),
            }
            locks.identities.insert(facts_of(&file)?.identity);
            locks.files.push(file);
            let ends = 1..=names.len();
            locks.skeleton.extend(ends.filter_map(|end| Some(names.get(..end)?.to_vec())));
        }
        Ok(locks)
    }

    /// Lists everything in an open target directory except the tag, the locks and the skeleton.
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
            names.push(os(&name).to_owned());
            match self.skeleton.contains(names) {
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
    fn are_new_in(&self, entry: &MovedEntry) -> bool {
        let Ok(below) = tree::inside(&entry.to, &entry.staged, tree::DIRECTORY) else {
            return false;
        };
        let mut found = Vec::new();
        let is_known = |file: &File| {
            facts_of(file).is_ok_and(|found| self.identities.contains(&found.identity))
        };
        find_locks(&below, &mut Vec::new(), &mut found).is_err()
            || !found.iter().all(|(_, file)| is_known(file))
    }
}

/// Opens cargo's locks below a directory, each with the names from there to the directory that it is in.
fn find_locks(
    at: &File,
    names: &mut Vec<OsString>,
    found: &mut Vec<(Vec<OsString>, File)>,
) -> io::Result<()> {
    let mut below = Vec::new();
    tree::each_name(at, |name, kind| {
        if is_lock(name) {
            let file = tree::inside(at, name, OFlags::RDONLY | tree::FILE)?;
            found.push((names.clone(), file));
        } else if names.len() < LOCK_DEPTH
            && [FileType::Directory, FileType::Unknown].contains(&kind)
        {
            below.push(os(name).to_owned());
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

fn os(name: &CStr) -> &OsStr {
    OsStr::from_bytes(name.to_bytes())
}

/// Why a cache that is in use is kept.
pub(super) fn in_use(used: UsedBy) -> String {
    let process = |pid| {
        let program = process::program(pid);
        let program = if program.is_empty() { "it has ended".into() } else { program };
        format!("process {pid} ({})", escaped(&program))
    };
    match used {
        UsedBy::Building => "cargo is building in it".into(),
        UsedBy::Running(pid) => format!("{} uses it", process(pid)),
        UsedBy::Unreadable(pid) => {
            format!("{} cannot be looked at, and may use it", process(pid))
        }
    }
}
