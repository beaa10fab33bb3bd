//! The cure of a workspace's own units, in caches as people have them: with other workspaces'
//! profiles, other tools' directories, and a build at work.

use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::machine::{Channel, Need};
use crate::stage::project::{self, Tree};
use crate::stage::{Outcome, Person, Stage, cache, make};
use crate::suite::{Test, test};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test("migrate::cured::what_the_workspace_does_not_know_stops_nothing", ordinary)
            .needs(&[Need::Cargo]),
        test("migrate::cured::what_fails_is_named_and_the_rest_is_done", failing)
            .needs(&[Need::Cargo]),
        test("migrate::cured::what_the_help_says_has_dependencies_rebuilt", pasted)
            .needs(&[Need::Cargo]),
        test("migrate::cured::a_build_keeps_its_incremental_state", busy)
            .needs(&[Need::Cargo, Need::Flock]),
    ]
}

const PROJECT: Tree<'_> = &[
    ("Cargo.toml", "[package]\nname = \"b\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
    ("src/main.rs", "fn main() {}\n"),
];

const EDITION: &str = "edition = \"2021\"\n";

/// Alice's cache, where it belongs, built with two profiles.
struct Built<'s> {
    alice: Person<'s>,
    target: PathBuf,
    checkout: PathBuf,
}

impl<'s> Built<'s> {
    fn new(stage: &'s Stage) -> Result<Self> {
        let shared = stage.shared_root().sticky().make()?;
        let alice = stage.person("alice")?;
        project::write(&stage.checkout, PROJECT, &alice)?;
        project::give(&stage.checkout, "alice:alice")?;
        let built =
            Built { alice, target: shared.join("alice/target"), checkout: stage.checkout.clone() };
        for words in [&["build"][..], &["build", "--release"]] {
            built.cargo(words)?.ok()?;
        }
        Ok(built)
    }

    fn cargo(&self, words: &[&str]) -> Result<Outcome> {
        self.alice.cargo(words).with(Channel::Stable).run()
    }

    /// A directory with cargo's lock, as every profile has one.
    fn profile(&self, name: &str) -> Result<()> {
        let directory = self.target.join(name);
        self.alice.shell("mkdir -p \"$1\" && : > \"$1/.cargo-lock\"", [&directory]).run()?.ok()?;
        Ok(())
    }

    fn cure(&self) -> Result<Outcome> {
        let words = ["migrate".as_ref(), self.target.as_os_str(), "--checkout".as_ref()];
        let words = words.into_iter().chain([self.checkout.as_os_str()]);
        self.alice.by_name(words).with(Channel::Stable).run()
    }

    fn is_stale(&self, words: &[&str]) -> Result<()> {
        self.cargo(words)?.ok()?.mentions("Compiling b v")?;
        Ok(())
    }
}

fn ordinary(stage: &Stage) -> Result<()> {
    let built = Built::new(stage)?;
    // For cargo, `test` is another name of `dev`.
    for name in ["another", "rust-analyzer/debug", "my-board/release", "test"] {
        built.profile(name)?;
    }
    // Another workspace's dependency, whose build script has made a file, and one of our own.
    for package in ["maker-0123", "b-0123"] {
        let out = built.target.join("debug/build").join(package).join("out");
        let made = "mkdir -p \"$1\" && : > \"$1/table.rs\"";
        built.alice.shell(made, [&out]).run()?.ok()?;
    }
    let info = built.target.join("rust-analyzer/.rustc_info.json");
    make::file(&info, "{}", built.alice.uid(), 0o600)?;
    let before = cache::names(&built.target.join("debug/incremental"))?;
    let run = built.cure()?;
    run.ok()?.prints("will be rebuilt (dev, release)")?.mentions("no profile `another`")?;
    run.mentions(format!("not cleaned: `{}`", built.target.join("rust-analyzer").display()))?;
    run.mentions("cargo clean --target-dir")?;
    run.mentions(format!("not cleaned: `{}`", built.target.join("test").display()))?;
    ensure!(cache::names(&built.target.join("debug/incremental"))? == before, "state is lost");
    run.mentions(format!("not cleaned: `{}`", built.target.join("my-board").display()))?;
    run.never_says("maker")?;
    built.is_stale(&["build"])?;
    built.is_stale(&["build", "--release"])
}

