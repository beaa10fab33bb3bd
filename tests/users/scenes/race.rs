//! Alice's first run against mallory, who plants and takes away without a pause.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::stage::{Person, Stage, look, make, private};
use crate::suite::{Test, test};

const ROUNDS: usize = 100;

/// Plants a directory open to all, then a symlink to a trap, for as long as `$1` exists.
const PLANT: &str = r#"
while [ -e "$1" ]; do
    mkdir -m 0777 "$2" 2>/dev/null && rmdir "$2"
    ln -sn "$3" "$2" 2>/dev/null && rm -f "$2"
done
"#;

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("race::a_first_run_against_a_planter_is_private_or_refused_in_1777", |stage| {
            against_a_planter(stage, 0o1777)
        })
        .heavy(),
        test("race::a_first_run_against_a_planter_is_private_or_refused_in_3775", |stage| {
            against_a_planter(stage, 0o3775)
        })
        .heavy(),
    ]
}

fn against_a_planter(stage: &Stage, mode: u32) -> Result<()> {
    let root = stage.shared_root().group("devs").mode(mode).accepted().make()?;
    let (alice, mallory) = (stage.person("alice")?, stage.person("mallory")?);
    let trap = stage.at("trap");
    make::directory(&trap, mallory.uid(), mallory.uid(), 0o777)?;
    let signal = stage.at("signal");
    make::file(&signal, "", 0, 0o644)?;
    let planter = mallory.shell(PLANT, [&signal, &root.join("alice"), &trap]).start()?;
    let mut private_rounds = 0;
    for round in 0..ROUNDS {
        private_rounds +=
            usize::from(first_run(&alice, &root).with_context(|| format!("round {round}"))?);
        ensure!(fs::read_dir(&trap)?.next().is_none(), "round {round}: something is in the trap");
    }
    fs::remove_file(&signal)?;
    planter.finish()?;
    // Only both outcomes together show that there was a race.
    ensure!(private_rounds > 0, "every one of {ROUNDS} rounds was refused");
    ensure!(private_rounds < ROUNDS, "not one of {ROUNDS} rounds met the planter");
    Ok(())
}

/// Whether the run got its private directory; anything but that or a refusal is an error.
fn first_run(alice: &Person<'_>, root: &Path) -> Result<bool> {
    let directory = root.join("alice");
    if look(&directory)?.is_some_and(|sight| sight.uid == alice.uid()) {
        make::nothing(&directory)?;
    }
    let outcome = alice.cargo(["build"]).run()?;
    match outcome.status.code() {
        Some(0) => {
            private(&directory, alice.uid())?;
            ensure!(directory.join("target/debug/app").is_file(), "the build went elsewhere");
            Ok(true)
        }
        Some(_) => outcome.refused().map(|_| false),
        None => bail!("{}: {}", outcome.shown, outcome.status),
    }
}
