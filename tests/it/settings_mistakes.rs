//! Mistakes in the settings: one error, one next step, exit 78, and nothing is run or created.

use crate::prelude::*;

tests![
    mistakes_in_the_file,
    mistakes_in_variables_and_flags,
    a_symlink_on_the_way_to_the_shared_root,
    our_verbs_report_mistakes_too,
    commands_that_build_nothing_pass,
];

pub(crate) const FILE: &str = "home/.config/cargo-peruser/config.toml";

/// The words of a run that must have stopped at a mistake.
pub(crate) fn mistake(world: &World, output: &Outcome) -> String {
    output.stopped(Stop::Settings).helps("");
    assert!(!world.made().iter().any(|path| path.starts_with("root/")), "{:?}", world.made());
    output.stderr.clone()
}

/// A file's text, and a part of what is said about it. Every other mistake is in the unit tests of the
/// settings.
const MISTAKES: &[(&[u8], &str)] = &[
    (
        b"\n\nzzz = 1\n",
        "error: unknown setting `zzz` in `[WORLD]/home/.config/cargo-peruser/config.toml` line 3\n\
         help: there are shared-root, scope, ",
    ),
    (b"# \xff\n", "`[WORLD]/home/.config/cargo-peruser/config.toml`"),
    (b"\"a\\u001b[2Jb\\n\" = 1\n", "a\\u{1b}[2Jb\\n"),
    (b"scope = \"a\\u001b[2Jb\\nc\"\n", "a\\u{1b}[2Jb\\nc"),
    (b"shared-root = \"/\\u001b[2J\"\n", "/\\u{1b}[2J"),
];

fn mistakes_in_the_file() {
    let world = World::new();
    for (text, says) in MISTAKES {
        world.file(FILE, text);
        let found = mistake(&world, &world.shim(["build"]).run());
        assert!(found.contains(says), "{}: {found}", text.escape_ascii());
    }
    fs::remove_file(world.at(FILE)).unwrap();
    world.directory(FILE, 0o755);
    mistake(&world, &world.shim(["build"]).run());
}

fn mistakes_in_variables_and_flags() {
    let world = World::new();
    let by_variable = world.shim(["build"]).env("CARGO_PERUSER_SCOPE", "machine").run();
    let by_flag = world.by_name(["--scope=machine", "build"]).run();
    for (output, origin) in [
        (by_variable, "the environment variable CARGO_PERUSER_SCOPE"),
        (by_flag, "the flag --scope"),
    ] {
        let expected = format!("error: invalid value for `scope` in {origin}: `machine`\n");
        let found = mistake(&world, &output);
        assert!(found.starts_with(&expected), "{found}");
    }
    let slip = |words: [&str; 1]| world.shim(words).env("CARGO_PERUSER_SCOP", "user").run();
    let found = mistake(&world, &slip(["build"]));
    assert!(found.contains("did you mean `CARGO_PERUSER_SCOPE`?"), "{found}");
    slip(["--version"]).call();
}

fn a_symlink_on_the_way_to_the_shared_root() {
    let world = World::new();
    world.directory("deep/root", 0o755);
    symlink(world.at("root"), world.at("link")).unwrap();
    symlink(world.at("deep"), world.at("shallow")).unwrap();
    for root in ["link", "shallow/root"] {
        let found = mistake(&world, &world.shim(["build"]).env(ROOT, world.at(root)).run());
        assert!(found.contains("symlink") && found.contains("realpath"), "{root}: {found}");
        assert!(is_empty(&world.at("deep/root")));
    }
}

fn our_verbs_report_mistakes_too() {
    let world = World::new();
    world.file(FILE, "scope = 'machine'\n");
    let shim = mistake(&world, &world.shim(["build"]).run());
    for verb in ["path", "explain"] {
        assert_eq!(mistake(&world, &world.by_name([verb]).run()), shim);
    }
    // People with wrong settings need the help.
    world.by_name(["--help"]).run().printed();
}

fn commands_that_build_nothing_pass() {
    let world = World::new();
    world.file(FILE, "zzz = 1\n");
    for words in [&["fmt"][..], &["--version"], &["-V"], &["help", "build"], &["build", "--help"]] {
        world.shim(words).run().call();
        world.shim(words).env("CARGO_PERUSER", "of").run().call();
    }
    for words in [&["build"][..], &["metadata"], &["clean"], &["audit"]] {
        mistake(&world, &world.shim(words).run());
    }
    mistake(&world, &world.shim(["fmt"]).env("CARGO_ALIAS_FMT", "build").run());
}
