//! The two settings files, and whether they may be believed.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::homes::Homes;
use super::snapshot::Snapshot;
use super::{accounts, files};
use crate::core::safety::{Entry, UNMAPPED};
use crate::core::settings::{Key, Layer, Setting, Settings};
use crate::core::settings_source::{Whose, from_file, from_flags, from_variables};
use crate::error::{Kind, SYSTEM_FILE, SettingsError, reason, trust_unmapped};
use crate::shown::{quoted, shown};

/// Reads every source and puts them on top of one another.
///
/// # Errors
/// The first mistake, the strongest source first.
pub fn load(
    snapshot: &Snapshot,
    homes: &Homes<'_>,
    flags: &[(Key, OsString)],
) -> Result<Settings, SettingsError> {
    let flags = from_flags(flags)?;
    let variables = from_variables(|name| snapshot.variable(name))?;
    below(snapshot, homes, [variables, flags])
}

/// What the files say, without variables and flags: what is in force for every session.
///
/// # Errors
/// The first mistake.
pub fn from_files(homes: &Homes<'_>, snapshot: &Snapshot) -> Result<Settings, SettingsError> {
    below(snapshot, homes, [Layer::default(), Layer::default()])
}

/// Puts the files below the layers that are stronger, the weaker of those first.
fn below(
    snapshot: &Snapshot,
    homes: &Homes<'_>,
    [variables, flags]: [Layer; 2],
) -> Result<Settings, SettingsError> {
    // Where root acts for somebody, their own file would choose where root makes directories.
    let file = person_file(homes).filter(|_| snapshot.acting == snapshot.uid);
    let person = match file {
        Some(path) => read(&path, Whose::Person, &[snapshot.uid, 0])?,
        None => Layer::default(),
    };
    // Who may own the administrator's file depends on whom the person trusts: in a user namespace
    // root may have no number.
    let mut owners = vec![0];
    owners.extend([&flags, &variables, &person].into_iter().flat_map(trusted));
    let system = read(Path::new(SYSTEM_FILE), Whose::System, &owners)?;
    Settings::settle(vec![system, person, variables, flags])
}

/// What the administrator's file says.
///
/// # Errors
/// The first mistake.
pub fn system() -> Result<Settings, SettingsError> {
    Settings::settle(vec![read(Path::new(SYSTEM_FILE), Whose::System, &[0])?])
}

/// The person's own file, whether or not it is there.
pub fn person_file(homes: &Homes<'_>) -> Option<PathBuf> {
    Some(homes.config()?.join("cargo-peruser/config.toml"))
}

fn trusted(layer: &Layer) -> Vec<u32> {
    let owners = layer.entries.iter().filter_map(|entry| match &entry.setting {
        Setting::TrustedOwners(names) => Some(accounts::uids(names)),
        _ => None,
    });
    owners.flatten().collect()
}

/// Reads one file; none is an empty layer.
fn read(path: &Path, whose: Whose, owners: &[u32]) -> Result<Layer, SettingsError> {
    let unreadable = |error: std::io::Error| SettingsError::File {
        origin: format!("`{}`", shown(path)),
        cause: reason(&error),
        help: format!("ls -l {}", quoted(path)),
    };
    // Not blocking: a fifo in its place must not stop every cargo.
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = match OpenOptions::new().read(true).custom_flags(nonblocking).open(path) {
        Ok(file) => file,
        Err(error) if files::is_absence(&error) => return Ok(Layer::default()),
        Err(error) => return Err(unreadable(error)),
    };
    let entry = files::opened(&file).map_err(unreadable)?;
    believe(&entry, path, whose, owners).map_err(|(cause, help)| SettingsError::File {
        origin: format!("`{}`", shown(path)),
        cause,
        help,
    })?;
    from_file(path, &files::text(&file).map_err(unreadable)?, whose)
}

/// Checks the open file: whoever can write it chooses where everyone's builds go.
fn believe(
    entry: &Entry,
    path: &Path,
    whose: Whose,
    owners: &[u32],
) -> Result<(), (String, String)> {
    let (owner, writable) = match whose {
        Whose::System => ("root", 0o022),
        Whose::Person => ("you", 0o002),
    };
    let path = quoted(path);
    if entry.kind != Kind::File {
        return Err((format!("it is a {}, not a file", entry.kind), format!("ls -l {path}")));
    }
    if !owners.contains(&entry.uid) {
        let cause = format!("it is owned by {}, not by {owner}", accounts::owner(entry.uid));
        let help = match whose {
            Whose::System if entry.uid == UNMAPPED => trust_unmapped(entry.uid),
            Whose::System => format!("chown root {path}"),
            Whose::Person => {
                format!(
                    "put your own file there, or set XDG_CONFIG_HOME to a directory of yours: ls -l {path}"
                )
            }
        };
        return Err((cause, help));
    }
    if entry.mode & writable != 0 {
        let bits = if whose == Whose::System { "go-w" } else { "o-w" };
        let cause = format!("others can write to it (mode {:04o})", entry.mode);
        return Err((cause, format!("chmod {bits} {path}")));
    }
    Ok(())
}
