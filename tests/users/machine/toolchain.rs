//! The Rust toolchains that the people of the machine build with.
//!
//! The one that runs these tests, and its nightly or stable sibling where rustup has installed one.
//! They are bound to a neutral place, because the home they stand in is nobody's but its owner's.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Need;

/// A release channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Channel {
    /// Stable or beta.
    Stable,
    /// Nightly.
    Nightly,
}

impl Channel {
    /// Where its toolchain stands on the machine.
    pub(crate) fn place(self) -> &'static str {
        match self {
            Channel::Stable => "/opt/stable",
            Channel::Nightly => "/opt/nightly",
        }
    }

    /// What a test with it needs.
    pub(crate) fn needs(self) -> &'static [Need] {
        match self {
            Channel::Stable => &[Need::Cargo],
            Channel::Nightly => &[Need::Cargo, Need::Nightly],
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Channel::Stable => "stable-",
            Channel::Nightly => "nightly-",
        }
    }
}

/// The toolchains of this system, by channel.
pub(super) fn find() -> BTreeMap<Channel, PathBuf> {
    let mut found = BTreeMap::new();
    let Some(running) = running() else {
        return found;
    };
    let siblings = running.parent().and_then(|parent| parent.read_dir().ok());
    for sibling in siblings.into_iter().flatten().flatten() {
        for channel in [Channel::Stable, Channel::Nightly] {
            if sibling.file_name().to_string_lossy().starts_with(channel.prefix())
                && let Some(toolchain) = complete(&sibling.path())
            {
                found.insert(channel, toolchain);
            }
        }
    }
    found.insert(channel_of(&running), running);
    found
}

/// The toolchain that runs these tests: cargo says so, or else the compiler on PATH.
fn running() -> Option<PathBuf> {
    let by_cargo = env::var_os("CARGO").and_then(|cargo| {
        let bin = Path::new(&cargo).parent()?;
        complete(bin.parent()?)
    });
    by_cargo.or_else(|| {
        let output = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
        complete(Path::new(String::from_utf8(output.stdout).ok()?.trim()))
    })
}

/// rustup itself, which every proxy leads to.
pub(super) fn rustup() -> Option<PathBuf> {
    which::which("rustup").ok()?.canonicalize().ok()
}

/// sccache: where `.ci/run` puts it, or from PATH.
pub(super) fn sccache() -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tools");
    let ours = Some(tools.join("sccache/bin/sccache")).filter(|path| path.exists());
    ours.or_else(|| which::which("sccache").ok())
}

fn complete(toolchain: &Path) -> Option<PathBuf> {
    let toolchain = toolchain.canonicalize().ok()?;
    let has = |name: &str| toolchain.join("bin").join(name).is_file();
    (has("cargo") && has("rustc")).then_some(toolchain)
}

fn channel_of(toolchain: &Path) -> Channel {
    let output = Command::new(toolchain.join("bin/cargo")).arg("--version").output();
    let nightly =
        output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("nightly"));
    if nightly { Channel::Nightly } else { Channel::Stable }
}
