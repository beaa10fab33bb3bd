//! Two workspaces that cargo cannot tell apart: in one target directory it silently runs the wrong
//! program, so each must have its own.
//!
//! Each case is two directories that differ only in a word. The user builds them in turn, and each must
//! show its own word, whatever the other build has left.

mod random;

use std::ffi::OsStr;

use crate::prelude::*;
use crate::stage::project::LAYOUT;

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (layout, channel) in [("stable", Channel::Stable), ("the_new_layout", Channel::Nightly)] {
        let needs = channel.needs();
        for case in CASES {
            let name = format!("{}_on_{layout}", case.name);
            tests.push(test!(name, move |stage| in_turn(stage, case, channel)).needs(needs));
        }
        let all: [(&str, Body); 6] = [
            ("a_checkout_unpacked_again_at_the_same_place", unpacked_again),
            ("nested_builds_of_one_name_in_one_script", nested_of_one_name),
            ("nobody_waits_for_their_own_other_workspace", no_waiting),
            ("two_colliding_workspaces_past_the_shim", past_the_shim),
            ("a_configured_build_directory_does_not_make_build_scripts_hang", nested),
            ("any_workspaces_in_any_order_each_run_their_own", random::any_order),
        ];
        for (name, body) in all {
            let name = format!("{name}_on_{layout}");
            tests.push(test!(name, move |stage| body(stage, channel)).needs(needs).heavy());
        }
    }
    tests.push(
        test!("worktrees_and_clones_each_run_their_own", clones).needs(&[Need::Cargo, Need::Git]),
    );
    tests.push(
        test!("what_is_installed_from_elsewhere_stays_in_the_private_directory", install,)
            .needs(&[Need::Cargo, Need::Git, Need::Registry]),
    );
    tests
}

/// A test on a channel.
type Body = fn(&Stage, Channel);

/// Two directories, made of the same tree: `WORD` stands for the word of each.
struct Case {
    name: &'static str,
    tree: project::Tree<'static>,
    /// The working directory, below the case's directory.
    within: &'static str,
    args: &'static [&'static str],
    shows: Shows,
}

