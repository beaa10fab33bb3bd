//! What the two people find: accounts, homes, a toolchain, a shim and a checkout they share.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use super::accounts::{self, PEOPLE, TEAM};
use super::inside::{Options, Way};
use super::person::{Person, Place};
use super::workspace;
use crate::{process, scratch, shim};

pub(super) struct Stage {
    root: PathBuf,
    pub(super) people: Vec<Person>,
}

impl Stage {
    pub(super) fn set_up(options: &Options) -> anyhow::Result<Self> {
        let root = options.scratch.clone();
        announce(&root)?;
        shim::install(&options.shim, &root.join("shim"))?;
        scratch::directory(&root.join("toolchain"), 0o755)?;
        // The toolchain lies in somebody's home, which the two cannot enter.
        bind(&options.sysroot, &root.join("toolchain"))?;
        scratch::file(&root.join("round.sh"), include_str!("round.sh"))?;
        scratch::directory(&root.join("home"), 0o755)?;
        let people = PEOPLE.into_iter().map(|(name, id)| {
            let home = root.join("home").join(name);
            scratch::directory(&home, 0o700)?;
            furnish(&home.join(".cargo"))?;
            for own in [home.join(".cargo"), home.clone()] {
                chown(&own, Some(id), Some(id)).context("failed to hand over a home directory")?;
            }
            Ok(Person { name, id, home })
        });
        let people = people.collect::<anyhow::Result<Vec<_>>>()?;
        furnish(&root.join("cargo-home"))?;
        Ok(Self { root, people })
    }

    /// A fresh checkout and a fresh place for the row's builds.
    pub(super) fn place(&self, way: Way, umask: &'static str) -> anyhow::Result<Place> {
        let row = self.root.join(format!("{way:?}-{umask}"));
        scratch::directory(&row, 0o755)?;
        let checkout = row.join("checkout");
        self.check_out(&checkout)?;
        let builds = row.join("builds");
        let toolchain = self.root.join("toolchain/bin");
        let (variable, first) = match way {
            Way::SharedTarget => {
                self.shared_directory(&builds)?;
                ("CARGO_TARGET_DIR", None)
            }
            Way::Shim => {
                scratch::directory(&builds, 0o755)?;
                for person in &self.people {
                    let private = builds.join(person.name);
                    scratch::directory(&private, 0o700)?;
                    chown(&private, Some(person.id), Some(person.id))?;
                }
                ("CARGO_PERUSER_SHARED_ROOT", Some(self.root.join("shim")))
            }
        };
        let system = ["/usr/bin", "/bin"].map(Path::new);
        let path = first.iter().map(PathBuf::as_path).chain([toolchain.as_path()]).chain(system);
        let environment: Vec<(&'static str, OsString)> = vec![
            ("PATH", process::search_path(path)?),
            ("CARGO_NET_OFFLINE", "true".into()),
            ("CARGO_TERM_COLOR", "never".into()),
            (variable, builds.into()),
        ];
        Ok(Place { checkout, script: self.root.join("round.sh"), umask, environment })
    }

    /// A directory as an administrator sets it up for a team: 2775, so that what is made in it
    /// belongs to the team's group.
    fn shared_directory(&self, path: &Path) -> anyhow::Result<()> {
        scratch::directory(path, 0o700)?;
        chown(path, None, Some(TEAM)).context("failed to hand over a directory")?;
        // After chown, which may clear the setgid bit.
        scratch::set_mode(path, 0o2775)
    }

    /// A workspace in which both people may write.
    fn check_out(&self, checkout: &Path) -> anyhow::Result<()> {
        self.shared_directory(checkout)?;
        write_all(checkout, workspace::checkout(), |path| self.shared_directory(path))?;
        // Checked in, as it should be: otherwise the two race for it, and no target directory
        // can help against that.
        let mut lock = Command::new(self.root.join("toolchain/bin/cargo"));
        lock.args(["generate-lockfile", "--offline"])
            .current_dir(checkout)
            .env("CARGO_HOME", self.root.join("cargo-home"));
        process::capture(&mut lock).map(drop)
    }
}

/// Makes a cargo home.
fn furnish(place: &Path) -> anyhow::Result<()> {
    let directory = |path: &Path| scratch::directory(path, 0o755);
    directory(place)?;
    write_all(place, workspace::cargo_home(&place.to_string_lossy()), directory)
}

/// Writes files below `top`, and makes the directories on the way.
fn write_all(
    top: &Path,
    files: Vec<workspace::File>,
    make: impl Fn(&Path) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for (path, text) in files {
        let mut directory = top.to_owned();
        for name in Path::new(&path).parent().into_iter().flatten() {
            directory.push(name);
            if !directory.is_dir() {
                make(&directory)?;
            }
        }
        scratch::file(&top.join(path), &text)?;
    }
    Ok(())
}

/// Puts copies with our accounts over the two account files, for this namespace alone.
fn announce(root: &Path) -> anyhow::Result<()> {
    for (name, lines) in [("passwd", accounts::passwd()), ("group", accounts::group())] {
        let original = Path::new("/etc").join(name);
        let text = fs::read_to_string(&original)
            .with_context(|| format!("failed to read `{}`", original.display()))?;
        let copy = root.join(name);
        scratch::file(&copy, &format!("{}\n{lines}", text.trim_end()))?;
        bind(&copy, &original)?;
    }
    Ok(())
}

fn bind(from: &Path, to: &Path) -> anyhow::Result<()> {
    process::run(Command::new("mount").arg("--bind").args([from, to]))
}
