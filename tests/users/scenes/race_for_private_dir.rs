//! Alice's first run against mallory, who plants and removes entries in a loop.
//!
//! Every class of command has its own danger: one writes through a symlink, one deletes through it, one
//! executes or trusts what it finds.

use crate::prelude::*;
use crate::stage::cache::names;

/// One command of each class.
const COMMANDS: &[(&str, &[&str])] = &[
    ("build", &["build"]),
    ("clean", &["clean"]),
    ("clean_of_one_package", &["clean", "-p", "x"]),
    ("install", &["install", "x"]),
    ("run", &["run"]),
    ("metadata", &["metadata", "--no-deps"]),
];

/// Plants a directory that everybody can write to, then a symlink to a trap, while `$1` exists.
const PLANT: &str = r#"
while [ -e "$1" ]; do
    mkdir -m 0777 "$2" 2>/dev/null && rmdir "$2"
    ln -sn "$3" "$2" 2>/dev/null && rm -f "$2"
done
"#;

/// A file with which mallory wants to deceive cargo.
const LIE: &str = "mallory says";

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (name, words) in COMMANDS {
        let name = format!("a_first_{name}_against_a_planter_is_private_or_refused");
        tests.push(test!(name, move |stage| against_a_planter(stage, words)).heavy());
    }
    tests
}

fn against_a_planter(stage: &Stage, words: &[&str]) {
    let root = stage.shared_root().group("devs").mode(0o3775).accepted().make();
    let (alice, mallory) = (stage.person("alice"), stage.person("mallory"));
    let trap = Trap::set(stage, &alice, &mallory);
    let signal = stage.at("signal");
    make::file(&signal, "", 0, 0o644);
    let planter = mallory.shell(PLANT, [&signal, &root.join("alice"), &trap.top]).start();
    let (mut private_rounds, rounds) = (0, number("PERUSER_RACE_ROUNDS", 60));
    for round in 0..rounds {
        let _context = context(|| format!("round {round}"));
        let run = first_run(&alice, &root, words);
        private_rounds += usize::from(run);
        trap.is_as_it_was();
    }
    fs::remove_file(&signal).unwrap();
    planter.finish();
    // Both outcomes must occur, or there was no race.
    assert!(private_rounds > 0, "every one of {rounds} rounds was refused");
    assert!(private_rounds < rounds, "not one of {rounds} rounds met the planter");
}

/// The target of mallory's symlinks: one of alice's directories, which he cannot write to, and which
/// looks like her private one.
struct Trap {
    top: PathBuf,
}

impl Trap {
    fn set(stage: &Stage, alice: &Person<'_>, mallory: &Person<'_>) -> Trap {
        let top = stage.at("trap");
        make::directory(&top, alice.uid(), alice.uid(), 0o700);
        make::directory(&top.join("target"), alice.uid(), alice.uid(), 0o700);
        make::file(&top.join("target/thesis"), "years", alice.uid(), 0o600);
        make::file(&top.join("target/.rustc_info.json"), LIE, mallory.uid(), 0o644);
        Trap { top }
    }

    fn is_as_it_was(&self) {
        assert!(names(&self.top) == ["target"], "the trap has {:?}", names(&self.top));
        let inside = names(&self.top.join("target"));
        assert!(inside == [".rustc_info.json", "thesis"], "the trap has {inside:?} in it");
    }
}

/// Whether the run got its private directory; anything but that or a refusal is an error.
fn first_run(alice: &Person<'_>, root: &Path, words: &[&str]) -> bool {
    let directory = root.join("alice");
    if look(&directory).is_some_and(|sight| sight.uid == alice.uid()) {
        make::nothing(&directory);
    }
    let outcome = alice.cargo(words).run();
    outcome.never_says(LIE);
    match outcome.status.code() {
        Some(0) => {
            private(&directory, alice.uid());
            outcome.builds_in(directory.join("target"));
            true
        }
        Some(_) => {
            outcome.refused();
            false
        }
        None => panic!("{}: {}", outcome.shown, outcome.status),
    }
}
