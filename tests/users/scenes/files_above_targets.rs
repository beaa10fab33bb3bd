//! Files that mallory puts above target directories: cargo, rustup and build tools read files in every
//! directory above one.

use crate::prelude::*;

const CARGO: &[Need] = &[Need::Cargo];
const TRYBUILD: &[Need] = &[Need::Cargo, Need::Registry, Need::Trybuild];

/// Records the user it runs as, and then compiles.
const WRAPPER: &str = "#!/bin/sh\nid -u >>\"${0%/*}/log\"\nexec \"$@\"\n";

/// The shared roots that `setup` creates, and those that settings can accept.
#[derive(Clone, Copy)]
enum Ground {
    /// root:root 0755, provisioned.
    Default,
    /// root:devs 0750, provisioned.
    Group,
    /// root:root 1777, accepted.
    Sticky,
}

impl Ground {
    fn make(self, stage: &Stage) -> PathBuf {
        match self {
            Ground::Default => stage.shared_root().provisioned(),
            Ground::Group => stage.shared_root().group("devs").mode(0o750).provisioned(),
            Ground::Sticky => stage.shared_root().sticky().make(),
        }
    }
}

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test!("nothing_foreign_is_read_in_an_accepted_sticky_root", foreign_names,),
        test!("what_is_left_in_a_root_that_was_closed_by_hand_is_refused", left_behind,),
        test!("a_home_below_a_sticky_directory_builds_what_is_in_it", home_below_tmp)
            .needs(&[Need::AllIds]),
        test!("a_mount_that_claims_to_be_hers_is_refused", fuse).needs(&[Need::Fuse]),
        test!("a_disk_that_root_has_mounted_is_used", mounted),
    ];
    // trybuild reads the same files above a target directory as a nested build.
    for (ground, name, who, project) in [
        (Ground::Default, "default", "root", Project::Trybuild),
        (Ground::Group, "group", "alice", Project::NestedBuild),
        (Ground::Sticky, "sticky", "root", Project::NestedBuild),
    ] {
        let name = format!("what_{who}_builds_below_a_{name}_root_reads_nothing_of_mallorys");
        let body = move |stage: &Stage| safe(stage, ground, who, project);
        tests.push(test!(name, body).needs(project.needs()).heavy());
    }
    tests
}

/// A program that runs in a directory below its own target directory.
#[derive(Clone, Copy)]
enum Project {
    /// A build script that runs `cargo build` on a package that it writes to OUT_DIR.
    NestedBuild,
    /// A test with trybuild, which writes a package to the target directory.
    Trybuild,
}

impl Project {
    fn write(self, to: &Path, person: &Person<'_>) {
        match self {
            Project::NestedBuild => project::write(
                to,
                &[
                    ("Cargo.toml", "[package]\nname = 'outer'\nversion = '0.1.0'\n[workspace]\n"),
                    ("src/lib.rs", ""),
                    ("build.rs", NESTED),
                ],
                person,
            ),
            Project::Trybuild => {
                project::stock_cargo_home(person);
                project::write(
                    to,
                    &[
                        ("Cargo.toml", WITH_TRYBUILD),
                        ("src/lib.rs", ""),
                        ("tests/compiles.rs", COMPILES),
                        ("tests/ui/good.rs", "fn main() {}\n"),
                    ],
                    person,
                );
            }
        }
    }

    fn needs(self) -> &'static [Need] {
        match self {
            Project::NestedBuild => CARGO,
            Project::Trybuild => TRYBUILD,
        }
    }

    fn words(self) -> &'static [&'static str] {
        match self {
            Project::NestedBuild => &["build"],
            Project::Trybuild => &["test"],
        }
    }
}

const NESTED: &str = r#"
use std::process::Command;

fn main() {
    let inner = std::path::Path::new(&std::env::var_os("OUT_DIR").unwrap()).join("inner");
    std::fs::create_dir_all(inner.join("src")).unwrap();
    std::fs::write(inner.join("src/lib.rs"), "").unwrap();
    let manifest = "[package]\nname = 'inner'\nversion = '0.1.0'\n[workspace]\n";
    std::fs::write(inner.join("Cargo.toml"), manifest).unwrap();
    let mut cargo = Command::new("cargo");
    // With the variable, this cargo would wait for its parent's lock.
    cargo.env_remove("CARGO_TARGET_DIR").current_dir(&inner);
    let status = cargo.arg("build").status().unwrap();
    assert!(status.success());
}
"#;

const WITH_TRYBUILD: &str = "[package]\nname = 'outer'\nversion = '0.1.0'\nedition = '2021'\n\
                             [dev-dependencies]\ntrybuild = { version = '1', default-features = false }\n\
                             [workspace]\n";

const COMPILES: &str =
    "#[test]\nfn compiles() {\n    trybuild::TestCases::new().pass(\"tests/ui/good.rs\");\n}\n";

/// Mallory's wrapper, and the log of users it has run as.
fn wrapper(stage: &Stage) -> (PathBuf, PathBuf) {
    let directory = stage.at("evil");
    make::directory(&directory, 2003, 2003, 0o777);
    make::file(&directory.join("wrapper"), WRAPPER, 2003, 0o755);
    let log = directory.join("log");
    make::file(&log, "", 2003, 0o666);
    make::own(&log, 2003, 2003, 0o666);
    (directory.join("wrapper"), log)
}

/// Mallory puts a configuration with her wrapper above everybody's target directories, if she can.
fn plant(stage: &Stage, root: &Path, wrapper: &Path) -> bool {
    let mallory = stage.person("mallory");
    let script = "mkdir \"$1/.cargo\" && printf '[build]\\nrustc-wrapper = \"%s\"\\n' \"$2\" \
                  >\"$1/.cargo/config.toml\"";
    mallory.shell(script, [root, wrapper]).run().status.success()
}

