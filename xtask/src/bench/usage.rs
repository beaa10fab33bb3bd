//! `cargo xtask bench --part usage`: counting the shared root of a large team.
//!
//! `cargo-peruser usage` against `du` and whichever of `dust`, `dua` and `pdu` are on PATH, in interleaved
//! runs over one warm tree, each with two threads where it lets one choose. What matters is the fastest of
//! the others in the same run, since machines have moods.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, thread};

use xshell::cmd;

use super::stand::{Candidate, Stand};
use super::times::{self, Clock};
use super::{Verdict, grouped, shown};
use crate::{interrupt, screen, table};

const PEOPLE: u32 = 50;
const TARGETS: u32 = 4;
/// The first owner; no such account need exist.
const FIRST: u32 = 60_001;
/// Times what the fastest of the others takes.
const RATIO: f64 = 0.8;
/// Mebibytes.
const MEMORY: f64 = 100.0;

const OURS: &str = "cargo-peruser usage";

const OTHERS: [(&str, &[&str]); 4] = [
    ("du", &["-s", "."]),
    ("dust", &["-T", "2", "-d", "1", "-P", "."]),
    ("dua", &["-t", "2", "aggregate", "."]),
    (
        "pdu",
        &["--threads=2", "--quantity=block-size", "--max-depth=2", "--deduplicate-hardlinks", "."],
    ),
];

const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";

pub(super) fn run(stand: &Stand, rounds: u32, files: u32) -> anyhow::Result<Vec<Verdict>> {
    let root = make(stand, files / (PEOPLE * TARGETS))?;
    let mut candidates = vec![stand.candidate(OURS, stand.binary.clone(), &["usage"])];
    for (name, arguments) in OTHERS {
        match which::which(name) {
            Ok(program) => candidates.push(stand.candidate(name, program, arguments)),
            Err(_) => screen::note(format_args!("note: `{name}` is not on PATH and was left out")),
        }
    }
    for candidate in &mut candidates {
        candidate.set("CARGO_PERUSER_SHARED_ROOT", &root);
        candidate.directory.clone_from(&root);
        // The first run warms what it needs.
        candidate.run()?;
    }
    let times = times::measure(&candidates, rounds, Clock::Wall)?;
    let others = times.names().filter(|name| *name != OURS).filter_map(|name| times.median(name));
    let fastest = others.min_by(f64::total_cmp);
    let ratio = |name| times.median(name).zip(fastest).map(|(own, fastest)| own / fastest);
    let rows = times
        .names()
        .map(|name| [name.to_owned(), shown(times.median(name), 3), shown(ratio(name), 2)]);
    let table = table::render(["who counts", "median s", "× the fastest of the others"], rows);
    let files = grouped(files.into());
    screen::result(format_args!("Counting {files} files of {PEOPLE} people\n\n{table}\n"));
    let memory = candidates.first().map(memory).transpose()?;
    Ok(vec![
        Verdict::new("usage over the fastest of the others", ratio(OURS), RATIO),
        Verdict::new("MiB of memory", memory, MEMORY),
    ])
}

/// The most memory that a candidate has had, in MiB, looked at while it runs.
fn memory(candidate: &Candidate) -> anyhow::Result<f64> {
    let mut child = candidate.command().spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0.0_f64;
    while child.try_wait()?.is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        most = most.max(kib.unwrap_or_default() / 1024.0);
        thread::sleep(Duration::from_millis(1));
    }
    Ok(most)
}

/// Makes private directories with target directories as cargo leaves them, below a shared root.
fn make(stand: &Stand, files: u32) -> anyhow::Result<PathBuf> {
    let (sh, root) = (&stand.sh, stand.sh.create_dir("root")?);
    let target = stand.path().join("target");
    make_target(&target, files)?;
    let is_root = rustix::process::geteuid().is_root();
    for person in FIRST..FIRST + PEOPLE {
        interrupt::check()?;
        screen::progress(format_args!("making the files of {person}"));
        let private = sh.create_dir(root.join(format!("uid-{person}")))?;
        for n in 0..TARGETS {
            let copy =
                private.join(format!("app{n}-{:016x}", u64::from(person) << 8 | u64::from(n)));
            cmd!(sh, "cp -a {target} {copy}").quiet().run()?;
        }
        if is_root {
            let owner = format!("{person}:{person}");
            cmd!(sh, "chown -R {owner} {private}").quiet().run()?;
        }
        cmd!(sh, "chmod 0700 {private}").quiet().run()?;
    }
    Ok(root)
}

/// A third in `deps`, some of it under a second name, a third in `incremental`, and a third in many small
/// directories.
fn make_target(top: &Path, files: u32) -> anyhow::Result<()> {
    let (debug, third) = (top.join("debug"), files / 3);
    fs::create_dir_all(debug.join("deps"))?;
    fs::write(top.join("CACHEDIR.TAG"), TAG)?;
    fs::write(debug.join(".cargo-lock"), "")?;
    for number in 0..third - third / 10 {
        let (name, file) = (format!("lib{number}.rlib"), debug.join("deps"));
        fs::write(file.join(&name), "a little")?;
        if number < third / 10 {
            fs::hard_link(file.join(&name), debug.join(name))?;
        }
    }
    for (kind, per_directory) in [("incremental", 50), (".fingerprint", 4)] {
        for number in 0..third {
            let directory = debug.join(kind).join((number / per_directory).to_string());
            fs::create_dir_all(&directory)?;
            fs::write(directory.join(format!("{number}.o")), "a little")?;
        }
    }
    Ok(())
}