/// Where the word must show.
#[derive(Clone, Copy)]
enum Shows {
    /// On stdout.
    Printed,
    /// In this file below the target directory, as `is WORD!`.
    InFile(&'static str),
    /// In the output of this installed program.
    Installed(&'static str),
}

const APP: &str = package!("app");
const PRINTS: &str = "fn main() { println!(\"WORD\"); }\n";
const COMMON: &str = package!("common");
const SAYS: &str = "//! This is WORD!\npub fn word() -> &'static str { \"WORD\" }\n";
const USES: &str = "fn main() { println!(\"{}\", common::word()); }\n";
const USING: &str = package!("app-WORD", "[dependencies]\ncommon = { path = \"../common\" }\n");

const MEMBERS: Case = Case {
    name: "two_workspaces_with_a_member_of_one_name",
    tree: &[
        ("Cargo.toml", "[workspace]\nmembers = [\"*\"]\nresolver = \"2\"\n"),
        ("app/Cargo.toml", USING),
        ("app/src/main.rs", USES),
        ("common/Cargo.toml", COMMON),
        ("common/src/lib.rs", SAYS),
    ],
    within: "app",
    args: &["run", "-q"],
    shows: Shows::Printed,
};

const CASES: &[Case] = &[
    Case {
        name: "two_repositories_with_an_xtask",
        tree: &[
            ("Cargo.toml", "[workspace]\nmembers = [\"xtask\"]\n"),
            ("xtask/Cargo.toml", package!("xtask")),
            ("xtask/src/main.rs", PRINTS),
            (".cargo/config.toml", "[alias]\nxtask = \"run -q -p xtask --\"\n"),
        ],
        within: "",
        args: &["xtask"],
        shows: Shows::Printed,
    },
    Case {
        name: "two_programs_of_one_name_that_are_installed",
        tree: &[("Cargo.toml", APP), ("src/main.rs", PRINTS)],
        within: "",
        args: &["install", "-q", "--offline", "--force", "--path", "."],
        shows: Shows::Installed("app"),
    },
    MEMBERS,
    Case {
        name: "path_packages_that_are_no_members",
        tree: &[
            (
                "Cargo.toml",
                package!(
                    "app-WORD",
                    "[dependencies]\ncommon = { path = \"common\" }\n\
                 [workspace]\nexclude = [\"common\"]\n"
                ),
            ),
            ("src/main.rs", USES),
            ("common/Cargo.toml", COMMON),
            ("common/src/lib.rs", SAYS),
        ],
        within: "",
        args: &["run", "-q"],
        shows: Shows::Printed,
    },
    Case {
        name: "a_workspace_in_another_one",
        tree: &[
            ("Cargo.toml", package!("outer", "[workspace]\nexclude = [\"inner\"]\n")),
            ("src/main.rs", "fn main() {}\n"),
            ("inner/Cargo.toml", package!("app", "[workspace]\n")),
            ("inner/src/main.rs", PRINTS),
        ],
        within: "inner",
        args: &["run", "-q"],
        shows: Shows::Printed,
    },
    Case {
        name: "packages_that_name_their_workspace",
        tree: &[
            ("root/Cargo.toml", "[workspace]\nmembers = [\"../app\"]\n"),
            ("app/Cargo.toml", package!("app", "workspace = \"../root\"\n")),
            ("app/src/main.rs", PRINTS),
        ],
        within: "app",
        args: &["run", "-q"],
        shows: Shows::Printed,
    },
    Case {
        name: "two_extension_modules_of_one_name",
        tree: &[
            (
                "Cargo.toml",
                package!("python-WORD", "[lib]\nname = \"_core\"\ncrate-type = [\"cdylib\"]\n"),
            ),
            ("src/lib.rs", "#[unsafe(no_mangle)] pub static THIS: &str = \"is WORD!\";\n"),
        ],
        within: "",
        args: &["build", "-q"],
        shows: Shows::InFile("debug/lib_core.so"),
    },
    Case {
        name: "the_documentation_of_equal_names",
        tree: &[("Cargo.toml", COMMON), ("src/lib.rs", SAYS)],
        within: "",
        args: &["doc", "-q", "--no-deps"],
        shows: Shows::InFile("doc/common/index.html"),
    },
    Case {
        name: "examples_of_one_name",
        tree: &[("Cargo.toml", COMMON), ("src/lib.rs", SAYS), ("examples/show.rs", USES)],
        within: "",
        args: &["run", "-q", "--example", "show"],
        shows: Shows::Printed,
    },
];

impl Case {
    /// How a word shows.
    fn sign(&self, word: &str) -> String {
        match self.shows {
            Shows::InFile(_) => format!("is {word}!"),
            Shows::Printed | Shows::Installed(_) => format!("{word}\n"),
        }
    }

    /// The text in which it shows after a run.
    fn found(&self, run: &Outcome, alice: &Person<'_>, place: &Path) -> String {
        run.ok();
        match self.shows {
            Shows::Printed => run.stdout.clone(),
            Shows::InFile(file) => {
                let bytes = fs::read(alice.target_in(place).join(file)).unwrap();
                String::from_utf8_lossy(&bytes).into_owned()
            }
            Shows::Installed(name) => {
                alice.program(alice.home.join(".cargo/bin").join(name), [""; 0]).run().stdout
            }
        }
    }
}

/// Writes a case's tree with a word in it.
fn write(case: &Case, word: &str, directory: &Path, alice: &Person<'_>) {
    let with_word = |text: &str| text.replace("WORD", word);
    let tree: Vec<(&str, String)> =
        case.tree.iter().map(|(path, text)| (*path, with_word(text))).collect();
    let tree: Vec<(&str, &str)> = tree.iter().map(|(path, text)| (*path, &**text)).collect();
    project::write(directory, &tree, alice);
}

/// Writes it twice into one repository, without a common workspace.
fn two(
    stage: &Stage,
    case: &Case,
    words: [&'static str; 2],
    alice: &Person<'_>,
) -> [(&'static str, PathBuf); 2] {
    let both = words.map(|word| (word, stage.checkout.join(word)));
    both.iter().for_each(|(word, directory)| write(case, word, directory, alice));
    both
}

/// An invocation in a directory, with the toolchain and the layout of a channel.
fn at<'p>(run: Invocation<'p>, channel: Channel, directory: &Path) -> Invocation<'p> {
    let run = run.with(channel).within(directory);
    if channel == Channel::Nightly { run.env(LAYOUT, "true") } else { run }
}

fn in_turn(stage: &Stage, case: &Case, channel: Channel) {
    let (root, alice) = stage.provisioned();
    let both = two(stage, case, ["first", "other"], &alice);
    for (word, directory) in both.iter().chain(&both) {
        let place = directory.join(case.within);
        let run = at(alice.cargo(case.args), channel, &place).run();
        let found = case.found(&run, &alice, &place);
        for (other, _) in &both {
            let is_shown = found.contains(&case.sign(other));
            assert!(is_shown == (word == other), "`{}` shows {found}", place.display());
        }
    }
    assert!(!root.join("alice/target").exists(), "a common `target`");
}

/// A program without dependencies, in its own workspace.
const PROGRAM: Case = Case {
    name: "",
    tree: &[("Cargo.toml", APP), ("src/main.rs", PRINTS)],
    within: "",
    args: &["run", "-q"],
    shows: Shows::Printed,
};

fn speaks(run: Invocation<'_>, word: &str) {
    run.run().ok().prints(format!("{word}\n"));
}

/// With the archive's times, so that only the directory itself shows that it is another one.
fn unpacked_again(stage: &Stage, channel: Channel) {
    let (_, alice) = stage.provisioned();
    let place = alice.home.join("app");
    for word in ["first", "other"] {
        let archive = alice.home.join(word);
        write(&PROGRAM, word, &archive, &alice);
        alice.shell("find \"$1\" -exec touch -d 2020-01-01 {} +", [&archive]).run().ok();
    }
    for word in ["first", "other", "first", "other"] {
        let unpack = "rm -rf \"$2\" && cp -a \"$1\" \"$2\"";
        alice.shell(unpack, [&alice.home.join(word), &place]).run().ok();
        speaks(at(alice.cargo(PROGRAM.args), channel, &place), word);
    }
}

/// A script that runs two packages of the same name, each its own workspace, and prints their output.
fn nested_of_one_name(stage: &Stage, channel: Channel) {
    let (_, alice) = stage.provisioned();
    let script = "use std::process::Command;\nfn main() {\n    let said = [\"first\", \
                  \"other\"].map(|name| {\n        let manifest = format!(\"{name}/Cargo.toml\");\n        \
                  let words = [\"run\", \"-q\", \"--manifest-path\", &manifest];\n        let run = \
                  Command::new(\"cargo\").args(words).output().unwrap();\n        \
                  String::from_utf8(run.stdout).unwrap().trim().to_owned()\n    });\n    \
                  println!(\"cargo::rustc-env=SAID={}\", said.join(\" and \"));\n}\n";
    let place = stage.checkout.join("outer");
    let inner = package!("helper", "[workspace]\n");
    let tree: project::Tree<'_> = &[
        ("Cargo.toml", "[package]\nname = \"outer\"\nedition = \"2021\"\n[workspace]\n"),
        ("build.rs", script),
        ("src/main.rs", "fn main() { println!(\"{}\", env!(\"SAID\")); }\n"),
        ("first/Cargo.toml", inner),
        ("first/src/main.rs", &PRINTS.replace("WORD", "first")),
        ("other/Cargo.toml", inner),
        ("other/src/main.rs", &PRINTS.replace("WORD", "other")),
    ];
    project::write(&place, tree, &alice);
    alice.shell("find \"$1\" -exec touch -d 2020-01-01 {} +", [&place]).run().ok();
    let limit = std::time::Duration::from_secs(90);
    speaks(at(alice.cargo(["run", "-q"]), channel, &place).limit(limit), "first and other");
}

/// A build script that takes its time holds the lock of its own workspace only.
fn no_waiting(stage: &Stage, channel: Channel) {
    let (_, alice) = stage.provisioned();
    let both = two(stage, &PROGRAM, ["slow", "quick"], &alice);
    let script = format!(
        "fn main() {{ let _ = std::fs::write({:?}, \"\"); \
         std::thread::sleep(std::time::Duration::from_secs(20)); }}\n",
        alice.home.join("started")
    );
    project::write(&both[0].1, &[("build.rs", &script)], &alice);
    let mut slow = at(alice.cargo(["check", "-q"]), channel, &both[0].1).start();
    wait_until("the build script does not start", || alice.home.join("started").exists());
    at(alice.cargo(["check"]), channel, &both[1].1).run().ok().never_says("Blocking");
    assert!(!slow.is_over(), "the other build was over before");
}

/// Editors and tools that bypass the shim have a session's variables.
fn past_the_shim(stage: &Stage, channel: Channel) {
    let (root, alice) = stage.provisioned();
    let case = &MEMBERS;
    let both = two(stage, case, ["first", "other"], &alice);
    let direct = "eval \"$(cargo-peruser env)\" && exec \"$1/bin/cargo\" run -q";
    for (word, directory) in both.iter().chain(&both).chain(&both).chain(&both) {
        let run = alice.shell(direct, [channel.place()]);
        speaks(at(run, channel, &directory.join(case.within)), word);
    }
    assert!(root.join("alice/build").is_dir(), "intermediates went elsewhere");
    private(&root.join("alice"), alice.uid());
    // In the same session the shim gives each its own directory, and removes the variable.
    let shim = "eval \"$(cargo-peruser env)\" && exec cargo run -q";
    speaks(at(alice.shell(shim, [""; 0]), channel, &both[0].1.join(case.within)), "first");
    let own = alice.target_in(&both[0].1);
    let deps = if channel == Channel::Stable { "debug/deps" } else { "debug/build" };
    assert!(own.join(deps).is_dir(), "the shim left the build directory elsewhere");
}

/// A checked-in build directory that is not alice's, and a build script that builds another workspace,
/// in the usual ways of separating such builds; or its own again, which works only with the shim.
fn nested(stage: &Stage, channel: Channel) {
    let (root, alice) = stage.provisioned();
    let limit = std::time::Duration::from_secs(90);
    for (number, (change, directory)) in [
        ("Command::new(env!(\"CARGO\")).env_remove(\"CARGO_TARGET_DIR\").arg(\"build\")", "inner"),
        ("Command::new(env!(\"CARGO\")).args([\"build\", \"--target-dir\", &out])", "inner"),
        ("Command::new(\"cargo\").env_remove(\"CARGO_TARGET_DIR\").arg(\"build\")", "inner"),
        ("Command::new(\"cargo\").arg(\"build\")", "inner"),
        ("Command::new(\"cargo\").env_remove(\"CARGO_TARGET_DIR\").arg(\"build\")", "."),
        ("Command::new(\"cargo\").arg(\"build\")", "."),
    ]
    .into_iter()
    .enumerate()
    {
        let place = stage.checkout.join(number.to_string());
        let script = format!(
            "use std::process::Command;\nfn main() {{\n    if std::env::var_os(\"INNER\").is_some() {{\n        \
             return;\n    }}\n    let out = std::env::var(\"OUT_DIR\").unwrap() + \"/nested\";\n    \
             let _ = &out;\n    let status = {change}.env(\"INNER\", \"1\")\
             .current_dir(\"{directory}\").status();\n    assert!(status.unwrap().success());\n}}\n"
        );
        let tree: project::Tree<'_> = &[
            (".cargo/config.toml", "[build]\nbuild-dir = \"{workspace-root}/.build\"\n"),
            ("Cargo.toml", "[package]\nname = \"outer\"\nedition = \"2021\"\n[workspace]\n"),
            ("build.rs", &script),
            ("src/main.rs", "fn main() { println!(\"outer\"); }\n"),
            ("inner/Cargo.toml", "[package]\nname = \"inner\"\nedition = \"2021\"\n[workspace]\n"),
            ("inner/src/main.rs", "fn main() {}\n"),
        ];
        project::write(&place, tree, &alice);
        let run = at(alice.cargo(["run", "-q"]), channel, &place).limit(limit);
        let _context = context(|| change.to_owned());
        speaks(run, "outer");
        assert!(!place.join(".build").exists(), "intermediates went to the shared path");
        for words in [&["clean", "-p", "outer"][..], &["run", "-q"], &["clean"]] {
            at(alice.cargo(words), channel, &place).limit(limit).run().ok();
        }
    }
    assert!(root.join("alice/build").is_dir(), "intermediates went elsewhere");
    private(&root.join("alice"), alice.uid());
}

