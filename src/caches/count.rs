//! Counts everything in many private directories, or in other directories of people's, with two threads,
//! by descriptor: a directory is opened from its parent's, no path is resolved twice, no symlink followed
//! and no mount crossed. That is the safe way for root and also the fastest. Only files with several names
//! are remembered.

use std::collections::HashMap;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fs::FileType;
use rustix::io::Errno;

use super::people::{People, Person, Standing};
use super::{Cache, Odd, Profile, Totals, list};
use crate::os::entry::{Entry, Kind, others_write};
use crate::os::facts::{brief, facts, facts_of, is_on_nfs};
use crate::os::homes::Homes;
use crate::os::node::{Identity, LOCKS, MAX_DEPTH, Node, is_mounted};
use crate::os::rights::{self, Account, Rights};
use crate::os::{accounts, tag, tree};
use crate::settings::Settings;
use crate::ui::failure::Result;
use crate::ui::report;
use crate::workspace::record::{self, Record, Sources};

/// More would wait for the same disk.
const THREADS: usize = 2;
/// How often somebody who watches sees how far it has come.
const TICK: Duration = Duration::from_millis(100);
/// How much of a directory is read at once, in bytes.
const BUFFER: usize = 64 << 10;

/// The caches of everybody who could be looked at.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The caches, those of one person together.
    pub(crate) caches: Vec<Cache>,
    /// Whose could not be looked at, and why.
    pub(crate) refused: Vec<(Arc<Person>, String)>,
}

/// Counts the caches of everybody who may be seen, and shows on a terminal how far it has come.
///
/// # Errors
/// Rights that cannot be changed, which ends everything.
pub(crate) fn count(people: &People, settings: &Settings, homes: &Homes<'_>) -> Result<Survey> {
    // Opened and judged with the rights of the process, one at a time: there may be more people than
    // files that may be open at once.
    let people = people.visible.iter().rev().cloned().collect();
    let state = State { people, ..State::default() };
    let (mut caches, refused) = walk(state, MAX_DEPTH, &|person| person.open(settings, homes))?;
    caches.sort_by(|a, b| (&a.person.path, &a.names).cmp(&(&b.person.path, &b.names)));
    Ok(Survey { caches, refused })
}

/// Looks through directories of other kinds, each with the rights of the account whose it is, and down to
/// that depth; the caller has looked at the directories above them.
///
/// # Errors
/// Those of [`count`].
pub(crate) fn look_through(tops: Vec<(Account, PathBuf)>, depth: usize) -> Result<Vec<Cache>> {
    let mut state = State::default();
    for (account, path) in tops {
        let Some(parent) = path.parent().and_then(|above| File::open(above).ok()) else { continue };
        let Some(Ok(top)) = path.file_name().map(|name| facts(&parent, name)) else { continue };
        let reach = match top.mode & 0o077 {
            0 => Reach::Owner,
            _ => Reach::Others(accounts::private_group(account.uid)),
        };
        let cache = Cache {
            person: Arc::new(Person::of_directory(account, path.clone())),
            names: Vec::new(),
            record: None,
            sources: Sources::Unknown,
            has_locks: false,
            totals: Totals::default(),
        };
        let counting = Counting { cache, top, reach, sums: Mutex::default() };
        let counting = Arc::new(counting);
        state.tasks.push(first_task(&counting, &Arc::new(parent), path));
        state.counted.push(counting);
    }
    Ok(walk(state, depth, &|_| Ok(None))?.0)
}

/// Why each person was refused.
type Refused = Vec<(Arc<Person>, String)>;

/// Does all that there is to do.
fn walk(
    state: State,
    depth: usize,
    open: &dyn Fn(&Person) -> Result<Option<File>>,
) -> Result<(Vec<Cache>, Refused)> {
    let state = Mutex::new(State { busy: THREADS, ..state });
    let pool = Pool { state, depth, ..Pool::default() };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| pool.work());
        }
        pool.serve(open);
    });
    report::progress("");
    let state = pool.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    match state.failed {
        Some(cause) => Err(rights::failed(&cause)),
        None => Ok((state.counted.into_iter().map(finished).collect(), state.refused)),
    }
}

/// What any thread may do next, and what has been done.
#[derive(Default)]
struct State {
    /// Whose private directories are still to be opened.
    people: Vec<Arc<Person>>,
    tasks: Vec<Task>,
    /// How many threads are at work.
    busy: usize,
    counted: Vec<Arc<Counting>>,
    refused: Refused,
    failed: Option<io::Error>,
}

impl State {
    fn is_over(&self) -> bool {
        let is_done = self.people.is_empty() && self.tasks.is_empty();
        self.failed.is_some() || (is_done && self.busy == 0)
    }
}

