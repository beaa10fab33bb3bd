//! The suite starts programs with default signals, however it was started itself.

use crate::prelude::*;

pub(crate) fn tests() -> Vec<Test> {
    vec![test!("nobody_starts_with_the_keyboards_signals_ignored", none_ignored,)]
}

/// As background jobs of a script inherit them.
fn none_ignored(stage: &Stage) {
    const KEYBOARD: u64 = 0b111; // SIGHUP, SIGINT and SIGQUIT.
    let alice = stage.person("alice");
    let run = alice.shell("grep SigIgn: /proc/self/status", [""; 0]).run();
    let mask = run.ok().stdout.trim().trim_start_matches("SigIgn:").trim();
    let ignored = u64::from_str_radix(mask, 16).unwrap();
    assert!(ignored & KEYBOARD == 0, "ignored: {ignored:b}");
}
