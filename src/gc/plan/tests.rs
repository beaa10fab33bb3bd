//! The rules as a table.

use super::{Circumstances, PlannedRemoval, Portion, choose};
use crate::caches::activity::UsedBy;
use crate::caches::people::{Resident, Standing};
use crate::caches::{Cache, Profile, Totals};
use crate::os::rights::Credentials;
use crate::settings::Key;
use crate::settings::gc_limits::Limit;
use crate::workspace::record::{Record, Sources};
use std::sync::Arc;

const DAY: i64 = 86_400;
const NOW: i64 = 100 * DAY;

/// A target directory of 100 bytes that was last used `days` days ago.
fn candidate(person: &str, name: &str, days: i64) -> Cache {
    let uid = person.bytes().next().unwrap().into();
    let person = Resident::new(
        person,
        Credentials { uid, gid: 1, groups: Vec::new() },
        Standing::Known,
        format!("/root/{person}").into(),
    );
    let record = Record { used: NOW - days * DAY, workspace: None, parent: 0 };
    let totals = Totals { bytes: 100, files: 50, ..Totals::default() };
    Cache {
        person: Arc::new(person),
        names: vec![name.into()],
        record: Some(record),
        sources: Sources::Unknown,
        has_locks: true,
        totals,
        used_by: None,
    }
}

fn with(mut cache: Cache, change: impl FnOnce(&mut Cache)) -> Cache {
    change(&mut cache);
    cache
}

fn standing(cache: Cache, standing: Standing) -> Cache {
    with(cache, |cache| {
        let mut person = (*cache.person).clone();
        person.standing = standing;
        cache.person = Arc::new(person);
    })
}

fn chosen(caches: &[Cache], limits: &[(Key, Limit)]) -> Vec<(usize, Option<Key>, u64)> {
    let circumstances = circumstances(limits);
    let index = |choice: &PlannedRemoval<'_>| {
        caches.iter().position(|it| std::ptr::eq(it, choice.cache)).unwrap()
    };
    let chosen = choose(caches, &circumstances);
    chosen.iter().map(|it| (index(it), it.policy, it.bytes)).collect()
}

fn circumstances(limits: &[(Key, Limit)]) -> Circumstances {
    let limits = limits.to_vec();
    Circumstances { now: NOW, limits, free: 500, size: 10_000, takes_common: false }
}

fn age(days: u64) -> Limit {
    Limit::Age(days * 86_400)
}

#[test]
fn an_orphan_is_taken_after_its_time_and_nothing_else() {
    let orphan = |days, sources| with(candidate("a", "x", days), |cache| cache.sources = sources);
    for (candidate, is_taken) in [
        (orphan(2, Sources::Gone), true),
        (orphan(2, Sources::Another), true),
        (orphan(0, Sources::Gone), false),
        (orphan(50, Sources::Unknown), false),
        (orphan(50, Sources::Present), false),
        (standing(orphan(50, Sources::Gone), Standing::Mismatched), false),
        // A clock that was wrong.
        (orphan(-50, Sources::Gone), false),
        (with(orphan(50, Sources::Gone), |cache| cache.totals.touched = NOW), false),
        // A directory that a migration has moved aside, two days ago or now.
        (candidate("a", &format!("x.replaced-{}", NOW - 2 * DAY), 50), true),
        (candidate("a", &format!("x.replaced-{NOW}"), 50), false),
        (candidate("a", "x.replaced-by-me", 50), false),
    ] {
        let circumstances = circumstances(&[(Key::GcOrphans, age(1))]);
        let found = choose(std::slice::from_ref(&candidate), &circumstances);
        assert_eq!(!found.is_empty(), is_taken, "{candidate:?}");
        assert!(found.iter().all(|it| it.what == Portion::Directory));
    }
}

#[test]
fn a_departed_owner_is_neither_a_known_nor_a_mismatched_one() {
    let limits = [(Key::GcDeparted, age(30))];
    for (who, days, expected) in [
        (Standing::Departed, 31, 1),
        (Standing::Departed, 29, 0),
        (Standing::Known, 99, 0),
        (Standing::Mismatched, 99, 0),
    ] {
        let found = chosen(&[standing(candidate("a", "x", days), who)], &limits);
        assert_eq!(found.len(), expected, "{who:?} {days}");
    }
}

