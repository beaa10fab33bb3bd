//! The old cache becomes one person's: as root for somebody, and as a person for oneself.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::machine::Need;
use crate::stage::cache::{self, Content};
use crate::stage::{Outcome, Person, Stage, look, make, private, tagged};
use crate::suite::{Test, test};

pub(crate) fn tests() -> Vec<Test> {
    vec![
        test("migrate::root_gives_a_mixed_cache_to_alice_by_renaming_it", renamed),
        test("migrate::root_gives_a_copy_where_that_is_asked_for", copied),
        test("migrate::a_person_moves_a_cache_of_their_own", own),
        test("migrate::a_person_copies_a_cache_with_others_files_and_leaves_it", others),
        test("migrate::what_only_its_owner_can_read_is_left_to_root", unreadable),
        test("migrate::the_profile_scripts_directory_goes_one_level_down", gathered),
        test("migrate::content_at_the_destination_is_refused_or_kept_aside", replaced),
        test("migrate::a_destination_with_nothing_but_its_tag_is_no_content", only_the_tag),
        test("migrate::it_changes_nothing_without_a_yes", not_confirmed),
        test("migrate::only_root_gives_to_others_and_root_says_to_whom", who),
        test("migrate::places_inside_one_another_are_refused", nested),
        test("migrate::what_is_no_target_directory_is_refused", not_a_cache),
        test("migrate::a_build_in_progress_is_named_and_waited_for", waits).needs(&[Need::Flock]),
        test("migrate::a_second_migration_at_the_same_time_is_refused", second)
            .needs(&[Need::Flock]),
        test("migrate::a_checkouts_own_directory_is_the_destination_where_it_has_one", checkout),
        test("migrate::an_account_without_a_directory_gets_none", no_place),
        test("migrate::root_makes_nothing_in_anothers_home", no_shared_root),
        test("migrate::a_session_that_exports_the_old_directory_does_not_matter", exported),
    ]
}

/// An old cache that alice and bob have built, beside a sticky shared root.
pub(super) struct Scene<'s> {
    pub(super) alice: Person<'s>,
    pub(super) bob: Person<'s>,
    pub(super) root: Person<'s>,
    pub(super) old: PathBuf,
    pub(super) target: PathBuf,
    pub(super) content: Content,
}

impl<'s> Scene<'s> {
    pub(super) fn new(stage: &'s Stage) -> Result<Self> {
        let shared = stage.shared_root().sticky().make()?;
        let old = stage.at("old");
        cache::build(&old, &[&stage.person("alice")?, &stage.person("bob")?])?;
        let content = cache::content(&old)?;
        Scene::new_with(stage, old, shared.join("alice/target"), content)
    }

    /// The same people with another cache.
    pub(super) fn new_with(
        stage: &'s Stage,
        old: PathBuf,
        target: PathBuf,
        content: Content,
    ) -> Result<Self> {
        let [root, alice, bob] = ["root", "alice", "bob"].map(|name| stage.person(name));
        Ok(Scene { alice: alice?, bob: bob?, root: root?, target, old, content })
    }

    /// One whose cache is alice's alone.
    fn of_alice(stage: &'s Stage) -> Result<Self> {
        let scene = Scene::new(stage)?;
        make::nothing(&scene.old)?;
        let parent = stage.at("alices");
        make::directory(&parent, scene.alice.uid(), scene.alice.uid(), 0o755)?;
        let old = parent.join("old");
        cache::build(&old, &[&scene.alice])?;
        let content = cache::content(&old)?;
        Ok(Scene { old, content, ..scene })
    }

    /// Root gives the old cache to alice.
    pub(super) fn give(&self, flags: &[&str]) -> Result<Outcome> {
        let words = ["migrate".as_ref(), self.old.as_os_str(), "--to".as_ref(), "alice".as_ref()];
        let flags = flags.iter().map(|flag| flag.as_ref());
        self.root.by_name(words.into_iter().chain(flags)).run()
    }

    /// Alice moves the old cache herself.
    fn take(&self, flags: &[&str]) -> Result<Outcome> {
        let words = ["migrate".as_ref(), self.old.as_os_str()];
        let flags = flags.iter().map(|flag| flag.as_ref());
        self.alice.by_name(words.into_iter().chain(flags)).run()
    }

