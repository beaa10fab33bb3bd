//! Finds the working copy that is being built, by looking upward from where cargo works.

use std::path::{Path, PathBuf};

use super::files;
use crate::core::checkout::{Checkout, CheckoutKind, is_linked_worktree};
use crate::core::invocation::Invocation;
use crate::error::Kind;

/// The directory that the build starts from: that of `--manifest-path`, or the working directory.
///
/// Typed paths may have symlinks in them, and the checkout's name must not depend on those.
pub fn start(invocation: &Invocation<'_>, working_directory: &Path) -> PathBuf {
    let manifest = invocation.manifest_path.map(|path| working_directory.join(path));
    let directory = manifest.as_deref().and_then(Path::parent).unwrap_or(working_directory);
    let is_typed = manifest.is_some() || invocation.directory.is_some();
    let real = if is_typed { std::fs::canonicalize(directory).ok() } else { None };
    real.unwrap_or_else(|| directory.to_owned())
}

/// The nearest working copy at or above `start`.
///
/// Without git it is the outermost directory that holds a `Cargo.toml`, since a workspace's root
/// is never below that, and which one it is does not change with the first build.
pub fn find(start: &Path) -> Option<Checkout> {
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
    let text = std::fs::File::open(path).and_then(|file| files::text(&file));
    text.is_ok_and(|text| is_linked_worktree(&text))
}
