//! Pure: the marker that tells an exec loop from a nested call.
//!
//! Executing keeps the process, so a wrapper that falls back to "the other cargo" can hand the same
//! process back to us forever. Each shim therefore writes down which process it is, what it was
//! asked and where it went; whoever finds their own process there, asked the same again, goes on
//! after the last place tried. A nested call is another process. A script that ends in
//! `exec cargo other-words` is the same process asked something else. A program under `cargo run` that
//! executes `cargo run` to start itself anew is the same process asked the same, but a good while
//! later than any wrapper comes back. All of these start afresh, and only the number of hops bounds
//! them, which also ends a wrapper that runs us as a child. A wrapper that takes ten seconds for each
//! round would not be told from a program that does its work.

use std::ffi::{OsStr, OsString};
use std::hash::Hasher;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use siphasher::sip::SipHasher13;

/// The variable that holds the marker.
///
/// Its name does not begin with `CARGO_`: compilation caches such as sccache make every variable
/// that does a part of their key, and this one differs in every run.
pub const VARIABLE: &str = "PERUSER_EXEC_TRAIL";

/// How often processes may pass through here inside one another, whatever they are asked.
pub const MAX_HOPS: u32 = 24;

/// After how many milliseconds a process that comes back has done something in between. Wrappers
/// take from a few to some hundred.
const SOMETHING_RAN: u64 = 1_000;

/// After how many milliseconds the hops begin to count anew.
const ALL_FORGOTTEN: u64 = 10_000;

/// One process as the kernel knows it; a number alone would be used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessId {
    /// The process id.
    pub pid: u32,
    /// When it started, in clock ticks since boot (field 22 of `/proc/<pid>/stat`); 0 if unknown.
    pub started: u64,
}

/// Where one process has been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// The process.
    pub process: ProcessId,
    /// A hash of the arguments.
    pub asked: u64,
    /// When it last executed a cargo, in milliseconds on a clock that the caller chooses.
    pub at: u64,
    /// How often it and those that it runs inside of have executed a real cargo from here.
    pub hops: u32,
    /// The places that were executed for these arguments, in order.
    pub tried: Vec<PathBuf>,
    /// What was executed last, for whatever arguments.
    pub last: Option<PathBuf>,
}

impl Trail {
    /// Continues the trail in `inherited` if it is this process's own, or begins a new one; `now` is in
    /// milliseconds.
    pub fn pick_up(
        inherited: Option<&OsStr>,
        process: ProcessId,
        args: &[OsString],
        now: u64,
    ) -> Trail {
        let asked = fingerprint(args);
        let fresh = Trail { process, asked, at: now, hops: 0, tried: Vec::new(), last: None };
        let Some(trail) = inherited.and_then(parse) else { return fresh };
        let since = now.saturating_sub(trail.at);
        if since >= ALL_FORGOTTEN {
            fresh
        } else if (trail.process, trail.asked) == (process, asked) && since < SOMETHING_RAN {
            Trail { at: now, ..trail }
        } else {
            Trail { hops: trail.hops, last: trail.last, ..fresh }
        }
    }

    /// The trail with one more place on it.
    pub fn then(&self, place: PathBuf) -> Trail {
        let mut trail = self.clone();
        trail.hops += 1;
        trail.tried.push(place.clone());
        trail.last = Some(place);
        trail
    }

    /// Forgets the places: a real cargo has run, so they were the right ones.
    pub fn restart(self) -> Trail {
        Trail { tried: Vec::new(), ..self }
    }

    /// The variable's value: numbers and places, separated by colons, which no PATH entry contains.
    pub fn to_value(&self) -> OsString {
        let Trail { process: ProcessId { pid, started }, asked, at, hops, .. } = self;
        let mut value = format!("{pid}:{started}:{asked:x}:{at}:{hops}").into_bytes();
        for place in &self.tried {
            value.push(b':');
            value.extend_from_slice(place.as_os_str().as_bytes());
        }
        OsString::from_vec(value)
    }
}

fn parse(value: &OsStr) -> Option<Trail> {
    let mut parts = value.as_bytes().split(|byte| *byte == b':');
    let mut number = |radix| {
        let text = std::str::from_utf8(parts.next()?).ok()?;
        u64::from_str_radix(text, radix).ok()
    };
    let pid = u32::try_from(number(10)?).ok()?;
    let (started, asked, at) = (number(10)?, number(16)?, number(10)?);
    let hops = u32::try_from(number(10)?).ok()?;
    let tried: Vec<PathBuf> = parts.map(|part| PathBuf::from(OsStr::from_bytes(part))).collect();
    let last = tried.last().cloned();
    Some(Trail { process: ProcessId { pid, started }, asked, at, hops, tried, last })
}

fn fingerprint(args: &[OsString]) -> u64 {
    let mut hasher = SipHasher13::new();
    for arg in args {
        hasher.write(arg.as_bytes());
        hasher.write_u8(0);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{ProcessId, Trail, VARIABLE};
    use std::ffi::{OsStr, OsString};

    const ME: ProcessId = ProcessId { pid: 7, started: 99 };

    fn args(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn goes_on_only_for_the_same_process_asked_the_same() {
        let first = Trail::pick_up(None, ME, &args("build"), 5_000).then("/a/cargo".into());
        let value = first.to_value();
        assert_eq!(Trail::pick_up(Some(&value), ME, &args("build"), 5_000), first);
        let nested =
            Trail::pick_up(Some(&value), ProcessId { pid: 8, ..ME }, &args("build"), 5_000);
        assert_eq!((nested.hops, nested.tried.len()), (1, 0));
        let reused =
            Trail::pick_up(Some(&value), ProcessId { started: 100, ..ME }, &args("build"), 5_000);
        assert_eq!((reused.hops, reused.tried.len()), (1, 0));
        let other_words = Trail::pick_up(Some(&value), ME, &args("clippy"), 5_000);
        assert_eq!((other_words.hops, other_words.tried.len()), (1, 0));
    }

    #[test]
    fn begins_anew_after_a_while() {
        let first = Trail::pick_up(None, ME, &args("run"), 5_000).then("/a/cargo".into());
        let value = first.to_value();
        let after = |now| Trail::pick_up(Some(&value), ME, &args("run"), now);
        assert_eq!((after(5_999).hops, after(5_999).tried.len()), (1, 1));
        assert_eq!((after(6_000).hops, after(6_000).tried.len()), (1, 0));
        assert_eq!((after(15_000).hops, after(15_000).tried.len()), (0, 0));
        // A clock that was set back proves nothing.
        assert_eq!((after(0).hops, after(0).tried.len()), (1, 1));
    }

    #[test]
    fn begins_anew_after_any_value_that_it_cannot_read() {
        for value in
            ["", ":", "7", "7:99", "x:99:0:0:/a", "7:99:zz:0", "7:99:0:-1", "99999999999:1:1:1:1"]
        {
            let trail = Trail::pick_up(Some(OsStr::new(value)), ME, &args("build"), 5_000);
            assert_eq!((trail.hops, trail.tried.len()), (0, 0), "{value}");
        }
    }

    #[test]
    fn stays_out_of_compilation_cache_keys() {
        assert!(!VARIABLE.starts_with("CARGO_"));
    }
}
