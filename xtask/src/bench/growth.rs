//! `cargo xtask bench --part growth`: what the shim adds where something that it reads is large.
//!
//! Each case is one change to the plain one, for every candidate alike. rustup's proxy has an end of its
//! own, because it only ever executes a toolchain's cargo. The account database is replaced in a mount
//! namespace of this process's own, which takes root.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;

use super::candidate::{Candidate, Kind};
use super::network::Network;
use super::stand::{Setting, Stand};
use super::targets::Verdict;
use super::times::{self, Clock, Times};
use super::{show, shown};
use crate::table::Table;
use crate::{interrupt, process, scratch, screen};

/// Times what the plain case adds.
const AT_MOST: f64 = 2.0;
/// The same for the largest account database, all of which has to be read.
const AT_MOST_ACCOUNTS: f64 = 4.0;
/// Requests to a network file system, for each name anew.
const REQUESTS: f64 = 35.0;

/// The lines under the table.
const WHAT_IS_MEASURED: &str = "Time on a processor, in the kernel and outside: the median over all \
    rounds of what a candidate took longer than the direct call of the same round; the plain case runs in \
    the same rounds, but for accounts. The programs that the bash script starts are not included. Only root can put another account database into place.";

/// What is large.
#[derive(Clone, Copy)]
enum Case {
    Plain,
    SearchPath(usize),
    Depth(usize),
    Accounts(usize),
    Copies(usize),
    Configuration(usize),
    Variables(usize),
}

const CASES: [Case; 12] = [
    Case::Plain,
    Case::SearchPath(200),
    Case::Depth(60),
    Case::Accounts(10_000),
    Case::Accounts(100_000),
    Case::Copies(1),
    Case::Copies(5),
    Case::Copies(20),
    Case::Configuration(100),
    Case::Configuration(1_000),
    Case::Variables(100),
    Case::Variables(1_000),
];

impl Case {
    fn name(self) -> String {
        match self {
            Case::Plain => "the plain case".into(),
            Case::SearchPath(entries) => format!("{entries} more entries in PATH"),
            Case::Depth(levels) => format!("{levels} directories deeper"),
            Case::Accounts(lines) => format!("{lines} lines in /etc/passwd"),
            Case::Copies(copies) => format!("{copies} more copies of the shim on PATH"),
            Case::Configuration(size) => format!("{size} kB of cargo configuration"),
            Case::Variables(count) => format!("{count} more variables"),
        }
    }

    fn at_most(self) -> f64 {
        if let Case::Accounts(100_000) = self { AT_MOST_ACCOUNTS } else { AT_MOST }
    }

    /// Changes a candidate; what it needs is made below `place`.
    fn apply(self, candidate: &mut Candidate, place: &Path, shim: &Path) -> anyhow::Result<()> {
        match self {
            Case::Plain | Case::Accounts(_) => {}
            Case::SearchPath(entries) => {
                let empty = (0..entries).map(|n| place.join(format!("empty-{n}/bin")));
                insert(candidate, empty.collect())?;
            }
            Case::Copies(copies) => {
                let copies = (0..copies).map(|n| place.join(format!("copy-{n}")));
                let copies: Vec<PathBuf> = copies.collect();
                for directory in copies.iter().filter(|directory| !directory.exists()) {
                    fs::create_dir_all(directory)?;
                    fs::copy(shim, directory.join("cargo"))?;
                }
                insert(candidate, copies)?;
            }
            Case::Depth(levels) => {
                candidate.directory.extend(std::iter::repeat_n("d", levels));
                fs::create_dir_all(&candidate.directory)?;
            }
            Case::Configuration(size) => {
                candidate.directory = place.join("crate");
                let directory = candidate.directory.join(".cargo");
                fs::create_dir_all(&directory)?;
                fs::write(candidate.directory.join("Cargo.toml"), "[workspace]\n")?;
                fs::write(directory.join("config.toml"), configuration(size * 1_000))?;
            }
            Case::Variables(count) => {
                // A name has to live as long as the program, as those of all others do.
                let name = |n: usize| -> &'static str { format!("SOME_VARIABLE_{n}").leak() };
                let variable = |n| (name(n), OsString::from("of some length, as they are"));
                candidate.environment.extend((0..count).map(variable));
            }
        }
        Ok(())
    }
}

/// A configuration that mentions the keys in question, among much else.
fn configuration(size: usize) -> String {
    let mut text = String::from("[build]\njobs = 2\n# target-dir is left alone\n");
    for n in 0.. {
        if text.len() > size {
            break;
        }
        text.push_str(&format!("[source.mirror-{n}]\nregistry = \"https://example.org/{n}\"\n"));
        text.push_str(&format!("[target.kind-{n}]\nrustflags = [\"--cfg\", \"kind_{n}\"]\n"));
    }
    text
}

/// Inserts directories into PATH, after the one where the candidate stands.
fn insert(candidate: &mut Candidate, directories: Vec<PathBuf>) -> anyhow::Result<()> {
    let path = candidate.environment.iter_mut().find(|(name, _)| *name == "PATH");
    let (_, path) = path.context("a candidate has no PATH")?;
    let mut entries: Vec<PathBuf> = std::env::split_paths(path).collect();
    entries.splice(1..1, directories);
    *path = process::search_path(entries.iter().map(PathBuf::as_path))?;
    Ok(())
}

