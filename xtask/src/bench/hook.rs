//! `cargo xtask bench --part hook`: what the shells' hook adds to the start of every shell.
//!
//! A person's start-up file holds nothing, the hook's words, or the same words with a bare Rust program
//! that prints a line in our place, which is the least that such a hook can cost. All else that a shell reads
//! when it starts is the machine's own, and equal for the three.

use std::path::Path;

use super::stand::{BARE_RUST, Candidate, DIRECT, SHIM, Stand};
use super::times::{self, Clock};
use super::{Verdict, shown};
use crate::{project, screen, table};

/// Times what a bare Rust program in our place adds.
const AT_MOST: f64 = 1.5;

/// How a shell is started, and the file that it reads then.
const STARTS: [(&str, &str, &[&str]); 2] = [
    ("bash, login", ".bash_profile", &["--login", "-c", ":"]),
    ("bash, interactive", ".bashrc", &["-i", "-c", ":"]),
];

/// The least that a program in Rust can do for a shell's hook: print a line of its words.
const BARE: &str = "fn main() { println!(\"export SOME_VARIABLE='/some/value'\"); }\n";

pub(super) fn run(stand: &Stand, rounds: u32) -> anyhow::Result<Vec<Verdict>> {
    let (place, ours) = (stand.path().join("hook"), stand.sh.create_dir("hook/ours")?);
    for name in ["cargo", "cargo-peruser"] {
        stand.sh.copy_file(&stand.binary, ours.join(name))?;
    }
    stand.compile(BARE, &place.join("bare"))?;
    let texts = [
        (DIRECT, String::new()),
        (SHIM, hook(&ours.join("cargo-peruser"))),
        (BARE_RUST, hook(&place.join("bare"))),
    ];
    let (mut rows, mut verdicts) = (Vec::new(), Vec::new());
    for (title, file, arguments) in STARTS {
        let candidates = texts.each_ref().map(|(name, text)| {
            let home = place.join(name);
            stand.sh.write_file(home.join(file), text)?;
            let mut shell = stand.candidate(name, project::require("bash", "bash")?, arguments);
            shell.set("HOME", &home);
            shell.set("CARGO_PERUSER_SHARED_ROOT", stand.sh.create_dir(place.join("root"))?);
            shell.directory = home;
            shell.run()?;
            Ok(shell)
        });
        let candidates = candidates.into_iter().collect::<anyhow::Result<Vec<Candidate>>>()?;
        let times = times::measure(&candidates, rounds, Clock::Wall)?;
        let ms = |name| shown(times.overhead(name).map(|seconds| seconds * 1e3), 2);
        let ratio = times.ratio(SHIM, BARE_RUST);
        rows.push([title.to_owned(), ms(SHIM), ms(BARE_RUST), shown(ratio, 2)]);
        verdicts.push(Verdict::new(format!("{title}: hook, × bare Rust"), ratio, AT_MOST));
    }
    let table = table::render(["shell", "hook ms", "bare Rust ms", "× bare Rust"], rows);
    screen::result(format_args!("What the hook adds to the start of a shell\n\n{table}\n"));
    screen::result(format_args!("{}\n", times::WHAT_IS_MEASURED));
    Ok(verdicts)
}

/// The words that `cargo-peruser setup` puts into a start-up file.
fn hook(program: &Path) -> String {
    include_str!("../../../src/setup/hook.sh")
        .replace("@program@", &program.to_string_lossy())
        .replace("@options@", "$-")
}