#[test]
fn incremental_goes_by_profile_and_the_whole_directory_outdoes_it() {
    let profile = |name: &str, days: i64| Profile {
        names: vec![name.into()],
        incremental: 10,
        touched: NOW - days * DAY,
    };
    let it = with(candidate("a", "x", 8), |cache| {
        cache.totals.profiles = vec![profile("debug", 8), profile("release", 2)];
    });
    let it = [it];
    let circumstances = circumstances(&[(Key::GcIncremental, age(7))]);
    let found = choose(&it, &circumstances);
    assert_eq!(found[0].what, Portion::Incremental(vec![profile("debug", 8)]));
    assert_eq!(found[0].bytes, 10);
    let both = [(Key::GcIncremental, age(7)), (Key::GcOlderThan, age(8))];
    assert_eq!(chosen(&it, &both), [(0, Some(Key::GcOlderThan), 100)]);
}

#[test]
fn sizes_take_the_least_recently_used_and_never_the_last_one() {
    let people = [
        candidate("a", "old", 9),
        candidate("a", "middle", 5),
        candidate("a", "new", 1),
        candidate("b", "only", 50),
    ];
    let by = |policy, limit| -> Vec<usize> {
        chosen(&people, &[(policy, limit)]).into_iter().map(|(index, ..)| index).collect()
    };
    assert!(by(Key::GcMaxSize, Limit::Bytes(300)).is_empty());
    assert_eq!(by(Key::GcMaxSize, Limit::Bytes(250)), [0]);
    assert_eq!(by(Key::GcMaxSize, Limit::Bytes(0)), [0, 1]);
    // The second is from before there was a shared root.
    let former = [candidate("a", "new", 1), candidate("a-former", "old", 5)];
    let sizes = [(Key::GcMaxSize, Limit::Bytes(150))];
    assert_eq!(chosen(&former, &sizes), [(1, Some(Key::GcMaxSize), 100)]);
    assert_eq!(by(Key::GcMaxTotal, Limit::Bytes(399)), [0]);
    assert_eq!(by(Key::GcMaxTotal, Limit::Percent(0)), [0, 1]);
    assert!(by(Key::GcKeepFree, Limit::Bytes(500)).is_empty());
    assert_eq!(by(Key::GcKeepFree, Limit::Percent(6)), [0]);
    // The space that another rule frees counts.
    let both = [(Key::GcOlderThan, age(30)), (Key::GcKeepFree, Limit::Bytes(600))];
    assert_eq!(chosen(&people, &both), [(3, Some(Key::GcOlderThan), 100)]);
}

#[test]
fn what_is_in_use_common_empty_or_unlocked_stays() {
    let old = || candidate("a", "x", 90);
    let limits = [(Key::GcOlderThan, age(30)), (Key::GcMaxSize, Limit::Bytes(0))];
    let used = Cache { used_by: Some(UsedBy::Building), ..old() };
    // It is reported, and frees nothing yet.
    let people = [used, candidate("a", "y", 9), candidate("a", "z", 1)];
    let sizes = [(Key::GcOlderThan, age(30)), (Key::GcMaxTotal, Limit::Bytes(200))];
    let (older, total) = (Some(Key::GcOlderThan), Some(Key::GcMaxTotal));
    assert_eq!(chosen(&people, &sizes), [(0, older, 100), (1, total, 100)]);
    assert_eq!(chosen(&[candidate("a", "target", 90)], &limits), []);
    assert_eq!(chosen(&[with(old(), |cache| cache.totals.files = 1)], &limits), []);
    assert_eq!(chosen(&[with(old(), |cache| cache.names.clear())], &limits), []);
    let unlocked = |days| with(candidate("a", "x", days), |cache| cache.has_locks = false);
    assert_eq!(chosen(&[unlocked(90)], &limits).len(), 1);
    let sizes = [(Key::GcMaxSize, Limit::Bytes(0))];
    assert_eq!(chosen(&[unlocked(90), candidate("a", "new", 1)], &sizes), []);
    let young = [(Key::GcOlderThan, Limit::Age(0))];
    assert_eq!(chosen(&[unlocked(0)], &young), []);
    let leftover = candidate("a", ".gc.*", 0);
    assert_eq!(chosen(&[leftover], &[]), [(0, None, 100)]);
}