fn safe(stage: &Stage, ground: Ground, who: &str, project: Project) {
    let root = ground.make(stage);
    let (wrapper, log) = wrapper(stage);
    let has_planted = plant(stage, &root, &wrapper);
    let person = stage.person(who);
    let sources = person.home.join("sources");
    make::directory(&sources, person.uid(), person.uid(), 0o700);
    project.write(&sources, &person);
    let run = person.cargo(project.words()).with(Channel::Stable).within(&sources).run();
    match ground {
        Ground::Default | Ground::Group => {
            assert!(!has_planted, "mallory can write to the shared root");
            run.ok();
            let built = fs::read_dir(root.join(who)).unwrap().flatten();
            let built = built.filter(|entry| entry.path().join("debug").exists()).count();
            assert!(built == 1, "{built} directories were built in");
        }
        Ground::Sticky => {
            assert!(has_planted, "mallory cannot write to a sticky root");
            run.refused().blames(root.join(".cargo").to_string_lossy()).blames("mallory");
        }
    }
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.is_empty(), "mallory's wrapper has run as {log}");
}

/// Each name that cargo or rustup reads. The caller's own files and root's are trusted.
fn foreign_names(stage: &Stage) {
    let (root, alice) = stage.sticky();
    for name in [".cargo", "Cargo.toml", "rust-toolchain", "rust-toolchain.toml"] {
        let path = root.join(name);
        for (owner, mode, is_refused) in
            [(2003, 0o644, true), (0, 0o666, true), (0, 0o644, false), (2001, 0o644, false)]
        {
            make::file(&path, "", owner, mode);
            make::own(&path, owner, owner, mode);
            let run = alice.cargo(["build"]).run();
            match is_refused {
                true => run.refused().blames(path.to_string_lossy()),
                false => run.ok(),
            };
            fs::remove_file(&path).unwrap();
        }
        make::link(&path, "/etc".as_ref(), 2003);
        alice.cargo(["build"]).run().refused().blames(path.to_string_lossy());
        fs::remove_file(&path).unwrap();
    }
}

/// Mallory created it while she could, and can still change it.
fn left_behind(stage: &Stage) {
    let root = stage.shared_root().sticky().make();
    let (wrapper, _) = wrapper(stage);
    assert!(plant(stage, &root, &wrapper), "mallory can write to a sticky root");
    make::directory(&root.join("alice"), 2001, 2001, 0o700);
    stage.shared_root().mode(0o755).make();
    // `metadata` only looks.
    for (who, word) in [("alice", "metadata"), ("alice", "build"), ("root", "build")] {
        let run = stage.person(who).cargo([word]).run();
        run.refused().blames(root.join(".cargo").to_string_lossy());
    }
}

/// As in a container, or for a first try: the README's first command, with the sources at home.
fn home_below_tmp(stage: &Stage) {
    let tmp = stage.at("tmp");
    make::directory(&tmp, 0, 0, 0o1777);
    for who in ["alice", "root"] {
        let person = stage.person(who);
        let home = tmp.join(who);
        make::directory(&home, person.uid(), person.uid(), 0o700);
        let sources = home.join("app");
        make::directory(&sources, person.uid(), person.uid(), 0o755);
        let manifest = "[package]\nname = 'app'\nversion = '0.1.0'\n";
        make::file(&sources.join("Cargo.toml"), manifest, person.uid(), 0o644);
        let build = || {
            let run = person.by_name(["build"]).env("HOME", &home).within(&sources);
            run.unset("CARGO_PERUSER_SHARED_ROOT").run()
        };
        build().silently();
        private(&home.join(".cache/cargo-peruser"), person.uid());
        // This is for directories above the home, not for one that only seems to be root's.
        for (place, owner, mode) in [(&home, person.uid(), 0o1777), (&tmp, 65534, 0o755)] {
            let before = look(place).expect("a directory");
            make::own(place, owner, owner, mode);
            build().refused().blames(format!("`{}`", place.display()));
            make::own(place, before.uid, before.uid, before.mode);
        }
    }
}

/// Everybody may use FUSE, as on most machines; mallory shows alice a directory that looks like hers.
fn fuse(stage: &Stage) {
    let (root, alice) = stage.sticky();
    let mallory = stage.person("mallory");
    let evil = stage.at("evil");
    make::directory(&evil, mallory.uid(), mallory.uid(), 0o755);
    let place = root.join("alice");
    let script =
        "mkdir -m 0700 \"$2\" && bindfs -u alice -g alice -p 0700 -o allow_other \"$1\" \"$2\"";
    mallory.shell(script, [&evil, &place]).run().ok();
    is_refused(&alice, &place);
    do_as_root("umount", [path(&place)]);
}

fn is_refused(alice: &Person<'_>, place: &Path) {
    let sight = look(place).expect("nothing is mounted");
    assert!(
        (sight.uid, sight.mode) == (alice.uid(), 0o700),
        "it does not look like hers: {sight:?}"
    );
    alice.cargo(["build"]).run().refused().blames(place.to_string_lossy());
}

/// A disk of alice's own in a sticky root.
fn mounted(stage: &Stage) {
    let (root, alice) = stage.sticky();
    let place = root.join("alice");
    make::tmpfs(&place, "mode=0700,uid=2001,gid=2001");
    alice.cargo(["build"]).run().silently().builds_in(place.join("target"));
    private(&place, alice.uid());
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}
