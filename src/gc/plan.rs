//! Pure: which caches to remove, by which rule, and how much space that frees.

use std::collections::BTreeSet;

use crate::caches::people::Standing;
use crate::caches::{Cache, Profile};
use crate::settings::Key;
use crate::settings::gc_limits::Limit;
use crate::workspace::record::Sources;

/// Everything that the rules depend on, except the caches.
#[derive(Clone, Debug)]
pub(super) struct Circumstances {
    /// Seconds since 1970.
    pub(super) now: i64,
    /// The limit of each policy that applies.
    pub(super) limits: Vec<(Key, Limit)>,
    /// The free space on the file system, in bytes.
    pub(super) free: u64,
    /// The size of the file system, in bytes.
    pub(super) size: u64,
    /// Whether `target`, which is for everything without a directory of its own, may be removed.
    pub(super) takes_common: bool,
}

/// What is removed of a cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Portion {
    /// The directory itself: nothing builds there any more.
    Directory,
    /// Everything except the tag and the locks, because a build may be waiting for a lock.
    Contents,
    /// `incremental` of these profiles.
    Incremental(Vec<Profile>),
}

/// One cache that a rule has chosen.
#[derive(Clone, Debug)]
pub(super) struct PlannedRemoval<'a> {
    pub(super) cache: &'a Cache,
    /// The policy that has chosen it; `None` for what an interrupted run has left.
    pub(super) policy: Option<Key>,
    pub(super) what: Portion,
    /// The space that is freed once it is not in use, in bytes.
    pub(super) bytes: u64,
    /// The result, if a removal was tried.
    pub(super) outcome: Option<Outcome>,
}

/// The result of removing one choice.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// It was removed.
    Taken,
    /// It was kept, for this reason.
    Kept(String),
    /// It could not be removed, for this reason.
    Failed(String),
}

/// How long, in seconds, a directory on a file system without locks must be unused before it is removed.
const WITHOUT_LOCKS: i64 = 24 * 60 * 60;

/// Applies the rules in order. If two choose the same cache, the one that removes more counts.
pub(super) fn choose<'a>(
    caches: &'a [Cache],
    circumstances: &'a Circumstances,
) -> Vec<PlannedRemoval<'a>> {
    let mut plan = Chooser { caches, circumstances, choices: Vec::new() };
    for cache in caches.iter().filter(|cache| cache.is_leftover()) {
        plan.take(cache, None, Portion::Directory);
    }
    for &(policy, limit) in &circumstances.limits {
        match limit {
            Limit::Off => {}
            Limit::Age(age) => plan.by_age(policy, i64::try_from(age).unwrap_or(i64::MAX)),
            Limit::Bytes(bytes) => plan.by_size(policy, bytes),
            Limit::Percent(share) => {
                plan.by_size(policy, circumstances.size / 100 * u64::from(share));
            }
        }
    }
    plan.choices
}

struct Chooser<'a> {
    caches: &'a [Cache],
    circumstances: &'a Circumstances,
    choices: Vec<PlannedRemoval<'a>>,
}

impl<'a> Chooser<'a> {
    fn by_age(&mut self, policy: Key, age: i64) {
        for cache in self.caches {
            let unused = |used: i64| self.circumstances.now.saturating_sub(used) >= age;
            let what = match policy {
                // The profile's own time counts. For everything else the cache's does, because the shim
                // knows of every use.
                Key::GcIncremental => {
                    let profiles = cache.totals.profiles.iter();
                    let old = profiles.filter(|it| it.incremental > 0 && unused(it.touched));
                    let old: Vec<Profile> = old.cloned().collect();
                    (!old.is_empty()).then_some(Portion::Incremental(old))
                }
                _ if !unused(cache.used()) => None,
                Key::GcOrphans => {
                    let is_gone = matches!(cache.sources, Sources::Gone | Sources::Another);
                    (is_gone || cache.moved_aside().is_some()).then_some(Portion::Directory)
                }
                Key::GcDeparted => {
                    (cache.person.standing == Standing::Departed).then_some(Portion::Directory)
                }
                _ => self.is_whole(cache).then_some(Portion::Contents),
            };
            if let Some(what) = what {
                self.take(cache, Some(policy), what);
            }
        }
    }

