//! Ctrl-C and polite termination, as a flag that long work looks at between its steps.
//!
//! Only verbs that have something to put in order watch for them; the shim leaves signals to cargo.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use super::files;
use crate::ui::failure::Failure;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Whether somebody has asked to stop.
static REQUESTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);
/// Whether signals are watched for already.
static WATCHED: AtomicBool = AtomicBool::new(false);

/// Whether whoever started this program has a signal ignored, as `nohup` does; where that cannot be
/// told, it is not.
fn is_ignored(signal: i32) -> bool {
    let status = File::open("/proc/self/status").and_then(|file| files::text(&file));
    let mask = status.ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        u64::from_str_radix(line.trim(), 16).ok()
    });
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}

/// From here on the first signal sets the flag, and a second one ends the program as it always does.
///
/// # Errors
/// Any I/O error.
pub fn watch() -> io::Result<()> {
    if WATCHED.swap(true, Ordering::Relaxed) {
        // Watched twice, the first signal would find its own flag, and end the program.
        return Ok(());
    }
    for signal in [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)) {
        let flag = || Arc::clone(&REQUESTED);
        // In this order: the second signal finds the flag that the first one has set.
        signal_hook::flag::register_conditional_default(signal, flag())?;
        signal_hook::flag::register(signal, flag())?;
    }
    Ok(())
}

/// Whether somebody has asked to stop.
pub fn is_requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}

/// Ends what is at work (exit 130) where somebody has asked to stop.
///
/// # Errors
/// Then.
pub fn check() -> Result<(), Failure> {
    if is_requested() { Err(Failure::new("interrupted").exit(130)) } else { Ok(()) }
}
