//! The shim is transparent: the environment reaches cargo byte for byte, except for the decision's
//! changes. Arguments are in `properties`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::prelude::*;

/// The marker against exec loops.
const MARKER: &str = "PERUSER_EXEC_TRAIL";

tests![
    the_environment_is_the_same_but_for_the_marker_without_a_shared_root,
    the_environment_gains_the_target_directory_with_a_shared_root,
    an_explicit_choice_changes_nothing,
    the_bypass_changes_nothing,
];

fn os(bytes: &'static [u8]) -> &'static OsStr {
    OsStr::from_bytes(bytes)
}

/// Variables that a careless wrapper changes, drops or cannot handle.
const VARIABLES: [(&[u8], &[u8]); 12] = [
    (b"EMPTY", b""),
    (b"SPACES", b"  a  b  "),
    (b"LINES", b"a\nb\n"),
    (b"EQUALS", b"=a=b="),
    (b"BYTES", b"\xff\xfe\x80"),
    (b"NA\xffME", b"x"),
    (b"lower case", b"x"),
    (b"BASH_FUNC_f%%", b"() { :; }"),
    (b"USER", b"../evil"),
    (b"LOGNAME", b""),
    (b"RUSTFLAGS", b"-C debuginfo=0"),
    (b"CARGO_HOME", b"/nonexistent/cargo-home"),
];

fn with_variables(mut world: World) -> World {
    for (name, value) in VARIABLES {
        world = world.with(os(name), os(value));
    }
    world
}

/// The difference between cargo's environment and the run's own, as text.
fn changes(run: Invocation<'_>) -> (Outcome, Vec<String>, Vec<String>) {
    let before = run.environ();
    let output = run.run();
    let after = &output.call().environ;
    let shown = |entry: &Vec<u8>| String::from_utf8_lossy(entry).into_owned();
    let gained = after.iter().filter(|entry| !before.contains(entry)).map(shown).collect();
    let lost = before.iter().filter(|entry| !after.contains(entry)).map(shown).collect();
    let mut names: Vec<&[u8]> =
        after.iter().filter_map(|entry| entry.split(|byte| *byte == b'=').next()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "no variable is there twice");
    (output, gained, lost)
}

/// Asserts that cargo's environment differs only in the marker and in `expected`.
fn assert_gains(run: Invocation<'_>, expected: &[&str], lost: &[&str]) {
    let world = run.actor;
    let (output, mut gained, really_lost) = changes(run);
    let marker = format!("{MARKER}={}:", output.pid);
    let place = gained.iter().position(|entry| entry.starts_with(&marker)).expect("the marker");
    gained.remove(place);
    let gained: Vec<String> = gained.iter().map(|entry| world.redact(entry)).collect();
    assert_eq!((&gained[..], &really_lost[..]), (&strings(expected)[..], &strings(lost)[..]));
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

fn the_environment_is_the_same_but_for_the_marker_without_a_shared_root() {
    let world = with_variables(World::without_root());
    for words in [&["build"][..], &["--version"], &["run", "--", "x"], &[]] {
        assert_gains(world.shim(words), &[], &[]);
    }
    // In a container or on another node, also in our session from a machine that has the root.
    let configured = with_variables(World::new());
    let gone = configured.at("no-such-root");
    let build = || configured.shim(["build"]).env(crate::harness::ROOT, &gone);
    assert_gains(build(), &[], &[]);
    let (run, lost) = in_session(build(), &gone);
    assert_gains(run, &[], &lost.each_ref().map(String::as_str));
    assert!(!gone.exists());
}

/// A run in a session below this root, with the variables that only such a session has.
fn in_session<'w>(run: Invocation<'w>, root: &Path) -> (Invocation<'w>, [String; 2]) {
    let target = format!("{}/somebody/target", root.display());
    let build = format!("{}/somebody/build/{{workspace-path-hash}}", root.display());
    let lost = [format!("CARGO_BUILD_BUILD_DIR={build}"), format!("CARGO_TARGET_DIR={target}")];
    (run.env("CARGO_TARGET_DIR", target).env("CARGO_BUILD_BUILD_DIR", build), lost)
}

fn the_environment_gains_the_target_directory_with_a_shared_root() {
    let world = with_variables(World::new());
    for words in [&["build"][..], &["+nightly", "test"], &["clippy"], &["my-alias"]] {
        let expected = ["CARGO_TARGET_DIR=[WORLD]/root/[ME]/target"];
        assert_gains(world.shim(words), &expected, &[]);
    }
}

fn an_explicit_choice_changes_nothing() {
    let world = with_variables(World::new());
    let any = ("UNRELATED", "x");
    for (words, (name, value)) in [
        (&["build", "--target-dir", "x"][..], any),
        (&["build", "--target-dir=/elsewhere"], any),
        (&["build", "--config", "build.target-dir='x'"], any),
        (&["--config=build.target-dir='x'", "build"], any),
        (&["build"], ("CARGO_TARGET_DIR", "/elsewhere")),
        (&["build"], ("CARGO_TARGET_DIR", "relative")),
        (&["build"], ("CARGO_BUILD_TARGET_DIR", "/elsewhere")),
    ] {
        assert_gains(world.shim(words).env(name, value), &[], &[]);
    }
    assert!(world.made().is_empty(), "{:?}", world.made());
}

fn the_bypass_changes_nothing() {
    let world = with_variables(World::new()).with("CARGO_PERUSER", "off");
    for value in ["/elsewhere", "", "relative"] {
        assert_gains(world.shim(["build"]).env("CARGO_TARGET_DIR", value), &[], &[]);
    }
    // Variables that only our session can have exported are removed, or off would not be off.
    let (run, lost) = in_session(world.shim(["build"]), &world.at("root"));
    assert_gains(run, &[], &lost.each_ref().map(String::as_str));
    // And nothing is checked that could be refused.
    chmod(&world.at("root"), 0o777);
    assert_gains(world.shim(["build"]), &[], &[]);
    assert!(world.made().is_empty(), "{:?}", world.made());
}
