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
    /// A symlink that may lead out of the tree, so that the next build would write there.
    LeadsOut,
    /// It stands above a target directory.
    Above {
        /// What shows it.
        holds: &'static str,
        /// Whether there is a directory `target` in it.
        has_target: bool,
    },
    /// A file that only somebody else can read.
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
    pub(super) fn help(self, path: &str) -> String {
        match self {
            Objection::Special(_) => format!("no cargo makes that; if it is of no use: rm {path}"),
            Objection::Mount => format!("findmnt {path}; then: umount {path}"),
            Objection::LinkedElsewhere { .. } => {
                format!("it may be somebody else's file; if it is of no use here: rm {path}")
            }
            Objection::LeadsOut => format!("cargo makes none; if it is of no use: rm {path}"),
            Objection::Above { has_target: true, .. } => {
                format!("name the target directory itself: {path}/target")
            }
            Objection::Above { .. } => format!("name the target directory itself: ls -A {path}"),
            Objection::Secret => {
                format!("if it may be given away: chmod a+r {path}; if not, move it elsewhere")
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
                write!(f, "only its owner can read it, and may not have put it there")
            }
            Objection::TooDeep => write!(f, "it lies deeper than anything of cargo's"),
        }
    }
}
