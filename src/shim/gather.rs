//! Gathers the [`Facts`] for a decision, and nothing more. Which variables count is in
//! `inherited_variables`, and whose directories are the caller's in `own_places`.

use std::cell::LazyCell;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::cargo_config;
use super::own_places::is_own;
use crate::os::accounts;
use crate::os::acls;
use crate::os::entry::{Kind, UNMAPPED};
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::homes::no_home;
use crate::os::lexical;
use crate::os::passwd::Account;
use crate::os::snapshot::Snapshot;
use crate::os::user_namespace;
use crate::private_dir::place::OWN_NAME;
use crate::settings;
use crate::settings::{Invalid, Key, Settings};
use crate::shim::alias;
use crate::shim::argv::{Invocation, TargetUse};
use crate::shim::build_dir::{ConfiguredBuildDir, Templates};
use crate::shim::cargo_config::ConfigText;
use crate::shim::decide::{BUILD_BUILD_DIR, EntryPoint, Facts, RootState, Variables};
use crate::ui::escape::escaped;
use crate::ui::failure::Result;
use crate::workspace::{self, Workspace, record};

/// The variable with which a user disables us.
pub const BYPASS: &str = "CARGO_PERUSER";

impl Facts {
    /// Reads the facts. If no private directory can result, nothing but the settings is read.
    ///
    /// # Errors
    /// Mistakes in the settings, unless the user disables us or the command uses no target directory: a
    /// broken file must not block a way around it, or a command that has nothing to do with it.
    pub fn gather(
        homes: &Homes<'_>,
        entry_point: EntryPoint,
        flags: &[(Key, OsString)],
        args: &[OsString],
    ) -> Result<Facts> {
        let snapshot = homes.snapshot;
        let typed = Invocation::read(args);
        let place = working_directory(&typed, &snapshot.cwd);
        let cargo_home = homes.cargo();
        let expanded = LazyCell::new(|| {
            let alias = |name: &str| alias_of(name, snapshot, &place, cargo_home.as_deref());
            Invocation::read_with_aliases(args, alias)
        });
        let is_shim = entry_point == EntryPoint::Shim;
        let may_ignore = || is_shim && expanded.target_use() == TargetUse::None;
        // `cargo peruser` decides later, from what the user has set.
        let is_subcommand =
            is_shim && typed.command.as_deref().is_some_and(|name| name == "peruser");
        let is_bypassed = is_subcommand
            || match is_bypass_requested(snapshot) {
                Err(_) if may_ignore() => false,
                is_requested => is_requested?,
            };
        let settings = match settings::files::load(homes, flags) {
            Err(_) if is_bypassed || may_ignore() => Settings::default(),
            loaded => loaded?,
        };
        let working_directory = place.clone();
        let of_settings = Facts::of_settings(settings);
        let mut facts = Facts { entry_point, is_bypassed, working_directory, ..of_settings };
        let is_without_root = facts.root == RootState::Absent;
        if is_subcommand {
            // It must see the inherited variables.
            facts.invocation = typed;
        } else if (is_bypassed || is_without_root) && entry_point != EntryPoint::ByName {
            facts.invocation = typed;
            facts.read_session_variables(homes);
        } else {
            facts.invocation = expanded.clone();
            facts.read_build_facts(homes, cargo_home.as_deref());
        }
        if entry_point == EntryPoint::ByName && !is_bypassed && is_without_root {
            facts.own_cache = Some(homes.cache().ok_or_else(|| no_home(snapshot.uid))?);
        }
        Ok(facts)
    }

    fn of_settings(settings: Settings) -> Facts {
        let root_entry = settings.shared_root().map(files::entry_if_any);
        let is_absent = matches!(root_entry, None | Some(Ok(None)));
        Facts {
            settings,
            root: if is_absent { RootState::Absent } else { RootState::Usable },
            root_entry: root_entry.and_then(Result::ok).flatten(),
            ..Facts::default()
        }
    }

    /// Reads the variables that one of our sessions may have exported, and nothing else.
    fn read_session_variables(&mut self, homes: &Homes<'_>) {
        let path = |name: &str| {
            let value = homes.snapshot.variable(name)?;
            Some(lexical::absolute(&self.working_directory, Path::new(&value)))
        };
        self.variables = Variables::read(path);
        if self.settings.shared_root().is_some() && self.has_variable_outside_root() {
            self.own_cache = homes.cache();
        }
    }

    fn read_build_facts(&mut self, homes: &Homes<'_>, cargo_home: Option<&Path>) {
        let snapshot = homes.snapshot;
        if self.entry_point != EntryPoint::Session {
            let place = &self.working_directory;
            self.workspace = Workspace::of(&self.invocation, place, cargo_home, snapshot.here());
        }
        self.read_build_dirs(homes, cargo_home);
        self.account = self.settings.account(snapshot.uid);
        self.root = self.root_state(snapshot);
        self.variables = self.read_variables(homes);
        if self.root.is_out_of_reach() || self.has_variable_outside_root() {
            self.own_cache = homes.cache();
        }
    }

