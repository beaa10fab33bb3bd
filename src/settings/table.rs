//! Pure: the table of settings. One row defines a setting: its variable, its flag, its key in files,
//! the help, the man page and `explain` are derived from it.

use std::ffi::OsStr;
use std::path::Path;

use super::gc_limits::Limit;
use super::kind::{OFF, Value, ValueKind};
use super::{Assignment, Settings, invalid};
use crate::ui::failure::Result;

/// One row of the table.
#[derive(Debug)]
struct KeyRow {
    name: &'static str,
    kind: ValueKind,
    default: &'static str,
    help: &'static str,
}

/// Defines [`Key`].
macro_rules! settings {
    ($($key:ident, $name:literal, $kind:expr, $default:literal, $help:literal;)*) => {
        /// A setting.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Key {
            $(#[doc = $help] $key,)*
        }

        impl Key {
            /// Every key, in the order in which they are listed.
            pub const ALL: &[Key] = &[$(Key::$key),*];

            fn row(self) -> &'static KeyRow {
                match self {
                    $(Key::$key => {
                        &KeyRow { name: $name, kind: $kind, default: $default, help: $help }
                    })*
                }
            }
        }
    };
}

// The key, its name in files (a dot separates table and key), the kind, the default (empty for none) and
// the help.
settings! {
    SharedRoot, "shared-root", ValueKind::Root, "",
        "The parent of everyone's private directories";
    Scope, "scope", ValueKind::OneOf(&["workspace", "user"]), "workspace",
        "One target directory for each workspace, or one for each user";
    ExplicitTargetDir, "explicit-target-dir", ValueKind::OneOf(&["honour", "override"]), "honour",
        "Whether CARGO_TARGET_DIR and CARGO_BUILD_TARGET_DIR may choose another directory";
    RealCargo, "real-cargo", ValueKind::Program, "",
        "The cargo to execute [default: the next one on PATH]";
    CompileCache, "compile-cache", ValueKind::Tool, "off",
        "The sccache through which dependencies are compiled";
    ExcludeUsers, "exclude.users", ValueKind::Names("account names"), "",
        "Accounts that get no directory";
    ExcludeGroups, "exclude.groups", ValueKind::Names("group names"), "",
        "Groups whose members get no directory";
    IncludeUsers, "include.users", ValueKind::Names("account names"), "",
        "Accounts that get a directory even if they are excluded";
    TrustedOwners, "trusted-owners", ValueKind::Names("account names or numbers"), "",
        "Other accounts that may own directories above the shared root";
    StickyRoot, "sticky-root", ValueKind::OneOf(&["refuse", "accept"]), "refuse",
        "Whether to accept a sticky shared root, in which others can create files";
    Missing, "missing", ValueKind::OneOf(&["own-cache", "refuse"]), "own-cache",
        "What to do without a private directory in the shared root: build in your own cache directory, or refuse";
    GcOrphans, "gc.orphans", ValueKind::Age, "1d",
        "How long `gc` keeps directories whose workspace is gone";
    GcDeparted, "gc.departed", ValueKind::Age, "30d",
        "How long `gc` keeps directories of owners without an account";
    GcIncremental, "gc.incremental", ValueKind::Age, "7d",
        "How long `gc` keeps incremental data of unused profiles";
    GcOlderThan, "gc.older-than", ValueKind::Age, "off",
        "How long `gc` keeps unused target directories";
    GcMaxSize, "gc.max-size", ValueKind::Size, "off",
        "How much `gc` keeps for each user";
    GcMaxTotal, "gc.max-total", ValueKind::SizeOrShare, "off",
        "How much `gc` keeps for all users together";
    GcKeepFree, "gc.keep-free", ValueKind::SizeOrShare, "off",
        "How much `gc` keeps free on the file system";
}

/// Which builds share one target directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Only those in the same workspace.
    Workspace,
    /// Everything that a user builds, except scripts.
    User,
}

impl Scope {
    /// The word in the settings.
    pub fn word(self) -> &'static str {
        if self == Scope::User { "user" } else { "workspace" }
    }
}

/// Whether to accept a sticky shared root, in which others can create files.
///
/// Cargo and build tools read files there (`.cargo/config.toml`), so each account can run code as every
/// other one: only for machines whose accounts trust each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StickyRoot {
    /// Refuse it.
    Refuse,
    /// Accept it.
    Accept,
}

impl Settings {
    /// The parent of everyone's private directories.
    pub fn shared_root(&self) -> Option<&Path> {
        self.path(Key::SharedRoot)
    }

    /// Which builds share one target directory.
    pub fn scope(&self) -> Scope {
        if self.text(Key::Scope) == "user" { Scope::User } else { Scope::Workspace }
    }

    /// Whether a target directory that a variable chooses is ignored.
    pub fn overrides_variables(&self) -> bool {
        self.text(Key::ExplicitTargetDir) == "override"
    }

