//! `doctor`: its JSON, which programs may rely on, its checks and its exit codes.

use libtest_mimic::Trial;
use serde_json::Value;

use crate::harness::World;
use crate::runner::tests;
use crate::shared::doctor_json;

pub(crate) fn tests() -> Vec<Trial> {
    tests![the_keys_of_json_stay_as_they_are, checks_are_chosen_by_name, it_changes_nothing]
}

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
    for unknown in [
        r#"{"version": 1, "findings": [], "made": [], "not_made": [], "more": 1}"#,
        r#"{"version": 1, "findings": [{"id": "root"}], "made": [], "not_made": []}"#,
        r#"{"version": 2, "findings": [], "made": [], "not_made": []}"#,
    ] {
        let report = serde_json::from_str(unknown).unwrap();
        assert!(doctor_json::violation(&report).is_some(), "{unknown}");
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
        output.exits(code);
        output.prints(says);
    }
    doctor(&["nothing"]).exits(2);
}

fn it_changes_nothing() {
    let world = World::new();
    let before = world.made();
    world.by_name(["doctor"]).run().ok();
    assert_eq!(world.made(), before);
}
