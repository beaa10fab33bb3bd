//! Mistakes in the settings: each names its file and line, variable or flag, and the next step.

use std::fmt::{self, Display, Formatter};

use crate::ui::escape::shown;

/// The administrator's settings file.
pub const SYSTEM_FILE: &str = "/etc/cargo-peruser/config.toml";

/// A mistake in the settings. `origin` is where it stands, as [`Display`]ed in front of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsError {
    /// The file is no TOML.
    Syntax {
        /// File and line.
        origin: String,
        /// What the parser says.
        cause: String,
    },
    /// The file cannot be read, or belongs to the wrong account.
    File {
        /// The file.
        origin: String,
        /// What is wrong with it.
        cause: String,
        /// The command that mends it.
        help: String,
    },
    /// No setting has this name.
    UnknownKey {
        /// File and line, or flag.
        origin: String,
        /// The key as it was written.
        key: String,
        /// The known key that looks most like it.
        nearest: Option<&'static str>,
        /// Every known key.
        known: Vec<&'static str>,
    },
    /// The value has the wrong type, or is none of those that the key takes.
    Value {
        /// File and line, variable or flag.
        origin: String,
        /// The setting.
        key: &'static str,
        /// What was found.
        found: String,
        /// What the key takes.
        expected: &'static str,
    },
    /// The shared root is no plain absolute path.
    Root {
        /// File and line, variable or flag.
        origin: String,
        /// The path as it was written.
        path: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A key that the system's file enforces is set to something else.
    Enforced {
        /// Variable, flag, or file and line.
        origin: String,
        /// The setting.
        key: &'static str,
        /// The file that enforces it.
        by: String,
    },
    /// A key that only the system's file may hold.
    SystemOnly {
        /// File and line.
        origin: String,
        /// The key.
        key: &'static str,
    },
}

impl SettingsError {
    /// What the person can do now, as one line.
    pub fn help(&self) -> String {
        match self {
            SettingsError::Syntax { .. } => {
                "correct the line; a value with letters is quoted".into()
            }
            SettingsError::File { help, .. } => help.clone(),
            SettingsError::UnknownKey { nearest: Some(key), .. } => {
                format!("did you mean `{key}`?")
            }
            SettingsError::UnknownKey { nearest: None, known, .. } => {
                format!("there are {}", known.join(", "))
            }
            SettingsError::Value { expected, .. } => format!("it takes {expected}"),
            SettingsError::Root { .. } => {
                "give the real absolute path, as `realpath` prints it".into()
            }
            SettingsError::Enforced { origin, .. } => {
                format!("take it out of {origin}, or ask the administrator")
            }
            SettingsError::SystemOnly { .. } => {
                format!("only the administrator can enforce settings, in {SYSTEM_FILE}")
            }
        }
    }
}

impl Display for SettingsError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::Syntax { origin, cause } => {
                write!(f, "invalid settings in {origin}: {}", shown(cause))
            }
            SettingsError::File { origin, cause, .. } => {
                write!(f, "cannot use the settings in {origin}: {cause}")
            }
            SettingsError::UnknownKey { origin, key, .. } => {
                write!(f, "unknown setting `{}` in {origin}", shown(key))
            }
            SettingsError::Value { origin, key, found, .. } => {
                write!(f, "invalid value for `{key}` in {origin}: {}", shown(found))
            }
            SettingsError::Root { origin, path, cause } => {
                write!(f, "invalid value for `shared-root` in {origin}: `{}` {cause}", shown(path))
            }
            SettingsError::Enforced { origin, key, by } => {
                write!(f, "`{key}` in {origin} cannot override {by}, which enforces it")
            }
            SettingsError::SystemOnly { origin, key } => {
                write!(f, "`{key}` in {origin} has no effect outside the system's settings")
            }
        }
    }
}
