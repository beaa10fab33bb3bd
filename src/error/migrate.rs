//! Why a cache is not moved: each says what was left as it was, and the next step.

use std::ffi::OsString;
use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::PathBuf;

use super::{Kind, Owner, reason};
use crate::shown::{bytes, quoted, shown};

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

/// Why a cache is not moved.
#[derive(Debug)]
pub enum MigrateError {
    /// The words do not say whose cache it becomes, and root was reached through sudo.
    ForWhom {
        /// Who typed `sudo`, if that account is known.
        name: Option<OsString>,
    },
    /// Only root gives a cache to somebody else.
    OnlyRoot {
        /// Who was to receive it.
        person: Owner,
        /// What was to be given.
        source: PathBuf,
    },
    /// There is no such account.
    NoAccount {
        /// As it was typed.
        name: OsString,
    },
    /// The account has no private directory that this could go to.
    NoPlace {
        /// Who was to receive it.
        person: Owner,
        /// Why not.
        why: String,
        /// What to do.
        help: String,
    },
    /// The source is not there, or cannot be looked at.
    Source {
        /// The source.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The source has nothing of cargo's in it.
    NotATargetDir {
        /// The source.
        path: PathBuf,
    },
    /// Source and destination are inside one another.
    Nested {
        /// The source.
        source: PathBuf,
        /// The destination.
        destination: PathBuf,
    },
    /// The destination has content.
    Occupied {
        /// The destination.
        destination: PathBuf,
    },
    /// There is something in the tree that must not be there.
    Hostile {
        /// The entry.
        path: PathBuf,
        /// Who owns it.
        owner: Owner,
        /// What is wrong with it.
        objection: Objection,
    },
    /// Something in the tree cannot be read.
    Unreadable {
        /// The entry.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
        /// The source and who was to receive it, for the command that helps.
        source: PathBuf,
        /// The account's word.
        person: String,
    },
    /// Something changed the tree meanwhile.
    Changed {
        /// The entry.
        path: PathBuf,
        /// What has become of the cache.
        state: State,
    },
    /// There is no room for a copy.
    NoRoom {
        /// Where it was to be made.
        path: PathBuf,
        /// How much is needed, in bytes.
        needed: u64,
        /// How much there is, in bytes.
        free: u64,
    },
    /// Nobody could be asked.
    NotAsked,
    /// The answer was no.
    Declined,
    /// Another migration to the same person is at work.
    AtWork {
        /// Who holds its lock, where that is known.
        holder: Option<String>,
    },
    /// An earlier migration was interrupted, and another account or source has to be continued.
    Unfinished {
        /// What it was moving, or where another account's journal is.
        source: PathBuf,
        /// The account that ran it, where it is another one.
        by: Option<Owner>,
    },
    /// An earlier migration's remains are not there any more.
    Lost {
        /// What it was moving.
        source: PathBuf,
        /// The directory of its journal.
        journal: PathBuf,
    },
    /// A step failed.
    Failed {
        /// What was to be done, as in "failed to …".
        doing: &'static str,
        /// What it was to be done to.
        path: PathBuf,
        /// The system's reason.
        cause: io::Error,
        /// What has become of the cache.
        state: State,
    },
    /// Somebody asked to stop.
    Interrupted {
        /// What has become of the cache.
        state: State,
    },
    /// Cargo failed while the workspace's own units were made dirty.
    Cure {
        /// The command that cargo failed at.
        command: String,
        /// What it said, or how it ended.
        ended: String,
    },
}

/// What has become of the cache when a move ends early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The source is as it was, and nothing else is left.
    Untouched,
    /// The next run continues.
    Journaled,
}

impl State {
    fn help(self) -> &'static str {
        match self {
            State::Untouched => {
                "the source is as it was; mend the cause and run the same command again"
            }
            State::Journaled => "nothing is lost; run the same command again to continue",
        }
    }
}

impl MigrateError {
    /// The same, once the source is not where it was any more.
    pub fn journaled(mut self) -> MigrateError {
        match &mut self {
            MigrateError::Failed { state, .. }
            | MigrateError::Changed { state, .. }
            | MigrateError::Interrupted { state } => *state = State::Journaled,
            _ => {}
        }
        self
    }

    /// The exit code: 73 for what cannot be made, 77 for what is unsafe, 130 after an interrupt.
    pub fn exit_code(&self) -> u8 {
        match self {
            MigrateError::NoRoom { .. } | MigrateError::Failed { .. } => 73,
            MigrateError::Hostile { .. } | MigrateError::OnlyRoot { .. } => 77,
            MigrateError::Interrupted { .. } => 130,
            _ => 1,
        }
    }

