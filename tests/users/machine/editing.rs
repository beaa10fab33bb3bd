//! What an editor needs of the machine: a language server, something in place of rustup, and
//! toolchains whose cargo writes down how it is called.
//!
//! The server is looked for in three places, and `.ci/run` builds one for the second: the variable
//! [`SERVER`], `tools/bin` of the target directory, and PATH, where rustup has a proxy of that name
//! even when the component is missing.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::Channel;
use super::new_root::{NewRoot, places};

/// Says which rust-analyzer to use.
const SERVER: &str = "PERUSER_TEST_RUST_ANALYZER";
const NAME: &str = "rust-analyzer";

const RECORDED_CARGO: &str = include_str!("recorded-cargo.sh");
const STAND_IN: &str = include_str!("stand-in-proxy.sh");

/// Brings in the server, if the system has one, and the script.
pub(super) fn furnish(root: &NewRoot, server: Option<&Path>) -> Result<()> {
    root.program(&format!("{}/rustup", places::STAND_IN), STAND_IN.as_bytes())?;
    match server {
        Some(server) => root.bind_file(server, places::ANALYZER),
        None => Ok(()),
    }
}

/// Shows a toolchain at a second place, where its cargo is a script that writes down each call and
/// then executes the one at the first.
pub(super) fn record(root: &NewRoot, toolchain: &Path, channel: Channel) -> Result<()> {
    let script = format!("/opt/recorded-cargo-{}", channel.name());
    root.program(&script, RECORDED_CARGO.replace("REAL", channel.place()).as_bytes())?;
    root.bind(toolchain, &channel.recorded())?;
    let cargo = format!("{}/bin/cargo", channel.recorded());
    root.bind_over(&root.inside(&script), &cargo).context("no recorded toolchain")
}

/// The server of this system.
pub(super) fn server() -> Option<PathBuf> {
    let chosen = env::var_os(SERVER).map(PathBuf::from);
    // `<target>/debug/cargo-peruser`, and a directory of the triple between them if one was given.
    let built = Path::new(env!("CARGO_BIN_EXE_cargo-peruser"));
    let tools = built.ancestors().take(4).skip(2).map(|target| target.join("tools/bin").join(NAME));
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).map(|entry| entry.join(NAME));
    let mut places = chosen.into_iter().chain(tools).chain(on_path);
    // Before it is resolved: a proxy goes by the name that it is called by.
    places.find(|place| answers(place)).and_then(|place| place.canonicalize().ok())
}

fn answers(program: &Path) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
