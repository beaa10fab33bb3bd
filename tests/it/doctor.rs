//! `doctor`: its JSON, which programs may rely on, its checks and its exit codes.

use serde_json::Value;

use crate::prelude::*;
use crate::shared::doctor_json;

tests![
    the_keys_of_json_stay_as_they_are,
    checks_are_chosen_by_name,
    what_stops_a_build_is_found_whatever_it_asks_for,
    severities_have_the_colours_of_cargos_words,
    it_changes_nothing,
];

fn the_keys_of_json_stay_as_they_are() {
    let world = World::new();
    let off = world.by_name(["doctor", "--json"]).env("CARGO_PERUSER", "off").run();
    let mistake = world.by_name(["doctor", "--json"]).env("CARGO_PERUSER_SCOPE", "x").run();
    assert_eq!((off.code(), mistake.code()), (0, 1), "{}", mistake.stdout);
    for output in [off, mistake] {
        let report: Value = serde_json::from_str(&output.stdout).unwrap();
        assert_eq!(doctor_json::violation(&report), None);
        assert_eq!(report["findings"][0]["id"], "settings", "{report}");
    }
}

fn checks_are_chosen_by_name() {
    let world = World::new();
    let listed = world.by_name(["doctor", "--list"]).run().printed().to_owned();
    let ids: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(ids.starts_with(&["settings", "root", "private-dir"]), "{ids:?}");
    let doctor = |words: &[&'static str]| {
        world.by_name([&["doctor"], words].concat()).env("CARGO_PERUSER", "off").run()
    };
    for (words, code, says) in [
        (&["private-dir"][..], 0, "no problem found: 1 check made"),
        (&["private-dir", "toolchain"], 0, "no problem found: 2 checks made"),
        (&["settings"], 0, "warn[settings]: CARGO_PERUSER=off"),
        (&["settings", "--strict"], 1, "  help: unset CARGO_PERUSER\n"),
    ] {
        let output = doctor(words);
        output.exits(code).prints(says);
    }
    doctor(&["nothing"]).exits(2);
}

/// Each alone is enough to stop the cargo of the session, or another program's.
fn what_stops_a_build_is_found_whatever_it_asks_for() {
    let world = World::new();
    for (name, value, finds) in [
        ("CARGO_PERUSER", "of", "fail[settings]: invalid value for `CARGO_PERUSER` in "),
        ("CARGO_PERUSER", "0", "fail[settings]: invalid value for `CARGO_PERUSER` in "),
        ("CARGO_PERUSER_SCOPE", "of", "fail[settings]: invalid value for `scope` in "),
        ("CARGO_TARGET_DIR", "", "fail[stale-session]: CARGO_TARGET_DIR is empty"),
        ("CARGO_BUILD_TARGET_DIR", "", "fail[stale-session]: CARGO_BUILD_TARGET_DIR is empty"),
        ("CARGO_BUILD_BUILD_DIR", "", "fail[stale-session]: CARGO_BUILD_BUILD_DIR is empty"),
    ] {
        let output = world.by_name(["doctor"]).env(name, value).run();
        assert_eq!(output.code(), 1, "{name}={value}: {}", output.stdout);
        assert!(output.stdout.starts_with(finds), "{name}={value}: {}", output.stdout);
    }
}

fn severities_have_the_colours_of_cargos_words() {
    let world = World::new();
    let doctor = |colour: &str, (name, value): (&str, &str)| {
        let run = world.by_name(["doctor", "settings"]).env("CARGO_TERM_COLOR", colour);
        run.env(name, value).run().stdout
    };
    let (off, wrong) = (("CARGO_PERUSER", "off"), ("CARGO_PERUSER", "of"));
    let coloured = [doctor("always", off), doctor("always", wrong)];
    for (text, word) in coloured.iter().zip(["\x1b[1;93mwarn\x1b[0m[", "\x1b[1;91mfail\x1b[0m["]) {
        assert!(text.starts_with(word), "{text:?}");
        assert!(text.contains("  \x1b[1;96mhelp\x1b[0m: "), "{text:?}");
    }
    for plain in [doctor("never", off), doctor("auto", off)] {
        assert!(plain.starts_with("warn[settings]: "), "{plain:?}");
    }
}

fn it_changes_nothing() {
    let world = World::new();
    let before = world.made();
    world.by_name(["doctor"]).run().ok();
    assert_eq!(world.made(), before);
}
