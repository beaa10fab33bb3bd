//! Pure: the settings that apply. A flag overrides a variable, then come the user's file, the system's
//! file and the built-in default.
//!
//! `table` lists every setting, `kind` their kinds. [`parse`] parses the texts, which [`files`] reads.

pub mod files;
pub mod gc_limits;
mod kind;
pub mod parse;
mod table;

use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;

pub use kind::{Invalid, Value, ValueKind};
pub use table::{Key, Scope, StickyRoot};

use crate::ui::failure::{Failure, Result};

/// The administrator's settings file.
pub const SYSTEM_FILE: &str = "/etc/cargo-peruser/config.toml";

/// One setting from one source.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Assignment {
    key: Key,
    value: Value,
    /// Its source, escaped for display.
    origin: String,
}

/// The settings given as flags.
pub type Flags = Vec<(Key, OsString)>;

/// The settings of one source, or of several that were merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    entries: Vec<Assignment>,
    /// The keys that no stronger source may change, and the source that enforces them.
    enforced: Vec<(Key, String)>,
}

impl Settings {
    /// Merges sources, the weakest first.
    ///
    /// # Errors
    /// A stronger source changes a setting that a weaker one enforces. Repeating the same value is not
    /// a change.
    pub fn settle(sources: impl IntoIterator<Item = Settings>) -> Result<Settings> {
        let mut settings = Settings::default();
        for source in sources {
            for entry in source.entries {
                settings.put(entry)?;
            }
            settings.enforced.extend(source.enforced);
        }
        Ok(settings)
    }

    /// Limits a file whose owner is hidden by a user namespace to the settings that can be believed:
    /// that there is a shared root, and whether to do without it. Such a root is not used; all other
    /// settings would decide what is executed or trusted.
    fn restrict_for_user_namespace(mut self) -> Settings {
        self.entries.retain(|entry| matches!(entry.key, Key::SharedRoot | Key::Missing));
        Settings { enforced: Vec::new(), ..self }
    }

    fn put(&mut self, entry: Assignment) -> Result<()> {
        let Assignment { key, value, origin } = &entry;
        if let Some((_, by)) = self.enforced.iter().find(|(enforced, _)| enforced == key) {
            if self.value(*key).cloned().or_else(|| key.default()).as_ref() == Some(value) {
                return Ok(());
            }
            let name = key.name();
            let text = format!("`{name}` in {origin} cannot override {by}, which enforces it");
            let help = format!("{}, or ask the administrator", parse::removal(origin));
            return Err(Failure::new(text).help(help).exit(78));
        }
        self.entries.retain(|other| other.key != *key);
        self.entries.push(entry);
        Ok(())
    }

    fn entry(&self, key: Key) -> Option<&Assignment> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value, if a source sets it.
    pub fn value(&self, key: Key) -> Option<&Value> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The source of a setting, or `None` if it is built in.
    pub fn origin(&self, key: Key) -> Option<&str> {
        self.entry(key).map(|entry| entry.origin.as_str())
    }
}

/// The failure for an invalid value.
pub fn invalid(name: &str, origin: &impl Display, Invalid { found, help }: Invalid) -> Failure {
    let text = format!("invalid value for `{name}` in {origin}: {found}");
    Failure::new(text).help(help).exit(78)
}

/// The failure for a shared root that is not a plain absolute path.
pub fn invalid_root(root: &Path, origin: &impl Display, cause: &str) -> Failure {
    invalid(Key::SharedRoot.name(), origin, Invalid::root(root.as_os_str(), cause))
}
