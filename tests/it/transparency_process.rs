//! The shim is transparent: the started process becomes cargo, with all of its process attributes.

use rustix::process::Signal;

use crate::prelude::*;
use crate::stub::EXIT;
use crate::stub::READ_STDIN;
use crate::stub::SIGNAL;

tests![
    the_process_that_was_started_becomes_cargo,
    cargo_runs_where_it_was_started,
    cargo_runs_even_where_the_working_directory_is_gone,
    exit_codes_are_cargos_own,
    death_by_a_signal_is_seen_as_that_signal,
    every_byte_on_stdin_is_cargos,
    descriptors_are_inherited_and_none_is_added,
    closed_standard_streams_stop_nobody,
    ignored_signals_and_limits_are_unchanged,
    blocked_signals_stay_blocked_and_a_broken_pipe_kills_cargos_children_as_ever,
];

/// Both kinds of run: one that passes through and one that makes directories first.
fn worlds() -> [World; 2] {
    [World::without_root(), World::new()]
}

fn the_process_that_was_started_becomes_cargo() {
    for world in worlds() {
        let output = world.shim(["build"]).run();
        assert_eq!(output.call().pid, output.pid);
        let output = world.by_name(["build"]).run();
        assert_eq!(output.call().pid, output.pid);
    }
}

fn cargo_runs_where_it_was_started() {
    for world in worlds() {
        world.directory("checkout/sub dir", 0o755);
        for (words, directory) in [
            (&["build"][..], "checkout"),
            (&["build"], "checkout/sub dir"),
            (&["-C", "sub dir", "build"], "checkout"),
            (&["build", "--manifest-path", "sub dir/Cargo.toml"], "checkout"),
        ] {
            let output = world.shim(words).within(directory).run();
            let cwd = world.at(directory).into_os_string().into_encoded_bytes();
            assert_eq!(output.call().cwd, Some(cwd), "{words:?} in {directory}");
        }
    }
}

fn cargo_runs_even_where_the_working_directory_is_gone() {
    for world in worlds() {
        world.directory("checkout/gone", 0o755);
        let run = world.shim(["build"]).within("checkout/gone").after_shell("/bin/rmdir ../gone");
        assert_eq!(run.run().call().cwd, None);
    }
}

fn exit_codes_are_cargos_own() {
    for world in worlds() {
        for code in [0, 1, 2, 73, 77, 78, 101, 126, 127, 255] {
            for output in [world.shim(["build"]), world.by_name(["build"])]
                .map(|run| run.env(EXIT, code.to_string()).run())
            {
                output.exits(code);
                assert_eq!((&*output.stdout, &*output.stderr), ("", ""), "exit {code}");
                assert_eq!(output.calls.len(), 1);
            }
        }
    }
}

fn death_by_a_signal_is_seen_as_that_signal() {
    use std::os::unix::process::ExitStatusExt;
    // A background job of a script ignores the keyboard's signals, and so does every program that it
    // starts. That is another test.
    let own = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let is_ignored = |signal| !own.is_empty() && is_in("SigIgn", signal, &own);
    let signals = [Signal::HUP, Signal::INT, Signal::KILL, Signal::TERM, Signal::USR1];
    for world in worlds() {
        for signal in signals.into_iter().filter(|signal| !is_ignored(*signal)) {
            let number = signal.as_raw();
            let output = world.shim(["build"]).env(SIGNAL, number.to_string()).run();
            assert_eq!(output.status.signal(), Some(number));
            assert_eq!((&*output.stdout, &*output.stderr), ("", ""));
        }
    }
}

fn every_byte_on_stdin_is_cargos() {
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    for world in worlds() {
        let output = world.shim(["login"]).env(READ_STDIN, "1").stdin(&bytes).run();
        assert!(output.call().stdin == bytes);
    }
}

/// Skips what is read from `/proc`.
fn needs_proc() {
    if !Path::new("/proc/self/status").exists() {
        skip("this system has no /proc");
    }
}

