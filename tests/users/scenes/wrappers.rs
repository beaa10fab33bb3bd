//! Wrappers in the manner of pyenv's shims, which hand on to "the other cargo": together with one
//! of ours they must not hand the same process back and forth for ever.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::machine::places;
use crate::stage::{Outcome, Stage, Stop, make};
use crate::suite::{Test, test};

/// Hands on to the first `cargo` on PATH that does not stand in its own directory.
const OTHER: &str = r#"#!/bin/sh
here=${0%/*}
echo once >>"$here/log"
IFS=:
for entry in $PATH; do
    [ "$entry" = "$here" ] || [ ! -x "$entry/cargo" ] || exec "$entry/cargo" "$@"
done
exit 127
"#;

/// Takes its own directory from PATH and asks for `cargo` once more.
const SHORTER_PATH: &str = r#"#!/bin/sh
here=${0%/*}
echo once >>"$here/log"
rest=
IFS=:
for entry in $PATH; do
    [ "$entry" = "$here" ] || rest=$rest:$entry
done
PATH=${rest#:} exec cargo "$@"
"#;

/// What stands on PATH (`w` and `v` are wrappers, `s` the shim, `c` cargo) and what must come of it.
const TABLE: &[(&str, &str, &str, Expect)] = &[
    ("a_wrapper_behind_us_that_comes_back_is_passed_over", OTHER, "swc", Expect::Cargo),
    ("a_wrapper_before_us_reaches_cargo", OTHER, "wsc", Expect::Cargo),
    ("a_wrapper_behind_us_that_shortens_path_reaches_cargo", SHORTER_PATH, "swc", Expect::Cargo),
    ("a_wrapper_before_us_that_shortens_path_reaches_cargo", SHORTER_PATH, "wsc", Expect::Cargo),
    ("two_wrappers_around_us_reach_cargo", OTHER, "wsvc", Expect::Cargo),
    ("two_wrappers_behind_us_reach_cargo", OTHER, "swvc", Expect::Cargo),
    ("a_wrapper_behind_us_and_no_cargo_ends", OTHER, "sw", Expect::NoCargo),
    ("a_wrapper_before_us_and_no_cargo_ends", OTHER, "ws", Expect::NoCargo),
    ("a_wrapper_that_shortens_path_and_no_cargo_ends", SHORTER_PATH, "sw", Expect::NoCargo),
    ("two_wrappers_and_no_cargo_end", OTHER, "swv", Expect::NoCargo),
];

#[derive(Clone, Copy)]
enum Expect {
    /// The stub runs in the private directory.
    Cargo,
    /// Exit 127, and the places are listed.
    NoCargo,
}

/// How often a wrapper may be passed through before it counts as endless.
const BOUND: usize = 6;

pub(crate) fn tests() -> Vec<Test> {
    let row = |(name, wrapper, path, expect): &'static (&str, &str, &str, Expect)| {
        test(format!("wrappers::{name}"), move |stage| ends(stage, wrapper, path, *expect))
    };
    TABLE.iter().map(row).collect()
}

fn ends(stage: &Stage, wrapper: &str, layout: &str, expect: Expect) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let mut path: Vec<PathBuf> = Vec::new();
    for letter in layout.chars() {
        path.push(match letter {
            's' => places::SHIM.into(),
            'c' => places::STUB.into(),
            letter => {
                let place = stage.at(letter.to_string());
                make::directory(&place, alice.uid(), alice.uid(), 0o755)?;
                make::script(&place.join("cargo"), wrapper)?;
                place
            }
        });
    }
    let run = alice.cargo(["check"]).path(&path).limit(Duration::from_secs(15)).run()?;
    match expect {
        Expect::Cargo => {
            run.builds_in(root.join("alice/target"))?;
        }
        Expect::NoCargo => {
            run.stopped(Stop::NoCargo)?;
        }
    }
    for place in path.iter().filter(|place| place.join("log").exists()) {
        passed_through(place, &run, expect)?;
    }
    Ok(())
}

fn passed_through(place: &Path, run: &Outcome, expect: Expect) -> Result<()> {
    let rounds = fs::read_to_string(place.join("log"))?.lines().count();
    ensure!(rounds <= BOUND, "{} was passed through {rounds} times", place.display());
    if matches!(expect, Expect::NoCargo) {
        run.mentions(place.to_string_lossy())?;
    }
    Ok(())
}
