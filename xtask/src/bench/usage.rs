//! `cargo xtask bench --part usage`: counting the shared root of a large team.
//!
//! `cargo-peruser usage` against `du` and whichever of `dust`, `dua` and `pdu` are on PATH, in interleaved
//! runs over one warm tree, each with two threads where it lets one choose. What matters is the fastest of
//! the others in the same run, since machines have moods.

use std::fs;
use std::os::unix::fs::{PermissionsExt, lchown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use super::targets::Verdict;
use super::times::median;
use super::{grouped, show};
use crate::scratch::{self, Scratch};
use crate::screen::{self, Progress};
use crate::table::Table;
use crate::{interrupt, process};

const PEOPLE: u32 = 50;
const TARGETS: usize = 4;
/// The first owner; no such account need exist.
const FIRST: u32 = 60_001;
/// Times what the fastest of the others takes.
const RATIO: f64 = 0.8;
/// Mebibytes.
const MEMORY: f64 = 100.0;

const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";

/// Who counts, and how long each run took in seconds.
struct Counter {
    name: &'static str,
    program: PathBuf,
    words: &'static [&'static str],
    seconds: Vec<f64>,
}

pub(super) fn run(binary: &Path, rounds: u32, files: u32) -> anyhow::Result<Vec<Verdict>> {
    let scratch = Scratch::create("bench-usage", 0o755)?;
    let progress = Progress::start();
    let root = scratch.path().join("root");
    scratch::directory(&root, 0o755)?;
    let made = make(&root, files as usize, |at| progress.at(at))?;
    let mut counters = counters(binary);
    // The first run of each warms what it needs.
    for round in 0..=rounds {
        progress.at(format_args!("round {round} of {rounds}"));
        for counter in &mut counters {
            interrupt::check()?;
            let mut command = counter.command(&root, scratch.path());
            let start = Instant::now();
            process::run(&mut command)?;
            if round > 0 {
                counter.seconds.push(start.elapsed().as_secs_f64());
            }
        }
    }
    let ours = counters.first().context("no counter")?;
    let memory = memory(&mut ours.command(&root, scratch.path()))?;
    drop(progress);
    Ok(report(&counters, memory, made))
}

/// Ourselves first.
fn counters(binary: &Path) -> Vec<Counter> {
    let mut counters = vec![Counter {
        name: "cargo-peruser usage",
        program: binary.into(),
        words: &["usage"],
        seconds: Vec::new(),
    }];
    let others: [(&str, &[&str]); 4] = [
        ("du", &["-s"]),
        ("dust", &["-T", "2", "-d", "1", "-P"]),
        ("dua", &["-t", "2", "aggregate"]),
        (
            "pdu",
            &["--threads=2", "--quantity=block-size", "--max-depth=2", "--deduplicate-hardlinks"],
        ),
    ];
    for (name, words) in others {
        match process::find(name) {
            Some(program) => counters.push(Counter { name, program, words, seconds: Vec::new() }),
            None => screen::note(format_args!("note: `{name}` is not on PATH and was left out")),
        }
    }
    counters
}

impl Counter {
    fn command(&self, root: &Path, home: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home).current_dir(home);
        match self.name {
            "cargo-peruser usage" => command.env("CARGO_PERUSER_SHARED_ROOT", root),
            _ => command.arg(root),
        };
        command
    }
}

/// The most memory that a command has had, in MiB, looked at while it runs.
fn memory(command: &mut Command) -> anyhow::Result<f64> {
    let mut child = command.spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0.0_f64;
    while child.try_wait()?.is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        most = most.max(kib.unwrap_or_default() / 1024.0);
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(most)
}

/// Makes private directories with target directories as cargo leaves them; how many files there are.
fn make(root: &Path, files: usize, tell: impl Fn(String)) -> anyhow::Result<usize> {
    let per_target = files / (PEOPLE as usize * TARGETS);
    let mut made = 0;
    for person in 0..PEOPLE {
        interrupt::check()?;
        tell(format!("making {} files", grouped(made as u64)));
        let uid = FIRST + person;
        let private = root.join(format!("uid-{uid}"));
        for target in 0..TARGETS {
            let name = format!("app{target}-{:016x}", u64::from(person) << 8 | target as u64);
            made += target_directory(&private.join(name), per_target)?;
        }
        if rustix::process::geteuid().is_root() {
            give(&private, uid)?;
        }
        fs::set_permissions(&private, fs::Permissions::from_mode(0o700))?;
    }
    Ok(made)
}

/// A third in `deps`, some of it under a second name, a third in `incremental`, and a third in many small
/// directories.
fn target_directory(top: &Path, files: usize) -> anyhow::Result<usize> {
    let third = files / 3;
    let mut made = 2;
    let deps = top.join("debug/deps");
    fs::create_dir_all(&deps)?;
    fs::write(top.join("CACHEDIR.TAG"), TAG)?;
    fs::write(top.join("debug/.cargo-lock"), "")?;
    let mut file = |path: PathBuf| -> anyhow::Result<()> {
        made += 1;
        Ok(fs::write(path, "a little")?)
    };
    for number in 0..third - third / 10 {
        file(deps.join(format!("lib{number}.rlib")))?;
    }
    for (kind, per_directory) in [("incremental", 50), (".fingerprint", 4)] {
        for number in 0..third {
            let directory =
                top.join("debug").join(kind).join(format!("{}", number / per_directory));
            if number % per_directory == 0 {
                fs::create_dir_all(&directory)?;
            }
            file(directory.join(format!("{number}.o")))?;
        }
    }
    for number in 0..third / 10 {
        let name = format!("lib{number}.rlib");
        fs::hard_link(deps.join(&name), top.join("debug").join(name))?;
        made += 1;
    }
    Ok(made)
}

fn give(top: &Path, uid: u32) -> anyhow::Result<()> {
    lchown(top, Some(uid), Some(uid))?;
    for entry in fs::read_dir(top)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => give(&entry.path(), uid)?,
            false => lchown(entry.path(), Some(uid), Some(uid))?,
        }
    }
    Ok(())
}

fn report(counters: &[Counter], memory: f64, files: usize) -> Vec<Verdict> {
    let seconds = |counter: &Counter| median(&counter.seconds);
    let ours = counters.first().and_then(seconds);
    let others = counters.iter().skip(1).filter_map(seconds);
    let fastest = others.min_by(f64::total_cmp);
    let mut table = Table::new(["who counts", "median s", "× the fastest of the others"]);
    for counter in counters {
        let ratio = seconds(counter).zip(fastest).map(|(own, fastest)| own / fastest);
        let shown = |value: Option<f64>, digits| {
            value.map_or("–".into(), |value| format!("{value:.digits$}"))
        };
        table.row([counter.name.to_owned(), shown(seconds(counter), 3), shown(ratio, 2)]);
    }
    let heading = format!("Counting {} files of {PEOPLE} people", grouped(files as u64));
    show(&heading, &table);
    let ratio = ours.zip(fastest).map(|(ours, fastest)| ours / fastest);
    vec![
        Verdict::new("usage over the fastest of the others", ratio, RATIO),
        Verdict::new("MiB of memory", Some(memory), MEMORY),
    ]
}
