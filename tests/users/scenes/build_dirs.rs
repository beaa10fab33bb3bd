//! Configured build directories. Nested builds are in `workspaces`.

use crate::prelude::*;

tests![
    test!("a_place_of_ones_own_is_left_alone_however_it_is_asked_for", own_places),
    test!("a_build_dir_in_a_cargo_home_is_left_alone_only_in_ones_own", cargo_home),
];

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