    /// What the person can do now, as one line.
    pub fn help(&self) -> String {
        match self {
            MigrateError::ForWhom { name } => {
                let name = name.as_deref().map_or_else(|| "USER".into(), quoted);
                format!("cargo-peruser migrate SOURCE --to {name}")
            }
            MigrateError::OnlyRoot { person, source } => {
                format!("sudo cargo-peruser migrate {} --to {}", quoted(source), person.word())
            }
            MigrateError::NoAccount { .. } => "getent passwd".into(),
            MigrateError::NoPlace { help, .. } => help.clone(),
            MigrateError::Source { path, .. } => format!("ls -ld {}", quoted(path)),
            MigrateError::NotATargetDir { path } => {
                format!(
                    "name the directory that holds `debug` or `release`: ls -A {}",
                    quoted(path)
                )
            }
            MigrateError::Nested { .. } => "name the old target directory itself".into(),
            MigrateError::Occupied { .. } => {
                "--replace moves it aside; nothing of it is deleted or merged".into()
            }
            MigrateError::Hostile { path, objection, .. } => objection.help(&quoted(path)),
            MigrateError::Unreadable { source, person, .. } => {
                format!("root can: sudo cargo-peruser migrate {} --to {person}", quoted(source))
            }
            MigrateError::NoRoom { path, .. } => {
                format!("free some space there: df -h {}", quoted(path))
            }
            MigrateError::NotAsked => "--yes goes ahead, --dry-run only looks".into(),
            MigrateError::Declined => "nothing was changed".into(),
            MigrateError::AtWork { .. } => "wait for it and run this again".into(),
            MigrateError::Unfinished { source, by: None } => {
                format!("cargo-peruser migrate {}", quoted(source))
            }
            // What another account has written down is not believed, so the source is not known.
            MigrateError::Unfinished { by: Some(by), source } => format!(
                "as {by}, run the same command again; if nothing of it is of use: rm -r {}",
                quoted(source)
            ),
            MigrateError::Lost { journal, .. } => {
                format!("look for it; then: rm -r {}", quoted(journal))
            }
            MigrateError::Failed { state, .. }
            | MigrateError::Changed { state, .. }
            | MigrateError::Interrupted { state } => state.help().into(),
            MigrateError::Cure { command, .. } => {
                format!("the cache is in place; run there: {command}")
            }
        }
    }
}

impl Display for MigrateError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            MigrateError::ForWhom { .. } => {
                write!(
                    f,
                    "running as root through sudo, so it has to be said whose cache it becomes"
                )
            }
            MigrateError::OnlyRoot { person, .. } => {
                write!(f, "only root can give a cache to {person}")
            }
            MigrateError::NoAccount { name } => write!(f, "there is no account `{}`", shown(name)),
            MigrateError::NoPlace { person, why, .. } => {
                write!(f, "no place for a cache of {person}: {why}")
            }
            MigrateError::Source { path, why } => write!(f, "cannot move `{}`: {why}", shown(path)),
            MigrateError::NotATargetDir { path } => {
                write!(
                    f,
                    "`{}` is no target directory: it has nothing of cargo's in it",
                    shown(path)
                )
            }
            MigrateError::Nested { source, destination } => write!(
                f,
                "cannot move `{}` to `{}`: one is inside the other",
                shown(source),
                shown(destination)
            ),
            MigrateError::Occupied { destination } => {
                write!(f, "`{}` has content already", shown(destination))
            }
            MigrateError::Hostile { path, owner, objection } => {
                write!(f, "refusing to move `{}` of {owner}: {objection}", shown(path))
            }
            MigrateError::Unreadable { path, cause, .. } => {
                write!(f, "failed to read `{}`: {}", shown(path), reason(cause))
            }
            MigrateError::Changed { path, .. } => {
                write!(f, "`{}` was changed while it was being moved", shown(path))
            }
            MigrateError::NoRoom { path, needed, free } => write!(
                f,
                "no room for a copy in `{}`: it needs {}, and {} are free",
                shown(path),
                bytes(*needed),
                bytes(*free)
            ),
            MigrateError::NotAsked => write!(f, "nothing was changed: no terminal to ask on"),
            MigrateError::Declined => write!(f, "not confirmed"),
            MigrateError::AtWork { holder } => {
                let holder = holder.as_ref().map_or(String::new(), |holder| format!(": {holder}"));
                write!(f, "another migration to this place is at work{holder}")
            }
            MigrateError::Unfinished { source, by: None } => {
                write!(f, "an earlier migration of `{}` is unfinished", shown(source))
            }
            MigrateError::Unfinished { source, by: Some(by) } => {
                write!(f, "an earlier migration by {by} is unfinished, in `{}`", shown(source))
            }
            MigrateError::Lost { source, .. } => write!(
                f,
                "an earlier migration of `{}` was interrupted, and what it had moved is gone",
                shown(source)
            ),
            MigrateError::Failed { doing, path, cause, .. } => {
                write!(f, "failed to {doing} `{}`: {}", shown(path), reason(cause))
            }
            MigrateError::Interrupted { .. } => write!(f, "interrupted"),
            MigrateError::Cure { command, ended } => {
                write!(f, "failed to run `{command}`\n{}", ended.trim_end())
            }
        }
    }
}

impl Objection {
    fn help(self, path: &str) -> String {
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

#[cfg(test)]
mod tests;