enum Task {
    /// Lists a private directory that is open.
    Enter(Arc<Person>, File),
    Visit(Job),
}

/// One directory that is to be counted.
struct Job {
    counting: Arc<Counting>,
    parent: Arc<File>,
    /// Its path, of which only the name is used to open it.
    path: PathBuf,
    /// How far below the target directory; 0 for itself.
    depth: usize,
    /// The first or second level that it is in.
    part: Option<usize>,
    /// The part whose `incremental` it is in.
    incremental: Option<usize>,
}

/// A cache that is being counted.
struct Counting {
    cache: Cache,
    top: Node,
    reach: Reach,
    sums: Mutex<Sums>,
}

/// Who can reach what is in a directory.
enum Reach {
    Owner,
    /// Others as well, so that it matters what they can write to; the owner's private group is none.
    Others(Option<u32>),
}

#[derive(Default)]
struct Sums {
    totals: Totals,
    parts: Vec<Part>,
    /// By inode, what files with several names occupy, and whether they are all in one `incremental`.
    linked: HashMap<u64, (u64, Option<usize>)>,
}

/// A directory one or two levels down, which may be a profile's.
#[derive(Default)]
struct Part {
    parent: Option<usize>,
    name: OsString,
    touched: i64,
    incremental: u64,
    has_incremental: bool,
}

/// What one directory holds itself.
#[derive(Default)]
struct Local {
    bytes: u64,
    files: u64,
    touched: i64,
    linked: Vec<(u64, u64)>,
    locks: Vec<Identity>,
    below: Vec<CString>,
    foreign: Odd,
    writable: Odd,
    is_partial: bool,
}

