//! The sessions that editors are started in, from one that nobody has prepared to one where
//! everything is said.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::editor::{Door, RECORD};
use crate::machine::{Channel, places};
use crate::stage::{Invocation, Person, Stage, make, project};

/// What has been done for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Session {
    /// The shim stands first on PATH, and that is all.
    ShimOnPath,
    /// The same, started from a cargo, which sets `CARGO`: `cargo run` of an editor, for one.
    ShimOnPathInsideCargo,
    /// What `cargo-peruser env` prints is exported.
    Exported,
    /// The same, started from a cargo.
    ExportedInsideCargo,
    /// Nothing is exported; the editor hands the variable to the server.
    EditorSettings,
    /// Nothing is exported; the server's own settings file has the variable.
    SettingsFile,
    /// The same, and the editor hands over an empty table, as those do that hand over every setting
    /// that they know.
    SettingsFileOutvoted,
}

/// The caller's PATH before anything is done for it, and the variable that is to come.
pub(super) struct Readied<'p> {
    /// What the person has in their session.
    pub(super) invocation: Invocation<'p>,
    /// `cargo.extraEnv` as the editor has it.
    pub(super) editor: Option<Value>,
    /// What the server sets for cargo from its second round on; the settings file comes too late
    /// for the first one.
    pub(super) rounds: Vec<String>,
}

impl Session {
    /// How a cargo is reached that is asked to check: rust-analyzer prefers `CARGO`, then PATH.
    pub(super) fn checks_through(self) -> Door {
        match self {
            Session::ShimOnPath | Session::Exported => Door::Shim,
            Session::ShimOnPathInsideCargo | Session::ExportedInsideCargo => Door::Direct,
            Session::EditorSettings | Session::SettingsFile | Session::SettingsFileOutvoted => {
                Door::Proxy
            }
        }
    }

    /// Makes the session ready in which `invocation` is to be run.
    pub(super) fn ready<'p>(
        self,
        invocation: Invocation<'p>,
        person: &Person<'p>,
        channel: Channel,
    ) -> Result<Readied<'p>> {
        let path = format!("{}:{}", person.home.join(".cargo/bin").display(), places::PROGRAMS);
        let plain = plain(invocation, person).env("PATH", &path);
        let shim_first = || format!("{}:{path}", shim_dir(person.stage).display());
        let cargo = format!("{}/bin/cargo", channel.recorded());
        let exports = exports(person, &path)?;
        let target = exports.iter().find(|(name, _)| name == "CARGO_TARGET_DIR");
        let (name, value) = target.context("no target directory is exported")?;
        let mut rounds = vec![String::new()];
        let mut editor = None;
        let invocation = match self {
            Session::ShimOnPath => plain.env("PATH", shim_first()),
            Session::ShimOnPathInsideCargo => plain.env("PATH", shim_first()).env("CARGO", cargo),
            Session::Exported => export(plain, &exports),
            Session::ExportedInsideCargo => export(plain, &exports).env("CARGO", cargo),
            Session::EditorSettings => {
                editor = Some(json!({ name: value }));
                rounds = vec![format!("{name}={value}")];
                plain
            }
            Session::SettingsFile | Session::SettingsFileOutvoted => {
                let text = format!("[cargo.extraEnv]\n{name} = \"{value}\"\n");
                write_settings(person, &text)?;
                plain
            }
        };
        if self == Session::SettingsFileOutvoted {
            editor = Some(json!({}));
        }
        if self == Session::SettingsFile {
            rounds.push(format!("{name}={value}"));
        }
        Ok(Readied { invocation, editor, rounds })
    }
}

/// The binary as it is installed, with the shim beside it.
pub(super) fn install(stage: &Stage) -> Result<()> {
    let prefix = stage.at("prefix");
    fs::create_dir_all(prefix.join("bin"))?;
    fs::create_dir_all(shim_dir(stage))?;
    let program = prefix.join("bin/cargo-peruser");
    fs::copy(Path::new(places::BY_NAME).join("cargo-peruser"), &program)?;
    make::link(&shim_dir(stage).join("cargo"), &program, 0)
}

/// Where calls of that person are written down.
pub(super) fn record(person: &Person<'_>) -> PathBuf {
    person.home.join("tmp/calls")
}

fn shim_dir(stage: &Stage) -> PathBuf {
    stage.at("prefix/lib/cargo-peruser/bin")
}

fn plain<'p>(invocation: Invocation<'p>, person: &Person<'_>) -> Invocation<'p> {
    invocation
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_TERM_COLOR", "never")
        .env("TMPDIR", person.home.join("tmp"))
        .env(RECORD, record(person))
}

/// What the person's session exports, as the hooks of setup make it.
fn exports(person: &Person<'_>, path: &str) -> Result<Vec<(String, String)>> {
    let program = person.stage.at("prefix/bin/cargo-peruser");
    let asked = person.program(&program.to_string_lossy(), ["env", "--format", "json"]);
    let said = asked.env("PATH", path).run()?;
    let Value::Object(object) = serde_json::from_str(&said.ok()?.stdout)? else {
        bail!("no object: {}", said.stdout)
    };
    let text = |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
    object.into_iter().map(text).collect::<Option<_>>().context("a value is no text")
}

fn export<'p>(invocation: Invocation<'p>, exports: &[(String, String)]) -> Invocation<'p> {
    exports.iter().fold(invocation, |invocation, (name, value)| invocation.env(name, value))
}

fn write_settings(person: &Person<'_>, text: &str) -> Result<()> {
    let directory = person.home.join(".config/rust-analyzer");
    fs::create_dir_all(&directory)?;
    fs::write(directory.join("rust-analyzer.toml"), text)?;
    project::give(&person.home.join(".config"), &format!("{0}:{0}", person.uid()))
}