/// Two workspaces share the old cache. Each has a dependency that reads its build script's file when
/// it runs.
fn pasted(stage: &Stage) -> Result<()> {
    let shared = stage.shared_root().sticky().make()?;
    let alice = stage.person("alice")?;
    let old = stage.at("alices/old");
    make::directory(&stage.at("alices"), alice.uid(), alice.uid(), 0o755)?;
    let one = workspace(stage, &alice, "one")?;
    let two = workspace(stage, &alice, "two")?;
    let about = alice.cargo(["-vV"]).with(Channel::Stable).run()?.stdout;
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("cargo names its host")?;
    for checkout in [&one, &two] {
        for words in [&["build"][..], &["build", "--release"], &["build", "--target", host]] {
            let run = alice.cargo(words).with(Channel::Stable).env("CARGO_TARGET_DIR", &old);
            run.within(checkout).run()?.ok()?;
        }
    }
    let words = ["migrate".as_ref(), old.as_os_str(), "--yes".as_ref(), "--checkout".as_ref()];
    let words = words.into_iter().chain([one.as_os_str()]);
    let run = alice.by_name(words).with(Channel::Stable).run()?;
    let command = run.ok()?.offered("cargo-peruser clean")?;
    let runs = |checkout: &PathBuf, words: &[&str]| {
        alice.cargo(words).with(Channel::Stable).within(checkout).run()
    };
    runs(&one, &["run"])?.ok()?.prints(format!("{}/", old.display()))?;
    alice.shell(&command, [""; 0]).with(Channel::Stable).within(&one).run()?.ok()?;
    let target = shared.join("alice/target");
    for words in [&["run"][..], &["run", "--release"], &["run", "--target", host]] {
        runs(&one, words)?.ok()?.prints(format!("{}/", target.display()))?;
    }
    // The other workspace's are cleaned from there.
    let words = ["migrate".as_ref(), target.as_os_str(), "--checkout".as_ref(), two.as_os_str()];
    let run = alice.by_name(words).with(Channel::Stable).run()?;
    let command = run.ok()?.never_says("maker-one")?.offered("cargo-peruser clean")?;
    alice.shell(&command, [""; 0]).with(Channel::Stable).within(&two).run()?.ok()?;
    runs(&two, &["run", "--release"])?.ok()?.prints(format!("{}/", target.display()))?;
    Ok(())
}

/// A workspace whose program prints the `OUT_DIR` of its dependency.
fn workspace(stage: &Stage, person: &Person<'_>, name: &str) -> Result<PathBuf> {
    let checkout = stage.at(name);
    let maker = format!("[package]\nname = \"maker-{name}\"\nversion = \"0.1.0\"\n{EDITION}");
    let package = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\n{EDITION}[workspace]\n\
         [dependencies]\nmaker = {{ package = \"maker-{name}\", path = \"../maker-{name}\" }}\n"
    );
    let script = "fn main() {\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    \
                  std::fs::write(out + \"/table\", \"\").unwrap();\n}\n";
    let files = [
        ("Cargo.toml", &*maker),
        ("build.rs", script),
        ("src/lib.rs", "pub const OUT_DIR: &str = env!(\"OUT_DIR\");\n"),
    ];
    project::write(&stage.at(format!("maker-{name}")), &files, person)?;
    let main = "fn main() {\n    println!(\"{}\", maker::OUT_DIR);\n}\n";
    project::write(&checkout, &[("Cargo.toml", &*package), ("src/main.rs", main)], person)?;
    Ok(checkout)
}

fn failing(stage: &Stage) -> Result<()> {
    let built = Built::new(stage)?;
    // A profile that cannot be cleaned, before one that can.
    let blocked = built.target.join("debug");
    built.alice.shell("chmod 500 \"$1\"", [&blocked]).run()?.ok()?;
    let run = built.cure()?;
    run.fails()?.blames("not everything of")?.mentions("shared/alice/target/debug`")?;
    run.helps("cargo-peruser migrate")?.prints("will be rebuilt (release)")?;
    built.is_stale(&["build", "--release"])?;
    built.alice.shell("chmod 700 \"$1\"", [&blocked]).run()?.ok()?;
    built.cure()?.ok()?;
    built.is_stale(&["build"])
}

fn busy(stage: &Stage) -> Result<()> {
    let built = Built::new(stage)?;
    let profile = built.target.join("debug");
    let before = cache::names(&profile.join("incremental"))?;
    ensure!(!before.is_empty(), "there is no incremental state");
    // An earlier run was stopped, and a build has begun anew since.
    let kept = profile.join("incremental.kept-by-cargo-peruser");
    let aside = "mv \"$1\" \"$2\" && mkdir -p \"$1/new\"";
    built.alice.shell(aside, [&profile.join("incremental"), &kept]).run()?.ok()?;
    let lock = profile.join(".cargo-lock");
    let holder = built.alice.shell("exec flock \"$1\" sleep 3", [&lock]).start()?;
    sleep(Duration::from_millis(500));
    let words = ["migrate".as_ref(), built.target.as_os_str(), "--checkout".as_ref()];
    let words = words.into_iter().chain([built.checkout.as_os_str()]);
    let run = built.alice.by_name(words).with(Channel::Stable).start()?;
    sleep(Duration::from_millis(1200));
    let during = cache::names(&profile.join("incremental"))?;
    holder.finish()?.ok()?;
    run.finish()?.ok()?.mentions("waiting for")?;
    ensure!(during == ["new"], "moved under a build: {during:?}");
    let mut expected = before;
    expected.push("new".into());
    expected.sort();
    let after = cache::names(&profile.join("incremental"))?;
    ensure!(after == expected, "{after:?}, not {expected:?}");
    ensure!(!fs::exists(&kept)?, "something is left behind");
    Ok(())
}
