//! The output of `usage` and `gc`, and the arguments that they reject.

use std::time::SystemTime;

use serde_json::Value;

use crate::prelude::*;
use crate::settings_mistakes::mistake;

tests![
    an_empty_root_is_no_error,
    both_outputs_tell_the_same,
    the_keys_of_json_stay_as_they_are,
    what_is_ones_own_is_counted_once,
    a_policy_that_is_mistyped_is_never_no_limit,
    every_policy_has_a_flag_a_variable_and_a_key,
];

/// One of the caller's target directories, unused for ten days.
fn target(world: &World) -> PathBuf {
    world.shim(["build"]).run().call();
    let private = world.private();
    fs::create_dir_all(private.join("target/debug/incremental/app")).unwrap();
    let old = SystemTime::now() - Duration::from_secs(10 * 24 * 60 * 60 + 60);
    let times = fs::FileTimes::new().set_accessed(old).set_modified(old);
    for file in ["debug/.cargo-lock", "debug/app", "debug/incremental/app/data"] {
        let path = private.join("target").join(file);
        fs::write(&path, vec![b'x'; 10_000]).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
    }
    let record = private.join(".workspaces/target");
    fs::File::options().write(true).open(record).unwrap().set_times(times).unwrap();
    let others = fs::read_dir(private.join("target")).unwrap().flatten();
    for file in others.filter(|it| it.path().is_file()) {
        fs::File::options().write(true).open(file.path()).unwrap().set_times(times).unwrap();
    }
    private.join("target")
}

fn an_empty_root_is_no_error() {
    let world = World::new();
    let output = world.by_name(["usage"]).run();
    output.silently().prints(
        "total  0 B  0 files  0 directories
",
    );
    assert_eq!(world.by_name(["gc", "--apply"]).run().printed(), "nothing to remove\n");
    assert!(world.made().is_empty(), "{:?}", world.made());
}

fn both_outputs_tell_the_same() {
    let world = World::new();
    target(&world);
    let found = world.by_name(["usage", "--json"]).run().json();
    let text = world.by_name(["usage"]).run();
    let row = &found["directories"][0];
    assert_eq!((&row["directory"], &row["workspace"]), (&"target".into(), &Value::Null));
    for value in [&row["person"], &row["directory"], &found["shared_root"]] {
        text.silently().prints(world.redact(value.as_str().unwrap()));
    }
    text.prints("10 d ago");
    assert_eq!(found["total_files"], found["people"][0]["files"]);
}

fn the_keys_of_json_stay_as_they_are() {
    let world = World::new();
    target(&world);
    let found = world.by_name(["usage", "--json"]).run().json();
    assert_eq!(found["version"], 1);
    assert_eq!(
        keys(&found),
        "directories free_bytes free_inodes people shared_root total_bytes total_files version"
    );
    assert_eq!(keys(&found["people"][0]), "bytes directories files path person state uid");
    assert_eq!(
        keys(&found["directories"][0]),
        "bytes directory files incremental_bytes is_partial kind last_used path person states uid \
         workspace"
    );
    let found = world.by_name(["gc", "--common", "--older-than", "9d", "--json"]).run().json();
    assert_eq!(keys(&found), "applied comes_back directories version");
    assert_eq!(
        keys(&found["directories"][0]),
        "bytes comes_back in_use last_used outcome path person reason rule takes workspace"
    );
    assert_eq!(found["directories"][0]["outcome"], "would-be-taken");
}

/// The own cache directory, as it is and as the shared root of a setup for oneself, in either order.
fn what_is_ones_own_is_counted_once() {
    let own = "home/.cache/cargo-peruser";
    let below = format!("{own}/{}/target", person());
    let (by_name, set_up) = (false, true);
    for (builds, expected) in [
        (&[by_name][..], vec![format!("{own}/target")]),
        (&[by_name, set_up], vec![format!("{own}/target")]),
        (&[set_up], vec![below.clone()]),
        (&[set_up, by_name, set_up], vec![below, format!("{own}/target")]),
    ] {
        let world = World::without_root();
        world.directory("home/.cache", 0o700);
        let root = world.directory(own, 0o700);
        let run = |words: &[&str], is_set_up: bool| {
            let run = world.by_name(words);
            if is_set_up { run.env("CARGO_PERUSER_SHARED_ROOT", &root).run() } else { run.run() }
        };
        for is_set_up in builds {
            run(&["build"], *is_set_up).call();
        }
        let expected: Vec<String> = expected.iter().map(|it| format!("[WORLD]/{it}")).collect();
        for is_set_up in [by_name, set_up] {
            let output = run(&["usage", "--json"], is_set_up);
            let found: Value = serde_json::from_str(&output.stdout).unwrap();
            // Root sees other homes too.
            let here = |row: &&Value| row["path"].as_str().unwrap().contains(own);
            let rows = |list: &str| -> Vec<Value> {
                found[list].as_array().unwrap().iter().filter(here).cloned().collect()
            };
            let path = |row: &Value| row["path"].as_str().unwrap().to_owned();
            let mut paths: Vec<String> = rows("directories").iter().map(path).collect();
            paths.sort();
            assert_eq!(paths, expected, "{builds:?} {is_set_up}");
            assert!(rows("people").iter().all(|row| row["state"] == "known"), "{found}");
            let counts = rows("people").into_iter().map(|row| row["directories"].as_u64().unwrap());
            assert_eq!(counts.sum::<u64>(), expected.len() as u64, "{found}");
        }
    }
}

fn a_policy_that_is_mistyped_is_never_no_limit() {
    let world = World::new();
    for (flag, value) in [("--older-than", "5 parsecs"), ("--keep-free", "lots")] {
        let output = world.by_name(["gc", "--apply", flag, value]).run();
        let said = mistake(&world, &output);
        assert!(said.contains(&format!("the flag {flag}:")) && said.contains("it takes"), "{said}");
    }
}

fn every_policy_has_a_flag_a_variable_and_a_key() {
    let world = World::new();
    let kept = target(&world);
    let chosen = |run: crate::harness::Invocation<'_>| {
        let output = run.run();
        output.ok();
        output.stdout.contains("older-than")
    };
    let gc = |words: &[&str]| world.by_name(["gc", "--common"].iter().chain(words));
    assert!(!chosen(gc(&[])));
    assert!(chosen(gc(&["--older-than", "9d"])));
    assert!(!chosen(gc(&["--older-than", "11d"])));
    assert!(chosen(gc(&[]).env("CARGO_PERUSER_GC_OLDER_THAN", "1w")));
    assert!(chosen(world.by_name(["--gc-older-than", "1w", "gc", "--common"])));
    world.file(crate::settings_mistakes::FILE, "[gc]\nolder-than = '1w'\n");
    assert!(chosen(gc(&[])));
    assert!(!chosen(gc(&["--older-than", "off"])));
    assert!(chosen(gc(&["--dry-run"])));
    assert!(kept.join("debug/app").exists(), "a dry run has removed it");
}
