//! A computer of one test's own: everything that an installation may write to.
//!
//! ```text
//! <stage>/<name>            seen as
//!     etc                   /etc          accounts, PAM, ssh, and the system's start-up files
//!     home                  /home         a home as a new account has it, for alice and bob
//!     local                 /usr/local
//!     root                  /root
//!     var                   /var
//! ```
//! What runs on it sees these directories and nothing of the system's; between two runs they lie
//! open to the test. `/usr/bin` has the system's programs, and a `cargo` that a package brought.

mod etc;
mod photograph;
mod shell;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use photograph::Photograph;
pub(crate) use shell::Shell;

use super::do_as_root;
use super::{Invocation, Person, Stage, make};
use crate::machine::{account, places};

/// What the computer has of its own.
const OWN: [&str; 5] = ["/etc", "/home", "/usr/local", "/root", "/var"];
/// What else is there from the beginning.
const INSIDE: [&str; 4] = ["/usr/local/bin", "/usr/local/lib", "/var/cache", "/var/log"];

/// Those with a home; the others' accounts point to `/nonexistent`.
pub(crate) const RESIDENTS: [&str; 2] = ["alice", "bob"];

/// PATH as `login` and `sshd` begin it for ordinary people.
pub(crate) const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The computer.
pub(crate) struct Host<'s> {
    /// The stage that it stands on.
    pub(crate) stage: &'s Stage,
    /// The login shell of those with a home.
    pub(crate) shell: Shell,
    directory: PathBuf,
    /// What is seen as `/usr/bin`.
    programs: PathBuf,
}

impl<'s> Host<'s> {
    /// Sets it up as a fresh system that nobody has logged in to.
    pub(crate) fn new(stage: &'s Stage, name: &str, shell: Shell) -> Self {
        let programs = places::PACKAGED.into();
        let host = Host { stage, shell, directory: stage.at(name), programs };
        make::directory(&host.directory, 0, 0, 0o755);
        for place in OWN.iter().chain(&INSIDE) {
            make::directories(&host.directory, place.trim_start_matches('/'), 0);
        }
        make::own(&host.at("/root"), 0, 0, 0o700);
        etc::write(&host);
        for name in RESIDENTS {
            shell.move_in(&host, name);
        }
        host
    }

    /// Where one of its places lies outside of it.
    pub(crate) fn at(&self, place: impl AsRef<Path>) -> PathBuf {
        let place = place.as_ref();
        self.directory.join(place.strip_prefix("/").unwrap_or(place))
    }

    /// Where the home of a resident lies outside of it.
    pub(crate) fn home(&self, name: &str) -> PathBuf {
        self.at("/home").join(name)
    }

    /// A directory below a resident's home, theirs as are the missing ones above it.
    pub(crate) fn directory(&self, name: &str, below: &str) -> PathBuf {
        make::directories(&self.home(name), below, account(name).uid)
    }

    /// Somebody with an account.
    pub(crate) fn person(&self, name: &str) -> Person<'s> {
        let home = if name == "root" { "/root".into() } else { Path::new("/home").join(name) };
        Person { stage: self.stage, account: account(name), home }
    }

    /// Takes it away, before the stage goes, for another of its name.
    pub(crate) fn leave(self) {
        make::nothing(&self.directory);
    }

    /// Nobody has a cargo here yet.
    pub(crate) fn without_cargo(mut self) -> Self {
        self.programs = self.directory.join("programs");
        let words = ["-a".as_ref(), places::PACKAGED.as_ref(), self.programs.as_os_str()];
        do_as_root("cp", words);
        fs::remove_file(self.programs.join("cargo")).unwrap();
        self
    }

    /// Gives alice another login shell.
    pub(crate) fn alice_logs_in_with(&self, shell: &str) {
        let passwd = self.at("/etc/passwd");
        let line = |shell| format!(":/home/alice:{shell}\n");
        let text = fs::read_to_string(&passwd).unwrap();
        fs::write(passwd, text.replace(&line(self.shell.path()), &line(shell))).unwrap();
    }

    /// A command with the environment that `login` gives, before any shell has run.
    pub(crate) fn run<'p, I>(&self, who: &'p Person<'p>, program: &str, args: I) -> Invocation<'p>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        let shell = if who.uid() == 0 { "/bin/sh" } else { self.shell.path() };
        let run = who
            .program(program, args)
            .bare()
            .env("HOME", &who.home)
            .env("USER", who.name())
            .env("LOGNAME", who.name())
            .env("SHELL", shell)
            .env("PATH", PATH)
            .env("LANG", "C.UTF-8")
            .env("TERM", "xterm");
        let run = OWN.iter().fold(run, |run, place| run.seen_at(self.at(place), place));
        run.seen_at(&self.programs, "/usr/bin")
    }

    /// `cargo-peruser …` as it lies on the download page's side: installed nowhere yet.
    pub(crate) fn by_name<'p, I>(&self, who: &'p Person<'p>, args: I) -> Invocation<'p>
    where
        I: IntoIterator<Item: AsRef<OsStr>>,
    {
        self.run(who, &format!("{}/cargo-peruser", places::BY_NAME), args)
    }
}
