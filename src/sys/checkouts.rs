//! Finds the working copy that is being built, by looking upward from where cargo works.

use std::path::{Path, PathBuf};

use super::files;
use crate::core::checkout::{Checkout, CheckoutKind, is_linked_worktree};
use crate::core::invocation::{Invocation, Manifest};
use crate::core::lexical;
use crate::error::Kind;

/// What is being built, as far as it can be told without asking cargo.
pub fn of(invocation: &Invocation<'_>, working_directory: &Path) -> Option<Checkout> {
    match script(invocation, working_directory) {
        Some(top) => Some(Checkout { top, kind: CheckoutKind::Script }),
        None => find(&start(invocation, working_directory)),
    }
}

/// Where cargo begins to look for its configuration: the working directory, unless a script or
/// another package is what it runs for.
pub fn configuration_start(invocation: &Invocation<'_>, working_directory: &Path) -> PathBuf {
    let script = script(invocation, working_directory);
    if let Some(directory) = script.as_deref().and_then(Path::parent) {
        return directory.to_owned();
    }
    match invocation.manifest {
        Some(Manifest::Directory(_)) => start(invocation, working_directory),
        _ => working_directory.to_owned(),
    }
}

/// The cargo script that is run: by its path, or by a `--manifest-path` that is no `Cargo.toml`.
fn script(invocation: &Invocation<'_>, working_directory: &Path) -> Option<PathBuf> {
    let manifest = match invocation.manifest {
        Some(Manifest::File(path)) => Some(path).filter(|path| !path.ends_with("Cargo.toml")),
        _ => None,
    };
    let script = working_directory.join(invocation.script().or(manifest)?);
    std::fs::canonicalize(script).ok().filter(|script| script.is_file())
}

/// The directory that the build starts from. Typed paths may have symlinks in them, and the
/// checkout's name must not depend on those.
fn start(invocation: &Invocation<'_>, working_directory: &Path) -> PathBuf {
    let typed = match invocation.manifest {
        Some(Manifest::File(path)) => Some(working_directory.join(path).join("..")),
        Some(Manifest::Directory(path)) => Some(working_directory.join(path)),
        None => invocation.directory.map(|_| working_directory.to_owned()),
    };
    let typed = typed.map(|path| lexical::absolute(working_directory, &path));
    let real = typed.and_then(|path| std::fs::canonicalize(path).ok());
    real.unwrap_or_else(|| working_directory.to_owned())
}

/// The nearest working copy at or above `start`.
///
/// Without git it is the outermost directory that holds a `Cargo.toml`, since a workspace's root
/// is never below that, and which one it is does not change with the first build.
fn find(start: &Path) -> Option<Checkout> {
    for directory in start.ancestors() {
        if let Ok(entry) = files::entry(&directory.join(".git")) {
            let is_linked = entry.kind == Kind::File && is_worktree_file(&directory.join(".git"));
            let kind = if is_linked { CheckoutKind::LinkedWorktree } else { CheckoutKind::Main };
            return Some(Checkout { top: directory.to_owned(), kind });
        }
    }
    let has_manifest = |directory: &&Path| files::entry(&directory.join("Cargo.toml")).is_ok();
    let top = start.ancestors().filter(has_manifest).last()?;
    Some(Checkout { top: top.to_owned(), kind: CheckoutKind::Main })
}

fn is_worktree_file(path: &Path) -> bool {
    files::read_regular(path).is_ok_and(|text| is_linked_worktree(&text))
}
