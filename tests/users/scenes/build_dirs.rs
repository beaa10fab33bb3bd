//! Directories that builds choose for themselves: nested builds and configured build directories.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::machine::{Channel, Need};
use crate::stage::project::{self, Tree};
use crate::stage::{Stage, make, private};
use crate::suite::{Test, test};

const CARGO: &[Need] = &[Need::Cargo];

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("build_dirs::a_build_script_that_runs_cargo_does_not_hang", nested_below_out_dir)
            .needs(CARGO)
            .heavy(),
        test("build_dirs::a_build_script_that_removes_the_variable_is_left_alone", nested_alone)
            .needs(CARGO)
            .heavy(),
        test("build_dirs::a_checked_in_build_dir_on_a_shared_path_stays_unused", |stage| {
            build_dir(stage, BuildDir::CheckedIn)
        })
        .needs(CARGO),
        test("build_dirs::an_exported_build_dir_on_a_shared_path_stays_unused", |stage| {
            build_dir(stage, BuildDir::Exported)
        })
        .needs(CARGO),
        test("build_dirs::a_build_dir_in_the_persons_own_home_is_left_alone", own_build_dir),
        test("build_dirs::a_build_dir_in_a_cargo_home_is_left_alone_only_in_ones_own", cargo_home),
    ]
}

fn nested_below_out_dir(stage: &Stage) -> Result<()> {
    nested(stage, "")?;
    let inner = find(&stage.root.join("alice"), Path::new("debug/inner"))?;
    let inner = inner.context("nothing is in the private directory")?;
    ensure!(inner.to_string_lossy().contains("/out/target/inner-"), "{}", inner.display());
    Ok(())
}

fn nested_alone(stage: &Stage) -> Result<()> {
    nested(stage, ".env_remove(\"CARGO_TARGET_DIR\")")?;
    let inner = stage.checkout.join("inner/target/debug/inner");
    ensure!(inner.is_file(), "the nested build went elsewhere");
    Ok(())
}

const OUTER: &str =
    "[package]\nname = \"outer\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n";
const INNER: &str =
    "[package]\nname = \"inner\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n";

/// Builds a package whose build script runs the `cargo` on PATH, with `change` to its environment.
fn nested(stage: &Stage, change: &str) -> Result<()> {
    stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let script = format!(
        "fn main() {{\n    let args = [\"build\", \"--manifest-path\", \"inner/Cargo.toml\"];\n    \
         let status = std::process::Command::new(\"cargo\").args(args){change}.status();\n    \
         assert!(status.unwrap().success());\n}}\n"
    );
    let tree: Tree<'_> = &[
        ("Cargo.toml", OUTER),
        ("build.rs", &script),
        ("src/main.rs", "fn main() {}\n"),
        ("inner/Cargo.toml", INNER),
        ("inner/src/main.rs", "fn main() {}\n"),
    ];
    project::write(&stage.checkout, tree, &alice)?;
    let limit = Duration::from_secs(60);
    alice.cargo(["build"]).with(Channel::Stable).limit(limit).run()?.ok()?;
    Ok(())
}

/// The first entry below a directory whose path ends so.
fn find(directory: &Path, ending: &Path) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.ends_with(ending) {
            return Ok(Some(path));
        }
        if path.symlink_metadata()?.is_dir()
            && let Some(found) = find(&path, ending)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Where the shared build directory is configured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BuildDir {
    CheckedIn,
    Exported,
}

fn build_dir(stage: &Stage, configured: BuildDir) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    project::that_prints("hello", &stage.checkout, &alice)?;
    let shared = stage.at("intermediates");
    make::directory(&shared, 0, 0, 0o1777)?;
    let run = alice.cargo(["build"]).with(Channel::Stable);
    let run = if configured == BuildDir::CheckedIn {
        let text = format!("[build]\nbuild-dir = \"{}\"\n", shared.display());
        project::write(&stage.checkout, &[(".cargo/config.toml", &text)], &alice)?;
        run
    } else {
        run.env("CARGO_BUILD_BUILD_DIR", &shared)
    };
    run.run()?.ok()?;
    ensure!(fs::read_dir(&shared)?.next().is_none(), "intermediates went to the shared path");
    ensure!(alice.target()?.join("debug/speaker").is_file(), "the build went elsewhere");
    private(&root.join("alice"), alice.uid())
}

fn own_build_dir(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let own = alice.home.join("build");
    let run = alice.cargo(["build"]).env("CARGO_BUILD_BUILD_DIR", &own).run()?;
    run.silently()?;
    ensure!(
        run.build_dir()?.as_ref() == Some(&own),
        "CARGO_BUILD_BUILD_DIR is {:?}",
        run.build_dir()?
    );
    let plain = alice.cargo(["build"]).run()?.build_dir()?;
    ensure!(plain.is_none(), "CARGO_BUILD_BUILD_DIR was set to {plain:?} without need");
    Ok(())
}

/// After `su -m`, `CARGO_HOME` is somebody else's; on some machines everybody has the same.
fn cargo_home(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().sticky().make()?;
    let (alice, mallory) = (stage.person("alice")?, stage.person("mallory")?);
    for (name, owner, mode, is_own) in [
        ("own", alice.uid(), 0o755, true),
        ("mallorys", mallory.uid(), 0o777, false),
        ("common", 0, 0o1777, false),
    ] {
        let home = stage.at(name);
        make::directory(&home, owner, owner, mode)?;
        let run = alice.cargo(["check"]).env("CARGO_HOME", &home);
        let found = run.env("CARGO_BUILD_BUILD_DIR", home.join("build")).run()?.build_dir()?;
        let found = found.context("the variable is gone")?;
        let is_moved = found.starts_with(root.join("alice"));
        ensure!(is_moved != is_own, "in {name}: {}", found.display());
    }
    Ok(())
}