/// Asserts that cargo sees the same through the shim, twice, as when it is called directly. The first run
/// creates the directories.
fn assert_same<T: PartialEq + std::fmt::Debug>(
    world: &World,
    before: &str,
    part: impl Fn(&Call) -> T,
) -> T {
    let seen = |run: Invocation<'_>| part(run.after_shell(before).run().call());
    let direct = seen(world.shim(["build"]).path(["stub"]));
    for _ in 0..2 {
        assert_eq!(seen(world.shim(["build"])), direct, "after `{before}`");
    }
    direct
}

fn descriptors_are_inherited_and_none_is_added() {
    needs_proc();
    for world in worlds() {
        world.file("extra", "");
        let extra = world.at("extra").to_string_lossy().into_owned();
        let open = "exec 7<../extra 9>>../extra";
        let found = assert_same(&world, open, |record| record.descriptors.clone());
        let numbers: Vec<&str> = found.iter().map(|(number, _)| number.as_str()).collect();
        // The caller of these tests may have left other descriptors open; they are the same in all runs.
        assert!(["0", "1", "2", "7", "9"].iter().all(|number| numbers.contains(number)));
        assert!(found.contains(&("7".into(), extra)), "{found:?}");
        assert_same(&world, ":", |record| record.descriptors.clone());
    }
}

fn closed_standard_streams_stop_nobody() {
    for world in worlds() {
        for closing in ["exec <&-", "exec >&-", "exec 2>&-", "exec <&- >&- 2>&-"] {
            let numbers = |record: &Call| {
                record.descriptors.iter().map(|(number, _)| number.clone()).collect::<Vec<_>>()
            };
            assert_same(&world, closing, numbers);
        }
    }
}

fn ignored_signals_and_limits_are_unchanged() {
    needs_proc();
    for world in worlds() {
        let before = "trap '' HUP INT USR2; ulimit -n 77; ulimit -c 0";
        let state = assert_same(&world, before, |record| record.state.clone());
        for ignored in [Signal::HUP, Signal::INT, Signal::USR2] {
            assert!(is_in("SigIgn", ignored, &state), "{ignored:?}: {state}");
        }
        assert!(state.contains("Max open files            77 "), "{state}");
    }
}

/// Whether a signal is in one of the masks of `/proc/self/status`.
fn is_in(mask: &str, signal: Signal, state: &str) -> bool {
    let mask = state.lines().find_map(|line| line.strip_prefix(mask)?.strip_prefix(":\t")).unwrap();
    let mask = u64::from_str_radix(mask, 16).unwrap();
    mask & 1 << (signal.as_raw() - 1) != 0
}

/// As a program that is not written in Rust sees them: Rust programs ignore SIGPIPE.
fn blocked_signals_stay_blocked_and_a_broken_pipe_kills_cargos_children_as_ever() {
    let [block, ignore] = ["--block-signal=USR1", "--ignore-signal=HUP"];
    let probe = World::new();
    let probe = probe.run("/usr/bin/env", [block, "/bin/grep", "SigBlk", "/proc/self/status"]);
    if probe.run().code() != 0 {
        skip("this system's `env` cannot block signals, or it has no /proc");
    }
    for world in worlds() {
        let script = "#!/bin/sh\nexec grep -E '^Sig(Blk|Ign)' /proc/self/status\n";
        world.executable("plain/cargo", script);
        let path = world.search_path(["shim", "plain", "/usr/bin", "/bin"]);
        let run = world.run("env", [block, ignore, "cargo", "build"]).env("PATH", path).run();
        let found = run.printed();
        assert!(is_in("SigBlk", Signal::USR1, found) && is_in("SigIgn", Signal::HUP, found));
        assert!(!is_in("SigBlk", Signal::HUP, found) && !is_in("SigBlk", Signal::PIPE, found));
        assert!(!is_in("SigIgn", Signal::PIPE, found), "{found}");
    }
}
