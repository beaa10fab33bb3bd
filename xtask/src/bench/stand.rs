//! The directories that the measured programs run in, and the two settings they are measured in.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::candidate::{Candidate, Kind};
use super::reference;
use crate::scratch::{self, Scratch};
use crate::screen::Progress;
use crate::toolchain::Toolchain;
use crate::{process, shim};

/// Where the measured commands run: a crate six levels below the stand, in a checkout whose top is
/// at the third, with a configuration file of cargo's there, so that the way up is a real one. The home
/// directory is above it.
const CRATE: &str = "home/src/three/four/five/six";

const FILES: [(&str, &str); 4] = [
    ("home/src/three/Cargo.toml", "[workspace]\nmembers = [\"four/five/six\"]\nresolver = \"2\"\n"),
    ("home/src/three/.cargo/config.toml", "[term]\nquiet = true\n\n[net]\nretry = 1\n"),
    (
        "home/src/three/four/five/six/Cargo.toml",
        "[package]\nname = \"tiny\"\nversion = \"0.0.0\"\nedition = \"2021\"\n",
    ),
    ("home/src/three/four/five/six/src/lib.rs", "//! Nothing to build.\n"),
];

/// Everything that the measured programs need, below one temporary directory.
pub(super) struct Stand {
    scratch: Scratch,
    binary: PathBuf,
    pub(super) toolchain: Toolchain,
}

/// One end, and the candidates that lead to it.
pub(super) struct Setting {
    pub(super) title: String,
    pub(super) candidates: Vec<Candidate>,
}

/// What the candidates of a setting have in common.
struct Plan<'a> {
    /// The setting's own directory below the stand.
    place: PathBuf,
    end: &'a Path,
    arguments: &'static [&'static str],
    environment: Vec<(&'static str, OsString)>,
}

impl Stand {
    pub(super) fn set_up(binary: &Path) -> anyhow::Result<Self> {
        // Others have no business here.
        let scratch = Scratch::create("bench", 0o700)?;
        for (path, text) in FILES {
            write(&scratch.path().join(path), text)?;
        }
        Ok(Self { scratch, binary: binary.to_owned(), toolchain: Toolchain::find()? })
    }

    pub(super) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    pub(super) fn binary(&self) -> &Path {
        &self.binary
    }

    /// A static program that does nothing stands for cargo: what is left is the candidate alone.
    pub(super) fn minimal(&self) -> anyhow::Result<Setting> {
        let place = self.place("minimal")?;
        let end = reference::end(&place.join("end"))?;
        let plan = Plan { place, end: &end, arguments: &["build"], environment: Vec::new() };
        let kinds = [Kind::Direct, Kind::Shim, Kind::BareRust, Kind::Bash];
        self.setting(
            "`cargo build`, with a program that does nothing in cargo's place",
            &plan,
            &kinds,
        )
    }

    /// The real cargo, and a crate that is already checked.
    pub(super) fn real(&self) -> anyhow::Result<Setting> {
        let place = self.place("real")?;
        let mut kinds = vec![Kind::Direct, Kind::Shim, Kind::BareRust, Kind::Bash];
        let mut environment = Vec::new();
        if let Some(rustup) = &self.toolchain.rustup {
            kinds.push(Kind::Rustup);
            environment.push(("RUSTUP_HOME", rustup.home.clone().into()));
        }
        let end = &self.toolchain.cargo;
        let plan = Plan { place, end, arguments: &["check"], environment };
        self.setting("`cargo check` of a fresh crate, with the toolchain's cargo", &plan, &kinds)
    }

    /// rustup's proxy, and the toolchain's cargo that it ends in; `None` where rustup is not installed.
    pub(super) fn proxy(&self) -> anyhow::Result<Option<Setting>> {
        let Some(rustup) = &self.toolchain.rustup else { return Ok(None) };
        let environment = vec![("RUSTUP_HOME", rustup.home.clone().into())];
        let (place, end) = (self.place("proxy")?, &self.toolchain.cargo);
        let plan = Plan { place, end, arguments: &["--version"], environment };
        self.setting("`cargo --version`", &plan, &[Kind::Direct, Kind::Rustup]).map(Some)
    }