/// A linked worktree, a clone, and a copy, like a second jj workspace.
fn clones(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let main = stage.checkout.join("main");
    let test = "#[test] fn main_t() { assert_eq!(\"WORD\", \"main\"); }\n";
    let case = Case { tree: &[("Cargo.toml", APP), ("src/main.rs", PRINTS)], ..PROGRAM };
    let all = ["main", "worktree", "clone", "copy"].map(|word| (word, stage.checkout.join(word)));
    write(&case, "main", &main, &alice);
    let commit = "git init -q && git add -A && git -c user.name=a -c user.email=a@b commit -qm 1 && \
                  git worktree add -q ../worktree && git clone -q . ../clone && cp -a . ../copy";
    alice.shell(commit, [""; 0]).within(&main).run().ok();
    for (word, directory) in &all {
        write(&case, word, directory, &alice);
        project::write(directory, &[("tests/t.rs", &test.replace("WORD", word))], &alice);
    }
    for (word, directory) in all.iter().chain(&all) {
        speaks(at(alice.cargo(["run", "-q"]), Channel::Stable, directory), word);
        // A bad commit must not pass because a good one passed.
        let test = at(alice.cargo(["test", "-q"]), Channel::Stable, directory).run();
        assert!(test.status.success() == (*word == "main"), "the tests of `{word}`");
        let own = alice.target_in(directory.join("src"));
        assert!(own.parent() == Some(&root.join("alice")), "it is `{}`", own.display());
        named_after(&own, word);
        private(&own, alice.uid());
    }
    assert!(!root.join("alice/target").exists(), "a common `target` was made as well");
}

