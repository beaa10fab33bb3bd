//! What must not be in a tree that changes hands: whoever can write to it may have put it there.

use std::fmt::{self, Display, Formatter};
use std::path::Path;

use crate::error::{Kind, Look, Owner};
use crate::shown::quoted;

/// What must not be in a tree that changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// A pipe, a socket or a device.
    Special(Kind),
    /// Another file system or mount begins here.
    Mount,
    /// A symlink that may lead out of the tree, so that the next build would write there.
    LeadsOut,
    /// It stands above a target directory.
    Above {
        /// What shows it.
        holds: &'static str,
        /// Whether there is a directory `target` in it.
        has_target: bool,
    },
    /// A file that who receives it could not have read, or the directory that bars the way to it.
    Secret,
    /// A file has further names outside of the tree.
    LinkedElsewhere {
        /// How many names it has.
        links: u64,
        /// How many of them are in the tree.
        inside: u64,
    },
    /// It lies deeper than anything of cargo's.
    TooDeep,
}

impl Objection {
    /// The next step: who does it, and a command that shows where. It is the owner's, so that nobody
    /// does with more rights what the owner could not.
    pub(super) fn help(self, path: &Path, owner: &Owner) -> String {
        let useless = |why: &str| format!("{why}; if it is of no use, remove it as {owner}");
        match self {
            Objection::Special(_) | Objection::LeadsOut => {
                Look::Entry.at(path, &useless("no cargo makes that"))
            }
            Objection::TooDeep => Look::Entry.at(path, &useless("no cargo makes that")),
            Objection::LinkedElsewhere { .. } => {
                Look::Entry.at(path, &useless("it may be somebody else's file"))
            }
            Objection::Mount => Look::Mount.at(path, "unmount it first, if nobody needs it there"),
            Objection::Above { has_target: true, .. } => {
                format!("name the target directory itself: {}", quoted(&path.join("target")))
            }
            Objection::Above { .. } => Look::Content.at(path, "name the target directory itself"),
            Objection::Secret => {
                // An account that is gone can do nothing any more.
                let who = owner.name.as_ref().map_or("root".into(), |_| owner.to_string());
                Look::Way.at(path, &format!("{who} can let them read it, or take it out"))
            }
        }
    }
}

impl Display for Objection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Objection::Special(kind) => write!(f, "it is a {kind}"),
            Objection::Mount => write!(f, "another file system is mounted there"),
            Objection::LinkedElsewhere { links, inside } => write!(
                f,
                "the file has {links} names, and only {inside} of them are in what is moved"
            ),
            Objection::LeadsOut => {
                write!(
                    f,
                    "the symlink may lead out of what is moved, and a build would write there"
                )
            }
            Objection::Above { holds, .. } => {
                write!(f, "it holds `{holds}`, so it is more than a target directory")
            }
            Objection::Secret => {
                write!(f, "who receives it cannot read it, and may have had it put there")
            }
            Objection::TooDeep => write!(f, "it lies deeper than anything of cargo's"),
        }
    }
}