    fn place(&self, name: &str) -> anyhow::Result<PathBuf> {
        let place = self.scratch().join(name);
        scratch::directory(&place, 0o755)?;
        Ok(place)
    }

    fn setting(&self, title: &str, plan: &Plan, kinds: &[Kind]) -> anyhow::Result<Setting> {
        let progress = Progress::start();
        progress.at(format_args!("preparing: {title}"));
        let candidates = kinds
            .iter()
            .map(|&kind| self.candidate(kind, plan))
            .collect::<anyhow::Result<Vec<_>>>()?;
        for candidate in &candidates {
            candidate.run()?;
        }
        let shared_root = shared_root(plan, Kind::Shim);
        anyhow::ensure!(
            !kinds.contains(&Kind::Shim) || holds_a_target_directory(&shared_root),
            "the shim passed through: it made no target directory below `{}`\n\
             help: cargo peruser explain",
            shared_root.display()
        );
        Ok(Setting { title: title.to_owned(), candidates })
    }

    fn candidate(&self, kind: Kind, plan: &Plan) -> anyhow::Result<Candidate> {
        let directory = plan.place.join(format!("{kind:?}"));
        let shared_root = shared_root(plan, kind);
        scratch::directory(&shared_root, 0o755)?;
        let program = self.program(kind, plan, &directory)?;
        let end_directory = plan.end.parent().context("the end stands in no directory")?;
        let system = [Path::new("/usr/bin"), Path::new("/bin")];
        let path = [directory.as_path(), end_directory].into_iter().chain(system);
        let home = self.scratch().join("home");
        let mut environment = plan.environment.clone();
        environment.extend([
            ("CARGO_HOME", home.join(".cargo").into()),
            ("CARGO_PERUSER_SHARED_ROOT", shared_root.into()),
            ("HOME", home.into()),
            ("LANG", "C.UTF-8".into()),
            ("PATH", process::search_path(path)?),
        ]);
        if !matches!(kind, Kind::Shim | Kind::Bash) {
            // One each: a proxy and the toolchain's own cargo invalidate each other's rustc probe
            // in a common target directory, on every single run.
            environment
                .push(("CARGO_TARGET_DIR", plan.place.join(format!("{kind:?}-target")).into()));
        }
        let (end, arguments) = (plan.end.to_owned(), plan.arguments);
        let directory = self.scratch().join(CRATE);
        Ok(Candidate { kind, program, end, arguments, directory, environment })
    }

    /// Puts the program into a directory of its own, under the name `cargo`.
    fn program(&self, kind: Kind, plan: &Plan, directory: &Path) -> anyhow::Result<PathBuf> {
        match kind {
            Kind::Direct | Kind::PlainDirect => Ok(plan.end.to_owned()),
            Kind::Shim | Kind::PlainShim => shim::install(&self.binary, directory),
            Kind::BareRust => reference::rust(&self.toolchain, plan.end, directory),
            Kind::Bash => reference::bash(plan.end, directory),
            Kind::Rustup => {
                let rustup = self.toolchain.rustup.as_ref().context("rustup is not installed")?;
                Ok(rustup.proxy.clone())
            }
        }
    }
}

/// Each candidate has a shared root of its own, so that none finds what another one made.
fn shared_root(plan: &Plan, kind: Kind) -> PathBuf {
    plan.place.join(format!("{kind:?}-root"))
}

/// Whether somebody has a target directory in a shared root.
fn holds_a_target_directory(shared_root: &Path) -> bool {
    let below = |directory: &Path| {
        fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path())
    };
    let mut inside = below(shared_root).flat_map(|private| below(&private).collect::<Vec<_>>());
    inside.any(|directory| directory.join("CACHEDIR.TAG").is_file())
}

/// Writes a file and the directories above it.
fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let above = path.parent().map_or(Ok(()), fs::create_dir_all);
    above
        .with_context(|| format!("failed to create the directories above `{}`", path.display()))?;
    scratch::file(path, text)
}
