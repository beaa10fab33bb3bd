//! Pure: a directory that editors use as a toolchain. Its `cargo` is the shim, and everything else in it
//! is a link to the user's own tools.
//!
//! The directory is recognised by that `cargo`. Nothing is replaced in a directory that is not ours.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::shim::toolchain::{CARGO, RUSTC};

/// The program with which an editor installs components and toolchains.
pub(crate) const RUSTUP: &str = "rustup";

/// The tools that an editor, or cargo, may call besides cargo.
pub(crate) const TOOLS: [&str; 12] = [
    RUSTC,
    "rustdoc",
    "rustfmt",
    RUSTUP,
    "cargo-clippy",
    "cargo-fmt",
    "cargo-miri",
    "clippy-driver",
    "rust-analyzer",
    "rust-gdb",
    "rust-gdbgui",
    "rust-lldb",
];

/// A symlink of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// Its name.
    pub name: &'static str,
    /// Its target, an absolute path.
    pub to: PathBuf,
}

/// An entry of an existing directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ToolchainEntry {
    /// Its name.
    pub name: OsString,
    /// Its target, if it is a symlink.
    pub leads_to: Option<PathBuf>,
}

/// The first entry that this program did not create. `shim` is the expected target of `cargo`.
pub(crate) fn first_foreign<'a>(
    entries: &'a [ToolchainEntry],
    shim: &Path,
) -> Option<&'a ToolchainEntry> {
    let is_ours = entries.iter().any(|entry| is_our_cargo(entry, shim));
    entries.iter().find(|entry| {
        let is_tool = is_ours && (is_our_cargo(entry, shim) || is_link_to_a_tool(entry));
        !is_tool && !is_leftover(entry)
    })
}

/// Whether an entry is our `cargo`, even of an installation that is gone.
fn is_our_cargo(entry: &ToolchainEntry, shim: &Path) -> bool {
    let is_ours = |to: &PathBuf| {
        to == shim || to.ends_with("cargo-peruser/bin/cargo") || to.ends_with("bin/cargo-peruser")
    };
    entry.name == CARGO && entry.leads_to.as_ref().is_some_and(is_ours)
}

fn is_link_to_a_tool(entry: &ToolchainEntry) -> bool {
    let leads_to_one = |to: &PathBuf| to.is_absolute() && to.file_name() == Some(&entry.name);
    TOOLS.iter().any(|tool| entry.name == *tool)
        && entry.leads_to.as_ref().is_some_and(leads_to_one)
}

/// Whether the entry is the new version of a link, left by a run that was killed before it replaced the
/// old one.
fn is_leftover(entry: &ToolchainEntry) -> bool {
    let name = entry.name.to_str().and_then(|name| name.strip_prefix('.'));
    let replaced = name.and_then(|name| name.strip_suffix(".peruser-new"));
    entry.leads_to.is_some() && replaced.is_some_and(|name| name == CARGO || TOOLS.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::{ToolchainEntry, first_foreign};
    use std::path::Path;

    fn foreign(lines: &[(&str, &str)]) -> Option<String> {
        let entry = |(name, to): &(&str, &str)| ToolchainEntry {
            name: name.into(),
            leads_to: (!to.is_empty()).then(|| to.into()),
        };
        let entries: Vec<ToolchainEntry> = lines.iter().map(entry).collect();
        let found = first_foreign(&entries, Path::new("/x/renamed"));
        found.map(|entry| entry.name.to_string_lossy().into_owned())
    }

    #[test]
    fn recognises_our_directory_by_its_cargo() {
        let ours = ("cargo", "/usr/local/lib/cargo-peruser/bin/cargo");
        let rustc = ("rustc", "/home/a/.cargo/bin/rustc");
        for (lines, expected) in [
            (&[][..], None),
            (&[ours], None),
            (&[rustc, ours], None),
            (&[("cargo", "/x/renamed"), rustc], None),
            (&[("cargo", "/old/bin/cargo-peruser"), rustc], None),
            (&[("cargo", "/usr/bin/cargo"), rustc], Some("cargo")),
            (&[("cargo", ""), rustc], Some("cargo")),
            (&[rustc], Some("rustc")),
            (&[ours, ("rustc", "")], Some("rustc")),
            (&[ours, ("rustc", "rustup")], Some("rustc")),
            (&[ours, ("rustc", "/bin/sh")], Some("rustc")),
            (&[ours, ("sh", "/bin/sh")], Some("sh")),
            (&[ours, ("README", "")], Some("README")),
            (&[(".rustc.peruser-new", "/bin/rustc")], None),
            (&[(".rustc.peruser-new", "")], Some(".rustc.peruser-new")),
            (&[(".profile.peruser-new", "/x")], Some(".profile.peruser-new")),
        ] {
            assert_eq!(foreign(lines).as_deref(), expected, "{lines:?}");
        }
    }
}
