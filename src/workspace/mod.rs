//! Which workspace is being built, and so which target directory it has.
//!
//! Cargo knows a path package by its name, version and path below the workspace root. Two workspaces
//! that share a target directory therefore run each other's programs without a word as soon as they
//! have a package of one name (cargo#12516). So each workspace has a directory of its own. The root
//! is found as cargo finds it, by reading manifests: no process, no lock, no version control.
//!
//! - [`root`]: cargo's search over manifests.
//! - [`identity`]: the directory's name.
//! - [`record`]: what is written down beside the directory; it never decides anything.

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
use root::ManifestText;

use crate::os::lexical::{self, near};
use crate::shim::argv::{Invocation, Manifest};
use crate::shim::decide::OwnDirectory;

/// The largest manifest that is read, in bytes.
const MAX_MANIFEST: u64 = 16 << 20;

/// What has a target directory of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// What it is.
    pub kind: WorkspaceKind,
    /// The root directory, or the script; without symlinks. For [`WorkspaceKind::Git`] it is the URL.
    pub path: PathBuf,
    /// What else tells it from others.
    pub identity: WorkspaceIdentity,
}

/// What a [`Workspace`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkspaceKind {
    /// A workspace, or a package that is in none.
    Workspace,
    /// A cargo script. All of one name are the same package to cargo.
    Script,
    /// A repository that `cargo install --git` fetches. Cargo keeps it in its own home, where forks of
    /// one program are the same package to it.
    Git,
}

impl WorkspaceKind {
    /// The kind, for people and in records.
    pub fn word(self) -> &'static str {
        match self {
            WorkspaceKind::Workspace => "workspace",
            WorkspaceKind::Script => "script",
            WorkspaceKind::Git => "git",
        }
    }
}

impl Workspace {
    /// Finds what a command builds, for a process that works `here`; `None` where that is no sources of the person's.
    pub fn of(
        invocation: &Invocation,
        working_directory: &Path,
        cargo_home: Option<&Path>,
        here: Option<&Path>,
    ) -> Option<Workspace> {
        let read = |path: &Path| read(&near(here, path));
        if let Some(script) = script(invocation, working_directory) {
            // An editor gives a script a new inode each time that it saves it.
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
            // The working directory has no symlinks in it; `package.workspace` may.
            let is_above = working_directory.starts_with(&root);
            if is_above { root } else { std::fs::canonicalize(root).ok()? }
        };
        let identity = identity_of(&near(here, &root))?;
        Some(Workspace { kind: WorkspaceKind::Workspace, path: root, identity })
    }

    /// Its target directory, as the decision takes it.
    pub fn own_directory(&self) -> OwnDirectory {
        let name = self.identity.directory_name(&self.path);
        OwnDirectory { name, is_script: self.kind == WorkspaceKind::Script }
    }

    /// The directory that its sources are in, if they are the person's.
    pub fn directory(&self) -> Option<&Path> {
        match self.kind {
            WorkspaceKind::Workspace => Some(&self.path),
            WorkspaceKind::Script => self.path.parent(),
            WorkspaceKind::Git => None,
        }
    }
}

/// Where cargo begins to look for its configuration: the working directory, unless a script or
/// a package to install is what it runs for.
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

/// The cargo script that is run: by its path, or by a `--manifest-path` that is no `Cargo.toml`.
fn script(invocation: &Invocation, working_directory: &Path) -> Option<PathBuf> {
    let manifest = match &invocation.manifest {
        Some(Manifest::File(path)) => Some(path.as_path()),
        _ => None,
    };
    let manifest = manifest.filter(|path| !path.ends_with(root::MANIFEST));
    let script = working_directory.join(invocation.script().or(manifest)?);
    std::fs::canonicalize(script).ok().filter(|script| script.is_file())
}

/// The manifest that was typed, as cargo makes it absolute. What is not there may have been meant
/// for another program.
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

/// What stands at a manifest's path. A fifo or a device is not opened, as in
/// [`crate::os::files::open_regular`]: cargo reports those.
fn read(path: &Path) -> ManifestText {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() && found.len() <= MAX_MANIFEST => {
            text(path, found.len()).map_or(ManifestText::Unreadable, ManifestText::Text)
        }
        Ok(_) => ManifestText::Unreadable,
        // Cargo passes over what it cannot even look at.
        Err(_) => ManifestText::Nothing,
    }
}

/// Up to the size and no further: reading on to the end would be one call more.
fn text(path: &Path, size: u64) -> Option<String> {
    let carefully = OFlags::NONBLOCK.union(OFlags::NOCTTY).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(carefully).open(path).ok()?;
    let mut text = String::with_capacity(usize::try_from(size).ok()? + 1);
    file.take(size).read_to_string(&mut text).ok()?;
    Some(text)
}
