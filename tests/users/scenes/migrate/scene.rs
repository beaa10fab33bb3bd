//! The old cache, the people who use it, and the expected results.

use super::*;
use crate::stage::cache::Content;

/// A user's `cargo-peruser migrate SOURCE`, not run yet; more arguments may follow.
pub(super) fn migrate<'p>(person: &'p Person<'p>, source: &Path) -> Invocation<'p> {
    person.by_name(["migrate"]).arg(source)
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
    pub(super) fn new(stage: &'s Stage) -> Self {
        let shared = stage.shared_root().sticky().make();
        let old = stage.at("old");
        cache::build(&old, &[&stage.person("alice"), &stage.person("bob")]);
        let content = cache::content(&old);
        Scene::new_with(stage, old, shared.join("alice/target"), content)
    }

    /// The same people with another cache.
    pub(super) fn new_with(
        stage: &'s Stage,
        old: PathBuf,
        target: PathBuf,
        content: Content,
    ) -> Self {
        let [root, alice, bob] = ["root", "alice", "bob"].map(|name| stage.person(name));
        Scene { alice, bob, root, target, old, content }
    }

    /// A scene in which the cache belongs to alice alone.
    pub(super) fn of_alice(stage: &'s Stage) -> Self {
        let scene = Scene::new(stage);
        make::nothing(&scene.old);
        let parent = stage.at("alices");
        make::directory(&parent, scene.alice.uid(), scene.alice.uid(), 0o755);
        let old = parent.join("old");
        cache::build(&old, &[&scene.alice]);
        let content = cache::content(&old);
        Scene { old, content, ..scene }
    }

    /// Root gives the old cache to alice.
    pub(super) fn give(&self, flags: &[&str]) -> Outcome {
        self.giving(flags).run()
    }

    /// The same, still to be run.
    pub(super) fn giving(&self, flags: &[&str]) -> Invocation<'_> {
        migrate(&self.root, &self.old).args(["--to", "alice"]).args(flags)
    }

    /// Alice moves the old cache herself.
    pub(super) fn take(&self, flags: &[&str]) -> Outcome {
        self.taking(flags).run()
    }

    /// The same, still to be run.
    pub(super) fn taking(&self, flags: &[&str]) -> Invocation<'_> {
        migrate(&self.alice, &self.old).args(flags)
    }

    /// Asserts that the complete cache is at its destination, belongs to alice alone, and nothing else
    /// is left.
    pub(super) fn has_moved(&self) {
        self.has_arrived();
        assert!(look(&self.old).is_none(), "the source is still there");
        let beside = cache::names(self.old.parent().expect("a parent"));
        let left = beside.iter().find(|name| name.contains("migrat"));
        assert!(left.is_none(), "left beside the source: {left:?}");
    }

    pub(super) fn has_arrived(&self) {
        let directory = self.target.parent().expect("a parent");
        private(directory, self.alice.uid());
        private(&self.target, self.alice.uid());
        tagged(&self.target);
        cache::is_all(&self.target, self.alice.uid());
        assert!(cache::content(&self.target) == self.content, "the cache is not what it was");
        for place in [directory, &self.target.join("debug"), &self.target.join("release")] {
            let left = cache::names(place);
            let is_left = |name: &String| name == ".migration" || name.ends_with(".new");
            assert!(!left.iter().any(is_left), "left behind: {left:?}");
        }
    }

    /// Asserts that nothing has changed.
    pub(super) fn is_untouched(&self) {
        assert!(cache::content(&self.old) == self.content, "the source has changed");
        assert!(look(&self.target).is_none(), "there is a target directory");
        let directory = self.target.parent().expect("a parent");
        if look(directory).is_some() {
            let left = cache::names(directory);
            assert!(left.is_empty(), "left behind: {left:?}");
        }
    }
}
