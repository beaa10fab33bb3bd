//! `editor` without a name: which editors are installed, and what covers each.

use serde_json::Value;
use snapbox::assert_data_eq;
use snapbox::str;

use crate::editor::target;
use crate::prelude::*;

tests![
    tells_which_editors_are_here_and_whether_each_is_covered,
    each_cover_has_its_name,
    each_state_of_a_file_has_its_name,
    tells_what_a_setting_of_rust_analyzer_makes_of_it,
    the_keys_of_json_stay_as_they_are,
];

fn json(world: &World, words: &[&str]) -> Value {
    world.by_name([&["editor", "--json"], words].concat()).run().silently().json()
}

fn editor<'v>(all: &'v Value, name: &str) -> &'v Value {
    let mut editors = all["editors"].as_array().unwrap().iter();
    editors.find(|editor| editor["name"] == name).unwrap()
}

fn tells_which_editors_are_here_and_whether_each_is_covered() {
    let world = World::new();
    for name in ["stub/hx", "stub/nvim", "stub/codium"] {
        world.executable(name, "#!/bin/sh\nexit 1\n");
    }
    world.file("home/.emacs", "(a)\n");
    world.file("home/.config/zed/settings.json", "{");
    world.by_name(["editor", "helix", "--write"]).run().printed();
    assert_data_eq!(
        world.by_name(["editor"]).run().printed(),
        str![[r#"
target directory  [WORLD]/root/[ME]/target (this session does not export it)
vscode         [WORLD]/stub/codium: NOT COVERED; help: cargo-peruser editor vscode
               `[WORLD]/home/.config/Code/User/settings.json`: no settings there yet
zed            no program on PATH: NOT COVERED; help: cargo-peruser editor zed
               cannot edit `[WORLD]/home/.config/zed/settings.json`: line 1: unterminated object
helix          [WORLD]/stub/hx: covered by its settings
               `[WORLD]/home/.config/helix/languages.toml` sets it
neovim         [WORLD]/stub/nvim: NOT COVERED; help: cargo-peruser editor neovim
               `[WORLD]/home/.config/nvim/plugin/cargo-peruser.lua`: no settings there yet
emacs          no program on PATH: NOT COVERED; help: cargo-peruser editor emacs
               `[WORLD]/home/.emacs` does not set it
rustrover      not found
rust-analyzer  not found

"#]]
    );
}

fn each_cover_has_its_name() {
    let world = World::new();
    let cover = |all: &Value, name: &str| editor(all, name)["covered_by"].clone();
    let before = json(&world, &[]);
    assert_eq!(cover(&before, "helix"), Value::Null);
    world.by_name(["editor", "rust-analyzer", "--write"]).run().printed();
    world.by_name(["editor", "zed", "--write"]).run().printed();
    let after = json(&world, &[]);
    for (name, expected) in [
        ("rust-analyzer", "rust-analyzer".into()),
        ("zed", "settings".into()),
        ("helix", "rust-analyzer".into()),
        ("neovim", "rust-analyzer".into()),
        ("emacs", "rust-analyzer".into()),
        // VS Code sends its own table, and RustRover has no rust-analyzer.
        ("vscode", Value::Null),
        ("rustrover", Value::Null),
    ] {
        assert_eq!(cover(&after, name), expected, "{name}");
    }
    let world = world.with("CARGO_TARGET_DIR", target(&World::new()));
    assert_eq!(json(&world, &[])["session_exports_it"], false);
    let ours = target(&world);
    let world = world.with("CARGO_TARGET_DIR", ours);
    let exported = json(&world, &[]);
    assert_eq!(exported["session_exports_it"], true);
    assert_eq!(cover(&exported, "vscode"), "session");
    assert_eq!(cover(&exported, "rustrover"), "session");
    // The session's variable counts from the first build script on.
    assert_eq!(cover(&exported, "helix"), "session");
    assert_eq!(cover(&exported, "rust-analyzer"), "session");
}

fn each_state_of_a_file_has_its_name() {
    let world = World::new();
    let path = "home/.config/rust-analyzer/rust-analyzer.toml";
    let state = |text: &str| {
        world.file(path, text);
        json(&world, &["rust-analyzer"])["editors"][0]["files"][0]["state"].clone()
    };
    assert_eq!(json(&world, &["rust-analyzer"])["editors"][0]["files"][0]["state"], "missing");
    let set = |value: &str| format!("[cargo.extraEnv]\nCARGO_TARGET_DIR = '{value}'\n");
    let build = world.private().join("build/{workspace-path-hash}").display().to_string();
    let both = |value: &str| format!("{}CARGO_BUILD_BUILD_DIR = '{build}'\n", set(value));
    let block = |text: &str| format!("# >>> cargo-peruser >>>\n{text}# <<< cargo-peruser <<<\n");
    let old = world.private().join("old").display().to_string();
    for (text, expected) in [
        (String::new(), "silent"),
        (both(&target(&world)), "covered"),
        (block(&set(&target(&world))), "outdated"),
        (block(&set(&old)), "outdated"),
        (set(&target(&world)), "unusable"),
        (set("/tmp/mine"), "chosen"),
        ("[".to_owned(), "unusable"),
    ] {
        assert_eq!(state(&text), expected, "{text}");
    }
    world.file(path, set("/tmp/mine"));
    world.by_name(["editor"]).run().silently().prints("builds in the directory that you chose");
}

fn tells_what_a_setting_of_rust_analyzer_makes_of_it() {
    let world = World::new();
    let code = "home/.config/Code/User/settings.json";
    world.file(code, "{\n \"rust-analyzer.cargo.targetDir\": \"target/ra\" }");
    let note = json(&world, &["vscode"])["editors"][0]["files"][0]["note"].clone();
    let expected = "in line 2: rust-analyzer builds in `target/ra`";
    assert!(note.as_str().unwrap().contains(expected), "{note}");
    world.file(code, "{ \"rust-analyzer.cargo.targetDir\": true }");
    assert_eq!(json(&world, &["vscode"])["editors"][0]["files"][0]["note"], Value::Null);
}

fn the_keys_of_json_stay_as_they_are() {
    let found = json(&World::new(), &[]);
    assert_eq!(keys(&found), "editors reason session_exports_it target_dir");
    for found in found["editors"].as_array().unwrap() {
        assert_eq!(keys(found), "covered_by files is_here name program title");
        for file in found["files"].as_array().unwrap() {
            assert_eq!(keys(file), "detail note path state");
        }
    }
}
