//! `editor`: refusals, which leave every file unchanged.

use snapbox::assert_data_eq;
use snapbox::str;

use crate::editor::CODE;
use crate::editor::in_the_home;
use crate::editor::target;
use crate::editor::text;
use crate::prelude::*;

tests![
    refuses_what_it_must_not_change_and_leaves_it,
    a_refusal_of_one_file_leaves_the_others_as_well,
    refuses_what_is_read_only_or_no_file,
    an_unsafe_directory_is_told_to_nobody,
    accounts_without_a_directory_get_no_settings,
    what_the_session_has_chosen_is_told_to_nobody,
    rustrover_has_steps_and_no_file,
];

fn refuses_what_it_must_not_change_and_leaves_it() {
    let world = World::new();
    for (editor, path, bytes, message) in [
        ("zed", "home/.config/zed/settings.json", &b"{ \"a\": \"\xff\" }"[..], "it is not UTF-8"),
        (
            "helix",
            "home/.config/helix/languages.toml",
            b"[language-server.rust-analyzer]\nenvironment = { CARGO_TARGET_DIR = '/tmp/mine' }\n",
            "line 2: `CARGO_TARGET_DIR` is already set to '/tmp/mine'",
        ),
    ] {
        let file = world.file(path, bytes);
        let output = world.by_name(["editor", editor, "--write"]).run();
        output.exits(1).prints_nothing();
        let expected = format!("error: cannot edit `[WORLD]/{path}`: {message}");
        assert!(output.stderr.starts_with(&expected), "{}", output.stderr);
        output.mentions("\nhelp: ");
        assert_eq!(fs::read(file).unwrap(), bytes);
    }
    assert!(!world.private().exists());
}

fn a_refusal_of_one_file_leaves_the_others_as_well() {
    let world = World::new();
    world.file(CODE, "{}");
    world.file("home/.config/Cursor/User/settings.json", "{");
    world.by_name(["editor", "vscode", "--write"]).run().exits(1);
    assert_eq!(text(&world, CODE), "{}");
}

fn refuses_what_is_read_only_or_no_file() {
    let world = World::new();
    chmod(&world.file(CODE, "{}"), 0o444);
    let output = world.by_name(["editor", "vscode", "--write"]).run();
    output.exits(1).mentions("it is read-only\nhelp: chmod u+w [WORLD]/");
    assert_eq!(text(&world, CODE), "{}");
    fs::remove_file(world.at(CODE)).unwrap();
    world.directory(CODE, 0o755);
    world.by_name(["editor", "vscode", "--write"]).run().mentions("it is a directory, not a file");
}

fn an_unsafe_directory_is_told_to_nobody() {
    let world = World::new();
    chmod(&world.at("root"), 0o777);
    world.by_name(["editor", "zed", "--write"]).run().refused();
    assert!(in_the_home(&world).is_empty());
}

fn accounts_without_a_directory_get_no_settings() {
    let excluded = World::new().with("CARGO_PERUSER_EXCLUDE_USERS", person());
    for (world, why) in [
        (excluded, "this account is listed under `exclude.users`"),
        (World::without_root(), "no shared root is configured, or it does not exist"),
        (World::new().with("CARGO_PERUSER", "off"), "CARGO_PERUSER=off disables cargo-peruser"),
    ] {
        for words in [&["editor", "zed", "--write"][..], &["editor", "zed"]] {
            let run = world.by_name(words);
            let output = run.run();
            output.exits(0).prints_nothing();
            assert_eq!(output.stderr, format!("note: editors need no settings here: {why}\n"));
        }
        assert!(world.made().is_empty(), "{:?}", world.made());
    }
}

fn what_the_session_has_chosen_is_told_to_nobody() {
    let world = World::new().with("CARGO_TARGET_DIR", "/tmp/mine");
    let output = world.by_name(["editor", "zed", "--write"]).run();
    let why = "CARGO_TARGET_DIR chooses the target directory";
    assert_eq!(output.stderr, format!("note: editors need no settings here: {why}\n"));
    // A value that our session exports is not a choice.
    let world = World::new();
    let ours = target(&world);
    let run = world.by_name(["editor", "zed", "--write"]).env("CARGO_TARGET_DIR", &ours);
    assert!(run.run().printed().contains("+          \"CARGO_TARGET_DIR\""));
}

fn rustrover_has_steps_and_no_file() {
    let world = World::new();
    let output = world.by_name(["editor", "rustrover"]).run();
    let directory = "[WORLD]/home/.local/share/cargo-peruser/toolchain/bin";
    assert!(output.printed().contains(directory), "{}", output.stdout);
    let output = world.by_name(["editor", "rustrover", "--write"]).run();
    output.exits(1);
    assert_data_eq!(
        output.stderr,
        str![[r#"
error: RustRover has no settings file that another program can write
help: `cargo-peruser editor rustrover` prints the steps

"#]]
    );
    assert!(world.made().is_empty());
}