    /// Chooses the least recently used caches first, until enough space is free. The most recently used
    /// cache of each person stays.
    fn by_size(&mut self, policy: Key, limit: u64) {
        match policy {
            Key::GcMaxSize => {
                let people: BTreeSet<u32> = self.caches.iter().map(owner).collect();
                for uid in people {
                    let is_own = |cache: &Cache| owner(cache) == uid;
                    let total = self.total(&is_own);
                    self.shrink(policy, total.saturating_sub(limit), &is_own);
                }
            }
            Key::GcMaxTotal => {
                let total = self.total(&|_| true);
                self.shrink(policy, total.saturating_sub(limit), &|_| true);
            }
            _ => {
                let coming: u64 = self.caches.iter().map(|cache| self.chosen(cache)).sum();
                let free = self.circumstances.free.saturating_add(coming);
                self.shrink(policy, limit.saturating_sub(free), &|_| true);
            }
        }
    }

    /// The size of some caches without what has been chosen so far, in bytes.
    fn total(&self, is_meant: &dyn Fn(&Cache) -> bool) -> u64 {
        let all = self.caches.iter().filter(|cache| is_meant(cache));
        all.map(|cache| cache.totals.bytes.saturating_sub(self.chosen(cache))).sum()
    }

    /// The space that what has been chosen of a cache so far frees now, in bytes.
    fn chosen(&self, cache: &Cache) -> u64 {
        let choice = self.choices.iter().find(|it| std::ptr::eq(it.cache, cache));
        choice.filter(|_| cache.used_by.is_none()).map_or(0, |choice| choice.bytes)
    }

    fn shrink(&mut self, policy: Key, mut excess: u64, is_meant: &dyn Fn(&Cache) -> bool) {
        let is_due = |cache: &&Cache| {
            let is_free = cache.used_by.is_none() && cache.has_locks;
            is_meant(cache) && self.is_whole(cache) && is_free
        };
        let mut order: Vec<&'a Cache> = self.caches.iter().filter(is_due).collect();
        order.sort_by_key(|cache| cache.used());
        for cache in order {
            let others =
                self.caches.iter().filter(|it| owner(it) == owner(cache) && it.is_target());
            let is_newest = others.map(Cache::used).max() <= Some(cache.used());
            if excess == 0 || is_newest {
                continue;
            }
            let before = self.chosen(cache);
            self.take(cache, Some(policy), Portion::Contents);
            excess = excess.saturating_sub(self.chosen(cache) - before);
        }
    }

    fn is_whole(&self, cache: &Cache) -> bool {
        self.circumstances.takes_common || !cache.is_common()
    }

    fn take(&mut self, cache: &'a Cache, policy: Option<Key>, what: Portion) {
        let has_content = !cache.is_empty() || what == Portion::Directory;
        let is_free = cache.is_leftover() || (cache.is_target() && has_content);
        let idle = self.circumstances.now.saturating_sub(cache.used());
        let is_safe = cache.has_locks || idle >= WITHOUT_LOCKS;
        // If name and owner do not belong together, a person has to look at the directory.
        if !is_free || !is_safe || cache.person.standing == Standing::Mismatched {
            return;
        }
        let bytes = match &what {
            Portion::Incremental(profiles) => profiles.iter().map(|it| it.incremental).sum(),
            Portion::Directory | Portion::Contents => cache.totals.bytes,
        };
        let choice = PlannedRemoval { cache, policy, what, bytes, outcome: None };
        match self.choices.iter_mut().find(|it| std::ptr::eq(it.cache, cache)) {
            Some(known) if matches!(known.what, Portion::Incremental(_)) => *known = choice,
            Some(_) => {}
            None => self.choices.push(choice),
        }
    }
}

/// A person may have several private directories, for instance one from before there was a shared root.
fn owner(cache: &Cache) -> u32 {
    cache.person.account.uid
}

#[cfg(test)]
mod tests;