    /// The cache is whole at its new place, alice's alone, and nothing else is left.
    pub(super) fn has_moved(&self) -> Result<()> {
        self.has_arrived()?;
        ensure!(look(&self.old)?.is_none(), "the source is still there");
        let beside = cache::names(self.old.parent().context("a parent")?)?;
        let left = beside.iter().find(|name| name.contains("migrat"));
        ensure!(left.is_none(), "left beside the source: {left:?}");
        Ok(())
    }

    pub(super) fn has_arrived(&self) -> Result<()> {
        let directory = self.target.parent().context("a parent")?;
        private(directory, self.alice.uid())?;
        private(&self.target, self.alice.uid())?;
        tagged(&self.target)?;
        cache::is_all(&self.target, self.alice.uid())?;
        ensure!(cache::content(&self.target)? == self.content, "the cache is not what it was");
        let left = cache::names(directory)?;
        ensure!(!left.iter().any(|name| name == ".migration"), "left behind: {left:?}");
        Ok(())
    }

    /// Nothing has happened.
    pub(super) fn is_untouched(&self) -> Result<()> {
        ensure!(cache::content(&self.old)? == self.content, "the source has changed");
        ensure!(look(&self.target)?.is_none(), "there is a target directory");
        let directory = self.target.parent().context("a parent")?;
        if look(directory)?.is_some() {
            let left = cache::names(directory)?;
            ensure!(left.is_empty(), "left behind: {left:?}");
        }
        Ok(())
    }
}

fn renamed(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let inode = look(&scene.old)?.map(|sight| sight.identity);
    let run = scene.give(&["--yes"])?;
    run.ok()?.prints("renamed")?.prints("alice (uid 2001)")?.prints("bob (uid 2002)")?;
    ensure!(!run.stdout.contains('\x1b'), "a control character reached the terminal");
    ensure!(look(&scene.target)?.map(|sight| sight.identity) == inode, "it was copied");
    scene.has_moved()?;
    scene.alice.cargo(["build"]).run()?.ok()?.builds_in(&scene.target)?;
    // Bob starts empty.
    let run = scene.bob.cargo(["build"]).run()?;
    run.ok()?.builds_in(stage.root.join("bob/target"))?;
    Ok(())
}

fn copied(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    scene.give(&["--yes", "--copy"])?.ok()?.prints("copied")?;
    scene.has_moved()?;
    let sparse = fs::metadata(scene.target.join("debug/deps/sparse"))?;
    let occupied = std::os::unix::fs::MetadataExt::blocks(&sparse) * 512;
    ensure!(occupied < sparse.len(), "the holes were filled: {occupied} of {}", sparse.len());
    Ok(())
}

fn own(stage: &Stage) -> Result<()> {
    let scene = Scene::of_alice(stage)?;
    scene.take(&["--yes"])?.ok()?.prints("renamed")?;
    scene.has_moved()
}

fn others(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let run = scene.take(&["--yes"])?;
    run.ok()?.prints("only root can give you")?.mentions("stays")?;
    scene.has_arrived()?;
    ensure!(cache::content(&scene.old)? == scene.content, "the source has changed");
    Ok(())
}

fn unreadable(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let secret = scene.old.join("debug/deps/secret.rlib");
    make::file(&secret, "of bob's", scene.bob.uid(), 0o600)?;
    let content = cache::content(&scene.old)?;
    let run = scene.take(&["--yes"])?;
    run.fails()?.blames("secret.rlib")?.helps("--to alice")?;
    let scene = Scene { content, ..scene };
    scene.is_untouched()?;
    scene.give(&["--yes"])?.ok()?;
    scene.has_moved()
}

fn gathered(stage: &Stage) -> Result<()> {
    let scene = Scene::of_alice(stage)?;
    let directory = stage.root.join("alice");
    fs::rename(&scene.old, &directory)?;
    for path in ["", "debug", "debug/deps", "debug/incremental", "release"] {
        make::own(&directory.join(path), scene.alice.uid(), scene.alice.uid(), 0o755)?;
    }
    scene.alice.shell("chmod -R go-w \"$1\"", [&directory]).run()?.ok()?;
    let run =
        scene.alice.by_name(["migrate".as_ref(), directory.as_os_str(), "--yes".as_ref()]).run()?;
    run.ok()?.prints("one level down")?;
    scene.has_arrived()?;
    ensure!(cache::names(&directory)? == ["target"], "{:?}", cache::names(&directory)?);
    Ok(())
}

