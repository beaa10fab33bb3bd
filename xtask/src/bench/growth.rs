//! `cargo xtask bench --part growth`: what the shim adds where something that it reads is large.
//!
//! Each case is one change to the plain one, for every candidate alike. rustup's proxy has an end of its
//! own, because it only ever executes a toolchain's cargo. The account database is replaced in our own
//! mount namespace.

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use xshell::cmd;

use super::stand::{BARE_RUST, BASH, Candidate, DIRECT, RUSTUP, SHIM, Stand};
use super::times::{self, Clock, Times};
use super::{Verdict, network, shown};
use crate::{screen, table};

/// The ends and the shim in the plain case, in the same rounds as another case.
const PLAIN_DIRECT: &str = "direct, plain";
const PLAIN_SHIM: &str = "shim, plain";
const PLAIN: [&str; 2] = [PLAIN_DIRECT, PLAIN_SHIM];
const PROXY_DIRECT: &str = "direct, for the proxy";

/// Times what the plain case adds.
const AT_MOST: f64 = 2.0;
/// The same for the largest account database, all of which has to be read.
const AT_MOST_ACCOUNTS: f64 = 4.0;
/// Requests to a network file system, for each name anew.
const REQUESTS: f64 = 35.0;

/// The lines under the table.
const WHAT_IS_MEASURED: &str = "Time on a processor, in the kernel and outside: the median over all \
    rounds of what a candidate took longer than the direct call of the same round; the plain case runs in \
    the same rounds, but for accounts. The programs that the bash script starts are not included.";

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

/// Each with its target.
const CASES: [(&str, Case, f64); 10] = [
    ("the plain case", Case::Plain, AT_MOST),
    ("200 more entries in PATH", Case::SearchPath(200), AT_MOST),
    ("60 directories deeper", Case::Depth(60), AT_MOST),
    ("10,000 accounts", Case::Accounts(10_000), AT_MOST),
    ("100,000 accounts", Case::Accounts(100_000), AT_MOST_ACCOUNTS),
    ("a second copy of the shim", Case::Copies(1), AT_MOST),
    ("20 more copies", Case::Copies(20), AT_MOST),
    ("100 kB of configuration", Case::Configuration(100_000), AT_MOST),
    ("1 MB of configuration", Case::Configuration(1_000_000), AT_MOST),
    ("1,000 more variables", Case::Variables(1_000), AT_MOST),
];

pub(super) fn run(stand: &Stand, rounds: u32) -> anyhow::Result<Vec<Verdict>> {
    let candidates = candidates(stand)?;
    // An account database of ours in place of the machine's.
    let (passwd, own) = (stand.path().join("passwd"), fs::read_to_string("/etc/passwd")?);
    fs::write(&passwd, &own)?;
    cmd!(stand.sh, "mount --bind {passwd} /etc/passwd").quiet().run()?;
    let (mut rows, mut verdicts, mut plain) = (Vec::new(), Vec::new(), None);
    for (title, case, at_most) in CASES {
        let accounts = if let Case::Accounts(accounts) = case { accounts } else { 0 };
        fs::write(&passwd, with_accounts(&own, accounts))?;
        let times = measure(stand, &candidates, case, rounds)?;
        plain = times.difference(PLAIN_SHIM, PLAIN_DIRECT).or(plain);
        let ratio = times.overhead(SHIM).zip(plain).map(|(overhead, plain)| overhead / plain);
        let ms = |name, base| shown(times.difference(name, base).map(|seconds| seconds * 1e3), 2);
        let [ours, bare, bash] = [SHIM, BARE_RUST, BASH].map(|name| ms(name, DIRECT));
        let proxy = ms(RUSTUP, PROXY_DIRECT);
        rows.push([title.to_owned(), ours, shown(ratio, 2), bare, bash, proxy]);
        verdicts.push(Verdict::new(format!("{title}, × plain"), ratio, at_most));
    }
    let head = ["case", "shim ms", "× plain", "bare Rust ms", "bash ms", "rustup proxy ms"];
    screen::result("What each adds to `cargo build`, and rustup's proxy to `cargo --version`\n");
    screen::result(format_args!("{}\n\n{WHAT_IS_MEASURED}\n", table::render(head, rows)));
    verdicts.push(requests(stand, &candidates));
    Ok(verdicts)
}

