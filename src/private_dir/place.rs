//! Pure: the possible places of a private directory; `shim::decide` chooses one.

use std::path::{Path, PathBuf};

/// The name of the private directory in a person's own cache directory.
pub const OWN_NAME: &str = "cargo-peruser";

/// The place of a private directory, which is not yet created or checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The shared root, or the user's own cache directory.
    pub parent: PathBuf,
    /// The private directory's name in it.
    pub name: String,
    /// The kind of `parent`.
    pub kind: PlaceKind,
}

/// The kind of directory that contains the private directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// The shared root.
    BelowSharedRoot,
    /// The person's own cache directory.
    InOwnCache,
}

/// Directories that must be safe before cargo runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Required {
    /// The private directory.
    pub place: Place,
    /// The name of the target directory to create inside it; `None` leaves that to cargo.
    pub target: Option<String>,
}

impl Place {
    /// A place that stands for the shared root itself.
    pub fn root(path: &Path) -> Place {
        let (parent, name) = (path.to_owned(), String::new());
        Place { parent, name, kind: PlaceKind::BelowSharedRoot }
    }

    /// The private directory.
    pub fn private_dir(&self) -> PathBuf {
        self.parent.join(&self.name)
    }
}
