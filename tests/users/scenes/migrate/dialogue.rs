//! Messages and signals of a migration: no false message when stdout cannot be written, Ctrl-C at the
//! question, `nohup`, and the choice of a checkout.

use super::interrupted::half_removed;
use super::*;

tests![
    test!("a_full_stdout_is_told_without_a_false_word", full).needs(&[Need::Strace]),
    test!("an_interrupt_at_the_question_ends_it", asked).needs(&[Need::Terminal]),
    test!("a_hangup_that_is_ignored_stays_ignored", nohup).needs(&[Need::Flock]),
    test!("where_the_copy_is_gone_nothing_more_is_removed", gone).needs(&[Need::Strace]),
];

fn full(stage: &Stage) {
    let scene = Scene::new(stage);
    let give = |script: &str| scene.root.shell(script, [&scene.old]).run();
    let run = give("cargo-peruser migrate \"$1\" --to alice --yes >/dev/full");
    run.fails().blames("stdout: no space left on device").helps("nothing was changed");
    scene.is_untouched();
    let late = "exec strace -qq -o /dev/null -P \"$1.log\" -e trace=write \
                -e inject=write:error=ENOSPC:when=2 \
                cargo-peruser migrate \"$1\" --to alice --yes >\"$1.log\"";
    let run = give(late);
    run.fails().blames("stdout").helps("it is in place");
    scene.has_arrived();
}

fn asked(stage: &Stage) {
    let scene = Scene::new(stage);
    // Ctrl-C is a character that the terminal turns into the signal. No answer follows.
    let script = "(sleep 1; printf '\\003'; sleep 1; \
                   pgrep -f \"^cargo-peruser migrate $1 \" >&2 && echo 'still asking' >&2) | \
                  script -qec \"cargo-peruser migrate $1 --to alice\" /dev/null; echo \"ended $?\"";
    let run = scene.root.shell(script, [&scene.old]).env("TERM", "xterm").run();
    run.prints("Move it? [y/N]").prints("ended 130").never_says("still asking");
    scene.is_untouched();
}

fn nohup(stage: &Stage) {
    let scene = Scene::new(stage);
    let script = "flock \"$1/release/.cargo-lock\" sleep 2 & sleep 0.4; trap '' HUP; \
                  cargo-peruser migrate \"$1\" --to alice --yes & migration=$!; sleep 0.6; \
                  kill -HUP $migration; wait $migration";
    scene.root.shell(script, [&scene.old]).run().ok();
    scene.has_moved();
}

/// Root is stopped while it removes the source, and alice removes the copy.
fn gone(stage: &Stage) {
    let (scene, left) = half_removed(stage);
    make::nothing(&scene.target);
    let before = cache::content(&left);
    let run = scene.give(&["--yes"]);
    run.fails().blames("cannot be found").never_says("rm ");
    assert!(cache::content(&left) == before, "something was removed");
}
