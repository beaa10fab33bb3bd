//! Which `cargo` on PATH is executed, and which are passed over.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::Result;

use crate::machine::places;
use crate::stage::{Person, Stage, Stop, make};
use crate::suite::{Test, test};

/// Where mallory's `cargo` stands in the checkout, and the PATH entry that would reach it.
const RELATIVE: &[(&str, &str, &str)] = &[
    ("passes_over_a_dot_on_path", ".", "."),
    ("passes_over_an_empty_entry_on_path", ".", ""),
    ("passes_over_a_relative_entry_on_path", "tools", "tools"),
    ("passes_over_a_relative_entry_with_a_dot_on_path", "tools", "./tools"),
    ("passes_over_a_relative_entry_that_climbs", "tools", "../checkout/tools"),
];

/// Puts the shim at a place.
type Install = fn(&Path) -> Result<()>;

/// How the shim stands on PATH a second time, at `<stage>/again`.
const AGAIN: &[(&str, Install)] = &[
    ("passes_over_a_symlinked_directory_of_the_shim", |at| Ok(symlink(places::SHIM, at)?)),
    ("passes_over_a_symlink_to_the_shim", |at| {
        make::directory(at, 0, 0, 0o755)?;
        Ok(symlink(shim(), at.join("cargo"))?)
    }),
    ("passes_over_a_hard_link_of_the_shim", |at| {
        make::directory(at, 0, 0, 0o755)?;
        Ok(fs::hard_link(shim(), at.join("cargo"))?)
    }),
    ("passes_over_a_second_installation", |at| {
        make::directory(at, 0, 0, 0o755)?;
        make::script(&at.join("cargo"), "")?;
        fs::copy(shim(), at.join("cargo"))?;
        Ok(())
    }),
    ("passes_over_a_second_installation_of_another_version", |at| {
        make::directory(at, 0, 0, 0o755)?;
        let mut other = fs::read(shim())?;
        other.push(0);
        make::file(&at.join("cargo"), other, 0, 0o755)
    }),
    ("passes_over_a_symlink_to_a_renamed_copy", |at| {
        make::directory(at, 0, 0, 0o755)?;
        fs::copy(shim(), at.join("renamed"))?;
        Ok(symlink("renamed", at.join("cargo"))?)
    }),
];

fn shim() -> String {
    format!("{}/cargo", places::SHIM)
}

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test("real_cargo::passes_over_a_directory_that_everyone_can_write_0777", |stage| {
            world_writable(stage, 0o777)
        }),
        test("real_cargo::passes_over_a_sticky_directory_that_everyone_can_write_1777", |stage| {
            world_writable(stage, 0o1777)
        }),
        test("real_cargo::passes_over_what_is_not_executable", not_executable),
        test("real_cargo::passes_over_its_own_directory_with_a_trailing_slash", trailing_slash),
        test("real_cargo::lists_the_places_when_there_is_only_the_shim", only_the_shim),
        test("real_cargo::says_what_it_cannot_execute", cannot_execute),
        test("real_cargo::executes_the_cargo_of_the_settings", of_the_settings),
        test("real_cargo::finds_the_cargo_in_the_persons_cargo_home", in_cargo_home),
    ];
    for (name, place, entry) in RELATIVE {
        tests.push(test(format!("real_cargo::{name}"), move |stage| relative(stage, place, entry)));
    }
    for (name, install) in AGAIN {
        tests.push(test(format!("real_cargo::{name}"), move |stage| again(stage, install)));
    }
    tests
}

const EVIL: &str = "#!/bin/sh\necho evil\n";

/// Alice's `cargo check` with this PATH executes the stub and nothing before it.
fn reaches_the_stub(alice: &Person<'_>, path: &[&str]) -> Result<()> {
    let run = alice.cargo(["check"]).path(path).run()?;
    run.silently()?.prints("stub: cargo check\n")?.never_says("evil")?;
    let expected = alice.stage.root.join("alice/target");
    run.builds_in(expected)?;
    Ok(())
}