fn replaced(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    scene.alice.cargo(["build"]).run()?.ok()?;
    let run = scene.give(&["--yes"])?;
    run.fails()?.blames(scene.target.to_string_lossy())?.helps("--replace")?;
    ensure!(cache::content(&scene.old)? == scene.content, "the source has changed");
    scene.give(&["--yes", "--replace"])?.ok()?.mentions(".replaced-")?;
    scene.has_moved()?;
    let names = cache::names(&stage.root.join("alice"))?;
    let kept = names.iter().find(|name| name.starts_with("target.replaced-"));
    let kept = stage.root.join("alice").join(kept.context("nothing was kept")?);
    ensure!(fs::read_to_string(kept.join("debug/app"))? == "an artifact\n", "not what was there");
    Ok(())
}

fn only_the_tag(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    scene.alice.cargo(["check"]).run()?.ok()?;
    tagged(&scene.target)?;
    scene.give(&["--yes"])?.ok()?.never_says(".replaced-")?;
    scene.has_moved()?;
    ensure!(cache::names(&stage.root.join("alice"))? == ["target"], "something was kept");
    Ok(())
}

fn not_confirmed(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let run = scene.give(&[])?;
    run.fails()?.blames("nothing was changed")?.helps("--yes")?.prints("destination")?;
    scene.is_untouched()?;
    ensure!(look(&stage.root.join("alice"))?.is_none(), "a private directory was made");
    scene.give(&["--dry-run"])?.silently()?.prints("renamed")?;
    scene.is_untouched()?;
    ensure!(look(&stage.root.join("alice"))?.is_none(), "a private directory was made");
    Ok(())
}

fn who(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let words = ["migrate".as_ref(), scene.old.as_os_str(), "--yes".as_ref()];
    let to = |name: &'static str| words.into_iter().chain(["--to".as_ref(), name.as_ref()]);
    scene.alice.by_name(to("bob")).run()?.refused()?.helps("sudo")?;
    scene.root.by_name(words).env("SUDO_UID", "2001").run()?.fails()?.helps("--to alice")?;
    scene.root.by_name(to("nobody-at-all")).run()?.fails()?.blames("nobody-at-all")?;
    scene.is_untouched()?;
    scene.root.by_name(to("2001")).run()?.ok()?;
    scene.has_moved()
}

fn nested(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let inside = scene.old.join("root");
    make::directory(&inside, 0, 0, 0o1777)?;
    make::own(&scene.old, 0, 0, 0o755)?;
    let words = ["migrate".as_ref(), scene.old.as_os_str(), "--yes".as_ref()];
    let run = scene.root.by_name(words).env("CARGO_PERUSER_SHARED_ROOT", &inside).run()?;
    run.fails()?.blames("inside the other")?;
    let run = scene.root.by_name(["migrate".as_ref(), stage.root.as_os_str(), "--yes".as_ref()]);
    run.run()?.fails()?.blames("inside the other")?;
    scene.alice.cargo(["build"]).run()?.ok()?;
    let below = scene.target.join("debug");
    let run =
        scene.alice.by_name(["migrate".as_ref(), below.as_os_str(), "--yes".as_ref()]).run()?;
    run.fails()?.blames("inside the other")?;
    let run = scene.alice.by_name(["migrate".as_ref(), scene.target.as_os_str()]).run()?;
    run.ok()?.prints("where it belongs")?;
    Ok(())
}