/// The plain case, twice, and rustup's proxy.
fn candidates(stand: &Stand) -> anyhow::Result<Vec<Candidate>> {
    let (minimal, proxy) = (stand.minimal()?, stand.proxy()?);
    let more = [
        (&minimal, DIRECT, PLAIN_DIRECT),
        (&minimal, SHIM, PLAIN_SHIM),
        (&proxy, DIRECT, PROXY_DIRECT),
        (&proxy, RUSTUP, RUSTUP),
    ];
    let more = more.into_iter().filter_map(|(of, known, name)| {
        let found = of.iter().find(|candidate| candidate.name == known)?;
        Some(Candidate { name, ..found.clone() })
    });
    let more: Vec<Candidate> = more.collect();
    Ok([minimal, more].concat())
}

fn measure(
    stand: &Stand,
    candidates: &[Candidate],
    case: Case,
    rounds: u32,
) -> anyhow::Result<Times> {
    let mut changed = candidates.to_vec();
    if let Case::Accounts(_) = case {
        // An account database is everybody's: those are compared with the plain case before them.
        changed.retain(|candidate| !PLAIN.contains(&candidate.name));
    }
    for candidate in &mut changed {
        if !PLAIN.contains(&candidate.name) {
            case.apply(candidate, stand)?;
        }
        // What a first run makes is made.
        candidate.run()?;
    }
    times::measure(&changed, rounds, Clock::Processor)
}

fn requests(stand: &Stand, candidates: &[Candidate]) -> Verdict {
    let shim = candidates.iter().find(|candidate| candidate.name == SHIM);
    let requests = shim.context("there is no shim").and_then(|it| network::requests(stand, it));
    if let Err(error) = &requests {
        screen::result(format_args!("Requests left out: {error:#}\n"));
    }
    let what = "requests to a network file system that has sources and home on it and looks up each name anew";
    Verdict::new(what, requests.ok().map(f64::from), REQUESTS)
}

impl Case {
    /// Changes a candidate.
    fn apply(self, candidate: &mut Candidate, stand: &Stand) -> anyhow::Result<()> {
        match self {
            Case::Plain | Case::Accounts(_) => {}
            Case::SearchPath(entries) => {
                let empty = (0..entries).map(|n| stand.path().join(format!("empty-{n}/bin")));
                insert(candidate, empty.collect())?;
            }
            Case::Copies(copies) => {
                let copies: Vec<PathBuf> =
                    (0..copies).map(|n| stand.path().join(format!("copy-{n}"))).collect();
                for copy in &copies {
                    stand.sh.create_dir(copy)?;
                    stand.sh.copy_file(&stand.binary, copy.join("cargo"))?;
                }
                insert(candidate, copies)?;
            }
            Case::Depth(levels) => {
                candidate.directory.extend(std::iter::repeat_n("d", levels));
                stand.sh.create_dir(&candidate.directory)?;
            }
            Case::Configuration(size) => {
                candidate.directory = stand.path().join(format!("configured-{size}"));
                stand.sh.write_file(candidate.directory.join("Cargo.toml"), "[workspace]\n")?;
                let file = candidate.directory.join(".cargo/config.toml");
                stand.sh.write_file(file, configuration(size))?;
            }
            Case::Variables(count) => {
                for n in 0..count {
                    candidate.set(&format!("SOME_VARIABLE_{n}"), "of some length, as they are");
                }
            }
        }
        Ok(())
    }
}

/// A configuration that mentions the keys in question, among much else.
fn configuration(size: usize) -> String {
    let mut text = String::from("[build]\njobs = 2\n# build-dir is left alone\n");
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
    let path = candidate.environment.get("PATH").context("a candidate has no PATH")?;
    let mut entries: Vec<PathBuf> = std::env::split_paths(path).collect();
    entries.splice(1..1, directories);
    candidate.set("PATH", std::env::join_paths(entries)?);
    Ok(())
}

/// So many accounts before the machine's own, so that all of them are read.
fn with_accounts(own: &str, accounts: usize) -> String {
    let line = |id: usize| format!("user{id}:x:{id}:{id}::/home/user{id}:/bin/sh\n");
    (70_000..70_000 + accounts).map(line).collect::<String>() + own
}