/// Each thread goes down by itself, and shares what it has still to do only when another one is idle.
#[derive(Default)]
struct Pool {
    state: Mutex<State>,
    wake: Condvar,
    idle: AtomicUsize,
    files: AtomicU64,
    /// How far down it goes.
    depth: usize,
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens private directories as they are asked for, and tells how it goes.
    fn serve(&self, open: &dyn Fn(&Person) -> Result<Option<File>>) {
        let mut state = self.lock();
        while !state.is_over() {
            if state.tasks.len() < THREADS
                && let Some(person) = state.people.pop()
            {
                // Until it is open it is neither here nor there, and nobody may think that all is done.
                state.busy += 1;
                drop(state);
                let opened = open(&person);
                state = self.lock();
                state.busy -= 1;
                match opened {
                    Ok(Some(directory)) => state.tasks.push(Task::Enter(person, directory)),
                    Ok(None) => {
                        let why = "others can read it until its owner's next build";
                        state.refused.push((person, why.into()));
                    }
                    Err(error) => state.refused.push((person, error.to_string())),
                }
                self.wake.notify_all();
                continue;
            }
            let waited = self.wake.wait_timeout(state, TICK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            let files = self.files.load(Ordering::Relaxed);
            report::progress(&format!("counting: {files} files"));
        }
    }

    fn work(&self) {
        let mut rights = Rights::default();
        let mut buffer = Vec::with_capacity(BUFFER);
        let mut own = Vec::new();
        while let Some(task) = own.pop().or_else(|| self.shared()) {
            let done = match task {
                Task::Enter(person, directory) => rights
                    .become_account(&person.account)
                    .map(|()| own.extend(self.enter(&person, directory))),
                Task::Visit(job) => rights
                    .become_account(&job.counting.cache.person.account)
                    .map(|()| own.extend(self.visit(&job, &mut buffer))),
            };
            if let Err(cause) = done {
                self.lock().failed = Some(cause);
                return self.wake.notify_all();
            }
            if own.len() > 1 && self.idle.load(Ordering::Relaxed) > 0 {
                // The oldest are the nearest to the top, and so the largest.
                self.lock().tasks.extend(own.drain(..own.len() / 2));
                self.wake.notify_all();
            }
        }
    }

    /// Waits for something to do; `None` when all is done.
    fn shared(&self) -> Option<Task> {
        let mut state = self.lock();
        state.busy -= 1;
        self.idle.fetch_add(1, Ordering::Relaxed);
        let task = loop {
            if state.is_over() {
                break None;
            }
            if let Some(task) = state.tasks.pop() {
                state.busy += 1;
                break Some(task);
            }
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        self.idle.fetch_sub(1, Ordering::Relaxed);
        // The next private directory can be opened meanwhile, or the others can end.
        self.wake.notify_all();
        task
    }

    /// Counts what a directory holds, and returns the directories in it.
    fn visit(&self, job: &Job, buffer: &mut Vec<u8>) -> Vec<Task> {
        let (directory, local) = look(job, buffer, self.depth);
        self.files.fetch_add(local.files, Ordering::Relaxed);
        let mut sums = job.counting.sums.lock().unwrap_or_else(PoisonError::into_inner);
        sums.add(job, &local);
        let Some(directory) = directory.map(Arc::new) else { return Vec::new() };
        let below = local.below.into_iter();
        below.map(|name| Task::Visit(sums.descend(job, &directory, name))).collect()
    }

    /// Lists an open private directory.
    fn enter(&self, person: &Arc<Person>, directory: File) -> Vec<Task> {
        let (Ok(top), Ok(listing)) = (facts_of(&directory), list::list(&directory)) else {
            return Vec::new();
        };
        let has_locks = !is_on_nfs(&directory);
        let new = |names: Vec<OsString>| {
            let record = names.iter().find_map(|name| record::read(&directory, name, top.uid));
            let record = record.filter(|_| person.standing != Standing::Mismatched);
            let cache = Cache {
                person: Arc::clone(person),
                sources: record.as_ref().map_or(Sources::Unknown, Record::sources),
                record,
                names,
                has_locks,
                totals: Totals::default(),
            };
            let sums = Mutex::default();
            Arc::new(Counting { cache, top: top.clone(), reach: Reach::Owner, sums })
        };
        let rest = new(Vec::new());
        rest.sums.lock().unwrap_or_else(PoisonError::into_inner).totals.bytes = top.occupied;
        let mut counted: Vec<Arc<Counting>> = listing.targets.into_iter().map(new).collect();
        let directory = Arc::new(directory);
        let others = listing.others.into_iter();
        let path = |name: CString| person.path.join(OsStr::from_bytes(name.as_bytes()));
        let first = |name| first_task(&rest, &directory, path(name));
        let mut tasks: Vec<Task> = others.map(first).collect();
        for counting in &counted {
            let Some((_, above)) = counting.cache.names.split_last() else { continue };
            if let Ok(parent) = tree::descend(&directory, above) {
                tasks.push(first_task(counting, &Arc::new(parent), counting.cache.path()));
            }
        }
        counted.push(rest);
        self.lock().counted.extend(counted);
        tasks
    }
}

impl Sums {
    fn add(&mut self, job: &Job, local: &Local) {
        let Sums { totals, parts, linked } = self;
        totals.bytes += local.bytes;
        totals.files += local.files;
        totals.touched = totals.touched.max(local.touched);
        totals.locks.extend(&local.locks);
        totals.foreign.add(&local.foreign);
        totals.writable.add(&local.writable);
        totals.is_partial |= local.is_partial;
        if let Some(part) = job.part.and_then(|part| parts.get_mut(part)) {
            part.touched = part.touched.max(local.touched);
        }
        if let Some(part) = job.incremental.and_then(|part| parts.get_mut(part)) {
            part.incremental += local.bytes;
        }
        for &(inode, occupied) in &local.linked {
            let seen = linked.entry(inode).or_insert((occupied, job.incremental));
            // What has another name outside does not come back with `incremental`.
            seen.1 = seen.1.filter(|part| job.incremental == Some(*part));
        }
    }

    fn descend(&mut self, job: &Job, parent: &Arc<File>, name: CString) -> Job {
        let depth = job.depth + 1;
        let is_incremental = (2..=3).contains(&depth) && name.as_bytes() == b"incremental";
        let incremental = job.incremental.or(job.part.filter(|_| is_incremental));
        if let Some(part) = incremental.and_then(|part| self.parts.get_mut(part)) {
            part.has_incremental = true;
        }
        let mut part = job.part;
        if depth <= 2 && !job.counting.cache.names.is_empty() {
            let name = OsString::from_vec(name.as_bytes().to_vec());
            self.parts.push(Part { parent: job.part, name, ..Part::default() });
            part = Some(self.parts.len() - 1);
        }
        let (counting, parent) = (Arc::clone(&job.counting), Arc::clone(parent));
        let path = job.path.join(OsStr::from_bytes(name.as_bytes()));
        Job { counting, parent, path, depth, part, incremental }
    }
}

/// Looks at what a directory holds.
fn look(job: &Job, buffer: &mut Vec<u8>, depth: usize) -> (Option<File>, Local) {
    let mut local = Local::default();
    let own_name = job.path.file_name().unwrap_or_default();
    let directory = match open(&job.parent, own_name) {
        Ok(directory) => directory,
        Err(cause) if cause.kind() == ErrorKind::NotADirectory => {
            // Beside the target directories there may be files.
            let _ = local.count(job, &job.parent, own_name, None);
            return (None, local);
        }
        Err(cause) => {
            local.is_partial = cause.kind() != ErrorKind::NotFound;
            // Somebody else's, who lets nobody in.
            if let Ok(found) = brief(&job.parent, own_name) {
                local.judge(job, &found.entry, None);
            }
            return (None, local);
        }
    };
    match facts_of(&directory) {
        Ok(found) if !is_mounted(&job.counting.top, &found) => {
            local.bytes = found.occupied;
            local.judge(job, &found.entry(), None);
        }
        _ => {
            local.is_partial = true;
            return (None, local);
        }
    }
    if job.depth >= depth {
        // No cargo goes down as deep as what is counted.
        local.is_partial = true;
        return (None, local);
    }
    let read = tree::each_name(&directory, buffer, |name, kind| {
        if kind == FileType::Directory {
            local.below.push(name.to_owned());
            return Ok(());
        }
        let name = OsStr::from_bytes(name.to_bytes());
        local.count(job, &directory, name, Some(name))
    });
    local.is_partial |= read.is_err();
    (Some(directory), local)
}

impl Local {
    /// Counts a file; `below` is its name if it is in the job's directory.
    fn count(
        &mut self,
        job: &Job,
        directory: &File,
        name: &OsStr,
        below: Option<&OsStr>,
    ) -> io::Result<()> {
        let found = match brief(directory, name) {
            Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        if found.entry.kind == Kind::Directory {
            self.below.push(CString::new(name.as_bytes())?);
            return Ok(());
        }
        self.files += 1;
        match found.links {
            1 => self.bytes += found.occupied,
            _ => self.linked.push((found.entry.inode, found.occupied)),
        }
        if LOCKS.iter().any(|lock| *lock == name) {
            self.locks.push((job.counting.top.identity.0, found.entry.inode));
        }
        // Whoever asks whether the tag is valid reads it, this program too.
        if !(job.depth == 0 && name == tag::NAME) {
            self.touched = self.touched.max(found.used);
        }
        self.judge(job, &found.entry, below);
        Ok(())
    }

    /// Notes what is somebody else's, and what others can write to.
    fn judge(&mut self, job: &Job, entry: &Entry, below: Option<&OsStr>) {
        let Counting { cache, reach, .. } = &*job.counting;
        let path = || below.map_or_else(|| job.path.clone(), |name| job.path.join(name));
        if entry.uid != cache.person.account.uid {
            self.foreign.note(path(), entry.uid);
        }
        if let Reach::Others(private) = reach
            && entry.kind != Kind::Symlink
            && others_write(entry.mode, || *private == Some(entry.gid))
        {
            self.writable.note(path(), entry.uid);
        }
    }
}

/// Opens a directory, without leaving a trace of that where the system lets its owner do so.
fn open(parent: &File, name: &OsStr) -> io::Result<File> {
    #[cfg(target_os = "linux")]
    match tree::inside(parent, name, tree::DIRECTORY | rustix::fs::OFlags::NOATIME) {
        Err(cause) if Errno::from_io_error(&cause) == Some(Errno::PERM) => {}
        opened => return opened,
    }
    tree::inside(parent, name, tree::DIRECTORY)
}

fn first_task(counting: &Arc<Counting>, parent: &Arc<File>, path: PathBuf) -> Task {
    let (counting, parent) = (Arc::clone(counting), Arc::clone(parent));
    Task::Visit(Job { counting, parent, path, depth: 0, part: None, incremental: None })
}

fn finished(counting: Arc<Counting>) -> Cache {
    let mut sums = counting.sums.lock().unwrap_or_else(PoisonError::into_inner);
    let Sums { mut totals, mut parts, linked } = std::mem::take(&mut *sums);
    for (occupied, part) in linked.into_values() {
        totals.bytes += occupied;
        if let Some(part) = part.and_then(|part| parts.get_mut(part)) {
            part.incremental += occupied;
        }
    }
    totals.incremental = parts.iter().map(|part| part.incremental).sum();
    let touched = |at: usize| {
        let is_in = |(index, part): &(usize, &Part)| *index == at || part.parent == Some(at);
        let inside = parts.iter().enumerate().filter(is_in);
        inside.map(|(_, part)| part.touched).max().unwrap_or_default()
    };
    let profiles = parts.iter().enumerate().filter(|(_, part)| part.has_incremental);
    let profiles = profiles.map(|(index, part)| {
        let above = part.parent.and_then(|parent| parts.get(parent));
        let names = above.into_iter().chain([part]).map(|part| part.name.clone()).collect();
        Profile { names, incremental: part.incremental, touched: touched(index) }
    });
    totals.profiles = profiles.collect();
    Cache { totals, ..counting.cache.clone() }
}
