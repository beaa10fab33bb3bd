//! Setting up, for the machine or for oneself, and taking it back.

use crate::prelude::*;

/// The shared root of a machine.
pub(super) const MACHINES_ROOT: &str = "/var/cache/cargo-peruser";

/// Who sets up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setup {
    /// Root, for everybody.
    Machine,
    /// Alice, for herself.
    Person,
}

impl Setup {
    /// In a word.
    pub(super) fn name(self) -> &'static str {
        match self {
            Setup::Machine => "machine",
            Setup::Person => "person",
        }
    }

    /// Their account.
    pub(super) fn who(self) -> &'static str {
        match self {
            Setup::Machine => "root",
            Setup::Person => "alice",
        }
    }

    /// The program as it is installed.
    pub(super) fn program(self) -> &'static str {
        match self {
            Setup::Machine => "/usr/local/bin/cargo-peruser",
            Setup::Person => "/home/alice/.local/bin/cargo-peruser",
        }
    }

    /// What stays after it is taken back.
    pub(super) fn caches(self) -> &'static [&'static str] {
        match self {
            Setup::Machine => &["/var/cache"],
            Setup::Person => &["/home/alice/.cache"],
        }
    }

    /// Where alice builds.
    pub(super) fn target_dir(self) -> PathBuf {
        match self {
            Setup::Machine => "/var/cache/cargo-peruser/alice/target".into(),
            Setup::Person => "/home/alice/.cache/cargo-peruser/alice/target".into(),
        }
    }

    /// `cargo-peruser setup`, run from where it was downloaded to.
    pub(super) fn install(self, host: &Host<'_>) -> Outcome {
        let who = host.person(self.who());
        let outcome = host.by_name(&who, ["setup"]).run();
        outcome.ok();
        outcome
    }

    /// `cargo-peruser setup …`, run from where it is installed.
    pub(super) fn again(self, host: &Host<'_>, flag: &str) -> Outcome {
        let who = host.person(self.who());
        let outcome = host.run(&who, self.program(), ["setup", flag]).run();
        outcome.ok();
        outcome
    }

    /// How alice finds it, whose sessions are asked.
    pub(super) fn status(self, host: &Host<'_>) -> Outcome {
        let alice = host.person("alice");
        let run = host.run(&alice, self.program(), ["setup", "--status"]);
        run.limit(Duration::from_secs(90)).run()
    }

    /// Takes it back.
    pub(super) fn uninstall(self, host: &Host<'_>) {
        self.again(host, "--uninstall");
    }
}
