//! The builds of two people before and after the move, and the move itself.

use super::super::scene::migrate;
use super::workspace::NATIVE;
use super::workspace::WORKSPACE;
use crate::prelude::*;
use crate::stage::project::LAYOUT;

/// What is moved.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Old {
    /// A target directory with everything in it, in the toolchain's own layout.
    Target,
    /// A build directory that the checkout's configuration names, with a directory for each unit.
    BuildDirectory,
}

/// Alice, bob and their checkout.
pub(super) struct Session<'s> {
    stage: &'s Stage,
    channel: Channel,
    kind: Old,
    pub(super) alice: Person<'s>,
    pub(super) bob: Person<'s>,
    /// What is moved.
    pub(super) old: PathBuf,
    /// Where the programs were built before.
    pub(super) artifacts: PathBuf,
    /// Alice's target directory.
    pub(super) target: PathBuf,
}

impl<'s> Session<'s> {
    /// Creates the sources, and the directories in which both have built.
    pub(super) fn open(stage: &'s Stage, channel: Channel, kind: Old) -> Self {
        let shared = stage.shared_root().group("devs").mode(0o3775).accepted().make();
        let (alice, bob) = (stage.person("alice"), stage.person("bob"));
        let old = stage.at("old");
        let native = stage.at("native");
        make::directory(&native, 0, 0, 0o755);
        project::write(&native, NATIVE, &alice);
        project::write(&stage.checkout, WORKSPACE, &alice);
        make::directory(&old, 0, group("devs"), 0o2775);
        let mut artifacts = old.clone();
        if kind == Old::BuildDirectory {
            artifacts = stage.at("artifacts");
            make::directory(&artifacts, 0, group("devs"), 0o2775);
            let text = format!("[build]\nbuild-dir = \"{}\"\n", old.display());
            project::write(&stage.checkout, &[(".cargo/config.toml", &text)], &alice);
        }
        let target = shared.join("alice/target");
        Session { stage, channel, kind, alice, bob, old, artifacts, target }
    }

    /// Both build everything in one directory, alice last.
    pub(super) fn fill(&self, rounds: &[&[&str]]) {
        for person in [&self.alice, &self.bob] {
            project::stock_cargo_home(person);
        }
        self.before(&self.alice, &["generate-lockfile"]);
        let checkout = self.stage.checkout.as_os_str();
        project::give(&self.stage.checkout, "alice:devs");
        do_as_root("chmod", ["-R".as_ref(), "g+w".as_ref(), checkout]);
        for person in [&self.bob, &self.alice] {
            for words in rounds {
                self.before(person, words);
            }
        }
        self.is_laid_out();
    }

    /// Asserts that the new layout was really written, not the toolchain's default.
    fn is_laid_out(&self) {
        let debug = self.old.join("debug");
        if self.kind == Old::BuildDirectory {
            let units = cache::names(&debug.join("build/native"));
            let has_fingerprint = |unit| debug.join("build/native").join(unit).join("fingerprint");
            assert!(units.iter().any(|unit| has_fingerprint(unit).is_dir()), "no unit: {units:?}");
            assert!(!debug.join("deps").exists(), "there is `deps`");
            assert!(!debug.join(".fingerprint").exists(), "there is `.fingerprint`");
        }
    }

    /// Root gives the old directory to alice.
    pub(super) fn give(&self) {
        // The names of a build directory's programs in the target directory stay.
        let is_renamed = self.kind == Old::Target;
        let how = if is_renamed { "renamed" } else { "copied, because files in it" };
        let root = self.stage.person("root");
        let run = migrate(&root, &self.old).args(["--to", "alice", "--yes", "--checkout"]);
        let run = run.arg(&self.stage.checkout).within("/").run();
        run.ok().prints(how).prints("bob (uid 2002)").mentions("as alice (uid 2001)");
        // If something still named the old directory, each workspace would have its own directory for
        // intermediate files, and these would not be found.
        if self.kind == Old::BuildDirectory {
            std::fs::remove_file(self.stage.checkout.join(".cargo/config.toml")).unwrap();
        }
        cache::is_all(&self.target, self.alice.uid());
    }

    /// Alice rebuilds the checkout's own packages.
    pub(super) fn rebuild(&self) -> Outcome {
        let run = migrate(&self.alice, &self.target).arg("--checkout").arg(&self.stage.checkout);
        self.built(run).run()
    }

    /// In the old days: one directory for everybody.
    fn before(&self, person: &Person<'_>, words: &[&str]) {
        let run = self.built(person.cargo(words)).env("CARGO_PERUSER", "off");
        let run = run.env("CARGO_TARGET_DIR", &self.artifacts);
        let run = run.env("EXPECTED", &self.artifacts).env("EXPECTED_INTERMEDIATES", &self.old);
        run.run().ok();
    }

    /// A build through the shim, in which the compiler reports what it reuses of its incremental state.
    pub(super) fn telling_what_is_reused(&self, person: &Person<'_>) -> Outcome {
        let wrapper = self.stage.at("telling-rustc");
        make::file(&wrapper, "#!/bin/sh\nexec \"$@\" -Zincremental-info\n", 0, 0o755);
        self.built(person.cargo(["build"])).env("RUSTC_WRAPPER", wrapper).run()
    }

    /// Through the shim.
    pub(super) fn after(&self, person: &Person<'_>, words: &[&str]) -> Outcome {
        let run = self.built(person.cargo(words)).env("EXPECTED", &self.target);
        run.env("EXPECTED_INTERMEDIATES", &self.target).run()
    }

    fn built<'p>(&self, run: Invocation<'p>) -> Invocation<'p> {
        // With this flag any compiler reports what it reuses. It reuses nothing of a build without it.
        let run = run.with(self.channel).umask("0002").env("RUSTC_BOOTSTRAP", "1");
        if self.kind == Old::BuildDirectory { run.env(LAYOUT, "true") } else { run }
    }
}
