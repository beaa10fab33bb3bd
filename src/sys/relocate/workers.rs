//! Several files at once: shares a list of entries out among threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::Error;

/// How many entries a worker takes at a time: large ones beside each other, small ones in one go.
const CHUNK: usize = 32;
/// More workers than this only get into each other's way.
const MAX_WORKERS: usize = 8;

/// Calls `work` with some of the entries after the other, from several threads, until one fails.
/// `died` is the error for a worker that ended without a result.
///
/// # Errors
/// The first worker's, or the first among the others'.
pub(super) fn share_out(
    entries: &[usize],
    work: impl Fn(&[usize]) -> Result<(), Error> + Sync,
    died: impl Fn() -> Error,
) -> Result<(), Error> {
    let next = AtomicUsize::new(0);
    let worker = || loop {
        let from = next.fetch_add(CHUNK, Ordering::Relaxed);
        let chunk = entries.get(from..entries.len().min(from + CHUNK)).unwrap_or_default();
        if chunk.is_empty() {
            return Ok(());
        }
        work(chunk).inspect_err(|_| {
            // The others find nothing more to do.
            next.store(entries.len(), Ordering::Relaxed);
        })?;
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(MAX_WORKERS);
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(worker)).collect();
        let mut result = worker();
        for other in others {
            let ended = other.join().unwrap_or_else(|_| Err(died()));
            result = result.and(ended);
        }
        result
    })
}
