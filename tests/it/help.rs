//! Our verbs' help, version, and errors for wrong arguments.

use snapbox::assert_data_eq;
use snapbox::file;

use crate::prelude::*;

tests![
    without_a_word_it_prints_help,
    help_is_short_and_long,
    every_verb_has_help_and_a_version,
    words_that_were_meant_for_us_do_not_go_to_cargo,
    words_that_our_verbs_do_not_know_are_errors,
    hostile_words_in_an_error_are_escaped,
];

fn without_a_word_it_prints_help() {
    let world = World::new();
    let help = world.by_name(["-h"]).run();
    for output in [world.by_name([""; 0]).run(), world.subcommand(&world.at("x"), [""; 0]).run()] {
        assert_eq!(output.printed(), help.printed());
        assert!(output.calls.is_empty());
    }
    assert!(world.made().is_empty(), "{:?}", world.made());
}

fn help_is_short_and_long() {
    let world = World::new();
    assert_data_eq!(world.by_name(["-h"]).run().printed(), file!["help/short.txt"]);
    assert_data_eq!(world.by_name(["--help"]).run().printed(), file!["help/long.txt"]);
}

fn every_verb_has_help_and_a_version() {
    let world = World::new();
    let version = env!("CARGO_PKG_VERSION");
    for flag in ["-V", "--version"] {
        let output = world.by_name([flag]).run();
        assert_eq!(output.printed(), format!("cargo-peruser {version}\n"));
    }
    let pages = cargo_peruser::man::pages();
    for verb in pages
        .iter()
        .filter_map(|(place, _)| place.strip_prefix("man1/cargo-peruser-")?.strip_suffix(".1"))
    {
        for flag in ["-h", "--help"] {
            let output = world.by_name([verb, flag]).run();
            let usage = format!("\nUsage: cargo-peruser {verb}");
            assert!(output.printed().contains(&usage), "{}", output.stdout);
            let narrow = world.by_name([verb, flag]).env("COLUMNS", "80").run();
            let wide = narrow.stdout.lines().find(|line| line.chars().count() > 80);
            assert_eq!(wide, None, "{verb}");
        }
        for flag in ["-V", "--version"] {
            let output = world.by_name([verb, flag]).run();
            assert!(output.printed().ends_with(&format!(" {version}\n")), "{}", output.stdout);
        }
    }
}

/// What people type, and the command that they mean.
const MEANT: &[(&[&str], &str)] = &[
    (&["uninstall"], "cargo-peruser setup --uninstall; cargo's own: cargo-peruser -- uninstall"),
    (&["install"], "cargo-peruser setup; cargo's own: cargo-peruser -- install"),
    (
        &["uninstall", "--offline", "-v"],
        "cargo-peruser setup --uninstall; cargo's own: cargo-peruser -- uninstall",
    ),
    (&["unistall"], "did you mean: cargo-peruser setup --uninstall"),
    (&["diagnose"], "did you mean: cargo-peruser doctor"),
    (&["help", "exlpain"], "did you mean: cargo-peruser explain"),
    (&["off"], "CARGO_PERUSER=off cargo build"),
    (&["exlpain"], "did you mean: cargo-peruser explain"),
    (&["status"], "did you mean: cargo-peruser setup --status"),
    (&["--scope", "user", "provison", "alice"], "did you mean: cargo-peruser provision"),
];

fn words_that_were_meant_for_us_do_not_go_to_cargo() {
    let world = World::new();
    world.file("checkout/.cargo/config.toml", "[alias]\nexplian = 'build'\n");
    world.executable("stub/cargo-provisio", "#!/bin/sh\n");
    for (words, help) in MEANT {
        let output = world.by_name(*words).run();
        output.exits(2).prints_nothing().helps(help);
        assert!(output.calls.is_empty());
    }
    // Words for cargo: an alias, an external program, its own command, and everything after `--`.
    for words in [
        &["explian"][..],
        &["provisio"],
        &["uninstall", "ripgrep"],
        &["--", "uninstall"],
        &["--", "exlpain"],
        &["metadata"],
        &["unheard-of"],
    ] {
        assert_eq!(world.by_name(words).run().calls.len(), 1, "{words:?}");
    }
    let help = world.by_name(["help", "path"]).run();
    assert_eq!(help.printed(), world.by_name(["path", "--help"]).run().printed());
    let late = world.by_name(["path", "--scope", "user"]).run();
    late.exits(2).helps("settings come before the verb: cargo-peruser --scope …");
}

fn words_that_our_verbs_do_not_know_are_errors() {
    let world = World::new();
    for words in [
        &["path", "--nonsense"][..],
        &["explain", "--jsn"],
        &["editor", "notepad"],
        &["editor", "--write"],
        &["editor", "zed", "--write", "--remove"],
        &["--shared-root"],
        &["--scope", "user", "path", "--nonsense"],
    ] {
        let output = world.by_name(words).run();
        output.exits(2).prints_nothing();
        assert!(output.stderr.starts_with("error: "), "{words:?}: {}", output.stderr);
        assert!(output.calls.is_empty());
    }
}

fn hostile_words_in_an_error_are_escaped() {
    let world = World::new();
    let evil = "\x1b[2Jx\u{202e}y\nerror: z";
    for words in [
        vec!["path".into(), format!("--{evil}")],
        vec!["completions".into(), evil.into()],
        vec!["editor".into(), "zed".into(), evil.into()],
        vec!["--scope".into(), "user".into(), "setup".into(), format!("--{evil}=1")],
    ] {
        let output = world.by_name(&words).run();
        output.exits(2);
        let is_raw = |c: char| c == '\u{202e}' || c.is_control() && c != '\n';
        assert!(!output.stderr.contains(is_raw), "{:?}", output.stderr);
        assert!(!output.stderr.lines().any(|line| line == "error: z"), "{}", output.stderr);
        output.mentions("\\u{1b}[2Jx\\u{202e}y\\n");
    }
}