    /// The cargo to execute.
    pub fn real_cargo(&self) -> Option<&Path> {
        self.path(Key::RealCargo)
    }

    /// The sccache through which dependencies are compiled: a path, or a name on PATH.
    pub fn compile_cache(&self) -> Option<&Path> {
        self.path(Key::CompileCache).filter(|tool| *tool != Path::new(OFF))
    }

    /// Whether to accept a sticky shared root.
    pub fn sticky_root(&self) -> StickyRoot {
        let is_accepted = self.text(Key::StickyRoot) == "accept";
        if is_accepted { StickyRoot::Accept } else { StickyRoot::Refuse }
    }

    /// Whether an account that has no private directory in a shared root of root's is refused. Otherwise
    /// it builds below its own cache directory.
    pub fn refuses_without_directory(&self) -> bool {
        self.text(Key::Missing) == "refuse"
    }

    /// The limit of one of the policies by which `gc` chooses target directories.
    pub fn limit(&self, key: Key) -> Limit {
        key.kind().limit(self.text(key)).unwrap_or(Limit::Off)
    }

    fn text(&self, key: Key) -> &OsStr {
        match self.value(key) {
            Some(Value::Text(text)) => text,
            _ => OsStr::new(key.row().default),
        }
    }

    fn path(&self, key: Key) -> Option<&Path> {
        Some(self.text(key)).filter(|text| !text.is_empty()).map(Path::new)
    }

    /// The names in a list.
    pub fn names(&self, key: Key) -> &[String] {
        if let Some(Value::Names(names)) = self.value(key) { names } else { &[] }
    }
}

/// The prefix of the variables that are settings.
pub(super) const VARIABLE_PREFIX: &str = "CARGO_PERUSER_";

impl Key {
    /// The key in files; a dot separates table and key.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The kind of its value.
    pub fn kind(self) -> ValueKind {
        self.row().kind
    }

    /// The limits of `gc`, in the order in which their policies apply.
    pub fn limits() -> impl Iterator<Item = Key> {
        Key::ALL.iter().copied().filter(|key| key.kind().is_limit())
    }

    /// Its environment variable.
    pub fn variable(self) -> String {
        let name = self.name().replace(['-', '.'], "_").to_ascii_uppercase();
        format!("{VARIABLE_PREFIX}{name}")
    }

    /// Its flag, which comes before cargo's own arguments.
    pub fn flag(self) -> String {
        format!("--{}", self.name().replace('.', "-"))
    }

    /// The flag's help.
    pub fn help(self) -> String {
        let KeyRow { kind, default, help, .. } = self.row();
        let commas = if matches!(kind, ValueKind::Names(_)) { ", separated by commas" } else { "" };
        let default =
            if default.is_empty() { String::new() } else { format!(" [default: {default}]") };
        format!("{help}{commas}{default}")
    }

    /// The key with this name in files.
    pub fn named(name: &str) -> Option<Key> {
        Key::ALL.iter().copied().find(|key| key.name() == name)
    }

    /// The key of a variable.
    pub(super) fn of_variable(name: &OsStr) -> Option<Key> {
        Key::ALL.iter().copied().find(|key| name == key.variable().as_str())
    }

    /// The key of a flag, or of `flag=value`.
    pub fn of_flag(word: &OsStr) -> Option<Key> {
        let name = word.as_encoded_bytes().split(|byte| *byte == b'=').next()?;
        Key::ALL.iter().copied().find(|key| name == key.flag().as_bytes())
    }

    /// The built-in value.
    pub fn default(self) -> Option<Value> {
        self.kind().parse(self.row().default.as_ref()).ok()
    }

    /// Parses a value from a file, variable or flag.
    pub(super) fn read(self, text: &OsStr, origin: String) -> Result<Assignment> {
        match self.kind().parse(text) {
            Ok(value) => Ok(Assignment { key: self, value, origin }),
            Err(wrong) => Err(invalid(self.name(), &origin, wrong)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn a_key_is_found_by_each_of_its_spellings() {
        for key in Key::ALL.iter().copied() {
            assert_eq!(Key::named(key.name()), Some(key));
            assert_eq!(Key::of_variable(key.variable().as_ref()), Some(key));
            assert_eq!(Key::of_flag(key.flag().as_ref()), Some(key));
            assert_eq!(Key::of_flag(format!("{}=/x=y", key.flag()).as_ref()), Some(key));
        }
        assert_eq!(Key::ExcludeUsers.variable(), "CARGO_PERUSER_EXCLUDE_USERS");
        assert_eq!(Key::ExcludeUsers.flag(), "--exclude-users");
        assert_eq!(Key::of_flag("--shared-rootx".as_ref()), None);
    }

    #[test]
    fn every_default_is_a_value() {
        for key in Key::ALL.iter().copied().filter(|key| !key.row().default.is_empty()) {
            assert!(key.default().is_some(), "{}", key.name());
        }
    }
}
