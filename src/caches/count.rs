//! Counts everything in many private directories, by descriptor: a directory is opened from its parent's
//! descriptor, no path is resolved twice, no symlink is followed and no mount is crossed. That is the
//! safe way for root, and also the fastest. Two threads share one person's target directories. Only
//! files with several hard links are remembered.

use std::collections::HashSet;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::FileType;
use rustix::io::Errno;

use super::activity::Activity;
use super::list::list;
use super::people::{People, Resident};
use super::{Cache, Profile, Totals};
use crate::os::entry::{Entry, Kind};
use crate::os::facts::{cached_facts, facts_of};
use crate::os::homes::Homes;
use crate::os::node::{MAX_DEPTH, Node, is_lock, is_mounted};
use crate::os::rights::{self, Rights};
use crate::os::{tag, tree};
use crate::settings::Settings;
use crate::ui::escape::escaped;
use crate::ui::failure::Result;
use crate::ui::report;

/// More threads would wait for the same disk.
const THREADS: usize = 2;
/// After how many files the progress on the terminal is updated.
const TICK: u64 = 1 << 14;

/// The caches of everybody whose directory could be examined.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    /// The caches, sorted by person.
    pub(crate) caches: Vec<Cache>,
    /// Whose directories could not be examined, and why.
    pub(crate) refused: Vec<(Arc<Resident>, String)>,
}

impl Survey {
    /// Reports who was left out. Returns the exit code for that.
    pub(crate) fn tell_refused(&self) -> u8 {
        for (person, why) in &self.refused {
            report::note(&format!("`{}` was left out: {why}", escaped(&person.path)));
        }
        if self.refused.is_empty() { 0 } else { 77 }
    }
}

/// Counts the caches of everybody who may be seen, and shows the progress on a terminal. Then looks at
/// which of them are in use.
///
/// # Errors
/// Credentials that cannot be changed, which ends everything.
pub(crate) fn count(people: &People, settings: &Settings, homes: &Homes<'_>) -> Result<Survey> {
    let mut survey = Survey::default();
    let files = AtomicU64::new(0);
    // Opened and checked with this process's own credentials, one at a time: there may be more people
    // than files that may be open at once.
    for person in &people.visible {
        match person.open(settings, homes) {
            Ok(Some(directory)) => {
                let counted = count_one(person, &directory, &files);
                survey.caches.extend(counted.map_err(|cause| rights::failed(&cause))?);
            }
            Ok(None) => {
                let why = "others can read it until its owner's next build";
                survey.refused.push((Arc::clone(person), why.into()));
            }
            Err(error) => survey.refused.push((Arc::clone(person), error.to_string())),
        }
    }
    report::progress("");
    let activity = Activity::take();
    for cache in &mut survey.caches {
        cache.used_by = activity.of(cache);
    }
    survey.caches.sort_by(|a, b| (&a.person.path, &a.names).cmp(&(&b.person.path, &b.names)));
    Ok(survey)
}

/// Counts the content of an open private directory, with its owner's credentials.
fn count_one(
    person: &Arc<Resident>,
    directory: &File,
    files: &AtomicU64,
) -> io::Result<Vec<Cache>> {
    let become_owner = || {
        let mut rights = Rights::default();
        rights.become_account(&person.account).map(|()| rights)
    };
    let rights = become_owner()?;
    let Ok(top) = facts_of(directory) else { return Ok(Vec::new()) };
    let caches = Mutex::new(list(person, directory, &top).unwrap_or_default().into_iter());
    drop(rights);
    let work = || {
        let _rights = become_owner()?;
        let mut counted = Vec::new();
        loop {
            let next = caches.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((cache, entries)) = next else { return Ok(counted) };
            counted.push(CacheWalk::of(&top, files).run(cache, directory, entries));
        }
    };
    std::thread::scope(|scope| {
        let threads = [(); THREADS].map(|()| scope.spawn(work));
        let joined = threads.map(|it| it.join().unwrap_or(Err(Errno::CANCELED.into())));
        let counted: io::Result<Vec<Vec<Cache>>> = joined.into_iter().collect();
        Ok(counted?.concat())
    })
}

/// Counts one cache.
struct CacheWalk<'a> {
    top: &'a Node,
    /// How many files have been counted, in all caches.
    seen: &'a AtomicU64,
    totals: Totals,
    /// The inodes of the files with several hard links. Such a file counts where it is found first.
    linked: HashSet<u64>,
    /// The names from the target directory to the current directory.
    names: Vec<CString>,
}

