//! A directory that editors use as a toolchain. Its `cargo` is the shim, and everything else in it is a
//! link to the user's own tools.
//!
//! It is recognised by that `cargo`, and nothing is replaced in any other directory. Anyone who can
//! change it chooses what an editor executes. So a directory that another user owns, can write to, or
//! could replace is refused.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::os::files;
use crate::os::replace;
use crate::private_dir::judge::judge_own;
use crate::private_dir::refusal::{Flaw, refusal};
use crate::private_dir::{Caller, examine_ancestors};
use crate::shim::toolchain::{CARGO, RUSTC};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result};

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

/// The symlinks of the directory: names and targets.
pub(crate) type Links = BTreeMap<OsString, PathBuf>;

/// Checks the directory and returns its links, none if it does not exist yet. Changes nothing. `shim`
/// is the expected target of its `cargo`.
///
/// # Errors
/// A refusal if another user could change the directory, and a failure for an entry that this program
/// did not create.
pub(crate) fn look(path: &Path, shim: &Path, caller: &Caller<'_>) -> Result<Links> {
    examine_ancestors(path, caller)?;
    let failed = |cause| Failure::file("read", path, cause);
    let Some(entry) = files::entry_if_any(path).map_err(failed)? else { return Ok(Links::new()) };
    let others = entry.mode & 0o022 != 0;
    let writable = if others { Err(Flaw::WritableByOthers) } else { Ok(()) };
    judge_own(&entry, caller.uid)
        .and(writable)
        .map_err(|flaw| refusal(path, &entry, flaw, caller))?;
    let links = links(path).map_err(failed)?;
    let Some(name) = first_foreign(&links, shim) else { return Ok(links) };
    let text = format!(
        "cannot use `{}` as a toolchain directory: cargo-peruser did not create `{}`",
        escaped(path),
        escaped(&path.join(name))
    );
    let other = quoted(&path.join("peruser"));
    Err(Failure::new(text)
        .help(format!("name an empty or a new directory: cargo-peruser toolchain {other}")))
}

/// The links of a directory. The target of an entry that is no symlink is empty.
fn links(directory: &Path) -> io::Result<Links> {
    let link = |entry: io::Result<std::fs::DirEntry>| {
        let entry = entry?;
        Ok((entry.file_name(), std::fs::read_link(entry.path()).unwrap_or_default()))
    };
    std::fs::read_dir(directory)?.map(link).collect()
}

/// The first entry that this program did not create.
fn first_foreign<'a>(links: &'a Links, shim: &Path) -> Option<&'a OsStr> {
    let has_cargo = links.contains_key(OsStr::new(CARGO));
    let is_ours = |(name, to): &(&OsString, &PathBuf)| match *name == CARGO {
        // Even that of an installation that is gone.
        true => {
            *to == shim
                || to.ends_with("cargo-peruser/bin/cargo")
                || to.ends_with("bin/cargo-peruser")
        }
        false => {
            TOOLS.iter().any(|tool| *name == *tool)
                && to.is_absolute()
                && to.file_name() == Some(name)
        }
    };
    // A killed run leaves a link that is not yet in its place.
    let is_unfinished = |name: &OsStr| {
        TOOLS.iter().chain(&[CARGO]).any(|tool| replace::beside(Path::new(tool)) == name)
    };
    let mut foreign =
        links.iter().filter(|link| !is_unfinished(link.0) && (!has_cargo || !is_ours(link)));
    foreign.next().map(|(name, _)| name.as_os_str())
}

/// Makes the directory hold these links, and no others. Missing directories are created with mode 0755
/// less the umask, so that no other user can write there.
///
/// # Errors
/// The same as [`look`], and any I/O error. Finished changes stay, and the next run does the rest.
pub(crate) fn hold(path: &Path, shim: &Path, links: &Links, caller: &Caller<'_>) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o755).create(path);
    made.map_err(|cause| Failure::step("create directory", path, cause))?;
    // Another user may have been faster.
    let found = look(path, shim, caller)?;
    // `cargo` is the first name, so that a killed run leaves a directory that is ours.
    for (name, to) in links.iter().filter(|(name, to)| found.get(*name) != Some(*to)) {
        let place = path.join(name);
        replace::link(&place, to).map_err(|cause| Failure::file("link", &place, cause))?;
    }
    let mut unwanted = found.keys().filter(|name| !links.contains_key(*name));
    unwanted.try_for_each(|name| remove_link(&path.join(name)))
}

/// Removes the directory with these links, and up to `parents` directories above it while they are
/// empty. `cargo` is removed last, because it marks the directory as ours.
///
/// # Errors
/// Any I/O error about a link.
pub(crate) fn remove(path: &Path, links: &Links, parents: usize) -> Result<()> {
    links.keys().rev().try_for_each(|name| remove_link(&path.join(name)))?;
    let removed = files::if_any(std::fs::remove_dir(path));
    removed.map_err(|cause| Failure::file("remove", path, cause))?;
    let above = path.ancestors().skip(1).take(parents);
    // Stop at the first directory that is not empty.
    let _ = above.map(std::fs::remove_dir).find(Result::is_err);
    Ok(())
}

fn remove_link(path: &Path) -> Result<()> {
    let removed = files::if_any(std::fs::remove_file(path));
    removed.map(drop).map_err(|cause| Failure::file("remove", path, cause))
}

#[cfg(test)]
mod tests {
    use super::first_foreign;
    use std::ffi::OsStr;
    use std::path::Path;

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
            (&[(".cargo.peruser-new", "/x")], None),
            (&[(".rustc.peruser-new", "/x"), ours], None),
            (&[(".sh.peruser-new", "/x"), ours], Some(".sh.peruser-new")),
            (&[ours, ("rustc", "")], Some("rustc")),
            (&[ours, ("rustc", "rustup")], Some("rustc")),
            (&[ours, ("rustc", "/bin/sh")], Some("rustc")),
            (&[ours, ("sh", "/bin/sh")], Some("sh")),
            (&[ours, ("README", "")], Some("README")),
        ] {
            let links = lines.iter().map(|(name, to)| (name.into(), to.into())).collect();
            let found = first_foreign(&links, Path::new("/x/renamed"));
            assert_eq!(found, expected.map(OsStr::new), "{lines:?}");
        }
    }
}
