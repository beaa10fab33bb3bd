//! What is written down about a move, and what it means after the machine has been started anew.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Identity, Stage, Way};

/// What is written down about a move, so that a next run knows what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// The form of this record.
    pub version: u32,
    /// The source as people read it; nothing is ever done by this text.
    pub shown: String,
    /// The source.
    pub source: OsString,
    /// The source's identity.
    pub identity: Identity,
    /// How it moves.
    pub way: Way,
    /// How far it has come.
    pub stage: Stage,
    /// The name of the target directory in the private directory.
    pub name: String,
    /// What arrives, where that is another directory than the source.
    pub arrived: Option<Identity>,
    /// What the source is called while it is being taken away.
    pub aside: Option<OsString>,
    /// The checkout that it was begun for; for messages only.
    #[serde(default)]
    pub checkout: Option<OsString>,
}

/// The form of [`Journal`] that this program writes and reads.
pub const VERSION: u32 = 1;

impl Journal {
    /// What stands in the place for arrivals, and later in the target directory's.
    pub fn expected(&self) -> Option<Identity> {
        self.arrived.or_else(|| (self.way == Way::Rename).then_some(self.identity))
    }

    /// Where the source stood.
    pub fn source(&self) -> PathBuf {
        PathBuf::from(&self.source)
    }

    /// Whether its names are names, and not ways to somewhere else.
    pub fn is_sound(&self) -> bool {
        let is_name = |name: &OsStr| {
            let mut parts = Path::new(name).components();
            let first =
                matches!(parts.next(), Some(std::path::Component::Normal(part)) if part == name);
            first && parts.next().is_none()
        };
        self.version == VERSION
            && is_name(OsStr::new(&self.name))
            && self.aside.as_deref().is_none_or(is_name)
    }
}