fn relative(stage: &Stage, place: &str, entry: &str) -> Result<()> {
    stage.shared_root().provisioned()?;
    let place = stage.checkout.join(place);
    fs::create_dir_all(&place)?;
    make::script(&place.join("cargo"), EVIL)?;
    let alice = stage.person("alice")?;
    reaches_the_stub(&alice, &[places::SHIM, entry, places::STUB])?;
    reaches_the_stub(&alice, &[places::SHIM, places::STUB, entry])
}

fn world_writable(stage: &Stage, mode: u32) -> Result<()> {
    stage.shared_root().provisioned()?;
    let (alice, mallory) = (stage.person("alice")?, stage.person("mallory")?);
    let open = stage.at("open");
    make::directory(&open, 0, 0, mode)?;
    make::file(&open.join("cargo"), EVIL, mallory.uid(), 0o755)?;
    let open = open.to_string_lossy();
    reaches_the_stub(&alice, &[places::SHIM, &open, places::STUB])?;
    let run = alice.cargo(["check"]).path([places::SHIM, &open]).run()?;
    run.stopped(Stop::NoCargo)?.mentions(&*open)?.never_says("evil")?;
    Ok(())
}

fn not_executable(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let (plain, directory) = (stage.at("plain"), stage.at("directory"));
    make::directory(&plain, 0, 0, 0o755)?;
    make::file(&plain.join("cargo"), EVIL, 0, 0o644)?;
    fs::create_dir_all(directory.join("cargo"))?;
    let (plain, directory) = (plain.to_string_lossy(), directory.to_string_lossy());
    reaches_the_stub(&alice, &[places::SHIM, &plain, &directory, places::STUB])
}

fn again(stage: &Stage, install: &Install) -> Result<()> {
    stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let at = stage.at("again");
    install(&at)?;
    let at = at.to_string_lossy();
    reaches_the_stub(&alice, &[places::SHIM, &at, places::STUB])?;
    reaches_the_stub(&alice, &[&at, places::SHIM, places::STUB])?;
    for path in [[places::SHIM, &at], [&at, places::SHIM]] {
        let run = alice.cargo(["check"]).path(path).run()?;
        run.stopped(Stop::NoCargo)?.mentions(path[1])?;
    }
    Ok(())
}

fn trailing_slash(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let slash = format!("{}/", places::SHIM);
    reaches_the_stub(&alice, &[&slash, places::SHIM, places::STUB])?;
    reaches_the_stub(&alice, &[places::SHIM, &slash, &slash, places::STUB])
}

fn only_the_shim(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let run = stage.person("alice")?.cargo(["check"]).path([places::SHIM, places::SHIM]).run()?;
    run.stopped(Stop::NoCargo)?.mentions(shim())?;
    Ok(())
}

fn cannot_execute(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let broken = stage.at("broken");
    make::directory(&broken, 0, 0, 0o755)?;
    make::script(&broken.join("cargo"), "#!/no/such/interpreter\n")?;
    let path = [places::SHIM, &broken.to_string_lossy()];
    let run = stage.person("alice")?.cargo(["check"]).path(path).run()?;
    run.stopped(Stop::Exec)?.blames(broken.join("cargo").to_string_lossy())?;
    Ok(())
}

fn of_the_settings(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let decoy = stage.at("decoy");
    make::directory(&decoy, 0, 0, 0o755)?;
    make::script(&decoy.join("cargo"), EVIL)?;
    let stub = format!("{}/cargo", places::STUB);
    let run = alice.cargo(["check"]).path([places::SHIM, &decoy.to_string_lossy()]);
    run.env("CARGO_PERUSER_REAL_CARGO", stub).run()?.silently()?.prints("stub: cargo check\n")?;
    // Naming ourselves must end as well.
    let run = alice.cargo(["check"]).path([places::SHIM]).env("CARGO_PERUSER_REAL_CARGO", shim());
    run.run()?.stopped(Stop::NoCargo)?.mentions(shim())?;
    Ok(())
}

fn in_cargo_home(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let bin = alice.home.join(".cargo/bin");
    fs::create_dir_all(&bin)?;
    fs::copy(format!("{}/cargo", places::STUB), bin.join("cargo"))?;
    reaches_the_stub(&alice, &[places::SHIM])
}
