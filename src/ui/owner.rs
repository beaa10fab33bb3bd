//! Accounts as messages name them.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display, Formatter};

use crate::ui::escape::{escaped, quoted};

/// An account as messages name it: by name and uid, or by uid alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The numeric user id.
    pub uid: u32,
    /// The account's name, if the account database has one.
    pub name: Option<OsString>,
}

impl Owner {
    /// The account as `install -o` and `chown` take it.
    pub fn word(&self) -> String {
        self.name.as_deref().map_or_else(|| self.uid.to_string(), |name: &OsStr| quoted(name))
    }
}

impl Display for Owner {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} (uid {})", escaped(name), self.uid),
            None => write!(f, "uid {}", self.uid),
        }
    }
}
