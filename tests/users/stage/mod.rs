//! One test's fresh corner of the machine, and the people who act there.
//!
//! ```text
//! /srv/<number>             root:root 0755, one for each test
//!     shared                the shared root, made as the test says
//!     checkout              alice's, the working directory of every invocation
//!     home/<name>           0700, HOME of that person
//! ```
//! A test reads as: make the shared root, put something there, let a person run something, and say
//! what must have come of it.

pub(crate) mod cache;
mod demands;
mod host;
mod invocation;
mod look;
pub(crate) mod make;
pub(crate) mod project;
mod root;
pub(crate) mod steps;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub(crate) use host::{Host, PATH, Photograph, Shell};
pub(crate) use invocation::Invocation;
pub(crate) use look::{Acl, acls, all_of, below, look, private, tagged, try_below};
pub(crate) use make::do_as_root;
pub(crate) use root::Root;

use crate::machine::{Account, account, places};
pub(crate) use crate::shared::{Outcome, Running};

/// Waits until something is so, and fails with `otherwise` after ten seconds.
pub(crate) fn wait_until(otherwise: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < until, "{otherwise}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One test's corner of the machine. It is emptied when the test is over.
pub(crate) struct Stage {
    /// The directory that holds everything below.
    pub(crate) directory: PathBuf,
    /// Where the shared root is, once it is made.
    pub(crate) root: PathBuf,
    /// Where people stand when they run something.
    pub(crate) checkout: PathBuf,
    /// What everybody's environment says besides.
    settings: Mutex<BTreeMap<&'static str, &'static str>>,
}

impl Stage {
    /// A corner that no other test has.
    pub(crate) fn new() -> Self {
        static STAGES: AtomicUsize = AtomicUsize::new(0);
        let number = STAGES.fetch_add(1, Ordering::Relaxed);
        let directory = PathBuf::from(format!("/srv/{number:03}"));
        make::directory(&directory, 0, 0, 0o755);
        make::directory(&directory.join("home"), 0, 0, 0o755);
        let checkout = directory.join("checkout");
        let alice = account("alice").uid;
        make::directory(&checkout, alice, alice, 0o755);
        let root = directory.join("shared");
        Stage { root, directory, checkout, settings: Mutex::default() }
    }

    /// The shared root, still to be made.
    pub(crate) fn shared_root(&self) -> Root<'_> {
        Root::of(self)
    }

    /// A shared root as `setup` makes it, and alice.
    pub(crate) fn provisioned(&self) -> (PathBuf, Person<'_>) {
        (self.shared_root().provisioned(), self.person("alice"))
    }

    /// A sticky shared root, which everybody accepts, and alice.
    pub(crate) fn sticky(&self) -> (PathBuf, Person<'_>) {
        (self.shared_root().sticky().make(), self.person("alice"))
    }

    /// Lets everybody on this stage accept a root in which others can create files, if it is sticky.
    pub(crate) fn accept_sticky_root(&self) {
        self.settings.lock().unwrap().insert("CARGO_PERUSER_STICKY_ROOT", "accept");
    }

    /// Has everybody on this stage build into one directory, which is not what they do unasked.
    pub(crate) fn build_by_user(&self) {
        self.settings.lock().unwrap().insert("CARGO_PERUSER_SCOPE", "user");
    }

    /// Someone with an account.
    pub(crate) fn person(&self, name: impl AsRef<[u8]>) -> Person<'_> {
        Person::arrive(self, account(name))
    }

    /// Someone whose id has no account.
    pub(crate) fn stranger(&self, uid: u32) -> Person<'_> {
        Person::arrive(self, Account::nameless(uid))
    }

    /// Someone whose account is at hand.
    pub(crate) fn holder_of(&self, account: Account) -> Person<'_> {
        Person::arrive(self, account)
    }

    /// What can be shown in place of the system's settings directory, with this file in it.
    pub(crate) fn settings(&self, text: &str) -> PathBuf {
        let directory = make::directories(&self.directory, "etc", 0);
        make::file(&directory.join("config.toml"), text, 0, 0o644);
        directory
    }

    /// A place in this corner.
    pub(crate) fn at(&self, name: impl AsRef<Path>) -> PathBuf {
        self.directory.join(name)
    }
}

impl Drop for Stage {
    #[expect(clippy::disallowed_methods, reason = "on the tests' own tmpfs, which goes anyway")]
    fn drop(&mut self) {
        // Mount points stay; the whole tree goes with the namespace in the end.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Someone who acts on a stage.
pub(crate) struct Person<'s> {
    /// The stage.
    pub(crate) stage: &'s Stage,
    /// The account.
    pub(crate) account: Account,
    /// HOME.
    pub(crate) home: PathBuf,
}

impl<'s> Person<'s> {
    fn arrive(stage: &'s Stage, account: Account) -> Self {
        let home = stage.at("home").join(account.uid.to_string());
        if !home.exists() {
            make::directory(&home, account.uid, account.uid, 0o700);
        }
        Person { stage, account, home }
    }

    /// The user id.
    pub(crate) fn uid(&self) -> u32 {
        self.account.uid
    }

    /// The name of the account as text.
    pub(crate) fn name(&self) -> &OsStr {
        OsStr::from_bytes(&self.account.name)
    }

    /// The target directory that a build has in a directory.
    pub(crate) fn target_in(&self, directory: impl AsRef<Path>) -> PathBuf {
        let run = self.by_name(["path"]).within(directory).run();
        run.printed().trim_end_matches('\n').into()
    }

    /// The target directory that a build has in the checkout.
    pub(crate) fn target(&self) -> PathBuf {
        self.target_in(&self.stage.checkout)
    }

    /// `cargo …`, found on PATH: the shim.
    pub(crate) fn cargo<W: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = W>,
    ) -> Invocation<'_> {
        self.program("cargo", args)
    }

    /// `cargo-peruser …`, found on PATH.
    pub(crate) fn by_name<W: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = W>,
    ) -> Invocation<'_> {
        self.program("cargo-peruser", args)
    }

    /// A line of shell; `args` are `$1` and so on.
    pub(crate) fn shell<W: AsRef<OsStr>>(
        &self,
        script: &str,
        args: impl IntoIterator<Item = W>,
    ) -> Invocation<'_> {
        self.program("/bin/sh", ["-c", script, "sh"]).args(args)
    }
}

/// PATH: the shim, the program under its own name, and `cargo` where the real one is to be found.
pub(crate) fn path_to(cargo: &str) -> String {
    [places::SHIM, places::BY_NAME, cargo, places::PROGRAMS].join(":")
}
