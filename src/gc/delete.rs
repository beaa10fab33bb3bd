//! Takes what was chosen out of one person's private directory, with that person's rights.
//!
//! All of cargo's locks are held first. Then everything moves into a staging directory beside it, except
//! for lock files, the directories that hold them, and the tag: a build that waits for a lock goes on in a
//! directory that is tagged and private, and one that begins finds the same locks. Then it looks again;
//! what is in use by now is put back. What is in the staging directory is of no use to anybody, so that a
//! run that is stopped has lost nothing but what was chosen, and the next one removes the rest.

use std::collections::HashSet;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::fs::{
    AtFlags, FileType, FlockOperation, Mode, OFlags, flock, mkdirat, openat, unlinkat,
};
use rustix::io::Errno;

use super::plan::{Choice, What};
use crate::caches::activity::{Activity, Look, Use};
use crate::caches::{Cache, STAGING, list, people::Person};
use crate::os::facts::facts_of;
use crate::os::homes::Homes;
use crate::os::node::{Identity, LOCKS};
use crate::os::remove::{self, Left};
use crate::os::rights::{self, Rights};
use crate::os::{files, tag, tree};
use crate::settings::Settings;
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, reason};
use crate::workspace::record::{self, Sources};

/// How far below a target directory cargo's locks are: `tests/trybuild/<profile>` and the like included.
const LOCK_DEPTH: usize = 4;
/// How many caches are taken at once: their locks are held meanwhile.
const BATCH: usize = 32;

/// What has become of one choice.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is gone.
    Taken,
    /// It was left, for that reason.
    Kept(String),
    /// It could not be removed, for that reason.
    Failed(String),
}

/// Takes what was chosen of one person's caches.
///
/// # Errors
/// What keeps it from beginning.
pub(super) fn take(
    person: &Person,
    choices: &[(&Choice, &Cache)],
    settings: &Settings,
    homes: &Homes<'_>,
) -> Result<Vec<Outcome>, Failure> {
    let Some(private) = person.open(settings, homes)? else {
        return Err(Failure::new(format!("`{}` is not private", escaped(&person.path))));
    };
    let mut rights = Rights::default();
    become_owner(&mut rights, person)?;
    let mut staging = Staging::open(private, person)?;
    let mut outcomes = Vec::new();
    for batch in choices.chunks(BATCH) {
        outcomes.extend(staging.take(batch, &mut rights)?);
    }
    staging.end();
    let staged = staging.private;
    rights.come_back().map_err(|cause| rights::failed(&cause))?;
    drop(staged);
    remove_departed(person);
    Ok(outcomes)
}

fn become_owner(rights: &mut Rights, person: &Person) -> Result<(), Failure> {
    rights.become_account(&person.account).map_err(|cause| rights::failed(&cause))
}

/// Takes the private directory of a departed person out of the shared root, if nothing is left in it.
fn remove_departed(person: &Person) {
    if person.standing != crate::caches::people::Standing::Departed {
        return;
    }
    // What is not empty stays. Root's own directory is the parent, so that nobody can exchange a name.
    let _ = std::fs::remove_dir(&person.path);
}

/// The staging directory in an open private directory, locked.
struct Staging<'a> {
    person: &'a Person,
    private: Arc<File>,
    at: File,
    identity: Identity,
    next: u64,
}

/// A cache of which everything chosen has been moved.
struct Moved<'a> {
    cache: &'a Cache,
    choice: &'a Choice,
    locks: Held,
    entries: Vec<Entry>,
}

/// One entry that was moved: from where, and its names there and here.
struct Entry {
    from: Arc<File>,
    name: CString,
    staged: CString,
}

/// Cargo's locks on a target directory, held until this is dropped.
#[derive(Default)]
struct Held {
    files: Vec<File>,
    identities: HashSet<Identity>,
    /// The names that lead to each directory with a lock in it, and to those above.
    skeleton: HashSet<Vec<OsString>>,
}

