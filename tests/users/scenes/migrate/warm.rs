//! A real workspace, built by two people in one directory at umask 002, and what the move leaves
//! warm: with a build script, a proc macro, a dependency in C, integration tests and two profiles.

use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::machine::{Channel, Need};
use crate::stage::cache;
use crate::stage::child::do_as_root;
use crate::stage::project::{self, Tree};
use crate::stage::{Outcome, Person, Stage, make};
use crate::suite::{Test, test};

pub(super) fn tests() -> Vec<Test> {
    let on = |channel: Channel| move |stage: &Stage| stays_warm(stage, channel);
    vec![
        test("migrate::warm::a_real_workspace_stays_warm_on_stable", on(Channel::Stable))
            .needs(&[Need::Cargo, Need::Registry])
            .heavy(),
        test("migrate::warm::a_real_workspace_stays_warm_on_nightly", on(Channel::Nightly))
            .needs(&[Need::Cargo, Need::Nightly, Need::Registry])
            .heavy(),
    ]
}

/// What cargo says when it waits for somebody else.
const WAITING: &str = "Blocking waiting for file lock";

/// The workspace's own packages, and some that it depends on.
const OWN: [&str; 2] = ["app", "describe"];
const DEPENDENCIES: [&str; 4] = ["anyhow", "serde", "serde_derive", "native"];

const WORKSPACE: Tree<'_> = &[
    ("Cargo.toml", "[workspace]\nmembers = [\"app\", \"describe\"]\nresolver = \"2\"\n"),
    (
        "app/Cargo.toml",
        r#"[package]
name = "app"
version = "0.1.0"
edition = "2021"

[dependencies]
anyhow = "1"
serde = { version = "1", features = ["derive"] }
describe = { path = "../describe" }
native = { path = "../../native" }
"#,
    ),
    (
        "app/build.rs",
        r#"fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/word.rs"), "pub const WORD: &str = \"generated\";").unwrap();
    println!("cargo::rerun-if-changed=build.rs");
}
"#,
    ),
    (
        "app/src/lib.rs",
        r#"include!(concat!(env!("OUT_DIR"), "/word.rs"));

#[derive(serde::Serialize, describe::Describe)]
pub struct Thing;

pub fn line() -> anyhow::Result<String> {
    Ok(format!("{} {} {}", WORD, Thing::describe(), native::answer()))
}
"#,
    ),
    (
        "app/src/main.rs",
        "fn main() -> anyhow::Result<()> {\n    println!(\"{}\", app::line()?);\n    Ok(())\n}\n",
    ),
    (
        "app/tests/program.rs",
        r#"#[test]
fn runs_the_new_program() {
    let program = env!("CARGO_BIN_EXE_app");
    let expected = std::env::var("EXPECTED").unwrap();
    assert!(program.starts_with(&expected), "{program} is not in {expected}");
    assert!(env!("CARGO_TARGET_TMPDIR").starts_with(&expected));
    let output = std::process::Command::new(program).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "generated a thing 42\n");
}
"#,
    ),
    (
        "describe/Cargo.toml",
        "[package]\nname = \"describe\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[lib]\nproc-macro = true\n",
    ),
    (
        "describe/src/lib.rs",
        r#"use proc_macro::TokenStream;

#[proc_macro_derive(Describe)]
pub fn describe(_: TokenStream) -> TokenStream {
    "impl Thing { pub fn describe() -> &'static str { \"a thing\" } }".parse().unwrap()
}
"#,
    ),
];

/// What a crate with C in it comes down to: a build script that calls the C compiler.
const NATIVE: Tree<'_> = &[
    (
        "Cargo.toml",
        "[package]\nname = \"native\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n",
    ),
    ("answer.c", "int answer(void) { return 42; }\n"),
    (
        "build.rs",
        r#"use std::process::Command;

fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    let run = |program: &str, words: &[&str]| {
        assert!(Command::new(program).args(words).status().unwrap().success());
    };
    run("cc", &["-c", "answer.c", "-o", &format!("{out}/answer.o")]);
    run("ar", &["crs", &format!("{out}/libanswer.a"), &format!("{out}/answer.o")]);
    println!("cargo::rustc-link-search=native={out}");
    println!("cargo::rustc-link-lib=static=answer");
    println!("cargo::rerun-if-changed=answer.c");
}
"#,
    ),
    (
        "src/lib.rs",
        "extern \"C\" {\n    #[link_name = \"answer\"]\n    fn answer_in_c() -> i32;\n}\n\npub fn answer() -> i32 {\n    unsafe { answer_in_c() }\n}\n",
    ),
];

