//! What is written down about a move, and what it means after the machine has been started anew.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Identity, Method, Stage};

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
    /// How it moves, under the name that this has in version 1.
    #[serde(rename = "way")]
    pub method: Method,
    /// How far it has come.
    pub stage: Stage,
    /// The name of the target directory in the private directory.
    pub name: String,
    /// What arrives, where that is another directory than the source.
    pub arrived: Option<Identity>,
    /// What the source is called while it is being taken away.
    pub aside: Option<OsString>,
    /// The directory that this is written in, which what arrives stands in: by it the device is known
    /// again.
    #[serde(default)]
    pub workplace: Option<Identity>,
    /// The directory that the source stood in, for the same.
    #[serde(default)]
    pub parent: Option<Identity>,
    /// The checkout that it was begun for; for messages only.
    #[serde(default)]
    pub checkout: Option<OsString>,
}

/// The form of [`Journal`] that this program writes and reads.
pub const VERSION: u32 = 1;

impl Journal {
    /// What stands in the place for arrivals, and later in the target directory's.
    pub fn expected(&self) -> Option<Identity> {
        self.arrived.or_else(|| (self.method == Method::Rename).then_some(self.identity))
    }

    /// The same after a new start of the machine, or after a file system was mounted again. It is still
    /// what it was then, but nothing promises that it has the same device number: that of another file
    /// system may be its own now. So where a directory has kept its inode, what was known to be on its
    /// device is now on the one that it has.
    pub fn renumbered(&self, workplace: Identity, parent: Option<Identity>) -> Journal {
        let is_kept = |then: Option<Identity>, now: Identity| {
            then.filter(|then| then.1 == now.1).map(|then| (then.0, now))
        };
        let workplace = is_kept(self.workplace, workplace);
        let parent = parent.and_then(|parent| is_kept(self.parent, parent));
        let on = |kept: Option<(u64, Identity)>, identity: Identity| match kept {
            Some((then, now)) if then == identity.0 => (now.0, identity.1),
            _ => identity,
        };
        // What is renamed is on the workplace's device, before and after.
        let source = if self.method == Method::Copy { parent } else { workplace };
        Journal {
            identity: on(source, self.identity),
            arrived: self.arrived.map(|arrived| on(workplace, arrived)),
            workplace: workplace.map(|(_, now)| now).or(self.workplace),
            parent: parent.map(|(_, now)| now).or(self.parent),
            ..self.clone()
        }
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