impl<'a> Staging<'a> {
    /// Makes it, or opens what an interrupted run has left.
    fn open(private: File, person: &'a Person) -> Result<Staging<'a>, Failure> {
        let path = person.path.join(STAGING);
        let failed = |doing: &str, cause: io::Error| Failure::step(doing, &path, cause);
        match mkdirat(&private, STAGING, Mode::from_raw_mode(0o700)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(cause) => return Err(failed("create directory", cause.into())),
        }
        let at = tree::directory(&private, STAGING.as_ref()).map_err(|it| failed("open", it))?;
        let found = facts_of(&at).map_err(|it| failed("look at", it))?;
        let top = facts_of(&private).map_err(|it| failed("look at", it))?;
        if found.uid != person.account.uid || found.file_system() != top.file_system() {
            let text =
                format!("refusing `{}`: it is not its owner's own directory", escaped(&path));
            return Err(Failure::new(text).exit(77));
        }
        match flock(&at, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                let text = format!("another gc is at work in `{}`", escaped(&person.path));
                return Err(Failure::new(text));
            }
            Err(cause) => return Err(failed("lock", cause.into())),
        }
        let identity = found.identity;
        Ok(Staging { person, private: Arc::new(private), at, identity, next: 0 })
    }

    fn path(&self) -> PathBuf {
        self.person.path.join(STAGING)
    }

    fn take(
        &mut self,
        batch: &[(&'a Choice, &'a Cache)],
        rights: &mut Rights,
    ) -> Result<Vec<Outcome>, Failure> {
        let before = self.look(rights)?;
        let mut moved = Vec::new();
        let mut outcomes = Vec::new();
        for &(choice, cache) in batch {
            let used = before.below(&cache.path()).or_else(|| before.may_use(cache));
            let result = match used.filter(|_| !cache.is_leftover()) {
                _ if before.is_locked(cache) => Err(Outcome::Kept(in_use(Use::Building))),
                Some(used) => Err(Outcome::Kept(in_use(used))),
                None => self.move_out(choice, cache),
            };
            outcomes.push(match result {
                Ok(it) => {
                    moved.push((outcomes.len(), it));
                    Outcome::Taken
                }
                Err(outcome) => outcome,
            });
        }
        let after = self.look(rights)?;
        self.settle(moved, &mut outcomes, &after);
        let is_used = after.below(&self.path()).is_some();
        if !is_used && let Err(cause) = self.clear() {
            let why = format!("not all of it could be removed yet: {cause}");
            return Ok(outcomes.into_iter().map(|it| it.or_failed(&why)).collect());
        }
        Ok(outcomes)
    }

    /// Puts back what is in use by now, and lets those have their locks who wait for them.
    fn settle(
        &self,
        moved: Vec<(usize, Moved<'_>)>,
        outcomes: &mut Vec<Outcome>,
        after: &Activity,
    ) {
        // Held until all is decided: what is released may be in use at once.
        let mut done = Vec::new();
        for (index, it) in moved {
            let Some(why) = it.used(self, after) else {
                self.forget_record(&it);
                done.push(it);
                continue;
            };
            let outcome = match self.put_back(&it) {
                Ok(()) => Outcome::Kept(why),
                Err(cause) => {
                    let cause = reason(&cause);
                    Outcome::Failed(format!("{why}, and it could not be put back: {cause}"))
                }
            };
            outcomes.splice(index..=index, [outcome]);
        }
    }

    /// Looks at processes with the rights of this program.
    fn look(&self, rights: &mut Rights) -> Result<Activity, Failure> {
        rights.come_back().map_err(|cause| rights::failed(&cause))?;
        let activity = Activity::take(Look::Full);
        become_owner(rights, self.person)?;
        Ok(activity)
    }

    fn move_out(&mut self, choice: &'a Choice, cache: &'a Cache) -> Result<Moved<'a>, Outcome> {
        let failed = |cause: io::Error| Outcome::Failed(reason(&cause));
        let mut moved = Moved { cache, choice, locks: Held::default(), entries: Vec::new() };
        if cache.is_leftover() {
            return Ok(moved);
        }
        let top = list::open(&self.private, &cache.names).map_err(failed)?;
        if choice.what == What::Directory && self.has_come_back(cache) {
            return Err(Outcome::Kept("its workspace is there again".into()));
        }
        moved.locks = Held::take(&top)?;
        let result = match &choice.what {
            What::Directory => self.move_directory(cache, &mut moved.entries),
            What::Contents => self.move_contents(
                &Arc::new(top),
                &mut Vec::new(),
                &moved.locks,
                &mut moved.entries,
            ),
            What::Incremental(profiles) => profiles.iter().try_for_each(|profile| {
                let mut at = Arc::new(top.try_clone()?);
                for name in &profile.names {
                    at = Arc::new(tree::directory(&at, name)?);
                }
                self.move_entry(&at, c"incremental", &mut moved.entries)
            }),
        };
        match result {
            Ok(()) => Ok(moved),
            Err(cause) => {
                // What has been moved is chosen, but a half is of no use to anybody.
                let back = self.put_back(&moved).err().map(|it| format!(", {}", reason(&it)));
                Err(Outcome::Failed(reason(&cause) + &back.unwrap_or_default()))
            }
        }
    }

