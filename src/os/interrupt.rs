//! SIGINT, SIGTERM and SIGHUP, as a flag that long operations check between their steps.
//!
//! Only verbs that have to clean up watch for signals; the shim leaves them to cargo.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use super::files;
use crate::ui::failure::Failure;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Whether a signal has arrived.
static REQUESTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
/// Whether signals are already being watched.
static WATCHED: AtomicBool = AtomicBool::new(false);

/// Whether the process that started this program made it ignore a signal, as `nohup` does; false if
/// that is unknown.
fn is_ignored(signal: i32) -> bool {
    let status = File::open("/proc/self/status").and_then(|file| files::text(&file));
    let mask = status.ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(line.trim(), 16).ok()
    });
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// From now on, the first signal sets the flag, and a second one ends the program in the usual way.
///
/// # Errors
/// Any I/O error.
pub fn watch() -> io::Result<()> {
    if WATCHED.swap(true, Ordering::Relaxed) {
        // With a second pair of handlers, the first signal would already end the program.
        return Ok(());
    }
    for signal in [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)) {
        let flag = || Arc::clone(&REQUESTED);
        // The order matters: the second signal must find the flag that the first one set.
        signal_hook::flag::register_conditional_default(signal, flag())?;
        signal_hook::flag::register(signal, flag())?;
    }
    Ok(())
}

/// Whether the user has asked to stop.
pub fn is_requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// Fails (exit 130) if the user has asked to stop.
///
/// # Errors
/// The user has asked to stop.
pub fn check() -> Result<(), Failure> {
    if is_requested() { Err(Failure::new("interrupted").exit(130)) } else { Ok(()) }
}
