//! The Rust toolchains that the people of the machine build with.
//!
//! The one that runs these tests, and its nightly or stable sibling where rustup has installed one.
//! They are bound to a neutral place, because the home they stand in is nobody's but its owner's.

use std::collections::BTreeMap;
use std::ffi::OsStr;
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
}

/// The toolchains of this system, by channel: the one of the compiler on PATH, and its siblings.
pub(super) fn find() -> BTreeMap<Channel, PathBuf> {
    let printed = Command::new("rustc").args(["--print", "sysroot"]).output();
    let printed = printed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let Some(running) = printed.ok().and_then(|path| complete(Path::new(path.trim()))) else {
        return BTreeMap::new();
    };
    let sibling = |channel: Channel| {
        let siblings = running.parent()?.read_dir().ok()?.flatten();
        let rustups_name = format!("{}-", channel.place().trim_start_matches("/opt/"));
        let is_named = |name: &OsStr| name.to_string_lossy().starts_with(&rustups_name);
        let mut named = siblings.filter(|sibling| is_named(&sibling.file_name()));
        Some((channel, named.find_map(|sibling| complete(&sibling.path()))?))
    };
    let mut found: BTreeMap<_, _> =
        [Channel::Stable, Channel::Nightly].into_iter().filter_map(sibling).collect();
    found.insert(channel_of(&running), running);
    found
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
