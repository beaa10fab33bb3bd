//! Setup for the machine or for one user, and uninstalling.

use super::*;

/// The shared root of a machine.
pub(super) const MACHINES_ROOT: &str = "/var/cache/cargo-peruser";

/// Who runs setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setup {
    /// Root, for everybody.
    Machine,
    /// Alice, for herself.
    Person,
}

impl Setup {
    /// A word for it.
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

    /// What stays after uninstalling.
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

    /// A computer on which it is installed.
    pub(super) fn on(self, stage: &Stage, shell: Shell) -> Host<'_> {
        let host = Host::new(stage, self.name(), shell);
        self.install(&host);
        host
    }

    /// `cargo-peruser setup …`, run from the download directory.
    pub(super) fn run(self, host: &Host<'_>, flags: &[&str]) -> Outcome {
        let who = host.person(self.who());
        host.by_name(&who, ["setup"].iter().chain(flags)).run()
    }

    /// `cargo-peruser setup …`, run from the installation.
    pub(super) fn again(self, host: &Host<'_>, flags: &[&str]) -> Outcome {
        let who = host.person(self.who());
        host.run(&who, self.program(), ["setup"].iter().chain(flags)).run()
    }

    /// Installs it.
    pub(super) fn install(self, host: &Host<'_>) -> Outcome {
        let outcome = self.run(host, &[]);
        outcome.ok();
        outcome
    }

    /// The result in alice's sessions.
    pub(super) fn status(self, host: &Host<'_>) -> Outcome {
        self.status_in(host, &[])
    }

    /// The same, run in a session with these variables.
    pub(super) fn status_in(self, host: &Host<'_>, variables: &[(&str, &str)]) -> Outcome {
        let alice = host.person("alice");
        let run = host.run(&alice, self.program(), ["setup", "--status"]);
        let run = run.limit(Duration::from_secs(90));
        variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run()
    }

    /// Uninstalls it.
    pub(super) fn uninstall(self, host: &Host<'_>) {
        self.again(host, &["--uninstall"]).ok();
    }

    /// Removes the empty directories that a killed setup made for its receipt, which no receipt lists.
    pub(super) fn remove_empty_directories(self, host: &Host<'_>) {
        let directories: &[&str] = match self {
            Setup::Machine => &["/usr/local/lib/cargo-peruser"],
            Setup::Person => &[
                "/home/alice/.local/lib/cargo-peruser",
                "/home/alice/.local/lib",
                "/home/alice/.local",
            ],
        };
        directories.iter().for_each(|directory| drop(fs::remove_dir(host.at(directory))));
    }
}