fn not_a_cache(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let place = stage.at("precious");
    make::directory(&place, 0, 0, 0o755)?;
    make::file(
        &place.join("CACHEDIR.TAG"),
        "Signature: 8a477f597d28d172789f06886806bc55\n",
        0,
        0o644,
    )?;
    make::link(&stage.at("link"), &scene.old, 0)?;
    for (path, word) in
        [("precious", "no target directory"), ("nothing", "nothing"), ("link", "symlink")]
    {
        let path = stage.at(path);
        let words = [
            "migrate".as_ref(),
            path.as_os_str(),
            "--to".as_ref(),
            "alice".as_ref(),
            "--yes".as_ref(),
        ];
        scene.root.by_name(words).run()?.fails()?.blames(word)?;
    }
    scene.is_untouched()
}

fn waits(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let lock = scene.old.join("release/.cargo-lock");
    let hold = "exec flock \"$1\" sleep 2";
    let holder = scene.bob.shell(hold, [&lock]).start()?;
    std::thread::sleep(Duration::from_millis(500));
    scene.give(&["--dry-run"])?.ok()?.mentions("bob (uid 2002)")?;
    let run = scene.give(&["--yes"])?;
    run.ok()?.mentions("waiting for")?.mentions("bob (uid 2002)")?;
    holder.finish()?.ok()?;
    scene.has_moved()
}

fn second(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let lock = scene.old.join("release/.cargo-lock");
    let holder = scene.bob.shell("exec flock \"$1\" sleep 3", [&lock]).start()?;
    std::thread::sleep(Duration::from_millis(300));
    let words = [
        "migrate".as_ref(),
        scene.old.as_os_str(),
        "--to".as_ref(),
        "alice".as_ref(),
        "--yes".as_ref(),
    ];
    let first = scene.root.by_name(words).start()?;
    std::thread::sleep(Duration::from_millis(700));
    scene.give(&["--yes"])?.fails()?.blames("at work")?.blames("root (uid 0)")?;
    first.finish()?.ok()?;
    holder.finish()?.ok()?;
    scene.has_moved()
}

fn checkout(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    make::file(&stage.checkout.join("Cargo.toml"), "", scene.alice.uid(), 0o644)?;
    let path = scene.alice.by_name(["path"]).env("CARGO_PERUSER_SCOPE", "checkout").run()?;
    let expected = PathBuf::from(path.ok()?.stdout.trim_end());
    ensure!(expected != scene.target, "the scope has no effect");
    let words = ["migrate".as_ref(), scene.old.as_os_str(), "--to".as_ref(), "alice".as_ref()];
    let more = ["--yes".as_ref(), "--checkout".as_ref(), stage.checkout.as_os_str()];
    let run = scene.root.by_name(words.into_iter().chain(more)).within("/");
    run.env("CARGO_PERUSER_SCOPE", "checkout").run()?.ok()?;
    let scene = Scene { target: expected, ..scene };
    scene.has_moved()
}

fn no_place(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let words = ["migrate".as_ref(), scene.old.as_os_str(), "--to".as_ref(), "doorman".as_ref()];
    let run = scene.root.by_name(words.into_iter().chain(["--yes".as_ref()])).run()?;
    run.fails()?.blames("doorman")?.helps("include.users")?;
    scene.is_untouched()
}

fn no_shared_root(stage: &Stage) -> Result<()> {
    let scene = Scene::new(stage)?;
    let words = ["migrate".as_ref(), scene.old.as_os_str(), "--to".as_ref(), "alice".as_ref()];
    let run = scene.root.by_name(words.into_iter().chain(["--yes".as_ref()]));
    run.unset("CARGO_PERUSER_SHARED_ROOT").run()?.fails()?.blames("no shared root")?;
    scene.is_untouched()?;
    // For oneself it is the person's own cache directory.
    let words = ["migrate".as_ref(), scene.old.as_os_str(), "--yes".as_ref()];
    scene.alice.by_name(words).unset("CARGO_PERUSER_SHARED_ROOT").run()?.ok()?;
    let target = scene.alice.home.join(".cache/cargo-peruser/target");
    ensure!(cache::content(&target)? == scene.content, "the cache is not what it was");
    Ok(())
}

fn exported(stage: &Stage) -> Result<()> {
    let scene = Scene::of_alice(stage)?;
    let words = ["migrate".as_ref(), scene.old.as_os_str(), "--yes".as_ref()];
    scene.alice.by_name(words).env("CARGO_TARGET_DIR", &scene.old).run()?.ok()?;
    scene.has_moved()
}
