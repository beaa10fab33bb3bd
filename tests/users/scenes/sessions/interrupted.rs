//! Setup is killed before each of its steps. Run again it completes, and uninstalling then removes
//! everything.

use std::os::unix::process::ExitStatusExt;

use super::*;
use crate::stage::steps::Step;

/// The system calls that change files, as strace names them; `?` for those that not every architecture
/// has.
const CHANGES: &str = "?mkdir,mkdirat,?symlink,symlinkat,?rename,renameat,renameat2,\
                       ?chmod,fchmod,fchmodat,?chown,fchown,fchownat,?unlink,unlinkat,?rmdir,write";

pub(super) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for setup in [Setup::Machine, Setup::Person] {
        for (verb, flags) in [("a_killed_setup", FORTH), ("a_killed_uninstall", BACK)] {
            let name = format!("{verb}_of_a_{}_completes", setup.name());
            let body = move |stage: &Stage| killed(stage, setup, flags);
            tests.push(test!(name, body).needs(&[Need::Strace]));
        }
    }
    tests
}

type Flags = &'static [&'static str];

const FORTH: Flags = &["setup"];
const BACK: Flags = &["setup", "--uninstall"];

/// At its end setup starts shells, which is slow and not tested here, so there are none.
const FORKS: &str = "?vfork,?fork,clone,clone3";

/// The arguments with which strace prevents shells, without slowing down everything else.
const FAST: [&str; 4] =
    ["-f", "--seccomp-bpf", "--output=/dev/null", "--trace=?vfork,?fork,clone,clone3"];

/// Runs setup under strace with these arguments, with a umask that denies others everything.
fn run<const N: usize>(host: &Host<'_>, setup: Setup, strace: [&str; N], flags: Flags) -> Outcome {
    run_under("077", host, setup, strace, flags)
}

fn run_under<const N: usize>(
    umask: &str,
    host: &Host<'_>,
    setup: Setup,
    strace: [&str; N],
    flags: Flags,
) -> Outcome {
    let who = host.person(setup.who());
    let no_shells = format!("--inject={FORKS}:error=EAGAIN");
    let run = host.by_name(&who, flags).umask(umask);
    run.after(["strace", "--quiet", &no_shells]).after(strace).run()
}

/// Every change that setup makes, found by running it to its end. Of the manual's pages, which are all
/// written in the same way, only the first.
fn changes(host: &Host<'_>, setup: Setup, flags: Flags) -> Vec<Step> {
    let log = host.stage.at("changes.log");
    make::file(&log, "", 0, 0o666);
    let output = format!("--output={}", log.display());
    let trace = format!("--trace={CHANGES},{FORKS}");
    run(host, setup, ["--decode-fds", &output, &trace], flags).ok();
    let mut steps = steps::all(&log);
    let is_change = |step: &Step| !FORKS.contains(&step.call) && !step.shown.contains(" = -1 ");
    let is_repeated =
        |step: &Step| step.shown.contains("/man1/") && !step.shown.contains("peruser.1");
    steps.retain(|step| is_change(step) && !is_repeated(step));
    steps
}

fn killed(stage: &Stage, setup: Setup, flags: Flags) {
    let host = Host::new(stage, "host", Shell::Bash);
    let empty = Photograph::take(&host);
    // Root's files are readable for everybody, whatever its umask is.
    let usual = if setup == Setup::Machine { "022" } else { "077" };
    run_under(usual, &host, setup, FAST, FORTH).ok();
    let once = Photograph::take(&host);
    if flags == FORTH {
        run(&host, setup, FAST, BACK).ok();
    }
    let steps = changes(&host, setup, flags);
    assert!(steps.len() > 10, "it changes {} things only", steps.len());
    if flags == FORTH {
        run(&host, setup, FAST, BACK).ok();
    }
    // Both take nearly the same steps: every second one of each, in turn.
    for step in steps.into_iter().skip(usize::from(setup == Setup::Person)).step_by(2) {
        if flags == BACK {
            run(&host, setup, FAST, FORTH).ok();
        }
        let inject = format!("--inject={}:signal=KILL:when={}", step.call, step.number);
        let outcome = run(&host, setup, ["--output=/dev/null", &inject], flags);
        assert!(outcome.status.signal() == Some(9), "not killed before {}", step.shown);
        let _context = context(|| format!("killed before {}", step.shown));
        completes(&host, setup, flags, [&empty, &once]);
    }
}

/// The next run completes a killed one, as if it had run once, and uninstalling removes everything.
fn completes(host: &Host<'_>, setup: Setup, flags: Flags, [empty, once]: [&Photograph; 2]) {
    if flags == FORTH {
        run(host, setup, FAST, FORTH).ok();
        // The receipt also lists what an earlier run created.
        Photograph::take(host).equals(once, &RECEIPTS);
    }
    run(host, setup, FAST, BACK).ok();
    setup.remove_empty_directories(host);
    Photograph::take(host).equals(empty, &[]);
}

const RECEIPTS: [&str; 2] =
    ["/usr/local/lib/cargo-peruser/setup.json", "/home/alice/.local/lib/cargo-peruser/setup.json"];