    /// Whether the workspace of an orphan is where it was.
    fn has_come_back(&self, cache: &Cache) -> bool {
        let name = cache.names.iter().find(|name| name.as_bytes() != b"build");
        let uid = self.person.account.uid;
        let record = name.and_then(|name| record::read(&self.private, name, uid));
        record.is_some_and(|record| {
            record.sources() == Sources::Present && cache.sources != Sources::Present
        })
    }

    fn move_directory(&mut self, cache: &Cache, entries: &mut Vec<Entry>) -> io::Result<()> {
        let Some((last, above)) = cache.names.split_last() else { return Ok(()) };
        let mut parent = Arc::clone(&self.private);
        for name in above {
            parent = Arc::new(tree::directory(&parent, name)?);
        }
        self.move_entry(&parent, &CString::new(last.as_bytes())?, entries)
    }

    /// Moves everything but the skeleton.
    fn move_contents(
        &mut self,
        at: &Arc<File>,
        names: &mut Vec<OsString>,
        locks: &Held,
        entries: &mut Vec<Entry>,
    ) -> io::Result<()> {
        for name in tree::names(at)? {
            let is_tag = names.is_empty() && name.as_bytes() == tag::NAME.as_bytes();
            if is_tag || is_lock(name.as_bytes()) {
                continue;
            }
            names.push(OsStr::from_bytes(name.as_bytes()).to_owned());
            let result = match locks.skeleton.contains(names) {
                true => tree::directory(at, OsStr::from_bytes(name.as_bytes()))
                    .and_then(|below| self.move_contents(&Arc::new(below), names, locks, entries)),
                false => self.move_entry(at, &name, entries),
            };
            names.pop();
            result?;
        }
        Ok(())
    }

    fn move_entry(
        &mut self,
        from: &Arc<File>,
        name: &CStr,
        entries: &mut Vec<Entry>,
    ) -> io::Result<()> {
        loop {
            let staged = CString::new(self.next.to_string())?;
            self.next += 1;
            match tree::rename(from, os(name), &self.at, os(&staged)) {
                Ok(()) => {
                    let (from, name) = (Arc::clone(from), name.to_owned());
                    entries.push(Entry { from, name, staged });
                    return Ok(());
                }
                // Its owner has removed it meanwhile.
                Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(()),
                // What an earlier run has left may have the name.
                Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
                Err(cause) => return Err(cause),
            }
        }
    }

    /// Puts back what was moved, in the reverse order; nothing that came since is replaced.
    fn put_back(&self, moved: &Moved<'_>) -> io::Result<()> {
        for entry in moved.entries.iter().rev() {
            tree::rename(&self.at, os(&entry.staged), &entry.from, os(&entry.name))?;
        }
        Ok(())
    }

    /// The record goes with the directory.
    fn forget_record(&self, moved: &Moved<'_>) {
        let is_one = matches!(moved.cache.names.as_slice(), [_]) && !moved.cache.is_leftover();
        let name = moved.cache.names.first().filter(|_| is_one);
        if let Some(name) = name.filter(|_| moved.choice.what == What::Directory)
            && let Ok(records) = tree::directory(&self.private, record::DIRECTORY.as_ref())
        {
            let _ = unlinkat(&records, &**name, AtFlags::empty());
        }
    }

    /// Removes everything in the staging directory.
    fn clear(&self) -> io::Result<()> {
        let mut left = Left::Nothing;
        for name in tree::names(&self.at)? {
            let name = OsStr::from_bytes(name.as_bytes());
            if remove::entry(&self.at, name)? == Left::Something {
                left = Left::Something;
            }
        }
        let more = || io::Error::other("something keeps coming, or is mounted there");
        if left == Left::Nothing { Ok(()) } else { Err(more()) }
    }

