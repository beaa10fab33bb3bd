//! Two copies of one package: cargo cannot tell them apart in one target directory and silently
//! runs the wrong binary, so each must have its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::machine::{Channel, Need};
use crate::stage::{Person, Stage, private, project};
use crate::suite::{Test, test};

const NEEDS: &[Need] = &[Need::Cargo, Need::Git];

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test(
            "worktrees::a_linked_worktree_and_its_main_checkout_each_run_their_own_binary",
            linked,
        )
        .needs(NEEDS),
        test("worktrees::past_the_shim_a_worktree_gets_what_its_main_checkout_has_built", past)
            .needs(NEEDS),
        test("worktrees::two_clones_each_run_their_own_binary_with_scope_checkout", clones)
            .needs(NEEDS),
        test("worktrees::the_same_place_is_found_from_below_and_by_manifest_path", from_everywhere)
            .needs(&[Need::Git]),
    ]
}

/// A repository with one commit.
fn repository(alice: &Person<'_>) -> Result<PathBuf> {
    let main = alice.stage.checkout.clone();
    project::that_prints("main", &main, alice)?;
    let commit = "git init --quiet && git add --all && \
                  git -c user.name=alice -c user.email=alice@localhost commit --quiet -m first";
    alice.shell(commit, [""; 0]).run()?.ok()?;
    Ok(main)
}

/// A linked worktree beside the main checkout.
fn worktree(alice: &Person<'_>) -> Result<PathBuf> {
    let place = alice.home.join("fix");
    alice.shell("git worktree add --quiet \"$1\"", [&place]).run()?.ok()?;
    Ok(place)
}

/// Runs the program of a checkout, which must be that checkout's own.
fn speaks(alice: &Person<'_>, checkout: &Path, word: &str, scope: &str) -> Result<()> {
    let run = alice.cargo(["run", "--quiet"]).with(Channel::Stable).within(checkout);
    let run = run.env("CARGO_PERUSER_SCOPE", scope).run()?;
    run.ok()?;
    ensure!(
        run.stdout == format!("{word}\n"),
        "`{}` ran `{}`",
        checkout.display(),
        run.stdout.trim()
    );
    Ok(())
}

fn linked(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let main = repository(&alice)?;
    let fix = worktree(&alice)?;
    project::that_prints("worktree", &fix, &alice)?;
    for _ in 0..2 {
        speaks(&alice, &main, "main", "user")?;
        speaks(&alice, &fix, "worktree", "user")?;
    }
    ensure!(
        root.join("alice/target/debug/speaker").is_file(),
        "the main checkout is not in `target`"
    );
    let own = target_of(&alice, &fix, &["path"], "user")?;
    ensure!(own.parent() == Some(&root.join("alice")), "the worktree's is `{}`", own.display());
    named_after(&own, "fix")?;
    ensure!(
        own.join("debug/speaker").is_file(),
        "`path` says `{}`, the build does not",
        own.display()
    );
    private(&own, alice.uid())
}

/// The limit of an exported variable, which cannot know the place: editors go past the shim.
fn past(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let main = repository(&alice)?;
    let fix = worktree(&alice)?;
    project::that_prints("worktree", &fix, &alice)?;
    let editor = "eval \"$(cargo-peruser env)\" && exec \"$1/bin/cargo\" run --quiet";
    for checkout in [&main, &fix] {
        let run = alice.shell(editor, [Channel::Stable.place()]).with(Channel::Stable);
        run.within(checkout).run()?.ok()?.prints("main\n")?;
    }
    speaks(&alice, &fix, "worktree", "user")
}

fn clones(stage: &Stage) -> Result<()> {
    let root = stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    let first = repository(&alice)?;
    let second = alice.home.join("second");
    alice.shell("git clone --quiet \"$1\" \"$2\"", [&first, &second]).run()?.ok()?;
    project::that_prints("second", &second, &alice)?;
    for _ in 0..2 {
        speaks(&alice, &first, "main", "checkout")?;
        speaks(&alice, &second, "second", "checkout")?;
    }
    for (checkout, name) in [(&first, "checkout"), (&second, "second")] {
        let own = target_of(&alice, checkout, &["path"], "checkout")?;
        ensure!(own.parent() == Some(&root.join("alice")), "it is `{}`", own.display());
        named_after(&own, name)?;
        private(&own, alice.uid())?;
    }
    ensure!(!root.join("alice/target").exists(), "a common `target` was made as well");
    Ok(())
}

fn from_everywhere(stage: &Stage) -> Result<()> {
    stage.shared_root().provisioned()?;
    let alice = stage.person("alice")?;
    repository(&alice)?;
    let fix = worktree(&alice)?;
    let expected = target_of(&alice, &fix, &["path"], "user")?;
    named_after(&expected, "fix")?;
    let manifest = fix.join("Cargo.toml");
    let manifest = manifest.to_str().context("a plain path")?;
    let from_below = target_of(&alice, &fix.join("src"), &["path"], "user")?;
    let by_path = target_of(
        &alice,
        &stage.directory,
        &["path", "--", "build", "--manifest-path", manifest],
        "user",
    )?;
    ensure!(from_below == expected, "from below it is `{}`", from_below.display());
    ensure!(by_path == expected, "by manifest path it is `{}`", by_path.display());
    let run = alice.cargo(["build", "--manifest-path", manifest]).within(&stage.directory).run()?;
    run.builds_in(expected)?;
    Ok(())
}

/// What `cargo-peruser path` prints.
fn target_of(alice: &Person<'_>, directory: &Path, args: &[&str], scope: &str) -> Result<PathBuf> {
    let run = alice.by_name(args).within(directory).env("CARGO_PERUSER_SCOPE", scope).run()?;
    run.silently()?;
    Ok(run.stdout.trim_end_matches('\n').into())
}

/// `<name>-<16 hexadecimal digits>`
fn named_after(directory: &Path, name: &str) -> Result<()> {
    let found = directory.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let hash = found.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
    let plain =
        hash.is_some_and(|hash| hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()));
    ensure!(plain, "`{found}` is not `{name}-` and a hash");
    Ok(())
}