/// Cargo would build it below /tmp, where other users can create files above it.
fn install(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    project::stock_cargo_home(&alice);
    // A build script prints its directory.
    let script = "fn main() { let out = std::env::var(\"OUT_DIR\").unwrap(); \
                  println!(\"cargo::rustc-env=PLACE={out}\"); }\n";
    let tells = "fn main() { println!(\"{} {}\", \"WORD\", env!(\"PLACE\")); }\n";
    for word in ["first", "other"] {
        let place = alice.home.join(word).join("app");
        let tree: project::Tree<'_> = &[
            ("Cargo.toml", APP),
            ("build.rs", script),
            ("src/main.rs", &tells.replace("WORD", word)),
        ];
        project::write(&place, tree, &alice);
        let commit =
            "git init -q && git add -A && git -c user.name=a -c user.email=a@b commit -qm 1";
        alice.shell(commit, [""; 0]).within(&place).run().ok();
    }
    let told = || alice.program(alice.home.join(".cargo/bin/app"), [""; 0]).run().stdout;
    for word in ["first", "other", "first"] {
        let url = format!("file://{}", alice.home.join(word).join("app").display());
        let words = ["install", "-q", "--force", "--git", &url];
        let run = at(alice.cargo(words), Channel::Stable, &stage.checkout);
        let run = run.env("CARGO_NET_OFFLINE", "false");
        run.run().ok();
        let told = told();
        let start = format!("{word} {}/alice/build/app-", root.display());
        assert!(told.starts_with(&start), "the program of `{word}` says `{told}`");
    }
    // A later commit of the same version, which is checked out beside the first.
    let place = alice.home.join("first/app");
    let next = "sed -i s/first/later/ src/main.rs && \
                git -c user.name=a -c user.email=a@b commit -qam 2";
    alice.shell(next, [""; 0]).within(&place).run().ok();
    let url = format!("file://{}", place.display());
    let run = at(alice.cargo(["install", "-q", "--git", &url]), Channel::Stable, &stage.checkout);
    run.env("CARGO_NET_OFFLINE", "false").run().ok();
    let told = told();
    assert!(told.starts_with("later "), "after an update it says `{told}`");
    // A crate of the registry has no program to install, but is found and built in the same way.
    let run = alice.by_name(["path", "--", "install", "anyhow"]).run();
    run.prints(root.join("alice/target\n").to_string_lossy());
}

/// `<name>-<16 hexadecimal digits>`
fn named_after(directory: &Path, name: &str) {
    let found = directory.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let hash = found.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
    let plain =
        hash.is_some_and(|hash| hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()));
    assert!(plain, "`{found}` is not `{name}-` and a hash");
}