    /// Removes the staging directory, and what is empty now of what this tool makes.
    fn end(&self) {
        let here = tree::directory(&self.private, STAGING.as_ref()).and_then(|it| facts_of(&it));
        if here.is_ok_and(|here| here.identity == self.identity) {
            let _ = unlinkat(&*self.private, STAGING, AtFlags::REMOVEDIR);
        }
        if self.person.standing == crate::caches::people::Standing::Departed {
            let _ = unlinkat(&*self.private, record::DIRECTORY, AtFlags::REMOVEDIR);
        }
    }
}

impl Moved<'_> {
    /// Why it has to be put back, if so.
    fn used(&self, staging: &Staging<'_>, after: &Activity) -> Option<String> {
        if self.cache.is_leftover() {
            return None;
        }
        // A lock that was not there before is a build's that has begun since.
        let is_new = self.entries.iter().any(|entry| {
            let below = tree::directory(&staging.at, OsStr::from_bytes(entry.staged.as_bytes()));
            below.is_ok_and(|below| {
                let found = locks_below(&below, &mut Vec::new());
                found.is_none_or(|found| {
                    found.iter().any(|(_, identity, _)| !self.locks.identities.contains(identity))
                })
            })
        });
        if is_new {
            return Some("a build has begun in it".into());
        }
        let path = self.cache.path();
        let staged = self
            .entries
            .iter()
            .map(|entry| staging.path().join(OsStr::from_bytes(entry.staged.as_bytes())));
        let used = staged.chain([path]).find_map(|path| after.below(&path));
        used.map(in_use)
    }
}

impl Held {
    /// Takes every lock of an open target directory, and its own, which a migration takes.
    fn take(top: &File) -> Result<Held, Outcome> {
        let failed = |cause: io::Error| Outcome::Failed(reason(&cause));
        let busy = || Outcome::Kept("cargo is building in it".into());
        let mut held = Held::default();
        let mut lock = |file: File| match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {
                held.files.push(file);
                Ok(())
            }
            Err(Errno::WOULDBLOCK) => Err(busy()),
            Err(cause) => Err(failed(cause.into())),
        };
        lock(top.try_clone().map_err(failed)?)?;
        let found = locks_below(top, &mut Vec::new());
        let found =
            found.ok_or_else(|| Outcome::Failed("not all of it can be looked at".into()))?;
        for (names, identity, file) in found {
            lock(file)?;
            held.identities.insert(identity);
            held.skeleton
                .extend((1..=names.len()).filter_map(|end| Some(names.get(..end)?.to_vec())));
        }
        Ok(held)
    }
}

/// Cargo's locks below a directory, with the names that lead to the directory of each; `None` where
/// something cannot be looked at.
fn locks_below(
    at: &File,
    names: &mut Vec<OsString>,
) -> Option<Vec<(Vec<OsString>, Identity, File)>> {
    let mut found = Vec::new();
    let mut below = Vec::new();
    let mut buffer = Vec::with_capacity(32 << 10);
    let read = tree::each_name(at, &mut buffer, |name, kind| {
        if is_lock(name.to_bytes()) {
            let file: File = openat(at, name, OFlags::RDONLY | tree::FILE, Mode::empty())?.into();
            found.push((names.clone(), facts_of(&file)?.identity, file));
        } else if names.len() < LOCK_DEPTH
            && [FileType::Directory, FileType::Unknown].contains(&kind)
        {
            below.push(OsStr::from_bytes(name.to_bytes()).to_owned());
        }
        Ok(())
    });
    read.ok()?;
    for name in below {
        match tree::directory(at, &name) {
            Ok(directory) => {
                names.push(name);
                found.extend(locks_below(&directory, names)?);
                names.pop();
            }
            Err(cause) if files::is_absence(&cause) => {}
            Err(_) => return None,
        }
    }
    Some(found)
}

fn os(name: &CStr) -> &OsStr {
    OsStr::from_bytes(name.to_bytes())
}

fn is_lock(name: &[u8]) -> bool {
    LOCKS.iter().any(|lock| lock.as_bytes() == name)
}

/// Why a cache stays that is in use.
pub(super) fn in_use(used: Use) -> String {
    match used {
        Use::Building => "cargo is building in it".into(),
        Use::Running(pid) => format!("process {pid} uses it"),
        Use::Unreadable(pid) => {
            format!("process {pid} cannot be looked at, and may use it (root can look)")
        }
    }
}

impl Outcome {
    fn or_failed(self, why: &str) -> Outcome {
        match self {
            Outcome::Taken => Outcome::Failed(why.to_owned()),
            other => other,
        }
    }
}
