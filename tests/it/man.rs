//! `man`: neither formatter warns about the pages, and `man` finds them where they are installed.

use std::process::Command;

use crate::prelude::*;
use crate::terminal::program;

tests![
    there_is_a_page_for_the_program_and_for_every_verb,
    the_readme_leads_to_every_text_of_the_manual,
    unasked_it_prints_plain_text,
    groff_has_nothing_to_say_about_them,
    mandoc_has_nothing_to_say_about_them,
    man_finds_them_where_they_are_installed,
    a_page_of_nothing_is_an_error,
];

/// The pages as `cargo-peruser man` prints them: the place below `share/man`, and the text.
fn pages(world: &World) -> Vec<(String, String)> {
    let printed = cargo_peruser::man::pages().into_iter().map(|(place, expected)| {
        let name = place.split(['/', '.']).nth(1).unwrap();
        let words =
            ["man", "--roff", name.trim_start_matches("cargo-peruser").trim_start_matches('-')];
        let words = words.into_iter().filter(|word| !word.is_empty());
        let page = world.by_name(words).run().printed().to_owned();
        // The harness redacts the name of the user who runs these tests; a page may contain that name.
        assert_eq!(page, world.redact(&expected), "{place}");
        (place, page)
    });
    printed.collect()
}

fn there_is_a_page_for_the_program_and_for_every_verb() {
    let world = World::new();
    let pages = pages(&world);
    let main = pages[0].1.replace("\\-", "-");
    for section in
        ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "VERBS", "EXIT STATUS", "FILES", "SEE ALSO"]
    {
        assert!(main.contains(&format!("\n.SH {section}\n")), "{section} in {main}");
    }
    let help = world.by_name(["-h"]).run().printed().to_owned();
    let verbs = help.split_once("Verbs:\n").unwrap().1.lines().take_while(|line| !line.is_empty());
    let verbs = verbs.map(|line| line.split_whitespace().next().unwrap());
    let places: Vec<_> = pages.iter().skip(1).map(|(place, _)| place.as_str()).collect();
    let of_verbs = verbs.map(|verb| format!("man1/cargo-peruser-{verb}.1"));
    let topics = ["man7/cargo-peruser-sharing.7", "man7/cargo-peruser-cost.7"].map(String::from);
    assert_eq!(places, of_verbs.chain(topics).collect::<Vec<_>>());
    for place in places {
        let (name, section) = place[5..].split_once('.').unwrap();
        assert!(main.contains(&format!("{name}({section})")), "{name} in {main}");
    }
}

fn the_readme_leads_to_every_text_of_the_manual() {
    let readme = include_str!("../../README.md");
    let texts = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/man");
    let names = std::fs::read_dir(texts).unwrap().map(|text| text.unwrap().file_name());
    for name in names.filter(|name| name.to_string_lossy().ends_with(".md")) {
        let link = format!("(src/man/{})", name.to_string_lossy());
        assert!(readme.contains(&link), "{link}");
    }
}

/// In a pipe as well: people look at it with a pager.
fn unasked_it_prints_plain_text() {
    World::new().by_name(["man", "setup"]).run().prints("## UNINSTALL").never_says(".SH");
}

/// Runs a formatter on every page, and returns its complaints.
fn complaints(world: &World, program: &str, words: &[&str]) -> Vec<String> {
    let of_page = |(place, page): (String, String)| {
        let path = world.file(&place, page);
        let output = Command::new(program).args(words).arg(path).output().unwrap();
        let said = if program == "mandoc" { output.stdout } else { output.stderr };
        assert!(program == "mandoc" || output.status.success(), "{place}: {}", output.status);
        String::from_utf8_lossy(&said).into_owned()
    };
    pages(world).into_iter().map(of_page).filter(|said| !said.is_empty()).collect()
}

fn groff_has_nothing_to_say_about_them() {
    program("groff");
    let said = complaints(&World::new(), "groff", &["-ww", "-z", "-man", "-Tutf8"]);
    assert!(said.is_empty(), "{said:?}");
}

fn mandoc_has_nothing_to_say_about_them() {
    program("mandoc");
    // Its "style" messages do not apply to generated pages.
    let said = complaints(&World::new(), "mandoc", &["-T", "lint", "-W", "warning"]);
    assert!(said.is_empty(), "{said:?}");
}

fn man_finds_them_where_they_are_installed() {
    let man = program("man");
    let world = World::new();
    for (place, page) in pages(&world) {
        world.file(format!("share/man/{place}"), page);
    }
    for (name, text) in [
        ("cargo-peruser", "Runs cargo with a target directory that is yours alone"),
        ("cargo-peruser-path", "Prints the target directory of"),
        ("cargo-peruser-sharing", "WHAT IS PROTECTED"),
    ] {
        let run = world.run(&man, [name]).env("MANPATH", world.at("share/man"));
        run.env("PATH", "/usr/bin:/bin").env("MANWIDTH", "200").run().silently().prints(text);
    }
}

fn a_page_of_nothing_is_an_error() {
    let world = World::new();
    let output = world.by_name(["man", "build"]).run();
    output.exits(2).prints_nothing().mentions("invalid value 'build'");
}
