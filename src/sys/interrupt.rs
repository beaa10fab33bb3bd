//! Ctrl-C and polite termination, as a flag that long work looks at between its steps.
//!
//! Only verbs that have something to put in order watch for them; the shim leaves signals to cargo.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

static REQUESTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// From here on the first signal sets the flag, and a second one ends the program as it always does.
///
/// # Errors
/// The system's.
pub fn watch() -> io::Result<()> {
    for signal in [SIGINT, SIGTERM, SIGHUP] {
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
