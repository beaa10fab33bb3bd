//! Which workspace is being built, and so which target directory it has.
//!
//! Cargo identifies a path package by its name, its version and its path below the workspace root. If
//! two workspaces share a target directory and have a package with the same name, each can silently run
//! the other's programs (cargo#12516). So each workspace has its own directory. The root is found in
//! the same way as cargo finds it, by reading manifests: no process, no lock, no version control.
//!
//! - [`root`]: cargo's search over manifests.
//! - [`identity`]: the directory's name.
//! - [`record`]: the record beside the directory; it never decides anything.

pub mod identity;
pub mod record;
pub mod root;

use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rustix::fs::OFlags;

use identity::WorkspaceIdentity;

use crate::os::lexical::{self, near};
use crate::shim::argv::{Invocation, Manifest};

/// The maximum size of a manifest that is read, in bytes.
const MAX_MANIFEST: u64 = 16 << 20;

/// A workspace, script or repository with its own target directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// What it is.
    pub kind: WorkspaceKind,
    /// The root directory, or the script, without symlinks; the URL for [`WorkspaceKind::Git`].
    pub path: PathBuf,
    /// What else distinguishes it from others.
    pub identity: WorkspaceIdentity,
}

/// The kind of a [`Workspace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkspaceKind {
    /// A workspace, or a package without one.
    Workspace,
    /// A cargo script. Cargo takes all scripts with the same name for the same package.
    Script,
    /// A repository that `cargo install --git` fetches. Cargo keeps it in its own home, and takes all
    /// forks of a program for the same package.
    Git,
}

impl WorkspaceKind {
    /// The kind in messages and records.
    pub fn word(self) -> &'static str {
        match self {
            WorkspaceKind::Workspace => "workspace",
            WorkspaceKind::Script => "script",
            WorkspaceKind::Git => "git",
        }
    }
}

impl Workspace {
    /// Finds the workspace that a command builds; `None` if it does not build the user's sources.
    /// `here` is the process's working directory.
    pub fn of(
        invocation: &Invocation,
        working_directory: &Path,
        cargo_home: Option<&Path>,
        here: Option<&Path>,
    ) -> Option<Workspace> {
        let read = |path: &Path| read(&near(here, path));
        if let Some(script) = script(invocation, working_directory) {
            // Editors give a script a new inode at each save.
            let identity = identity_of(script.parent()?)?;
            return Some(Workspace { kind: WorkspaceKind::Script, path: script, identity });
        }
        if let Some(url) = &invocation.git {
            let identity = WorkspaceIdentity::of_words(&invocation.revision);
            return Some(Workspace { kind: WorkspaceKind::Git, path: url.into(), identity });
        }
        let root = if let Some(manifest) = typed_manifest(invocation, working_directory) {
            let root = root::of_manifest(&manifest, cargo_home, read);
            std::fs::canonicalize(root).ok()?
        } else if invocation.installs_from_registry() {
            return None;
        } else {
            let root = root::of_directory(working_directory, cargo_home, read)?;
            // The working directory contains no symlinks; `package.workspace` may.
            let is_above = working_directory.starts_with(&root);
            if is_above { root } else { std::fs::canonicalize(root).ok()? }
        };
        let identity = identity_of(&near(here, &root))?;
        Some(Workspace { kind: WorkspaceKind::Workspace, path: root, identity })
    }

    /// The name of its target directory in a private directory.
    pub fn directory_name(&self) -> String {
        self.identity.directory_name(&self.path)
    }

    /// The directory with its sources, unless cargo fetches them.
    pub fn directory(&self) -> Option<&Path> {
        match self.kind {
            WorkspaceKind::Workspace => Some(&self.path),
            WorkspaceKind::Script => self.path.parent(),
            WorkspaceKind::Git => None,
        }
    }
}

/// The directory in which cargo starts to look for its configuration: the working directory, except for
/// a script or a package to install.
pub fn configuration_start(
    invocation: &Invocation,
    working_directory: &Path,
    cargo_home: Option<&Path>,
) -> PathBuf {
    let script = script(invocation, working_directory);
    if let Some(directory) = script.as_deref().and_then(Path::parent) {
        return directory.to_owned();
    }
    match &invocation.manifest {
        Some(Manifest::Directory(path)) => lexical::absolute(working_directory, path),
        _ if invocation.git.is_some() || invocation.installs_from_registry() => {
            cargo_home.unwrap_or(working_directory).to_owned()
        }
        _ => working_directory.to_owned(),
    }
}

/// The script that is run: named by its path, or by a `--manifest-path` that is not a `Cargo.toml`.
fn script(invocation: &Invocation, working_directory: &Path) -> Option<PathBuf> {
    let manifest = match &invocation.manifest {
        Some(Manifest::File(path)) if !path.ends_with(root::MANIFEST) => Some(path.as_path()),
        _ => None,
    };
    let script = working_directory.join(invocation.script().or(manifest)?);
    std::fs::canonicalize(script).ok().filter(|script| script.is_file())
}

/// The `--manifest-path`, made absolute as cargo does it. A file that does not exist may be meant for
/// another program.
fn typed_manifest(invocation: &Invocation, working_directory: &Path) -> Option<PathBuf> {
    let (Manifest::File(path) | Manifest::Directory(path)) = invocation.manifest.as_ref()?;
    let path = lexical::absolute(working_directory, path);
    let path = if path.ends_with(root::MANIFEST) { path } else { path.join(root::MANIFEST) };
    path.exists().then_some(path)
}

fn identity_of(directory: &Path) -> Option<WorkspaceIdentity> {
    let metadata = std::fs::metadata(directory).ok()?;
    let born = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    Some(WorkspaceIdentity { inode: metadata.ino(), born })
}

/// Reads a manifest. `None` if it cannot be examined: then cargo ignores it. One that cannot be read, for
/// which cargo will report an error, counts as empty. A fifo or a device is not opened, as in
/// [`crate::os::files::open_regular`].
fn read(path: &Path) -> Option<String> {
    let found = std::fs::metadata(path).ok()?;
    let is_readable = found.is_file() && found.len() <= MAX_MANIFEST;
    Some(is_readable.then(|| text(path, found.len())).flatten().unwrap_or_default())
}

/// Reads up to the known size: reading on to the end would be one more system call.
fn text(path: &Path, size: u64) -> Option<String> {
    let carefully = OFlags::NONBLOCK.union(OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(carefully).open(path).ok()?;
    let mut text = String::with_capacity(usize::try_from(size).ok()? + 1);
    file.take(size).read_to_string(&mut text).ok()?;
    Some(text)
}
