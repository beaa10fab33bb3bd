//! The settings by name: in a file, as a variable, as a flag.

/// The keys, in the order in which they are listed to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The parent of all private directories.
    SharedRoot,
    /// What shares one target directory.
    Scope,
    /// Whether `CARGO_TARGET_DIR` and `CARGO_BUILD_TARGET_DIR` may choose another place.
    ExplicitTargetDir,
    /// The cargo to execute.
    RealCargo,
    /// Accounts that get no directory.
    ExcludeUsers,
    /// Groups whose members get no directory.
    ExcludeGroups,
    /// Accounts that get a directory whatever excludes them.
    IncludeUsers,
    /// Owners, besides root and the caller, whose directories may stand on the way to the root.
    TrustedOwners,
}

impl Key {
    /// Every key.
    pub const ALL: [Key; 8] = [
        Key::SharedRoot,
        Key::Scope,
        Key::ExplicitTargetDir,
        Key::RealCargo,
        Key::ExcludeUsers,
        Key::ExcludeGroups,
        Key::IncludeUsers,
        Key::TrustedOwners,
    ];

    /// The key as a file has it; a dot stands for a table.
    pub fn name(self) -> &'static str {
        match self {
            Key::SharedRoot => "shared-root",
            Key::Scope => "scope",
            Key::ExplicitTargetDir => "explicit-target-dir",
            Key::RealCargo => "real-cargo",
            Key::ExcludeUsers => "exclude.users",
            Key::ExcludeGroups => "exclude.groups",
            Key::IncludeUsers => "include.users",
            Key::TrustedOwners => "trusted-owners",
        }
    }

    /// The environment variable of the same meaning.
    pub fn variable(self) -> &'static str {
        match self {
            Key::SharedRoot => "CARGO_PERUSER_SHARED_ROOT",
            Key::Scope => "CARGO_PERUSER_SCOPE",
            Key::ExplicitTargetDir => "CARGO_PERUSER_EXPLICIT_TARGET_DIR",
            Key::RealCargo => "CARGO_PERUSER_REAL_CARGO",
            Key::ExcludeUsers => "CARGO_PERUSER_EXCLUDE_USERS",
            Key::ExcludeGroups => "CARGO_PERUSER_EXCLUDE_GROUPS",
            Key::IncludeUsers => "CARGO_PERUSER_INCLUDE_USERS",
            Key::TrustedOwners => "CARGO_PERUSER_TRUSTED_OWNERS",
        }
    }

    /// The flag of the same meaning, by name and before cargo's own arguments.
    pub fn flag(self) -> &'static str {
        match self {
            Key::SharedRoot => "--shared-root",
            Key::Scope => "--scope",
            Key::ExplicitTargetDir => "--explicit-target-dir",
            Key::RealCargo => "--real-cargo",
            Key::ExcludeUsers => "--exclude-users",
            Key::ExcludeGroups => "--exclude-groups",
            Key::IncludeUsers => "--include-users",
            Key::TrustedOwners => "--trusted-owners",
        }
    }
}
