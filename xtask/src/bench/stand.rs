//! The directories that everything measured runs in, and the candidates that are compared.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::Context;
use rustix::process::{WaitId, WaitIdOptions};
use tempfile::TempDir;
use xshell::{Shell, cmd};

use crate::project;

/// The end itself, called without anything in between.
pub(super) const DIRECT: &str = "direct";
pub(super) const SHIM: &str = "shim";
/// A program in Rust that only executes the end.
pub(super) const BARE_RUST: &str = "bare Rust";
/// The script that people write first.
pub(super) const BASH: &str = "bash script";
/// rustup's own proxy, which picks the toolchain.
pub(super) const RUSTUP: &str = "rustup proxy";

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

/// The release profile of the shim, so that the two differ only in what they do.
const RELEASE_PROFILE: [&str; 5] =
    ["-Copt-level=3", "-Cpanic=abort", "-Clto=fat", "-Ccodegen-units=1", "-Cstrip=symbols"];

/// Everything that the measured programs need, below one temporary directory.
pub(super) struct Stand {
    /// Works in the temporary directory.
    pub(super) sh: Shell,
    directory: TempDir,
    /// The program that the shim is a copy of.
    pub(super) binary: PathBuf,
    /// The toolchain's own.
    pub(super) cargo: PathBuf,
}

/// A program, and how it is called.
#[derive(Clone)]
pub(super) struct Candidate {
    pub(super) name: &'static str,
    pub(super) program: PathBuf,
    pub(super) arguments: &'static [&'static str],
    pub(super) directory: PathBuf,
    pub(super) environment: BTreeMap<String, OsString>,
}

impl Stand {
    pub(super) fn set_up(binary: PathBuf) -> anyhow::Result<Self> {
        // A shared root is writable by nobody else.
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
        let (sh, directory) = (Shell::new()?, scratch()?);
        sh.change_dir(directory.path());
        for (path, text) in FILES {
            sh.write_file(path, text)?;
        }
        Ok(Self { sh, directory, binary, cargo: project::cargo()? })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A static program that does nothing stands for cargo: what is left is the candidate alone. A
    /// dynamic one takes longer to load than some candidates take altogether.
    pub(super) fn minimal(&self) -> anyhow::Result<Vec<Candidate>> {
        let (source, end) = (self.path().join("end.c"), self.path().join("end/cargo"));
        self.sh.write_file(&source, include_str!("end.c"))?;
        self.sh.create_dir("end")?;
        let compiler = project::require("cc", "gcc libc6-dev")?;
        cmd!(self.sh, "{compiler} -O2 -static -o {end} {source}").quiet().run()?;
        self.candidates("minimal", &end, &["build"], &[DIRECT, SHIM, BARE_RUST, BASH])
    }

    /// The real cargo, and a crate that is already checked.
    pub(super) fn real(&self) -> anyhow::Result<Vec<Candidate>> {
        let names = [DIRECT, SHIM, BARE_RUST, BASH, RUSTUP];
        self.candidates("real", &self.cargo, &["check"], &names)
    }

    /// rustup's proxy, and the toolchain's cargo that it ends in.
    pub(super) fn proxy(&self) -> anyhow::Result<Vec<Candidate>> {
        self.candidates("proxy", &self.cargo, &["--version"], &[DIRECT, RUSTUP])
    }

    /// One candidate of each name. What a first run makes is made; rustup's proxy is left out where
    /// rustup is not installed.
    fn candidates(
        &self,
        place: &str,
        end: &Path,
        arguments: &'static [&'static str],
        names: &[&'static str],
    ) -> anyhow::Result<Vec<Candidate>> {
        let rustup = which::which("rustup").ok();
        let mut candidates = Vec::new();
        for &name in names {
            if name == RUSTUP && rustup.is_none() {
                continue;
            }
            let own = self.path().join(place).join(name);
            let mut candidate = self.candidate(name, self.program(name, end, &own)?, arguments);
            let root = self.sh.create_dir(own.with_file_name(format!("{name} root")))?;
            let path = [Some(own.as_path()), end.parent(), Some(Path::new("/usr/bin:/bin"))];
            let path: Vec<_> = path.into_iter().flatten().map(Path::as_os_str).collect();
            candidate.set("PATH", path.join(":".as_ref()));
            candidate.set("CARGO_PERUSER_SHARED_ROOT", &root);
            if name == RUSTUP {
                candidate.set("RUSTUP_HOME", cmd!(self.sh, "rustup show home").read()?);
            }
            if !matches!(name, SHIM | BASH) {
                // One each: a proxy and the toolchain's own cargo invalidate each other's rustc
                // probe in a common target directory, on every single run.
                candidate.set("CARGO_TARGET_DIR", own.with_file_name(format!("{name} target")));
            }
            candidate.run()?;
            anyhow::ensure!(
                name != SHIM || !self.sh.read_dir(&root)?.is_empty(),
                "the shim passed through: it made no private directory in `{}`\n\
                 help: cargo peruser explain",
                root.display()
            );
            candidates.push(candidate);
        }
        Ok(candidates)
    }

    /// A program that a person calls in the crate.
    pub(super) fn candidate(
        &self,
        name: &'static str,
        program: PathBuf,
        arguments: &'static [&'static str],
    ) -> Candidate {
        let (directory, home) = (self.path().join(CRATE), self.path().join("home"));
        let mut candidate =
            Candidate { name, program, arguments, directory, environment: BTreeMap::new() };
        candidate.set("CARGO_HOME", home.join(".cargo"));
        candidate.set("HOME", home);
        candidate.set("LANG", "C.UTF-8");
        candidate.set("PATH", "/usr/bin:/bin");
        candidate
    }

