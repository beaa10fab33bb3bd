//! What the two people find: accounts, homes, a toolchain, a shim and a checkout they share.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use xshell::{Shell, cmd};

use super::{Arrangement, workspace};
use crate::project;

pub(super) struct Person {
    pub(super) name: &'static str,
    /// Their user id, and the id of their own group.
    id: u32,
}

/// The names that appear below the shared root, with user ids that neither Debian's nor systemd's
/// conventions give to anybody.
pub(super) const PEOPLE: [Person; 2] =
    [Person { name: "race_alice", id: 60_578 }, Person { name: "race_bob", id: 60_579 }];

/// The id of the group that both are in.
const TEAM: u32 = 60_580;

/// Where the stage may be mounted: what lies there already cannot be seen meanwhile.
const PLACES: [&str; 3] = ["/srv", "/mnt", "/media"];

pub(super) struct Stage {
    /// Works in the stage's own directory.
    sh: Shell,
    root: PathBuf,
}

/// Where and how a row's builds run.
pub(super) struct Place {
    root: PathBuf,
    checkout: PathBuf,
    umask: &'static str,
    environment: [(&'static str, OsString); 4],
}

impl Stage {
    pub(super) fn set_up(binary: &Path) -> anyhow::Result<Self> {
        let cargo = project::cargo()?;
        let sysroot = cargo.ancestors().nth(2).context("the toolchain has no directory")?;
        let is_free = |place: &&str| {
            Path::new(place).is_dir() && !binary.starts_with(place) && !sysroot.starts_with(place)
        };
        let root =
            PLACES.into_iter().find(is_free).context("no directory to mount the stage at")?;
        let sh = Shell::new()?;
        cmd!(sh, "mount -t tmpfs -o mode=0755 race {root}").quiet().run()?;
        sh.change_dir(root);
        sh.create_dir("shim")?;
        sh.copy_file(binary, "shim/cargo")?;
        // The toolchain lies in somebody's home, which the two cannot enter.
        sh.create_dir("toolchain")?;
        cmd!(sh, "mount --bind {sysroot} toolchain").quiet().run()?;
        sh.write_file("round.sh", include_str!("round.sh"))?;
        let stage = Self { sh, root: root.into() };
        stage.announce("passwd", &passwd())?;
        stage.announce("group", &group())?;
        stage.cargo_home("cargo-home")?;
        for Person { name, id } in &PEOPLE {
            stage.cargo_home(&format!("home/{name}/.cargo"))?;
            let owner = format!("{id}:{id}");
            cmd!(stage.sh, "chown -R {owner} home/{name}").quiet().run()?;
            cmd!(stage.sh, "chmod 0700 home/{name}").quiet().run()?;
        }
        Ok(stage)
    }

    /// Puts a copy with our lines over an account file, for this namespace alone.
    fn announce(&self, name: &str, lines: &str) -> anyhow::Result<()> {
        let text = self.sh.read_file(format!("/etc/{name}"))?;
        self.sh.write_file(name, format!("{}\n{lines}", text.trim_end()))?;
        Ok(cmd!(self.sh, "mount --bind {name} /etc/{name}").quiet().run()?)
    }

    fn cargo_home(&self, path: &str) -> anyhow::Result<()> {
        let absolute = self.root.join(path);
        self.write(path, workspace::cargo_home(&absolute.to_string_lossy()))
    }

    fn write(&self, top: &str, files: Vec<workspace::File>) -> anyhow::Result<()> {
        for (path, text) in files {
            self.sh.write_file(format!("{top}/{path}"), text)?;
        }
        Ok(())
    }

    /// A fresh checkout and a fresh place for the row's builds.
    pub(super) fn place(
        &self,
        arrangement: Arrangement,
        umask: &'static str,
    ) -> anyhow::Result<Place> {
        let row =
            format!("{}-{umask}", if arrangement == Arrangement::Shim { "shim" } else { "shared" });
        let (checkout, builds) = (format!("{row}/checkout"), format!("{row}/builds"));
        self.write(&checkout, workspace::checkout())?;
        // Checked in, as it should be: otherwise the two race for it, and no target directory
        // can help against that.
        let lock = cmd!(self.sh, "toolchain/bin/cargo generate-lockfile --offline --quiet");
        let lock = lock.env("CARGO_HOME", self.root.join("cargo-home"));
        lock.args(["--manifest-path", &format!("{checkout}/Cargo.toml")]).quiet().run()?;
        self.share(&checkout)?;
        self.sh.create_dir(&builds)?;
        let mut path = vec![self.root.join("toolchain/bin"), "/usr/bin".into(), "/bin".into()];
        let variable = match arrangement {
            Arrangement::SharedTarget => {
                self.share(&builds)?;
                "CARGO_TARGET_DIR"
            }
            Arrangement::Shim => {
                path.insert(0, self.root.join("shim"));
                for Person { name, id } in &PEOPLE {
                    let id = id.to_string();
                    cmd!(self.sh, "install -d -m 0700 -o {id} -g {id} {builds}/{name}")
                        .quiet()
                        .run()?;
                }
                "CARGO_PERUSER_SHARED_ROOT"
            }
        };
        let environment = [
            ("PATH", std::env::join_paths(path)?),
            ("CARGO_NET_OFFLINE", "true".into()),
            ("CARGO_TERM_COLOR", "never".into()),
            (variable, self.root.join(builds).into()),
        ];
        let checkout = self.root.join(checkout);
        Ok(Place { root: self.root.clone(), checkout, umask, environment })
    }

    /// Directories as an administrator sets them up for a team: 2775, so that what is made in them
    /// belongs to the team's group.
    fn share(&self, path: &str) -> anyhow::Result<()> {
        let group = TEAM.to_string();
        cmd!(self.sh, "chgrp -R {group} {path}").quiet().run()?;
        let chmod = ["-type", "d", "-exec", "chmod", "2775", "{}", "+"];
        Ok(cmd!(self.sh, "find {path} {chmod...}").quiet().run()?)
    }
}

impl Place {
    /// One edit and one build, as this person, with nothing of ours in the environment.
    pub(super) fn command(&self, person: &Person, round: u32) -> Command {
        let Person { name, id } = person;
        let mut command = Command::new("setpriv");
        command
            .args([format!("--reuid={id}"), format!("--regid={id}")])
            .arg(format!("--groups={id},{TEAM}"))
            .args(["--", "/bin/sh"])
            .arg(self.root.join("round.sh"))
            .args([self.umask, name, &round.to_string()])
            .current_dir(&self.checkout)
            .env_clear()
            .envs([("USER", *name), ("LOGNAME", name), ("LANG", "C.UTF-8")])
            .env("HOME", self.root.join("home").join(name))
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Lines for /etc/passwd. The shell is a real one: an account that cannot log in gets no directory
/// from the shim.
fn passwd() -> String {
    let line = |Person { name, id }: &Person| format!("{name}:x:{id}:{id}::/nonexistent:/bin/sh\n");
    PEOPLE.each_ref().map(line).concat()
}

fn group() -> String {
    let own = PEOPLE.each_ref().map(|Person { name, id }| format!("{name}:x:{id}:\n")).concat();
    format!("{own}race-team:x:{TEAM}:{}\n", PEOPLE.each_ref().map(|person| person.name).join(","))
}
