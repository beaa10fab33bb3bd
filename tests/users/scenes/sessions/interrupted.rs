//! Setup killed before each of its steps: run again it completes, and what is taken back then is
//! everything.

use std::fmt::Write;
use std::os::unix::process::ExitStatusExt;

use anyhow::{Result, bail, ensure};

use super::setup::Setup;
use crate::machine::{Need, places};
use crate::stage::{Host, Photograph, Shell, Stage};
use crate::suite::{Test, test};

/// The system calls that change something that lasts, as strace calls them; `?` for those that not
/// every processor has.
const STEPS: [&str; 7] = [
    "?mkdir,mkdirat",
    "?symlink,symlinkat",
    "?rename,renameat,renameat2",
    "?chmod,fchmod,fchmodat",
    "?chown,fchown,fchownat",
    "?unlink,unlinkat,?rmdir",
    "write",
];

pub(super) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for setup in [Setup::Machine, Setup::Person] {
        for (verb, flags) in [("a_killed_setup", FORTH), ("a_killed_uninstall", BACK)] {
            let name = format!("sessions::{verb}_of_a_{}_completes", setup.name());
            let body = move |stage: &Stage| killed(stage, setup, flags);
            tests.push(test(name, body).needs(&[Need::Strace]));
        }
    }
    for setup in [Setup::Machine, Setup::Person] {
        let name = format!("sessions::a_killed_setup_of_a_{}_locks_nobody_out", setup.name());
        tests.push(test(name, move |stage: &Stage| modes(stage, setup)).needs(&[Need::Strace]));
    }
    tests
}

type Flags = &'static [&'static str];

const FORTH: Flags = &["setup"];
const BACK: Flags = &["setup", "--uninstall"];

/// In the end it asks shells, which takes long and is not to be tested here: there are none.
const NO_SHELLS: &str = "--inject=?vfork,?fork,clone,clone3:error=EAGAIN";

/// How a run has ended.
#[derive(PartialEq, Eq)]
enum End {
    /// It was killed.
    Killed,
    /// It was not.
    Done,
}

/// Runs setup, and kills it before the `count`th of these system calls.
fn kill(host: &Host<'_>, setup: Setup, flags: Flags, calls: &str, count: usize) -> Result<End> {
    let who = host.person(setup.who())?;
    let inject = format!("--inject={calls}:signal=KILL:when={count}");
    let program = format!("{}/cargo-peruser", places::BY_NAME);
    let words = ["--quiet", "--output=/dev/null", NO_SHELLS, &inject, &program];
    let outcome = host.run(&who, "strace", words.iter().chain(flags)).run()?;
    match outcome.status.signal() {
        Some(9) => Ok(End::Killed),
        None if outcome.status.success() => Ok(End::Done),
        _ => bail!("{}\n{}{}", outcome.status, outcome.stdout, outcome.stderr),
    }
}

/// Runs setup to its end.
fn run(host: &Host<'_>, setup: Setup, flags: Flags) -> Result<()> {
    ensure!(kill(host, setup, flags, "?mkdir,mkdirat", 65535)? == End::Done);
    Ok(())
}

fn killed(stage: &Stage, setup: Setup, flags: Flags) -> Result<()> {
    let (mut points, mut wrong) = (0, String::new());
    for calls in STEPS {
        for count in 1.. {
            let host = Host::new(stage, "host", Shell::Bash)?;
            let photograph = Photograph::take(&host)?;
            if flags == BACK {
                run(&host, setup, FORTH)?;
            }
            if kill(&host, setup, flags, calls, count)? == End::Done {
                host.leave()?;
                break;
            }
            points += 1;
            if let Err(error) = completes(&host, setup, flags, &photograph) {
                writeln!(wrong, "killed before {calls}, number {count}: {error:#}")?;
            }
            host.leave()?;
        }
    }
    ensure!(points > 10, "it was killed at {points} points only");
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}

/// What a killed run has left becomes complete, and then nothing.
fn completes(host: &Host<'_>, setup: Setup, flags: Flags, photograph: &Photograph) -> Result<()> {
    if flags == FORTH {
        run(host, setup, FORTH)?;
        let who = host.person(setup.who())?;
        let look = host.by_name(&who, ["setup", "--dry-run"]).run()?;
        look.ok()?.prints("everything is in its place")?;
    }
    run(host, setup, BACK)?;
    Photograph::take(host)?.equals(photograph, &[])
}

/// Under a umask that denies others everything: killed anywhere and run again, it is as if it had run
/// once.
fn modes(stage: &Stage, setup: Setup) -> Result<()> {
    let ends = |host: &Host<'_>, umask: &str, calls: &str, count: usize| -> Result<End> {
        let who = host.person(setup.who())?;
        let inject = format!("--inject={calls}:signal=KILL:when={count}");
        let program = format!("{}/cargo-peruser", places::BY_NAME);
        let words = ["--quiet", "--output=/dev/null", NO_SHELLS, &inject, &program, "setup"];
        let outcome = host.run(&who, "strace", words).umask(umask).run()?;
        let is_killed = outcome.status.signal() == Some(9);
        Ok(if is_killed { End::Killed } else { outcome.ok().map(|_| End::Done)? })
    };
    let host = Host::new(stage, "host", Shell::Bash)?;
    // What root makes is for everybody, whatever its umask is.
    let usual = if setup == Setup::Machine { "022" } else { "077" };
    ensure!(ends(&host, usual, "?mkdir,mkdirat", 65535)? == End::Done);
    let once = Photograph::take(&host)?;
    host.leave()?;
    let mut wrong = String::new();
    for calls in ["?mkdir,mkdirat", "?chmod,fchmod,fchmodat"] {
        for count in 1.. {
            let host = Host::new(stage, "host", Shell::Bash)?;
            let end = ends(&host, "077", calls, count)?;
            ensure!(ends(&host, "077", "?mkdir,mkdirat", 65535)? == End::Done);
            // The receipt also says what a run before has made.
            let receipts = ["/usr/local/lib/cargo-peruser/setup.json", RECEIPT_OF_ALICE];
            if let Err(error) = Photograph::take(&host)?.equals(&once, &receipts) {
                writeln!(wrong, "killed before {calls}, number {count}: {error:#}")?;
            }
            host.leave()?;
            if end == End::Done {
                break;
            }
        }
    }
    ensure!(wrong.is_empty(), "{wrong}");
    Ok(())
}

const RECEIPT_OF_ALICE: &str = "/home/alice/.local/lib/cargo-peruser/setup.json";
