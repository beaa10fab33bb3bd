//! Moves a target directory from one person's hands, or everybody's, into one person's alone.
//!
//! Everything here goes by descriptor: a directory is opened without following a symlink, what is
//! open is checked, and all below is reached from there by single names. Whoever can write to the
//! source at the same time can make the move fail, but cannot make it reach anything else.

pub mod candidates;
pub mod compare;
mod content;
pub mod copy;
pub mod cure;
pub mod give;
pub mod lists;
pub mod place;
pub mod profiles;
pub mod source;
mod workers;
pub mod workplace;

use std::io;
use std::path::Path;

use crate::error::{Error, MigrateError, State};
use crate::sys::accounts;

/// Who receives a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// The user id.
    pub uid: u32,
    /// The account's own group.
    pub gid: u32,
}

impl Person {
    /// Whether this process acts as the person: what it makes is theirs then.
    pub fn is_oneself(self) -> bool {
        accounts::own_uid() == self.uid
    }
}

/// A step that failed, with what has become of the cache.
pub fn failed(
    doing: &'static str,
    path: &Path,
    cause: impl Into<io::Error>,
    state: State,
) -> Error {
    MigrateError::Failed { doing, path: path.to_owned(), cause: cause.into(), state }.into()
}
