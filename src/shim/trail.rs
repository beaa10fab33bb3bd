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

/// By how many milliseconds a process may seem younger than it is, because clocks are rounded.
const ROUNDED: u64 = 20;

/// The process that is running, and how to find out since when. A number alone is used again, at once in
/// another PID namespace; but asking the kernel costs more than all the rest of a trail, so that is
/// done only where the number is the one in the marker.
pub struct Process<'a> {
    /// The process id.
    pub pid: u32,
    /// How many milliseconds ago it started; `None` where the system does not say.
    pub age: &'a dyn Fn() -> Option<u64>,
}

/// Where one process has been.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// The process id.
    pub pid: u32,
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
        process: &Process<'_>,
        args: &[OsString],
        now: u64,
    ) -> Trail {
        let (pid, asked) = (process.pid, fingerprint(args));
        let fresh = Trail { pid, asked, at: now, hops: 0, tried: Vec::new(), last: None };
        let Some(trail) = inherited.and_then(parse) else { return fresh };
        let since = now.saturating_sub(trail.at);
        if since >= ALL_FORGOTTEN {
            fresh
        } else if (trail.pid, trail.asked) == (pid, asked)
            && since < SOMETHING_RAN
            // It was running when the marker was written.
            && (process.age)().is_none_or(|age| age + ROUNDED >= since)
        {
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
        let Trail { pid, asked, at, hops, .. } = self;
        let mut value = format!("{pid}:{asked:x}:{at}:{hops}").into_bytes();
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
    let (asked, at) = (number(16)?, number(10)?);
    let hops = u32::try_from(number(10)?).ok()?;
    let tried: Vec<PathBuf> = parts.map(|part| PathBuf::from(OsStr::from_bytes(part))).collect();
    let last = tried.last().cloned();
    Some(Trail { pid, asked, at, hops, tried, last })
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
    use super::{Process, Trail, VARIABLE};
    use std::ffi::{OsStr, OsString};

    const ME: Process<'_> = Process { pid: 7, age: &|| Some(100) };

    fn args(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn goes_on_only_for_the_same_process_asked_the_same() {
        let first = Trail::pick_up(None, &ME, &args("build"), 5_000).then("/a/cargo".into());
        let value = first.to_value();
        assert_eq!(Trail::pick_up(Some(&value), &ME, &args("build"), 5_000), first);
        let later = |pid, age: Option<u64>, words| {
            let process = Process { pid, age: &|| age };
            let trail = Trail::pick_up(Some(&value), &process, &args(words), 5_300);
            (trail.hops, trail.tried.len())
        };
        for (pid, age, words, expected) in [
            (7, Some(301), "build", (1, 1)),
            // As old as the marker, by clocks that are rounded.
            (7, Some(290), "build", (1, 1)),
            (7, None, "build", (1, 1)),
            // The number is used again.
            (7, Some(200), "build", (1, 0)),
            (8, Some(301), "build", (1, 0)),
            (7, Some(301), "clippy", (1, 0)),
        ] {
            assert_eq!(later(pid, age, words), expected, "{pid} {age:?} {words}");
        }
    }

    #[test]
    fn begins_anew_after_a_while() {
        let first = Trail::pick_up(None, &ME, &args("run"), 5_000).then("/a/cargo".into());
        let value = first.to_value();
        let old = Process { age: &|| None, ..ME };
        let after = |now| Trail::pick_up(Some(&value), &old, &args("run"), now);
        assert_eq!((after(5_999).hops, after(5_999).tried.len()), (1, 1));
        assert_eq!((after(6_000).hops, after(6_000).tried.len()), (1, 0));
        assert_eq!((after(15_000).hops, after(15_000).tried.len()), (0, 0));
        // A clock that was set back proves nothing.
        assert_eq!((after(0).hops, after(0).tried.len()), (1, 1));
    }

    #[test]
    fn begins_anew_after_any_value_that_it_cannot_read() {
        for value in [
            "",
            ":",
            "7",
            "7:0",
            "x:0:0:0:/a",
            "7:zz:0:0",
            "7:0:-1",
            "7:0:0:-1",
            "99999999999:1:1:1",
        ] {
            let trail = Trail::pick_up(Some(OsStr::new(value)), &ME, &args("build"), 5_000);
            assert_eq!((trail.hops, trail.tried.len()), (0, 0), "{value}");
        }
    }

    #[test]
    fn stays_out_of_compilation_cache_keys() {
        assert!(!VARIABLE.starts_with("CARGO_"));
    }
}
