//! What a migration says, and hears: nothing false when stdout cannot be written, Ctrl-C at the
//! question, `nohup`, and for which checkout.

use anyhow::{Result, ensure};

use super::scene::Scene;
use crate::machine::Need;
use crate::stage::{Stage, look};
use crate::suite::{Test, test};

pub(super) fn tests() -> Vec<Test> {
    vec![
        test("migrate::said::a_full_stdout_is_told_without_a_false_word", full)
            .needs(&[Need::Strace]),
        test("migrate::said::an_interrupt_at_the_question_ends_it", asked).needs(&[Need::Terminal]),
        test("migrate::said::nobody_is_asked_twice", once).needs(&[Need::Terminal, Need::Strace]),
        test("migrate::said::a_hangup_that_is_ignored_stays_ignored", nohup).needs(&[Need::Flock]),
        test("migrate::said::a_dry_run_refuses_what_the_move_would", dry),
        test("migrate::said::root_says_for_which_checkout", which),
    ]
}

fn full(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let give = |script: &str| scene.root.shell(script, [&scene.old]).run();
    let run = give("cargo-peruser migrate \"$1\" --to alice --yes >/dev/full")?;
    run.fails()?.blames("stdout: no space left on device")?.helps("nothing was changed")?;
    scene.is_untouched()?;
    let late = "exec strace -qq -o /dev/null -P \"$1.log\" -e trace=write \
                -e inject=write:error=ENOSPC:when=2 \
                cargo-peruser migrate \"$1\" --to alice --yes >\"$1.log\"";
    let run = give(late)?;
    run.fails()?.blames("stdout")?.helps("the cache is in its place")?;
    scene.has_arrived()
}

fn asked(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    // Ctrl-C is a character that the terminal turns into the signal. No answer follows.
    let script = "(sleep 1; printf '\\003'; sleep 1; \
                   pgrep -f \"^cargo-peruser migrate $1 \" >&2 && echo 'still asking' >&2) | \
                  script -qec \"cargo-peruser migrate $1 --to alice\" /dev/null; echo \"ended $?\"";
    let run = scene.root.shell(script, [&scene.old]).env("TERM", "xterm").run()?;
    run.prints("Move it? [y/N]")?.prints("ended 130")?.never_says("still asking")?;
    scene.is_untouched()
}

fn once(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let kill = "exec strace -fqq -o /dev/null -e inject=utimensat:signal=KILL:when=3 \
                cargo-peruser migrate \"$1\" --to alice --yes --copy";
    scene.root.shell(kill, [&scene.old]).run()?.fails()?;
    let script = "(sleep 1; echo y; sleep 2) | \
                  script -qec \"cargo-peruser migrate $1 --to alice --copy\" /dev/null";
    let run = scene.root.shell(script, [&scene.old]).env("TERM", "xterm").run()?;
    run.prints("Begin again? [y/N]")?.prints("copied")?.never_says("Move it?")?;
    scene.has_moved()
}

fn nohup(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let script = "flock \"$1/release/.cargo-lock\" sleep 2 & sleep 0.4; trap '' HUP; \
                  cargo-peruser migrate \"$1\" --to alice --yes & migration=$!; sleep 0.6; \
                  kill -HUP $migration; wait $migration";
    scene.root.shell(script, [&scene.old]).run()?.ok()?;
    scene.has_moved()
}

fn which(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let run = scene.giving(&["--yes"]).env("CARGO_PERUSER_SCOPE", "checkout").run()?;
    run.fails()?.blames("which checkout")?.helps("--to alice --checkout CHECKOUT")?;
    ensure!(look(&scene.old)?.is_some(), "it was moved");
    scene.is_untouched()
}

fn dry(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    scene.alice.cargo(["build"]).run()?.ok()?;
    let run = scene.give(&["--dry-run"])?;
    run.fails()?.prints("destination")?.helps("--replace")?;
    scene.give(&["--dry-run", "--replace"])?.ok()?;
    let run = scene.giving(&["--yes", "--replace", "--build", "--checkout"]).arg(&stage.checkout);
    run.run()?.ok()?.mentions("`--build` is ignored")?;
    scene.has_moved()
}