    fn read_build_dirs(&mut self, homes: &Homes<'_>, cargo_home: Option<&Path>) {
        let snapshot = homes.snapshot;
        let place = &self.working_directory;
        let root = self.workspace.as_ref().and_then(Workspace::directory);
        let templates = Templates {
            workspace_root: root.unwrap_or(place),
            cargo_home: cargo_home.unwrap_or(Path::new("/")),
        };
        let build_dir =
            |texts: &[ConfigText]| texts.iter().find_map(|text| text.build_dir(&templates));
        let own = |dir: ConfiguredBuildDir| {
            let stays = is_own(&dir.path, homes);
            ConfiguredBuildDir { stays, ..dir }
        };
        let typed = cargo_config::typed(&self.invocation, place);
        self.config_chooses = typed.iter().any(ConfigText::sets_target_dir);
        if let Some(typed) = build_dir(&typed) {
            // An explicit choice, which nothing overrides.
            self.configured_build_dir = Some(ConfiguredBuildDir { stays: true, ..typed });
            return;
        }
        if reads_files(snapshot) {
            let start = workspace::configuration_start(&self.invocation, place, cargo_home);
            let files = cargo_config::in_files(&start, cargo_home, snapshot.here());
            self.configured_build_dir = build_dir(&files).map(own);
        }
        self.build_dir_variable = snapshot.variable(BUILD_BUILD_DIR).map(|value| {
            let path = templates.fill(&value.to_string_lossy(), place);
            let origin = format!("the environment variable {BUILD_BUILD_DIR}");
            own(ConfiguredBuildDir { path, origin, stays: false })
        });
    }

    /// Whether the caller's private directory is in the shared root, or the caller can create it there.
    /// A root that others can write to counts as usable: the check will refuse it.
    fn root_state(&self, snapshot: &Snapshot) -> RootState {
        let (Some(root), Some(entry)) = (self.settings.shared_root(), &self.root_entry) else {
            return self.root;
        };
        let is_trusted =
            || accounts::uids(self.settings.names(Key::TrustedOwners)).contains(&UNMAPPED);
        if entry.uid == UNMAPPED && user_namespace::hides_owners() && !is_trusted() {
            return RootState::OwnerHidden;
        }
        if entry.uid == snapshot.acting {
            let is_private_dir = private_dir(root, &self.account) == root;
            return if is_private_dir { RootState::IsPrivateDir } else { self.root };
        }
        let only_owner_writes = entry.kind == Kind::Directory && entry.mode & 0o022 == 0;
        let is_missing = || match files::entry_if_any(&root.join(self.account.directory_name())) {
            Ok(found) => found.is_none(),
            Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
        };
        if only_owner_writes && is_missing() { RootState::NotProvisioned } else { self.root }
    }

    /// Whether a variable points outside the shared root, and so may point into the caller's own cache
    /// directory.
    fn has_variable_outside_root(&self) -> bool {
        let root = self.settings.shared_root();
        let mut paths = self.variables.of_cargo().map(|(_, path)| path);
        paths.any(|path| !root.is_some_and(|root| path.starts_with(root)))
    }

    /// Whether nobody but root can enter the shared root.
    pub fn is_closed(&self, root: &Path) -> bool {
        self.root_entry.is_some_and(|entry| entry.is_only_for_root()) && !acls::has_acl(root)
    }

    /// Whether others can create files in the shared root.
    pub fn others_write_to_root(&self) -> bool {
        self.root_entry.is_some_and(|entry| entry.mode & 0o022 != 0)
    }
}

/// An account's private directory for a shared root: in it, with the account's name. A root in a user's own
/// cache directory may have been their private directory before setup made it their shared root; then it
/// stays that, with everything built in it.
pub fn private_dir(root: &Path, account: &Account) -> PathBuf {
    let below = root.join(account.directory_name());
    let has_records = || files::is_there(&root.join(record::DIRECTORY));
    let is_root = is_own_cache(root, account.uid) && has_records() && !files::is_there(&below);
    if is_root { root.to_owned() } else { below }
}

/// Whether a shared root is or was somebody's private directory in their own cache directory.
pub fn is_own_cache(root: &Path, uid: u32) -> bool {
    let is_own = || files::entry(root).is_ok_and(|entry| entry.is_directory_only_for(uid));
    root.ends_with(OWN_NAME) && is_own()
}

/// Whether the variable asks us to step aside.
///
/// # Errors
/// It has another value.
pub fn is_bypass_requested(snapshot: &Snapshot) -> Result<bool> {
    match snapshot.variable(BYPASS) {
        None => Ok(false),
        Some(value) if value == "on" => Ok(false),
        Some(value) if value == "off" => Ok(true),
        Some(value) => {
            let found = format!("`{}`", escaped(&value));
            let wrong = Invalid { found, help: "it takes `off` or `on`".into() };
            Err(settings::invalid(BYPASS, &"the environment", wrong))
        }
    }
}

/// Root does not read the files of a user for whom it acts.
fn reads_files(snapshot: &Snapshot) -> bool {
    snapshot.acting == snapshot.uid
}

/// The meaning of an alias. A variable overrides the files, as everywhere in cargo.
fn alias_of(
    name: &str,
    snapshot: &Snapshot,
    place: &Path,
    cargo_home: Option<&Path>,
) -> Option<Vec<OsString>> {
    match snapshot.variable(&alias::variable(name)) {
        Some(text) => Some(alias::words_of(text.to_str()?)),
        None if reads_files(snapshot) => {
            let files = cargo_config::in_files(place, cargo_home, snapshot.here());
            files.iter().find_map(|text| text.alias(name))
        }
        None => None,
    }
}

/// Cargo's working directory, without symlinks, as cargo itself sees it after `-C`.
fn working_directory(invocation: &Invocation, cwd: &Path) -> PathBuf {
    let Some(directory) = &invocation.directory else { return cwd.to_owned() };
    let there = cwd.join(directory);
    std::fs::canonicalize(&there).unwrap_or_else(|_| lexical::absolute(cwd, &there))
}
