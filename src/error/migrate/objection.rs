//! What must not be in a tree that changes hands: whoever can write to it may have put it there.

use std::fmt::{self, Display, Formatter};

use crate::error::Kind;

/// What must not be in a tree that changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// A pipe, a socket or a device.
    Special(Kind),
    /// Another file system or mount begins here.
    Mount,
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
    pub(super) fn help(self, path: &str) -> String {
        match self {
            Objection::Special(_) => format!("no cargo makes that; if it is of no use: rm {path}"),
            Objection::Mount => format!("findmnt {path}; then: umount {path}"),
            Objection::LinkedElsewhere { .. } => {
                format!("it may be somebody else's file; if it is of no use here: rm {path}")
            }
            Objection::TooDeep => format!("no cargo makes that; if it is of no use: rm -r {path}"),
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
            Objection::TooDeep => write!(f, "it lies deeper than anything of cargo's"),
        }
    }
}
