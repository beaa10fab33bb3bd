//! `editor`: shows editors' settings, writes them into the user's own files, and removes them again.

use serde_json::Value;
use snapbox::assert_data_eq;
use snapbox::str;

use crate::prelude::*;

tests![
    shows_the_settings_and_the_file_that_they_belong_in,
    writes_into_a_file_that_does_not_exist_yet,
    takes_out_again_exactly_what_it_has_written,
    covers_every_variant_and_profile_that_is_there,
];

/// The settings of Visual Studio Code.
pub(crate) const CODE: &str = "home/.config/Code/User/settings.json";
const MINE: &str = "{\n\t// my settings\n\t\"editor.fontSize\": 12, // big\n\t\"a\": [1, 2,],\n}";

/// The target directory in the settings, unredacted.
pub(crate) fn target(world: &World) -> String {
    world.private().join("target").into_os_string().into_string().unwrap()
}

/// A file of this world.
pub(crate) fn text(world: &World, path: &str) -> String {
    fs::read_to_string(world.at(path)).unwrap()
}

/// The entries of the home, without private directories.
pub(crate) fn in_the_home(world: &World) -> Vec<String> {
    world.made().into_iter().filter(|path| path.starts_with("home")).collect()
}

fn shows_the_settings_and_the_file_that_they_belong_in() {
    let world = World::new();
    assert_data_eq!(
        world.by_name(["editor", "helix"]).run().printed(),
        str![[r#"
in `[WORLD]/home/.config/helix/languages.toml` (does not exist yet):

# >>> cargo-peruser >>>
[language-server.rust-analyzer.environment]
CARGO_TARGET_DIR = "[WORLD]/root/[ME]/target"
CARGO_BUILD_BUILD_DIR = "[WORLD]/root/[ME]/build/{workspace-path-hash}"
# <<< cargo-peruser <<<

Every program that rust-analyzer starts then builds there. Restart it with :lsp-restart. A table of that
name in a checkout's .helix/languages.toml replaces this whole table.

`cargo-peruser editor helix --write` writes these settings, `--remove` removes them again

"#]]
    );
    assert!(world.made().is_empty(), "{:?}", world.made());
}

fn writes_into_a_file_that_does_not_exist_yet() {
    let world = World::new();
    let output = world.by_name(["editor", "vscode", "--write"]).umask("077").run();
    assert_data_eq!(
        output.printed(),
        str![[r#"
`[WORLD]/home/.config/Code/User/settings.json`:
+{
+  "rust-analyzer.server.extraEnv": {
+    "CARGO_TARGET_DIR": "[WORLD]/root/[ME]/target",
+    "CARGO_BUILD_BUILD_DIR": "[WORLD]/root/[ME]/build/{workspace-path-hash}"
+  }
+}
wrote `[WORLD]/home/.config/Code/User/settings.json`; restart Visual Studio Code

"#]]
    );
    let written: Value = serde_json::from_str(&text(&world, CODE)).unwrap();
    assert_eq!(written["rust-analyzer.server.extraEnv"]["CARGO_TARGET_DIR"], target(&world));
    assert_eq!(mode(&world.at(CODE)), 0o644);
    assert_eq!(mode(&world.at("home/.config/Code")), 0o700);
}

fn takes_out_again_exactly_what_it_has_written() {
    let world = World::new();
    for (editor, path, mine) in [
        ("vscode", CODE, MINE),
        (
            "zed",
            "home/.config/zed/settings.json",
            "// mine\r\n{\r\n \"lsp\": {\r\n  \"x\": {}\r\n }\r\n}\r\n",
        ),
        ("helix", "home/.config/helix/languages.toml", "[[language]]\nname = 'rust' # r\n"),
        ("emacs", "home/.emacs.d/init.el", ";;; init.el -*- lexical-binding: t -*-\n(f)"),
        ("rust-analyzer", "home/.config/rust-analyzer/rust-analyzer.toml", "cargo.noDeps = true\n"),
    ] {
        let file = world.file(path, mine);
        world.by_name(["editor", editor, "--write"]).run().printed();
        assert!(text(&world, path).contains(&target(&world)), "{editor}");
        let again = world.by_name(["editor", editor, "--write"]).run();
        assert!(again.printed().ends_with(": nothing to change\n"), "{}", again.stdout);
        world.by_name(["editor", editor, "--remove"]).run().printed();
        assert_eq!(text(&world, path), mine, "{editor}");
        // A file with only our settings is removed.
        fs::remove_file(&file).unwrap();
        world.by_name(["editor", editor, "--write"]).run().printed();
        let output = world.by_name(["editor", editor, "--remove"]).run();
        assert!(
            output.printed().lines().skip(1).all(|it| !it.starts_with('+') || it == "+{}"),
            "{}",
            output.stdout
        );
        assert!(!file.exists(), "{editor}");
        let output = world.by_name(["editor", editor, "--remove"]).run();
        assert!(output.printed().ends_with("nothing to change\n"), "{}", output.stdout);
    }
}

fn covers_every_variant_and_profile_that_is_there() {
    let world = World::new();
    let machine = "home/.vscode-server/data/Machine/settings.json";
    let profile = "home/.config/VSCodium/User/profiles/1a/settings.json";
    world.directory("home/.vscode-server/data/Machine", 0o755);
    world.file(profile, "{}");
    let output = world.by_name(["editor", "vscode", "--write"]).run();
    output.printed();
    for path in ["home/.config/VSCodium/User/settings.json", profile, machine] {
        assert!(text(&world, path).contains(&target(&world)), "{path}");
    }
    assert!(!world.at(CODE).exists());
}
