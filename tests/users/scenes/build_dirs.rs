//! Directories that builds choose for themselves: nested builds and configured build directories.

use crate::prelude::*;
use crate::stage::project::Tree;

const CARGO: &[Need] = &[Need::Cargo];

tests![
    test!("a_build_script_that_runs_cargo_does_not_hang", nested_below_out_dir)
        .needs(CARGO)
        .heavy(),
    test!("a_build_script_that_removes_the_variable_is_left_alone", nested_alone)
        .needs(CARGO)
        .heavy(),
    test!("a_checked_in_build_dir_on_a_shared_path_stays_unused", |stage| {
        build_dir(stage, BuildDir::CheckedIn);
    })
    .needs(CARGO),
    test!("an_exported_build_dir_on_a_shared_path_stays_unused", |stage| {
        build_dir(stage, BuildDir::Exported);
    })
    .needs(CARGO),
    test!("a_build_dir_in_the_persons_own_home_is_left_alone", own_build_dir),
    test!("a_place_of_ones_own_is_left_alone_however_it_is_asked_for", own_places),
    test!("a_build_dir_in_a_cargo_home_is_left_alone_only_in_ones_own", cargo_home),
];

fn nested_below_out_dir(stage: &Stage) {
    nested(stage, "");
    let inner = find(&stage.root.join("alice"), Path::new("debug/inner"));
    let inner = inner.expect("nothing is in the private directory");
    assert!(inner.to_string_lossy().contains("/out/target/inner-"), "{}", inner.display());
}

fn nested_alone(stage: &Stage) {
    nested(stage, ".env_remove(\"CARGO_TARGET_DIR\")");
    let inner = stage.checkout.join("inner/target/debug/inner");
    assert!(inner.is_file(), "the nested build went elsewhere");
}

const OUTER: &str = package!("outer", "[workspace]\n");
const INNER: &str = package!("inner", "[workspace]\n");

/// Builds a package whose build script runs the `cargo` on PATH, with `change` to its environment.
fn nested(stage: &Stage, change: &str) {
    let (_, alice) = stage.provisioned();
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
    project::write(&stage.checkout, tree, &alice);
    let limit = Duration::from_secs(60);
    alice.cargo(["build"]).with(Channel::Stable).limit(limit).run().ok();
}

/// The first entry below a directory whose path has this end.
fn find(directory: &Path, ending: &Path) -> Option<PathBuf> {
    below(directory).into_iter().map(|(path, _)| path).find(|path| path.ends_with(ending))
}

/// Where the shared build directory is configured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BuildDir {
    CheckedIn,
    Exported,
}

fn build_dir(stage: &Stage, configured: BuildDir) {
    let (root, alice) = stage.provisioned();
    project::that_prints("hello", &stage.checkout, &alice);
    let shared = stage.at("intermediates");
    make::directory(&shared, 0, 0, 0o1777);
    let run = alice.cargo(["build"]).with(Channel::Stable);
    let run = if configured == BuildDir::CheckedIn {
        let text = format!("[build]\nbuild-dir = \"{}\"\n", shared.display());
        project::write(&stage.checkout, &[(".cargo/config.toml", &text)], &alice);
        run
    } else {
        run.env("CARGO_BUILD_BUILD_DIR", &shared)
    };
    run.run().ok();
    assert!(is_empty(&shared), "intermediates went to the shared path");
    assert!(alice.target().join("debug/speaker").is_file(), "the build went elsewhere");
    private(&root.join("alice"), alice.uid());
}

fn own_build_dir(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let own = alice.home.join("build");
    let run = alice.cargo(["build"]).env("CARGO_BUILD_BUILD_DIR", &own).run();
    run.silently();
    assert!(
        run.build_dir().as_ref() == Some(&own),
        "CARGO_BUILD_BUILD_DIR is {:?}",
        run.build_dir()
    );
    let plain = alice.cargo(["build"]).run().build_dir();
    assert!(plain.is_none(), "CARGO_BUILD_BUILD_DIR was set to {plain:?} without need");
}

