//! `man`: pages without a warning from either formatter, that man finds where they are installed.

use std::process::Command;

use libtest_mimic::Trial;

use crate::harness::World;
use crate::runner::{Skip, tests};
use crate::terminal::program;

pub(crate) fn tests() -> Vec<Trial> {
    tests![
        there_is_a_page_for_the_program_and_for_every_verb,
        groff_has_nothing_to_say_about_them,
        mandoc_has_nothing_to_say_about_them,
        man_finds_them_where_they_are_installed,
        a_page_of_nothing_is_an_error,
    ]
}

/// The pages as `cargo-peruser man` prints them: the file's name, and its text.
fn pages(world: &World) -> Vec<(String, String)> {
    let main = world.by_name(["man"]).run().printed().to_owned();
    let verbs = cargo_peruser::man::pages().unwrap().into_iter().skip(1);
    let printed = verbs.map(|(file, expected)| {
        let verb = file.trim_start_matches("cargo-peruser-").trim_end_matches(".1");
        let page = world.by_name(["man", verb]).run().printed().to_owned();
        assert_eq!(page, expected, "{verb}");
        (file.clone(), page)
    });
    [("cargo-peruser.1".to_owned(), main)].into_iter().chain(printed).collect()
}

fn there_is_a_page_for_the_program_and_for_every_verb() {
    let world = World::new();
    let pages = pages(&world);
    let (_, main) = &pages[0];
    for section in [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "SETTINGS",
        "VERBS",
        "\"EXIT STATUS\"",
        "ENVIRONMENT",
        "FILES",
        "\"SEE ALSO\"",
    ] {
        assert!(main.contains(&format!("\n.SH {section}\n")), "{section} in {main}");
    }
    let help = world.by_name(["-h"]).run().printed().to_owned();
    let verbs = help.split_once("Verbs:\n").unwrap().1.lines().take_while(|line| !line.is_empty());
    let verbs: Vec<_> = verbs.map(|line| line.split_whitespace().next().unwrap()).collect();
    let files: Vec<_> = pages.iter().skip(1).map(|(file, _)| file.as_str()).collect();
    let expected: Vec<_> = verbs.iter().map(|verb| format!("cargo-peruser-{verb}.1")).collect();
    assert_eq!(files, expected);
    for verb in verbs {
        assert!(main.contains(&format!("cargo\\-peruser\\-{verb}(1)")), "{verb} in {main}");
    }
}

/// Runs a formatter that complains on the stream that is returned.
fn complaints(world: &World, program: &str, words: &[&str]) -> Vec<String> {
    let of_page = |(file, page): (String, String)| {
        let path = world.file(&file, page);
        let output = Command::new(program).args(words).arg(path).output().unwrap();
        let said = if program == "mandoc" { output.stdout } else { output.stderr };
        assert!(program == "mandoc" || output.status.success(), "{file}: {}", output.status);
        String::from_utf8_lossy(&said).into_owned()
    };
    pages(world).into_iter().map(of_page).filter(|said| !said.is_empty()).collect()
}

fn groff_has_nothing_to_say_about_them() -> Result<(), Skip> {
    program("groff")?;
    let said = complaints(&World::new(), "groff", &["-ww", "-z", "-man", "-Tutf8"]);
    assert!(said.is_empty(), "{said:?}");
    Ok(())
}

fn mandoc_has_nothing_to_say_about_them() -> Result<(), Skip> {
    program("mandoc")?;
    // What it calls style it does not want of pages that are made by a program.
    let said = complaints(&World::new(), "mandoc", &["-T", "lint", "-W", "warning"]);
    assert!(said.is_empty(), "{said:?}");
    Ok(())
}

fn man_finds_them_where_they_are_installed() -> Result<(), Skip> {
    let man = program("man")?;
    let world = World::new();
    for (file, page) in pages(&world) {
        world.file(format!("share/man/man1/{file}"), page);
    }
    for (name, text) in [
        ("cargo-peruser", "Runs cargo with a target directory that is yours alone"),
        ("cargo-peruser-path", "Prints the target directory that"),
    ] {
        let run = world.run(&man, [name]).var("MANPATH", world.at("share/man"));
        let output = run.var("PATH", "/usr/bin:/bin").var("MANWIDTH", "200").run();
        assert_eq!((output.code(), &*output.err), (0, ""));
        assert!(output.out.contains(text), "{}", output.out);
    }
    Ok(())
}

fn a_page_of_nothing_is_an_error() {
    let world = World::new();
    let output = world.by_name(["man", "build"]).run();
    assert_eq!((output.code(), &*output.out), (2, ""));
    assert!(output.err.contains("invalid value 'build'"), "{}", output.err);
}