fn stays_warm(stage: &Stage, channel: Channel) -> Result<()> {
    let shared = stage.shared_root().group("devs").mode(0o3775).make()?;
    let (root, alice, bob) = (stage.person("root")?, stage.person("alice")?, stage.person("bob")?);
    let (old, target) = (stage.at("old"), shared.join("alice/target"));
    let session = Session { channel, old: &old };
    fill(stage, &session, &alice, &bob)?;
    let incremental = cache::names(&old.join("debug/incremental"))?;
    ensure!(!incremental.is_empty(), "there is no incremental state");

    let words = ["migrate".as_ref(), old.as_os_str(), "--to".as_ref(), "alice".as_ref()];
    let more = ["--yes".as_ref(), "--checkout".as_ref(), stage.checkout.as_os_str()];
    let run = root.by_name(words.into_iter().chain(more)).within("/").run()?;
    run.ok()?.prints("renamed")?.prints("bob (uid 2002)")?.mentions("as alice (uid 2001)")?;
    cache::is_all(&target, alice.uid())?;

    // Without the cure the tests are those of the old place: this is what it is for.
    let test = |person: &Person<'_>| session.after(person, &["test"], &target);
    test(&alice)?.fails()?.never_says("Compiling")?;
    let cure =
        ["migrate".as_ref(), target.as_os_str(), "--checkout".as_ref(), stage.checkout.as_os_str()];
    let run = alice.by_name(cure).with(channel).umask("0002").run()?;
    run.ok()?.prints("will be rebuilt (dev, release)")?;
    ensure!(cache::names(&target.join("debug/incremental"))? == incremental, "it is not kept");

    both_build(&session, &alice, &bob, &target)?;
    for words in [&["build", "--release"][..], &["test"]] {
        let run = session.after(&alice, words, &target)?;
        only_its_own(&run)?;
    }
    test(&alice)?.ok()?.never_says("Compiling")?;
    let run = alice.by_name(cure.into_iter().chain(["--build".as_ref()])).with(channel).run()?;
    run.ok()?.prints("units were fresh")?;
    Ok(())
}

/// Both have built everything in one directory, alice last.
fn fill(stage: &Stage, session: &Session<'_>, alice: &Person<'_>, bob: &Person<'_>) -> Result<()> {
    let native = stage.at("native");
    make::directory(&native, 0, 0, 0o755)?;
    project::write(&native, NATIVE, alice)?;
    project::write(&stage.checkout, WORKSPACE, alice)?;
    make::directory(session.old, 0, crate::machine::group("devs")?, 0o2775)?;
    for person in [alice, bob] {
        project::stock_cargo_home(person)?;
    }
    session.before(alice, &["generate-lockfile"])?;
    share(&stage.checkout)?;
    for person in [bob, alice] {
        for words in [&["build"][..], &["build", "--release"], &["test"]] {
            session.before(person, words)?;
        }
    }
    Ok(())
}

/// At the same time, without a wait: alice from what she has, bob from nothing.
fn both_build(
    session: &Session<'_>,
    alice: &Person<'_>,
    bob: &Person<'_>,
    target: &Path,
) -> Result<()> {
    let (hers, his) = thread::scope(|scope| {
        let hers = scope.spawn(|| session.after(alice, &["build"], target));
        let his = scope.spawn(|| session.after(bob, &["build"], target));
        (hers.join(), his.join())
    });
    let joined = |run: thread::Result<Result<Outcome>>| run.ok().context("a build panicked")?;
    let (hers, his) = (joined(hers)?, joined(his)?);
    only_its_own(&hers)?;
    his.ok()?.never_says(WAITING)?;
    for name in OWN.iter().chain(&DEPENDENCIES) {
        his.mentions(format!("Compiling {name} v"))?;
    }
    Ok(())
}

/// The workspace's own packages were compiled, and no dependency.
fn only_its_own(run: &Outcome) -> Result<()> {
    run.ok()?.never_says(WAITING)?;
    for name in OWN {
        run.mentions(format!("Compiling {name} v"))?;
    }
    for name in DEPENDENCIES {
        run.never_says(&format!("Compiling {name} v"))?;
    }
    Ok(())
}

/// How people build.
struct Session<'a> {
    channel: Channel,
    old: &'a PathBuf,
}

impl Session<'_> {
    /// In the old days: one directory for everybody.
    fn before(&self, person: &Person<'_>, words: &[&str]) -> Result<Outcome> {
        let run = person.cargo(words).with(self.channel).umask("0002").env("CARGO_PERUSER", "off");
        let run = run.env("CARGO_TARGET_DIR", self.old).env("EXPECTED", self.old).run()?;
        run.ok()?;
        Ok(run)
    }

    /// Through the shim.
    fn after(&self, person: &Person<'_>, words: &[&str], target: &Path) -> Result<Outcome> {
        person.cargo(words).with(self.channel).umask("0002").env("EXPECTED", target).run()
    }
}

/// Group `devs`, writable, new files inherit the group.
fn share(checkout: &Path) -> Result<()> {
    project::give(checkout, "alice:devs")?;
    do_as_root("chmod", ["-R".as_ref(), "g+w".as_ref(), checkout.as_os_str()])
}