    /// Makes the program, under the name `cargo` in a directory of its own.
    fn program(&self, name: &str, end: &Path, own: &Path) -> anyhow::Result<PathBuf> {
        let program = self.sh.create_dir(own)?.join("cargo");
        let filled_in = |text: &str| text.replace("@END@", &end.to_string_lossy());
        match name {
            SHIM => self.sh.copy_file(&self.binary, &program)?,
            BARE_RUST => self.compile(&filled_in(include_str!("exec.rs.txt")), &program)?,
            BASH => {
                self.sh.write_file(&program, filled_in(include_str!("shim.sh")))?;
                cmd!(self.sh, "chmod +x {program}").quiet().run()?;
            }
            RUSTUP => return Ok(which::which("rustup")?.with_file_name("cargo")),
            _ => return Ok(end.to_owned()),
        }
        Ok(program)
    }

    /// Compiles a program of one file.
    pub(super) fn compile(&self, text: &str, program: &Path) -> anyhow::Result<()> {
        let (rustc, source) = (self.cargo.with_file_name("rustc"), program.with_extension("rs"));
        self.sh.write_file(&source, text)?;
        let compiler = cmd!(self.sh, "{rustc} --edition 2024 --crate-name program");
        Ok(compiler.args(RELEASE_PROFILE).arg("-o").arg(program).arg(source).quiet().run()?)
    }
}

impl Candidate {
    pub(super) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.insert(name.to_owned(), value.into());
    }

    /// The call as a shell makes it: by path, with the program's name.
    pub(super) fn command(&self) -> Command {
        let mut command = self.placed(Command::new(&self.program));
        command.arg0(self.program.file_name().unwrap_or_default()).args(self.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// The same call under a tool that observes it: the tool looks `cargo` up on PATH, where the
    /// candidate stands first.
    pub(super) fn observed_by(&self, mut tool: Command) -> Command {
        tool.arg("cargo").args(self.arguments).stdout(Stdio::null()).stderr(Stdio::null());
        self.placed(tool)
    }

    fn placed(&self, mut command: Command) -> Command {
        command.current_dir(&self.directory).env_clear().envs(&self.environment);
        command
    }

    /// Runs it once; anything but success means that something else would be measured.
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let status = self.command().status();
        let status = status.with_context(|| format!("could not execute {}", self.name))?;
        anyhow::ensure!(status.success(), "{} failed ({status})", self.name);
        Ok(())
    }

    /// Runs it once, and says for how many seconds it ran on a processor, its children not included.
    pub(super) fn processor_time(&self) -> anyhow::Result<f64> {
        let mut child = self.command().spawn()?;
        // Once it is waited for, nothing is known of it any more.
        let id = rustix::process::Pid::from_child(&child);
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        rustix::process::waitid(WaitId::Pid(id), ended)?;
        let statistics = fs::read_to_string(format!("/proc/{}/schedstat", child.id()));
        let status = child.wait()?;
        anyhow::ensure!(status.success(), "{} failed ({status})", self.name);
        let nanoseconds = statistics?.split(' ').next().and_then(|it| it.parse::<f64>().ok());
        Ok(nanoseconds.context("failed to read what a process took")? / 1e9)
    }
}

/// A fresh directory, which goes away with the run, in which a shared root can stand: as the shim wants
/// it, no symlink leads there and nobody else can write above it.
fn scratch() -> anyhow::Result<TempDir> {
    let is_closed = |directory: &Path| {
        fs::metadata(directory).is_ok_and(|found| found.permissions().mode() & 0o022 == 0)
    };
    let home = env::var_os("HOME").map(PathBuf::from);
    let places = [Some(env::temp_dir()), Some("/srv".into()), Some("/var/cache".into()), home];
    let places = places.into_iter().flatten().filter_map(|place| place.canonicalize().ok());
    let mut closed = places.filter(|place| place.ancestors().all(is_closed));
    let made =
        closed.find_map(|place| tempfile::Builder::new().prefix("xtask-").tempdir_in(place).ok());
    made.context(
        "no place for a shared root: others can write above each\n\
         help: set TMPDIR to a directory below which only you can write",
    )
}