fn make_places(stage: &Stage, alice: &Person<'_>, mallory: &Person<'_>) {
    let (her, scratch, common) = (alice.uid(), stage.at("scratch"), stage.at("common"));
    make::directory(&scratch, 0, 0, 0o755);
    make::directory(&common, 0, 0, 0o1777);
    for (name, owner, mode) in
        [("closed", her, 0o700), ("readable", her, 0o755), ("mallorys", mallory.uid(), 0o700)]
    {
        make::directory(&scratch.join(name), owner, owner, mode);
    }
    make::link(&stage.at("u"), &stage.at("home"), 0);
    make::link(&stage.at("disk"), &scratch, 0);
    make::link(&common.join("to-home"), &alice.home, mallory.uid());
    make::link(&alice.home.join("out"), &common, her);
    make::link(&alice.home.join("big"), &scratch.join("closed"), her);
    make::directory(&stage.checkout.join(".cargo"), her, her, 0o755);
}

/// Each kind of place, with an existing and a missing build directory, configured by the environment, a
/// checked-in file and the command line.
fn own_places(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let mallory = stage.person("mallory");
    make_places(stage, &alice, &mallory);
    let (her, scratch, common) = (alice.uid(), stage.at("scratch"), stage.at("common"));
    let home_by_link = stage.at("u").join(alice.home.file_name().expect("no name"));
    let (home, by_link) = (&alice.home, &home_by_link);
    for (place, home, is_own) in [
        (scratch.join("closed"), home, true),
        (scratch.join("readable"), home, false),
        (scratch.join("mallorys"), home, false),
        (stage.at("disk/closed"), home, true),
        (home.clone(), home, true),
        (home.clone(), by_link, true),
        (by_link.clone(), by_link, true),
        (by_link.clone(), home, true),
        (home.join("big"), home, true),
        (home.join("out"), home, false),
        (common.join("to-home"), home, false),
    ] {
        for build_dir in [place.clone(), place.join("not/yet")] {
            let shown = format!("{} with HOME={}", build_dir.display(), home.display());
            let run = || alice.cargo(["check"]).env("HOME", home);
            let is_right = |found: Option<PathBuf>, left: Option<&PathBuf>| match is_own {
                true => found.as_ref() == left,
                false => found.is_some_and(|found| found.starts_with(root.join("alice"))),
            };
            let found = run().env("CARGO_BUILD_BUILD_DIR", &build_dir).run().build_dir();
            assert!(is_right(found.clone(), Some(&build_dir)), "{shown}: variable: {found:?}");
            let text = format!("build.build-dir = \"{}\"\n", build_dir.display());
            let file = stage.checkout.join(".cargo/config.toml");
            make::file(&file, &text, her, 0o644);
            let found = run().run().build_dir();
            assert!(is_right(found.clone(), None), "{shown}: checked in: {found:?}");
            fs::remove_file(&file).unwrap();
            // On the command line it is a choice, wherever it is.
            let found = run().args(["--config", text.trim_end()]).run().build_dir();
            assert!(found.is_none(), "{shown}: typed: {found:?}");
        }
    }
}

/// After `su -m`, `CARGO_HOME` is another user's; on some machines everybody has the same.
fn cargo_home(stage: &Stage) {
    let (root, alice) = stage.sticky();
    let mallory = stage.person("mallory");
    for (name, owner, mode, is_own) in [
        ("own", alice.uid(), 0o755, true),
        ("mallorys", mallory.uid(), 0o777, false),
        ("common", 0, 0o1777, false),
    ] {
        let home = stage.at(name);
        make::directory(&home, owner, owner, mode);
        let run = alice.cargo(["check"]).env("CARGO_HOME", &home);
        let found = run.env("CARGO_BUILD_BUILD_DIR", home.join("build")).run().build_dir();
        let found = found.expect("the variable is gone");
        let is_moved = found.starts_with(root.join("alice"));
        assert!(is_moved != is_own, "in {name}: {}", found.display());
    }
}
