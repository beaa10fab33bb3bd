//! Pure: the settings by name: in a file, as a variable, as a flag, and what each takes.

/// A setting's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// Whether a shared root may be used in which everybody can create files.
    StickyRoot,
    /// Where an account builds that has no private directory in the shared root.
    Missing,
}

/// Everything that is written down about a key.
#[derive(Debug)]
pub struct KeyInfo {
    /// The key as a file has it; a dot stands for a table.
    pub name: &'static str,
    /// The environment variable of the same meaning.
    pub variable: &'static str,
    /// The flag of the same meaning, by name and before cargo's own arguments.
    pub flag: &'static str,
    /// The flag's value in the help.
    pub value: &'static str,
    /// The flag's help.
    pub help: &'static str,
    /// What the key takes, as errors say it.
    pub takes: &'static str,
}

impl Key {
    /// Every key, in the order in which they are listed to people.
    pub const ALL: [Key; 10] = [
        Key::SharedRoot,
        Key::Scope,
        Key::ExplicitTargetDir,
        Key::RealCargo,
        Key::ExcludeUsers,
        Key::ExcludeGroups,
        Key::IncludeUsers,
        Key::TrustedOwners,
        Key::StickyRoot,
        Key::Missing,
    ];

    /// Everything that is written down about the key.
    pub fn info(self) -> &'static KeyInfo {
        match self {
            Key::SharedRoot => &SHARED_ROOT,
            Key::Scope => &SCOPE,
            Key::ExplicitTargetDir => &EXPLICIT_TARGET_DIR,
            Key::RealCargo => &REAL_CARGO,
            Key::ExcludeUsers => &EXCLUDE_USERS,
            Key::ExcludeGroups => &EXCLUDE_GROUPS,
            Key::IncludeUsers => &INCLUDE_USERS,
            Key::TrustedOwners => &TRUSTED_OWNERS,
            Key::StickyRoot => &STICKY_ROOT,
            Key::Missing => &MISSING,
        }
    }

    /// The key as a file has it.
    pub fn name(self) -> &'static str {
        self.info().name
    }
}

const SHARED_ROOT: KeyInfo = KeyInfo {
    name: "shared-root",
    variable: "CARGO_PERUSER_SHARED_ROOT",
    flag: "--shared-root",
    value: "PATH",
    help: "The parent of everyone's private directories",
    takes: "an absolute path",
};

const SCOPE: KeyInfo = KeyInfo {
    name: "scope",
    variable: "CARGO_PERUSER_SCOPE",
    flag: "--scope",
    value: "workspace|user",
    help: "One target directory for each workspace, or one for each user [default: workspace]",
    takes: "`workspace` or `user`",
};

const EXPLICIT_TARGET_DIR: KeyInfo = KeyInfo {
    name: "explicit-target-dir",
    variable: "CARGO_PERUSER_EXPLICIT_TARGET_DIR",
    flag: "--explicit-target-dir",
    value: "honour|override",
    help: "Whether CARGO_TARGET_DIR and CARGO_BUILD_TARGET_DIR may choose another directory [default: honour]",
    takes: "`honour` or `override`",
};

const REAL_CARGO: KeyInfo = KeyInfo {
    name: "real-cargo",
    variable: "CARGO_PERUSER_REAL_CARGO",
    flag: "--real-cargo",
    value: "PATH",
    help: "The cargo to execute [default: the next one on PATH]",
    takes: "an absolute path",
};

const EXCLUDE_USERS: KeyInfo = KeyInfo {
    name: "exclude.users",
    variable: "CARGO_PERUSER_EXCLUDE_USERS",
    flag: "--exclude-users",
    value: "NAMES",
    help: "Accounts that get no directory, separated by commas",
    takes: "account names",
};

const EXCLUDE_GROUPS: KeyInfo = KeyInfo {
    name: "exclude.groups",
    variable: "CARGO_PERUSER_EXCLUDE_GROUPS",
    flag: "--exclude-groups",
    value: "NAMES",
    help: "Groups whose members get no directory, separated by commas",
    takes: "group names",
};

const INCLUDE_USERS: KeyInfo = KeyInfo {
    name: "include.users",
    variable: "CARGO_PERUSER_INCLUDE_USERS",
    flag: "--include-users",
    value: "NAMES",
    help: "Accounts that get a directory even if they are excluded, separated by commas",
    takes: "account names",
};

const TRUSTED_OWNERS: KeyInfo = KeyInfo {
    name: "trusted-owners",
    variable: "CARGO_PERUSER_TRUSTED_OWNERS",
    flag: "--trusted-owners",
    value: "NAMES",
    help: "Other accounts that may own directories above the shared root, separated by commas",
    takes: "account names or numbers",
};

const STICKY_ROOT: KeyInfo = KeyInfo {
    name: "sticky-root",
    variable: "CARGO_PERUSER_STICKY_ROOT",
    flag: "--sticky-root",
    value: "refuse|accept",
    help: "Whether to accept a sticky shared root, in which others can create files [default: refuse]",
    takes: "`refuse` or `accept`",
};

const MISSING: KeyInfo = KeyInfo {
    name: "missing",
    variable: "CARGO_PERUSER_MISSING",
    flag: "--missing",
    value: "own-cache|refuse",
    help: "What to do without a private directory in the shared root: build in your own cache directory, or refuse [default: own-cache]",
    takes: "`own-cache` or `refuse`",
};

#[cfg(test)]
mod tests {
    use super::Key;

    #[test]
    fn variables_and_flags_are_spelled_like_the_key() {
        for key in Key::ALL {
            let info = key.info();
            let plain = info.name.replace('.', "-");
            assert_eq!(info.flag, format!("--{plain}"));
            let upper = plain.replace('-', "_").to_uppercase();
            assert_eq!(info.variable, format!("CARGO_PERUSER_{upper}"));
        }
    }
}
