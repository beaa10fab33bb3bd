//! Pure: what the settings mean once every source has been heard: flag over environment over the
//! person's file over the system's file over what is built in.
//!
//! Where the texts come from and how they are read is [`crate::settings::merge`]'s business.

pub mod files;
mod key;
pub mod merge;

use std::ffi::OsString;
use std::path::PathBuf;

pub use key::Key;

use crate::ui::error::SettingsError;

/// What shares one target directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Every workspace has its own.
    #[default]
    Workspace,
    /// Everything that a person builds has one, scripts apart.
    User,
}

impl Scope {
    /// The scope as settings have it.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Workspace => "workspace",
            Scope::User => "user",
        }
    }
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

/// Whether a sticky shared root may be used in which others can create files.
///
/// Cargo and build tools read files there (`.cargo/config.toml`), so that each account runs code as
/// every other one: only for machines whose accounts trust each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StickyRoot {
    /// It is refused.
    #[default]
    Refuse,
    /// It is used.
    Accept,
}

/// Where an account builds that has no private directory in a shared root that only root writes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// Below its own cache directory.
    #[default]
    OwnCache,
    /// Nowhere.
    Refuse,
}

/// A setting with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `shared-root`
    SharedRoot(PathBuf),
    /// `scope`
    Scope(Scope),
    /// `explicit-target-dir`
    ExplicitTargetDir(ExplicitTargetDir),
    /// `real-cargo`
    RealCargo(PathBuf),
    /// `exclude.users`
    ExcludeUsers(Vec<String>),
    /// `exclude.groups`
    ExcludeGroups(Vec<String>),
    /// `include.users`
    IncludeUsers(Vec<String>),
    /// `trusted-owners`
    TrustedOwners(Vec<String>),
    /// `sticky-root`
    StickyRoot(StickyRoot),
    /// `missing`
    Missing(Missing),
}

impl Setting {
    /// Which setting it is.
    pub fn key(&self) -> Key {
        match self {
            Setting::SharedRoot(_) => Key::SharedRoot,
            Setting::Scope(_) => Key::Scope,
            Setting::ExplicitTargetDir(_) => Key::ExplicitTargetDir,
            Setting::RealCargo(_) => Key::RealCargo,
            Setting::ExcludeUsers(_) => Key::ExcludeUsers,
            Setting::ExcludeGroups(_) => Key::ExcludeGroups,
            Setting::IncludeUsers(_) => Key::IncludeUsers,
            Setting::TrustedOwners(_) => Key::TrustedOwners,
            Setting::StickyRoot(_) => Key::StickyRoot,
            Setting::Missing(_) => Key::Missing,
        }
    }
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
    /// The setting.
    pub setting: Setting,
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

/// What our flags say.
pub type Flags = Vec<(Key, OsString)>;

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
    /// Whether a sticky shared root may be used in which others can create files.
    pub sticky_root: StickyRoot,
    /// Where an account builds that has no private directory in the shared root.
    pub missing: Missing,
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
            for Entry { setting, origin } in layer.entries {
                let key = setting.key();
                match enforced.iter().find(|(enforced, _)| *enforced == key) {
                    Some((_, by)) if settings.get(key).as_ref() != Some(&setting) => {
                        return Err(SettingsError::Enforced {
                            origin: origin.to_string(),
                            key: key.name(),
                            by: by.to_string(),
                        });
                    }
                    Some(_) => {}
                    None => settings.put(setting, origin),
                }
            }
            enforced.extend(layer.enforced);
        }
        Ok(settings)
    }

    /// The setting in force, or `None` for a path that nobody has set.
    pub fn get(&self, key: Key) -> Option<Setting> {
        Some(match key {
            Key::SharedRoot => Setting::SharedRoot(self.shared_root.clone()?),
            Key::Scope => Setting::Scope(self.scope),
            Key::ExplicitTargetDir => Setting::ExplicitTargetDir(self.explicit_target_dir),
            Key::RealCargo => Setting::RealCargo(self.real_cargo.clone()?),
            Key::ExcludeUsers => Setting::ExcludeUsers(self.exclude_users.clone()),
            Key::ExcludeGroups => Setting::ExcludeGroups(self.exclude_groups.clone()),
            Key::IncludeUsers => Setting::IncludeUsers(self.include_users.clone()),
            Key::TrustedOwners => Setting::TrustedOwners(self.trusted_owners.clone()),
            Key::StickyRoot => Setting::StickyRoot(self.sticky_root),
            Key::Missing => Setting::Missing(self.missing),
        })
    }

    /// Where a setting was made, or `None` if it is built in.
    pub fn origin(&self, key: Key) -> Option<&Origin> {
        self.origins.iter().find(|(known, _)| *known == key).map(|(_, origin)| origin)
    }

    fn put(&mut self, setting: Setting, origin: Origin) {
        let key = setting.key();
        match setting {
            Setting::SharedRoot(path) => self.shared_root = Some(path),
            Setting::Scope(scope) => self.scope = scope,
            Setting::ExplicitTargetDir(choice) => self.explicit_target_dir = choice,
            Setting::RealCargo(path) => self.real_cargo = Some(path),
            Setting::ExcludeUsers(names) => self.exclude_users = names,
            Setting::ExcludeGroups(names) => self.exclude_groups = names,
            Setting::IncludeUsers(names) => self.include_users = names,
            Setting::TrustedOwners(names) => self.trusted_owners = names,
            Setting::StickyRoot(choice) => self.sticky_root = choice,
            Setting::Missing(choice) => self.missing = choice,
        }
        self.origins.retain(|(known, _)| *known != key);
        self.origins.push((key, origin));
    }
}
