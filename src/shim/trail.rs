//! Pure: the marker that distinguishes an exec loop from a nested call.
//!
//! Exec keeps the process, so a wrapper that falls back to "the other cargo" can execute us again and
//! again, forever, in the same process. Each shim therefore stores its process id, a hash of its
//! arguments, and the cargo that it executed. A process that finds its own id there, with the same
//! arguments, continues after the last candidate tried. (In another PID namespace a nested call may have
//! the same id. With the same arguments and within a second, it is taken for the same process.)
//!
//! These start a new trail: a nested call, which is another process; a script that ends in `exec cargo
//! other-words`, which is the same process with other arguments; a program under `cargo run` that
//! executes `cargo run` to restart itself, which is the same process with the same arguments, but much
//! later than any wrapper. Only the number of hops limits them. That limit also ends a wrapper that
//! runs us as a child. A wrapper that takes ten seconds for each round cannot be distinguished from a
//! program that does its work.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::workspace::identity::hash_of_words;

/// The variable with the marker.
///
/// Its name does not begin with `CARGO_`: compilation caches such as sccache include every such
/// variable in their keys, and this one differs in every run.
pub const VARIABLE: &str = "PERUSER_EXEC_TRAIL";

/// The maximum number of runs of ours inside one another, whatever their arguments.
pub const MAX_HOPS: u32 = 24;

/// The time after which the process must have done something in between, in milliseconds. Wrappers take
/// from a few to some hundred.
const SOMETHING_RAN: u64 = 1_000;

/// The time after which hops are counted anew, in milliseconds.
const ALL_FORGOTTEN: u64 = 10_000;

/// The cargos that a process has executed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// The process id.
    pub pid: u32,
    /// A hash of the arguments.
    pub asked: u64,
    /// When it last executed a cargo, in milliseconds on a clock that the caller chooses.
    pub at: u64,
    /// How often it and the processes around it have executed a real cargo through us.
    pub hops: u32,
    /// The candidates that were executed for these arguments, in order.
    pub tried: Vec<PathBuf>,
    /// The last one that was executed, for any arguments.
    pub last: Option<PathBuf>,
}

impl Trail {
    /// Continues the trail in `inherited` if it is this process's own, or starts a new one; `now` is in
    /// milliseconds.
    pub fn pick_up(inherited: Option<&OsStr>, pid: u32, args: &[OsString], now: u64) -> Trail {
        let asked = hash_of_words(args);
        let fresh = Trail { pid, asked, at: now, hops: 0, tried: Vec::new(), last: None };
        let Some(trail) = inherited.and_then(parse) else { return fresh };
        let since = now.saturating_sub(trail.at);
        if since >= ALL_FORGOTTEN {
            fresh
        } else if (trail.pid, trail.asked) == (pid, asked) && since < SOMETHING_RAN {
            Trail { at: now, ..trail }
        } else {
            Trail { hops: trail.hops, last: trail.last, ..fresh }
        }
    }

    /// Whether a candidate was executed for these arguments.
    pub fn has_tried(&self, cargo: &Path) -> bool {
        self.tried.iter().any(|tried| tried == cargo)
    }

    /// The trail with one more candidate.
    pub fn then(&self, place: PathBuf) -> Trail {
        let mut trail = self.clone();
        trail.hops += 1;
        trail.tried.push(place.clone());
        trail.last = Some(place);
        trail
    }

    /// The variable's value: numbers and paths, separated by colons, which no PATH entry contains.
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

#[cfg(test)]
mod tests {
    use super::{Trail, VARIABLE};
    use std::ffi::{OsStr, OsString};

    const ME: u32 = 7;

    fn args(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn goes_on_only_for_the_same_process_asked_the_same() {
        let first = Trail::pick_up(None, ME, &args("build"), 5_000).then("/a/cargo".into());
        let value = first.to_value();
        assert_eq!(Trail::pick_up(Some(&value), ME, &args("build"), 5_000), first);
        for (pid, words, expected) in
            [(7, "build", (1, 1)), (8, "build", (1, 0)), (7, "clippy", (1, 0))]
        {
            let trail = Trail::pick_up(Some(&value), pid, &args(words), 5_300);
            assert_eq!((trail.hops, trail.tried.len()), expected, "{pid} {words}");
        }
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
            let trail = Trail::pick_up(Some(OsStr::new(value)), ME, &args("build"), 5_000);
            assert_eq!((trail.hops, trail.tried.len()), (0, 0), "{value}");
        }
    }

    #[test]
    fn stays_out_of_compilation_cache_keys() {
        assert!(!VARIABLE.starts_with("CARGO_"));
    }
}
