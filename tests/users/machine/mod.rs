//! The machine that the tests run on: a mount namespace with accounts and a file tree of its own.
//!
//! It is made once, by the test program itself after it has executed itself anew inside the
//! namespace. Outside of that namespace nothing is ever mounted, created or changed.

mod accounts;
mod enter;
mod needs;
mod new_root;
mod registry;
mod toolchain;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use anyhow::{Context, Result};

pub(crate) use accounts::{Account, account, crowd, group};
pub(crate) use needs::Need;
pub(crate) use new_root::places;
pub(crate) use toolchain::Channel;

use new_root::NewRoot;

/// What the machine lacks, and why; or why there is none.
pub(crate) type Ground = Result<BTreeMap<Need, String>, String>;

/// Makes the machine, or moves into a namespace where it can be made and does not return.
pub(crate) fn ground() -> Ground {
    if enter::has_arrived() {
        return Ok(
            build().unwrap_or_else(|error| panic!("the tests' machine is broken: {error:#}"))
        );
    }
    match enter::obstacle() {
        Some(reason) => Err(reason),
        None => panic!("cannot enter a namespace: {}", enter::enter()),
    }
}

fn build() -> Result<BTreeMap<Need, String>> {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let toolchains = toolchain::find();
    let rustup = toolchain::rustup();
    let mut outside: Vec<&Path> = toolchains.values().map(|path| path.as_path()).collect();
    outside.push(Path::new(env!("CARGO_BIN_EXE_cargo-peruser")));
    outside.extend(rustup.as_deref());
    let root = NewRoot::mount(&outside).context("no file system for the machine")?;
    root.furnish()?;
    accounts::write(&root.inside("/etc"))?;
    for (channel, toolchain) in &toolchains {
        root.bind(toolchain, channel.place())?;
    }
    if let Some(rustup) = rustup {
        root.program(&format!("{}/rustup", places::RUSTUP), &fs::read(rustup)?)?;
        symlink("rustup", root.inside(places::RUSTUP_INIT))?;
    }
    if let Some(sccache) = toolchain::sccache() {
        root.program(&format!("{}/sccache", places::SCCACHE), &fs::read(sccache)?)?;
    }
    let missing = registry::copy(&root.inside(places::REGISTRY));
    let missing = missing.unwrap_or_else(|error| vec![format!("{error:#}")]);
    root.enter()?;
    let mut lacks = needs::lacking();
    lacks.extend(missing.into_iter().next().map(|reason| (Need::Trybuild, reason)));
    Ok(lacks)
}
