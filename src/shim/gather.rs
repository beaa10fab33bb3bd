//! Gathers the [`Facts`] for a decision, and nothing more. Which variables count is in
//! `inherited_variables`, and whose directories are the caller's in `own_places`.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::cargo_config;
use super::own_places::own_places;
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
use crate::settings::{Invalid, Key};
use crate::shim::alias;
use crate::shim::argv::{Invocation, TargetUse};
use crate::shim::build_dir::{Asked, ConfiguredBuildDir, Templates};
use crate::shim::decide::{
    BUILD_BUILD_DIR, BUILD_TARGET_DIR, EntryPoint, Facts, RootState, TARGET_DIR, Variables,
};
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
        snapshot: &Snapshot,
        homes: &Homes<'_>,
        entry_point: EntryPoint,
        flags: &[(Key, OsString)],
        args: &[OsString],
    ) -> Result<Facts> {
        let invocation = Invocation::read(args);
        let loaded = settings::files::load(snapshot, homes, flags);
        // `cargo peruser` decides later, from what the user has set.
        let is_subcommand = entry_point == EntryPoint::Shim
            && invocation.command.as_deref().is_some_and(|name| name == "peruser");
        let asks = if is_subcommand { Ok(true) } else { is_bypass_requested(snapshot) };
        let loaded = asks.and_then(|asks| match asks {
            true => Ok((true, loaded.unwrap_or_default())),
            false => Ok((false, loaded?)),
        });
        let (is_bypassed, settings) = match loaded {
            Err(_) if entry_point == EntryPoint::Shim && builds_nothing(snapshot, homes, args) => {
                Default::default()
            }
            loaded => loaded?,
        };
        let root_entry = settings.shared_root().map(files::entry_if_any);
        let root_exists = !matches!(root_entry, None | Some(Ok(None)));
        let facts = Facts {
            entry_point,
            is_bypassed,
            settings,
            root: if root_exists { RootState::Usable } else { RootState::Absent },
            root_entry: root_entry.and_then(Result::ok).flatten(),
            working_directory: working_directory(&invocation, &snapshot.cwd),
            invocation,
            ..Facts::default()
        };
        match entry_point {
            // `cargo peruser` decides later, and so must see the inherited variables.
            EntryPoint::Shim if is_subcommand => Ok(facts),
            EntryPoint::Shim | EntryPoint::Session if is_bypassed || !root_exists => {
                Ok(facts.with_session_variables(snapshot, homes))
            }
            EntryPoint::ByName if !is_bypassed && !root_exists => {
                let facts = facts.with_build_facts(snapshot, homes, args);
                let own_cache = homes.cache().ok_or_else(|| no_home(snapshot.uid))?;
                Ok(Facts { own_cache: Some(own_cache), ..facts })
            }
            _ => Ok(facts.with_build_facts(snapshot, homes, args)),
        }
    }

    /// Reads the variables that one of our sessions may have exported, and nothing else.
    fn with_session_variables(self, snapshot: &Snapshot, homes: &Homes<'_>) -> Facts {
        let variables = Variables {
            target_dir: snapshot.variable(TARGET_DIR),
            build_target_dir: snapshot.variable(BUILD_TARGET_DIR),
            build_build_dir: snapshot.variable(BUILD_BUILD_DIR),
            out_dir: None,
        };
        let needs_cache =
            self.settings.shared_root().is_some() && self.any_outside_root(&variables);
        let own_cache = if needs_cache { homes.cache() } else { None };
        Facts { variables, own_cache, ..self }
    }

    fn with_build_facts(self, snapshot: &Snapshot, homes: &Homes<'_>, args: &[OsString]) -> Facts {
        let (cargo_home, here) = (homes.cargo(), snapshot.here());
        let cargo_home = cargo_home.as_deref();
        let place = &self.working_directory;
        let invocation =
            Invocation::read_with_aliases(args, |name| alias_of(name, snapshot, place, cargo_home));
        let workspace = Workspace::of(&invocation, place, cargo_home, here);
        let workspace = workspace.filter(|_| self.entry_point != EntryPoint::Session);
        let root = workspace.as_ref().and_then(Workspace::directory);
        let templates = Templates {
            workspace_root: root.unwrap_or(place),
            cargo_home: cargo_home.unwrap_or(Path::new("/")),
        };
        let (config_chooses, typed) =
            cargo_config::typed_directories(&invocation, place, &templates);
        let configured = typed.or_else(|| {
            let start = workspace::configuration_start(&invocation, place, cargo_home);
            let configured = || cargo_config::build_dir(&start, cargo_home, here, &templates);
            reads_files(snapshot).then(configured).flatten()
        });
        let variable = build_dir_variable(snapshot, &templates, place);
        let asked = [&configured, &variable].into_iter().flatten();
        let own_places = own_places(homes, snapshot.uid, asked);
        let account = accounts::account(snapshot.uid, self.settings.exclude_groups());
        let root = self.root_state(snapshot, &account);
        let variables = self.variables(snapshot, homes, &account);
        let needs_cache = root.is_out_of_reach() || self.any_outside_root(&variables);
        Facts {
            account,
            root,
            own_cache: if needs_cache { homes.cache() } else { None },
            own_places,
            own_directory: workspace.as_ref().map(Workspace::own_directory),
            configured_build_dir: configured,
            build_dir_variable: variable,
            workspace,
            invocation,
            config_chooses,
            variables,
            ..self
        }
    }

    /// Whether the caller's private directory is in the shared root, or the caller can create it there.
    /// A root that others can write to counts as usable: the check will refuse it.
    fn root_state(&self, snapshot: &Snapshot, account: &Account) -> RootState {
        let (Some(root), Some(entry)) = (self.settings.shared_root(), &self.root_entry) else {
            return self.root;
        };
        let is_trusted = || accounts::uids(self.settings.trusted_owners()).contains(&UNMAPPED);
        if entry.uid == UNMAPPED && user_namespace::hides_owners() && !is_trusted() {
            return RootState::OwnerHidden;
        }
        let only_owner_writes = entry.kind == Kind::Directory && entry.mode & 0o022 == 0;
        if entry.uid == snapshot.acting && private_dir(root, account) == root {
            return RootState::IsPrivateDir;
        }
        if !only_owner_writes || entry.uid == snapshot.acting {
            return self.root;
        }
        match files::entry_if_any(&root.join(account.directory_name())) {
            Ok(None) => RootState::NotProvisioned,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                RootState::NotProvisioned
            }
            _ => self.root,
        }
    }

    /// Whether a variable points outside the shared root, and so may point into the caller's own cache
    /// directory.
    fn any_outside_root(&self, variables: &Variables) -> bool {
        let root = self.settings.shared_root();
        let Variables { target_dir, build_target_dir, build_build_dir, .. } = variables;
        [target_dir, build_target_dir, build_build_dir].into_iter().flatten().any(|value| {
            let path = lexical::absolute(&self.working_directory, Path::new(value));
            !root.is_some_and(|root| path.starts_with(root))
        })
    }

    /// The group that the shared root is for, if others may not enter it.
    pub fn group_of_root(&self) -> Option<u32> {
        self.root_entry.and_then(|entry| entry.group_with_access())
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

/// Whether a command does not use a target directory, with aliases expanded.
fn builds_nothing(snapshot: &Snapshot, homes: &Homes<'_>, args: &[OsString]) -> bool {
    let place = working_directory(&Invocation::read(args), &snapshot.cwd);
    let cargo_home = homes.cargo();
    let alias = |name: &str| alias_of(name, snapshot, &place, cargo_home.as_deref());
    Invocation::read_with_aliases(args, alias).target_use() == TargetUse::None
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
            cargo_config::alias(name, place, cargo_home, snapshot.here())
        }
        None => None,
    }
}

/// Cargo's working directory, without symlinks, as cargo itself sees it after `-C`.
fn working_directory(invocation: &Invocation, cwd: &Path) -> PathBuf {
    let Some(directory) = &invocation.directory else { return cwd.to_owned() };
    std::fs::canonicalize(cwd.join(directory)).unwrap_or_else(|_| invocation.working_directory(cwd))
}

fn build_dir_variable(
    snapshot: &Snapshot,
    templates: &Templates<'_>,
    working_directory: &Path,
) -> Option<ConfiguredBuildDir> {
    let value = snapshot.variable(BUILD_BUILD_DIR)?;
    Some(ConfiguredBuildDir {
        path: templates.fill(&value.to_string_lossy(), working_directory),
        origin: format!("the environment variable {BUILD_BUILD_DIR}"),
        asked: Asked::ByConfiguration,
    })
}
