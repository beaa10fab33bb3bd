//! Two people work in one group-writable checkout at the same time: twelve rounds with stable, and three
//! with nightly, which has other locks and another layout.
//!
//! Each edits a file of the one package, builds and runs, now and then tests and cleans. Nobody may
//! fail, wait for the other's lock, or see a program that lacks their own last edit.

use std::thread;

use crate::prelude::*;
use crate::stage::project::Tree;

/// How often a round also tests and cleans, and the round whose `clean` removes the dependencies too;
/// the others remove only the package.
const TESTED: u32 = 3;
const CLEAN_ALL: u32 = 3;

pub(crate) fn on_stable() -> Vec<Test> {
    let name = "two_people_build_test_and_clean_twelve_rounds_on_stable";
    let body = |stage: &Stage| rounds(stage, Channel::Stable, 12);
    vec![test!(name, body).needs(&[Need::Cargo, Need::Registry]).heavy()]
}

pub(crate) fn on_nightly() -> Vec<Test> {
    let name = "two_people_build_test_and_clean_three_rounds_on_nightly";
    let body = |stage: &Stage| rounds(stage, Channel::Nightly, 3);
    vec![test!(name, body).needs(&[Need::Cargo, Need::Nightly, Need::Registry]).heavy()]
}

/// `anyhow` has a build script and `serde` brings a proc macro; both come from the registry.
const DEMO: Tree<'_> = &[
    (
        "Cargo.toml",
        package!(
            "demo",
            r#"[dependencies]
anyhow = "1"
serde = { version = "1", features = ["derive"] }

[profile.dev]
debug = false

[workspace]
"#
        ),
    ),
    ("src/alice.rs", "pub const ROUND: u32 = 0;\n"),
    ("src/bob.rs", "pub const ROUND: u32 = 0;\n"),
    (
        "src/lib.rs",
        r#"pub mod alice;
pub mod bob;

#[derive(serde::Serialize)]
pub struct Rounds {
    pub alice: u32,
    pub bob: u32,
}

pub fn rounds() -> anyhow::Result<Rounds> {
    Ok(Rounds { alice: alice::ROUND, bob: bob::ROUND })
}
"#,
    ),
    (
        "src/main.rs",
        r#"fn main() -> anyhow::Result<()> {
    let rounds = demo::rounds()?;
    println!("alice={} bob={}", rounds.alice, rounds.bob);
    Ok(())
}
"#,
    ),
    (
        "tests/program.rs",
        r#"#[test]
fn the_program_and_the_library_are_of_one_build() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_demo")).output().unwrap();
    let rounds = demo::rounds().unwrap();
    let expected = format!("alice={} bob={}\n", rounds.alice, rounds.bob);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}
"#,
    ),
];

fn rounds(stage: &Stage, channel: Channel, count: u32) {
    let root = stage.shared_root().group("devs").mode(0o3775).accepted().make();
    let (alice, bob) = (stage.person("alice"), stage.person("bob"));
    project::write(&stage.checkout, DEMO, &alice);
    for person in [&alice, &bob] {
        project::stock_cargo_home(person);
    }
    cargo(&alice, channel, &["generate-lockfile"]);
    share(&stage.checkout);
    let lock = fs::read_to_string(stage.checkout.join("Cargo.lock")).unwrap();

    thread::scope(|scope| {
        scope.spawn(|| all_rounds(&alice, channel, count));
        scope.spawn(|| all_rounds(&bob, channel, count));
    });

    assert!(
        fs::read_to_string(stage.checkout.join("Cargo.lock")).unwrap() == lock,
        "Cargo.lock has changed"
    );
    assert!(!stage.checkout.join("target").exists(), "something was built inside the checkout");
    for person in [&alice, &bob] {
        private(&root.join(person.name()), person.uid());
    }
}

/// Group `devs`, writable, new files inherit the group.
fn share(checkout: &Path) {
    project::give(checkout, "alice:devs");
    do_as_root("chmod", ["-R".as_ref(), "g+rwXs".as_ref(), checkout.as_os_str()]);
}

fn all_rounds(person: &Person<'_>, channel: Channel, count: u32) {
    for round in 1..=count {
        let _context = context(|| format!("round {round}"));
        one_round(person, channel, round);
    }
}

fn one_round(person: &Person<'_>, channel: Channel, round: u32) {
    let name = person.name().to_string_lossy().into_owned();
    // In one step, so that the other never compiles half a file.
    let edit =
        "echo \"pub const ROUND: u32 = $2;\" >\"src/.$1.new\" && mv \"src/.$1.new\" \"src/$1.rs\"";
    person.shell(edit, [&name, &round.to_string()]).umask("0002").run().ok();
    cargo(person, channel, &["run", "--quiet"]).prints(format!("{name}={round}"));
    if !round.is_multiple_of(TESTED) {
        return;
    }
    cargo(person, channel, &["test", "--quiet"]);
    let clean: &[&str] =
        if round == CLEAN_ALL { &["clean"] } else { &["clean", "--package", "demo"] };
    cargo(person, channel, clean);
}

/// Runs cargo, which must succeed without having waited for anybody.
fn cargo(person: &Person<'_>, channel: Channel, args: &[&str]) -> Outcome {
    let run = person.cargo(args).with(channel).umask("0002").run();
    run.ok().never_waits();
    run
}
