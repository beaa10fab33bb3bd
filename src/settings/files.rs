//! Reads the two settings files, if they can be trusted.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::os::accounts;
use crate::os::entry::{Entry, UNMAPPED};
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::lexical::near;
use crate::os::passwd::Account;
use crate::os::snapshot::Snapshot;
use crate::os::trust::trust_unmapped;
use crate::os::trust::{Doubt, Trust};
use crate::os::user_namespace;
use crate::settings::parse::{Whose, from_file, from_flags, from_variables};
use crate::settings::{Key, SYSTEM_FILE, Settings};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result, reason};
use crate::ui::look::Look;

impl Settings {
    /// The account with this uid, and in which of the excluded groups it is.
    pub fn account(&self, uid: u32) -> Account {
        accounts::account(uid, self.names(Key::ExcludeGroups))
    }
}

/// Reads and merges all sources.
///
/// # Errors
/// The first mistake; the strongest source is checked first.
pub fn load(homes: &Homes<'_>, flags: &[(Key, OsString)]) -> Result<Settings> {
    let flags = from_flags(flags)?;
    let variables = from_variables(homes.snapshot.variables())?;
    below(homes, [variables, flags])
}

/// Reads and merges only the files, without variables and flags: the settings of every session.
///
/// # Errors
/// The first mistake.
pub fn from_files(homes: &Homes<'_>) -> Result<Settings> {
    below(homes, Default::default())
}

/// Merges the files below the stronger sources.
fn below(homes: &Homes<'_>, [variables, flags]: [Settings; 2]) -> Result<Settings> {
    let Snapshot { uid, acting, .. } = *homes.snapshot;
    // If root acts for another user, that user's own file would decide where root creates directories.
    let file = person_file(homes).filter(|_| acting == uid);
    // Most people have no file; then the directories on the way to it are not examined.
    let file = file.filter(|path| !is_absent(&near(homes.snapshot.here(), path)));
    let person = match file {
        Some(path) => read(&path, Whose::Person, uid, &[uid, 0])?,
        None => Settings::default(),
    };
    // The allowed owners of the administrator's file depend on whom the user trusts: in a user
    // namespace root may have no uid.
    let mut owners = vec![0];
    for source in [&flags, &variables, &person] {
        owners.extend(accounts::uids(source.names(Key::TrustedOwners)));
    }
    let system = read(Path::new(SYSTEM_FILE), Whose::System, 0, &owners)?;
    Settings::settle([system, person, variables, flags])
}

/// Reads only the administrator's file.
///
/// # Errors
/// The first mistake.
pub fn system() -> Result<Settings> {
    Settings::settle([read(Path::new(SYSTEM_FILE), Whose::System, 0, &[0])?])
}

/// The path of the user's own file, whether or not it exists.
pub fn person_file(homes: &Homes<'_>) -> Option<PathBuf> {
    Some(homes.config()?.join("cargo-peruser/config.toml"))
}

/// Reads one file, if only `owners` can change it: whoever can change it decides where everyone builds.
/// A missing file is the same as an empty one.
fn read(path: &Path, whose: Whose, caller: u32, owners: &[u32]) -> Result<Settings> {
    let wrong = |cause: String, help: String| {
        let text = format!("cannot use the settings in `{}`: {cause}", escaped(path));
        Failure::new(text).help(help).exit(78)
    };
    let unreadable = |error: io::Error| {
        let is_roots = whose == Whose::System && error.kind() == io::ErrorKind::PermissionDenied;
        let (file, directory) = (quoted(path), quoted(path.parent().unwrap_or(path)));
        wrong(
            reason(&error),
            match is_roots {
                true => format!("ask root (uid 0) to run: chmod a+rX {directory} {file}"),
                false => format!("ls -l {file}"),
            },
        )
    };
    let trust = Trust::among(caller, owners);
    let (trust, from) = match whose {
        // Whoever can change `/etc` does not need our settings.
        Whose::System => (trust, "/etc"),
        Whose::Person => (trust.or_hidden_root(), ""),
    };
    let file = match trust.open(path, Path::new(from)) {
        Ok(file) => file,
        Err(Doubt::Ends(_)) => return Ok(Settings::default()),
        Err(Doubt::Changeable(..)) if is_absent(path) => return Ok(Settings::default()),
        Err(Doubt::Unknown(error)) => return Err(unreadable(error)),
        Err(Doubt::Changeable(_, entry))
            if whose == Whose::System
                && entry.uid == UNMAPPED
                && !owners.contains(&UNMAPPED)
                && user_namespace::hides_owners() =>
        {
            let owners = [owners, &[UNMAPPED]].concat();
            return read(path, whose, caller, &owners).map(Settings::restrict_for_user_namespace);
        }
        Err(Doubt::Changeable(place, entry)) => {
            let (cause, help) = doubt(&place, &entry, path, whose, owners);
            return Err(wrong(cause, help));
        }
    };
    from_file(path, &files::text(&file).map_err(unreadable)?, whose)
}

fn is_absent(path: &Path) -> bool {
    matches!(std::fs::metadata(path), Err(error) if files::is_absence(&error))
}

/// What is wrong with the file at `path`, or with `place` on the way to it, and the next step.
/// Everything above `place` has been checked, so no one can plant a symlink on the path of the
/// suggested command.
fn doubt(
    place: &Path,
    entry: &Entry,
    path: &Path,
    whose: Whose,
    owners: &[u32],
) -> (String, String) {
    let what = match place == path {
        true => "it".to_owned(),
        false => format!("`{}` on the path to it", escaped(place)),
    };
    if owners.contains(&entry.uid) {
        let cause = format!("others can write to {what} (mode {:04o})", entry.mode);
        return (cause, format!("check its contents, then: chmod go-w {}", quoted(place)));
    }
    let owner = if whose == Whose::System { "root" } else { "you" };
    let cause = format!("{what} is owned by {}, not by {owner}", accounts::owner(entry.uid));
    let help = match whose {
        Whose::System if entry.uid == UNMAPPED => trust_unmapped(entry.uid),
        Whose::System => Look::Ancestors.at(path, "let root put its own file there"),
        Whose::Person => Look::Ancestors.at(
            path,
            "put your own file there, or set XDG_CONFIG_HOME to a directory that you own",
        ),
    };
    (cause, help)
}