impl<'a> CacheWalk<'a> {
    fn of(top: &'a Node, seen: &'a AtomicU64) -> CacheWalk<'a> {
        let (linked, names) = (HashSet::new(), Vec::new());
        CacheWalk { top, seen, totals: Totals::default(), linked, names }
    }

    fn run(mut self, cache: Cache, private_dir: &File, entries: Vec<CString>) -> Cache {
        if cache.names.is_empty() {
            self.totals.bytes = self.top.occupied;
        }
        let above = cache.names.split_last().map_or(&[][..], |(_, above)| above);
        if let Ok(parent) = tree::descend(private_dir, above) {
            for name in entries {
                let touched = self.entry(&parent, &name, None);
                self.totals.touched = self.totals.touched.max(touched);
            }
        }
        let Totals { profiles, .. } = &self.totals;
        self.totals.incremental = profiles.iter().map(|it| it.incremental).sum();
        Cache { totals: self.totals, ..cache }
    }

    /// Counts an entry and everything below it, which may be in a profile's `incremental`. Returns when
    /// a file there was last used.
    fn entry(&mut self, parent: &File, name: &CStr, incremental: Option<usize>) -> i64 {
        let directory = match tree::inside(parent, name, tree::DIRECTORY) {
            Ok(directory) => directory,
            // There may be files beside the target directories.
            Err(cause) if cause.kind() == ErrorKind::NotADirectory => {
                return cached_facts(parent, name)
                    .map_or(0, |found| self.file(name, &found, incremental));
            }
            Err(cause) => {
                self.totals.is_partial |= cause.kind() != ErrorKind::NotFound;
                return 0;
            }
        };
        let found = facts_of(&directory).ok().filter(|found| !is_mounted(self.top, found));
        self.occupy(found.as_ref().map_or(0, |found| found.occupied), incremental);
        // Cargo creates no directories as deep as this limit.
        if found.is_none() || self.names.len() >= MAX_DEPTH {
            self.totals.is_partial = true;
            return 0;
        }
        let (below, mut touched) = self.files(&directory, incremental);
        let is_incremental = |name: &CString| name.as_c_str() == c"incremental";
        let is_profile = incremental.is_none()
            && (1..=2).contains(&self.names.len())
            && below.iter().any(is_incremental);
        let profile = is_profile.then_some(self.totals.profiles.len());
        if is_profile {
            let names = self.names.iter().map(|name| tree::os_str(name).to_owned()).collect();
            let profile = Profile { names, ..Profile::default() };
            self.totals.profiles.push(profile);
        }
        for name in below {
            let within = incremental.or(profile.filter(|_| is_incremental(&name)));
            self.names.push(name.clone());
            touched = touched.max(self.entry(&directory, &name, within));
            self.names.pop();
        }
        if let Some(profile) = profile.and_then(|at| self.totals.profiles.get_mut(at)) {
            profile.touched = touched;
        }
        touched
    }

    /// Counts the files in an open directory. Returns the names of the directories in it, and when a
    /// file was last used.
    fn files(&mut self, directory: &File, incremental: Option<usize>) -> (Vec<CString>, i64) {
        let (mut below, mut touched) = (Vec::new(), 0);
        let before = self.totals.files;
        let read = tree::each_name(directory, |name, kind| {
            let found = match kind {
                FileType::Directory => None,
                _ => match cached_facts(directory, name) {
                    Err(cause) if cause.kind() == ErrorKind::NotFound => return Ok(()),
                    found => Some(found?),
                },
            };
            match found.filter(|found| found.kind != Kind::Directory) {
                Some(found) => touched = touched.max(self.file(name, &found, incremental)),
                None => below.push(name.to_owned()),
            }
            Ok(())
        });
        self.totals.is_partial |= read.is_err();
        let counted = self.totals.files - before;
        let seen = self.seen.fetch_add(counted, Ordering::Relaxed);
        if seen / TICK != (seen + counted) / TICK {
            report::progress(&format!("counting: {} files", seen + counted));
        }
        (below, touched)
    }

    /// Counts a file. Returns when it was last used.
    fn file(&mut self, name: &CStr, found: &Entry, incremental: Option<usize>) -> i64 {
        self.totals.files += 1;
        if found.links == 1 || self.linked.insert(found.identity.1) {
            self.occupy(found.occupied, incremental);
        }
        if is_lock(name) {
            self.totals.locks.push((self.top.identity.0, found.identity.1));
        }
        // Every program that checks whether the tag is valid reads it, and so does this one.
        let is_tag = self.names.is_empty() && name.to_bytes() == tag::NAME.as_bytes();
        if is_tag { 0 } else { found.accessed.0.max(found.modified.0) }
    }

    fn occupy(&mut self, bytes: u64, incremental: Option<usize>) {
        self.totals.bytes += bytes;
        if let Some(profile) = incremental.and_then(|at| self.totals.profiles.get_mut(at)) {
            profile.incremental += bytes;
        }
    }
}
