//! Pure: the settings that apply: flag over environment over the person's file over the system's file
//! over what is built in.
//!
//! `table` holds every setting, `kind` what they take. [`parse`] reads the texts, which [`files`]
//! fetches.

pub mod files;
pub mod gc_limits;
mod kind;
pub mod parse;
mod table;

use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;

pub use kind::{Invalid, Value, ValueKind};
pub use table::{ExplicitTargetDir, Key, Missing, Scope, StickyRoot};

use crate::ui::failure::{Failure, Result};

/// The administrator's settings file.
pub const SYSTEM_FILE: &str = "/etc/cargo-peruser/config.toml";

/// One setting, made in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Assignment {
    key: Key,
    value: Value,
    /// Where it was made, fit for display.
    origin: String,
}

/// What our flags say.
pub type Flags = Vec<(Key, OsString)>;

/// The settings of one source, or of several on top of one another: what somebody has set, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    entries: Vec<Assignment>,
    /// The keys that no stronger source may change, and where that was said.
    enforced: Vec<(Key, String)>,
}

impl Settings {
    /// Puts sources on top of one another, the weakest first.
    ///
    /// # Errors
    /// A stronger source changes what a weaker one enforces; saying the same once more is no change.
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

    /// What is believed of a file whose owner a user namespace hides: that there is a shared root, and
    /// whether to do without it. No more, because such a root is not used, and everything else would
    /// decide what is run or trusted.
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
            let help = format!("take it out of {origin}, or ask the administrator");
            return Err(Failure::new(text).help(help).exit(78));
        }
        self.entries.retain(|other| other.key != *key);
        self.entries.push(entry);
        Ok(())
    }

    fn entry(&self, key: Key) -> Option<&Assignment> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value that somebody has set.
    pub fn value(&self, key: Key) -> Option<&Value> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Where a setting was made, or `None` if it is built in.
    pub fn origin(&self, key: Key) -> Option<&str> {
        self.entry(key).map(|entry| entry.origin.as_str())
    }
}

/// A value that its setting does not take.
pub fn invalid(name: &str, origin: &impl Display, Invalid { found, help }: Invalid) -> Failure {
    let text = format!("invalid value for `{name}` in {origin}: {found}");
    Failure::new(text).help(help).exit(78)
}

/// A shared root that is no plain absolute path.
pub fn invalid_root(root: &Path, origin: &impl Display, cause: &str) -> Failure {
    invalid(Key::SharedRoot.name(), origin, Invalid::root(root.as_os_str(), cause))
}
