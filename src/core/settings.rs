//! What the settings mean once every source has been heard: flag over environment over the
//! person's file over the system's file over what is built in.
//!
//! Where the texts come from and how they are read is [`super::settings_source`]'s business.

mod key;

use std::path::PathBuf;

pub use key::Key;

use crate::error::SettingsError;

/// What shares one target directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Everything a person builds; only linked worktrees get their own.
    #[default]
    User,
    /// Every checkout has its own.
    Checkout,
}

/// What to do where a variable already chooses a target directory outside the shared root.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExplicitTargetDir {
    /// It stays.
    #[default]
    Honour,
    /// It is overruled.
    Override,
}

/// A value with a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// For `shared-root` and `real-cargo`.
    Path(PathBuf),
    /// For `scope`.
    Scope(Scope),
    /// For `explicit-target-dir`.
    ExplicitTargetDir(ExplicitTargetDir),
    /// For the lists of accounts and groups.
    Names(Vec<String>),
}

/// Where a setting was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file, at a line that counts from 1.
    File {
        /// The file's path, fit for display.
        path: String,
        /// The line.
        line: usize,
    },
    /// An environment variable.
    Variable(&'static str),
    /// A flag of our own.
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::File { path, line } => write!(f, "`{path}` line {line}"),
            Origin::Variable(name) => write!(f, "the environment variable {name}"),
            Origin::Flag(name) => write!(f, "the flag {name}"),
        }
    }
}

/// One setting, made in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which setting.
    pub key: Key,
    /// Its value.
    pub value: Value,
    /// Where it was made.
    pub origin: Origin,
}

/// Everything one source says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// The settings.
    pub entries: Vec<Entry>,
    /// The keys that nothing above this layer may change, and where that was said.
    pub enforced: Vec<(Key, Origin)>,
}

/// The settings in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The parent of all private directories; absolute, with no `.`, `..` or `//` in it.
    pub shared_root: Option<PathBuf>,
    /// What shares one target directory.
    pub scope: Scope,
    /// What to do where a variable chooses a target directory already.
    pub explicit_target_dir: ExplicitTargetDir,
    /// The cargo to execute.
    pub real_cargo: Option<PathBuf>,
    /// Accounts that get no directory.
    pub exclude_users: Vec<String>,
    /// Groups whose members get no directory.
    pub exclude_groups: Vec<String>,
    /// Accounts that get a directory whatever excludes them.
    pub include_users: Vec<String>,
    /// Account names or numbers that may own directories on the way to the root.
    pub trusted_owners: Vec<String>,
    /// Where each setting that is not built in was made.
    pub origins: Vec<(Key, Origin)>,
}

impl Settings {
    /// Puts the layers on top of one another, the weakest first.
    ///
    /// # Errors
    /// [`SettingsError::Enforced`] where a stronger layer changes what a weaker one enforces;
    /// saying the same once more is no change.
    pub fn settle(layers: Vec<Layer>) -> Result<Settings, SettingsError> {
        let mut settings = Settings::default();
        let mut enforced: Vec<(Key, Origin)> = Vec::new();
        for layer in layers {
            for entry in layer.entries {
                let by = enforced.iter().find(|(key, _)| *key == entry.key);
                match by {
                    Some((_, by)) if settings.value(entry.key).as_ref() != Some(&entry.value) => {
                        return Err(SettingsError::Enforced {
                            origin: entry.origin.to_string(),
                            key: entry.key.name(),
                            by: by.to_string(),
                        });
                    }
                    Some(_) => {}
                    None => settings.put(entry),
                }
            }
            enforced.extend(layer.enforced);
        }
        Ok(settings)
    }

    /// The value in force, or `None` for a path that nobody has set.
    pub fn value(&self, key: Key) -> Option<Value> {
        match key {
            Key::SharedRoot => self.shared_root.clone().map(Value::Path),
            Key::Scope => Some(Value::Scope(self.scope)),
            Key::ExplicitTargetDir => Some(Value::ExplicitTargetDir(self.explicit_target_dir)),
            Key::RealCargo => self.real_cargo.clone().map(Value::Path),
            Key::ExcludeUsers => Some(Value::Names(self.exclude_users.clone())),
            Key::ExcludeGroups => Some(Value::Names(self.exclude_groups.clone())),
            Key::IncludeUsers => Some(Value::Names(self.include_users.clone())),
            Key::TrustedOwners => Some(Value::Names(self.trusted_owners.clone())),
        }
    }

    /// Where a setting was made, or `None` if it is built in.
    pub fn origin(&self, key: Key) -> Option<&Origin> {
        self.origins.iter().find(|(known, _)| *known == key).map(|(_, origin)| origin)
    }

    fn put(&mut self, Entry { key, value, origin }: Entry) {
        match (key, value) {
            (Key::SharedRoot, Value::Path(path)) => self.shared_root = Some(path),
            (Key::RealCargo, Value::Path(path)) => self.real_cargo = Some(path),
            (_, Value::Path(_)) => {}
            (_, Value::Scope(scope)) => self.scope = scope,
            (_, Value::ExplicitTargetDir(choice)) => self.explicit_target_dir = choice,
            (Key::ExcludeUsers, Value::Names(names)) => self.exclude_users = names,
            (Key::ExcludeGroups, Value::Names(names)) => self.exclude_groups = names,
            (Key::IncludeUsers, Value::Names(names)) => self.include_users = names,
            (_, Value::Names(names)) => self.trusted_owners = names,
        }
        self.origins.retain(|(known, _)| *known != key);
        self.origins.push((key, origin));
    }
}