pub(super) fn run(stand: &Stand, rounds: u32) -> anyhow::Result<Vec<Verdict>> {
    let minimal = stand.minimal()?;
    let shim = minimal.candidates.iter().find(|candidate| candidate.kind == Kind::Shim);
    let shim = shim.context("there is no shim")?.clone();
    let settings = [Some(minimal), stand.proxy()?];
    let head = ["case", "shim ms", "× plain", "bare Rust ms", "bash ms", "rustup proxy ms"];
    let mut table = Table::new(head);
    let (mut verdicts, mut plain) = (Vec::new(), None);
    for case in CASES {
        interrupt::check()?;
        let times = if matches!(case, Case::Accounts(_)) && !is_own_namespace() {
            [None, None]
        } else {
            let place = stand.scratch().join(format!("growth-{}", verdicts.len()));
            scratch::directory(&place, 0o755)?;
            let _accounts = Accounts::of(case, &place)?;
            let measure = |setting| measure(case, setting, &place, &shim, rounds);
            let [minimal, proxy] = settings.each_ref().map(|it| it.as_ref().map(measure));
            [minimal.transpose()?, proxy.transpose()?]
        };
        let overhead = |kind| times.iter().flatten().find_map(|times| times.overhead(kind));
        plain = overhead(Kind::PlainShim).or(plain).or(overhead(Kind::Shim));
        let ratio = overhead(Kind::Shim).zip(plain).map(|(overhead, plain)| overhead / plain);
        let ms = |kind| shown(overhead(kind), |seconds| format!("{:.2}", seconds * 1e3));
        table.row([
            case.name(),
            ms(Kind::Shim),
            shown(ratio, |ratio| format!("{ratio:.2}")),
            ms(Kind::BareRust),
            ms(Kind::Bash),
            ms(Kind::Rustup),
        ]);
        verdicts.push(Verdict::new(format!("{}, × plain", case.name()), ratio, case.at_most()));
    }
    show("What each adds to `cargo build`, and rustup's proxy to `cargo --version`", &table);
    screen::result(format_args!("{WHAT_IS_MEASURED}\n"));
    verdicts.push(requests(stand, &shim));
    Ok(verdicts)
}

/// Left out without root, because it takes a mount.
fn requests(stand: &Stand, shim: &Candidate) -> Verdict {
    let requests = Network::at(&stand.scratch().join("home"), stand.scratch())
        .and_then(|network| network.requests(shim));
    if let Err(error) = &requests {
        screen::result(format_args!("Requests left out: {error:#}\n"));
    }
    let what = "requests to a network file system that has sources and home on it and looks up each name anew";
    Verdict::new(what, requests.ok().map(f64::from), REQUESTS)
}

fn measure(
    case: Case,
    setting: &Setting,
    place: &Path,
    shim: &Candidate,
    rounds: u32,
) -> anyhow::Result<Times> {
    let title = format!("{}: {}", setting.title, case.name());
    let mut candidates = setting.candidates.clone();
    for candidate in &mut candidates {
        case.apply(candidate, place, &shim.program)?;
        // What a first run makes is made.
        candidate.run()?;
    }
    // Another account database is everybody's: those are compared with the plain case before them.
    let has_shim = candidates.iter().any(|candidate| candidate.kind == Kind::Shim);
    if has_shim && !matches!(case, Case::Plain | Case::Accounts(_)) {
        for candidate in &setting.candidates {
            let kind = match candidate.kind {
                Kind::Direct => Kind::PlainDirect,
                Kind::Shim => Kind::PlainShim,
                _ => continue,
            };
            candidates.push(Candidate { kind, ..candidate.clone() });
        }
    }
    times::measure(&Setting { title, candidates }, rounds, Clock::Processor)
}

/// A large account database in place of the machine's, until it is dropped.
struct Accounts;

impl Accounts {
    fn of(case: Case, place: &Path) -> anyhow::Result<Option<Self>> {
        let Case::Accounts(lines) = case else { return Ok(None) };
        let own = fs::read_to_string("/etc/passwd")?;
        let uid = rustix::process::geteuid().as_raw().to_string();
        let is_own = |line: &&str| line.split(':').nth(2) == Some(uid.as_str());
        let line =
            |n: usize| format!("user{n}:x:{}:{}::/home/user{n}:/bin/sh\n", n + 70_000, n + 70_000);
        let mut text: String = (0..lines).map(line).collect();
        // Ours comes last, so that all of it is read.
        text.push_str(own.lines().find(is_own).context("no line in /etc/passwd is ours")?);
        let file = place.join("passwd");
        scratch::file(&file, &format!("{text}\n"))?;
        mount([OsStr::new("--bind"), file.as_os_str(), OsStr::new("/etc/passwd")])?;
        Ok(Some(Self))
    }
}

impl Drop for Accounts {
    fn drop(&mut self) {
        if let Err(error) = process::capture(Command::new("umount").arg("/etc/passwd")) {
            screen::note(format_args!("warning: {error:#}"));
        }
    }
}

fn mount<const N: usize>(arguments: [&OsStr; N]) -> anyhow::Result<()> {
    process::capture(Command::new("mount").args(arguments)).map(drop)
}

/// Set where mounts of ours are seen by nobody else.
const OWN_NAMESPACE: &str = "XTASK_BENCH_OWN_NAMESPACE";

/// Starts this very run anew in a mount namespace of its own; `None` where it is in one or there is none.
pub(super) fn in_own_namespace() -> anyhow::Result<Option<ExitCode>> {
    if is_own_namespace() || !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let mut command = Command::new(process::require("unshare", "util-linux")?);
    command.arg("--mount").arg(std::env::current_exe()?).args(std::env::args_os().skip(1));
    let status = command.env(OWN_NAMESPACE, "1").status().context("could not execute `unshare`")?;
    Ok(Some(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }))
}

pub(super) fn is_own_namespace() -> bool {
    std::env::var_os(OWN_NAMESPACE).is_some()
}
