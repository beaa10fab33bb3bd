//! `cargo xtask bench --part hook`: what the shells' hook adds to the start of every shell.
//!
//! A person's start-up file holds nothing, the hook's words, or the same words with a bare Rust program
//! that prints a line in our place, which is the least that such a hook can cost. All else that a shell reads
//! when it starts is the machine's own, and equal for the three.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::candidate::{Candidate, Kind};
use super::stand::{Setting, Stand};
use super::targets::Verdict;
use super::times::{self, Clock};
use super::{reference, show, shown};
use crate::table::Table;
use crate::{process, scratch, screen, shim};

/// Times what a bare Rust program in our place adds.
const AT_MOST: f64 = 1.5;

/// How a shell is started, and the file that it reads then.
const STARTS: [(&str, &str, &[&str]); 2] = [
    ("bash, login", ".bash_profile", &["--login", "-c", ":"]),
    ("bash, interactive", ".bashrc", &["-i", "-c", ":"]),
];

/// What stands in the start-up files.
struct Hooks {
    place: PathBuf,
    shell: PathBuf,
    ours: PathBuf,
    bare: PathBuf,
}

pub(super) fn run(stand: &Stand, rounds: u32) -> anyhow::Result<Vec<Verdict>> {
    let hooks = Hooks::set_up(stand)?;
    let mut table = Table::new(["shell", "hook ms", "bare Rust ms", "× bare Rust"]);
    let mut verdicts = Vec::new();
    for (title, file, arguments) in STARTS {
        let kinds = [Kind::Direct, Kind::Shim, Kind::BareRust];
        let candidates = kinds.into_iter().map(|kind| hooks.candidate(kind, file, arguments));
        let candidates = candidates.collect::<anyhow::Result<Vec<_>>>()?;
        candidates.iter().try_for_each(Candidate::run)?;
        let times =
            times::measure(&Setting { title: title.to_owned(), candidates }, rounds, Clock::Wall)?;
        let ms = |kind| shown(times.overhead(kind), |seconds| format!("{:.2}", seconds * 1e3));
        let ratio = times.ratio(Kind::Shim, Kind::BareRust);
        table.row([
            title.to_owned(),
            ms(Kind::Shim),
            ms(Kind::BareRust),
            shown(ratio, |ratio| format!("{ratio:.2}")),
        ]);
        verdicts.push(Verdict::new(format!("{title}: hook, × bare Rust"), ratio, AT_MOST));
    }
    show("What the hook adds to the start of a shell", &table);
    screen::result(format_args!("{}\n", times::WHAT_IS_MEASURED));
    Ok(verdicts)
}

impl Hooks {
    fn set_up(stand: &Stand) -> anyhow::Result<Self> {
        let place = stand.scratch().join("hook");
        scratch::directory(&place, 0o755)?;
        scratch::directory(&place.join("root"), 0o755)?;
        let shim = shim::install(stand.binary(), &place.join("bin"))?;
        let ours = shim.with_file_name("cargo-peruser");
        fs::copy(stand.binary(), &ours)?;
        let bare = reference::line(&stand.toolchain, &place.join("bare"))?;
        Ok(Self { place, shell: process::require("bash", "bash")?, ours, bare })
    }

    /// A shell whose start-up file has nothing, the hook, or the bare program.
    fn candidate(
        &self,
        kind: Kind,
        file: &str,
        arguments: &'static [&'static str],
    ) -> anyhow::Result<Candidate> {
        let text = match kind {
            Kind::Shim => hook(&self.ours),
            Kind::BareRust => hook(&self.bare),
            _ => String::new(),
        };
        let home = self.place.join(format!("{kind:?}{file}"));
        scratch::directory(&home, 0o755)?;
        scratch::file(&home.join(file), &text)?;
        let environment: Vec<(&'static str, OsString)> = vec![
            ("CARGO_PERUSER_SHARED_ROOT", self.place.join("root").into()),
            ("HOME", home.clone().into()),
            ("LANG", "C.UTF-8".into()),
            ("PATH", "/usr/bin:/bin".into()),
        ];
        let (program, end) = (self.shell.clone(), PathBuf::new());
        Ok(Candidate { kind, program, end, arguments, directory: home, environment })
    }
}

/// The words that `cargo-peruser setup` puts into a start-up file.
fn hook(program: &Path) -> String {
    include_str!("../../../src/setup/hook.sh")
        .replace("@program@", &program.to_string_lossy())
        .replace("@options@", "$-")
}
