//! The two settings files, and whether they may be believed.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::os::accounts;
use crate::os::entry::{Entry, UNMAPPED};
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::lexical::near;
use crate::os::snapshot::Snapshot;
use crate::os::trust::trust_unmapped;
use crate::os::trust::{Doubt, Trust};
use crate::os::user_namespace;
use crate::settings::parse::{Whose, from_file, from_flags, from_variables};
use crate::settings::{Key, SYSTEM_FILE, Settings};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result, reason};
use crate::ui::look::Look;

/// Reads every source and puts them on top of one another.
///
/// # Errors
/// The first mistake, the strongest source first.
pub fn load(snapshot: &Snapshot, homes: &Homes<'_>, flags: &[(Key, OsString)]) -> Result<Settings> {
    let flags = from_flags(flags)?;
    let variables = from_variables(snapshot.variables())?;
    below(snapshot, homes, [variables, flags])
}

/// What the files say, without variables and flags: what applies to every session.
///
/// # Errors
/// The first mistake.
pub fn from_files(homes: &Homes<'_>, snapshot: &Snapshot) -> Result<Settings> {
    below(snapshot, homes, Default::default())
}

/// Puts the files below the sources that are stronger, the weaker of those first.
fn below(
    snapshot: &Snapshot,
    homes: &Homes<'_>,
    [variables, flags]: [Settings; 2],
) -> Result<Settings> {
    // Where root acts for somebody, their own file would choose where root makes directories.
    let file = person_file(homes).filter(|_| snapshot.acting == snapshot.uid);
    // Most people have no file, and then nothing is looked at on the way to it.
    let file = file.filter(|path| !is_absent(&near(snapshot.here(), path)));
    let person = match file {
        Some(path) => read(&path, Whose::Person, snapshot.uid, &[snapshot.uid, 0])?,
        None => Settings::default(),
    };
    // Who may own the administrator's file depends on whom the person trusts: in a user namespace
    // root may have no number.
    let mut owners = vec![0];
    for source in [&flags, &variables, &person] {
        owners.extend(accounts::uids(source.trusted_owners()));
    }
    let system = read(Path::new(SYSTEM_FILE), Whose::System, 0, &owners)?;
    Settings::settle([system, person, variables, flags])
}

/// What the administrator's file says.
///
/// # Errors
/// The first mistake.
pub fn system() -> Result<Settings> {
    Settings::settle([read(Path::new(SYSTEM_FILE), Whose::System, 0, &[0])?])
}

/// The person's own file, whether or not it is there.
pub fn person_file(homes: &Homes<'_>) -> Option<PathBuf> {
    Some(homes.config()?.join("cargo-peruser/config.toml"))
}

/// Reads one file, if nobody but `owners` can change it: whoever can chooses where everyone's builds
/// go. None is as good as an empty one.
fn read(path: &Path, whose: Whose, caller: u32, owners: &[u32]) -> Result<Settings> {
    let wrong = |cause: String, help: String| {
        let text = format!("cannot use the settings in `{}`: {cause}", escaped(path));
        Failure::new(text).help(help).exit(78)
    };
    let unreadable = |error: io::Error| wrong(reason(&error), format!("ls -l {}", quoted(path)));
    let trust = Trust::among(caller, owners);
    let (trust, from) = match whose {
        // Who can change `/etc` needs no settings.
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

/// What is wrong with the file at `path`, or with `place` on the way to it, and the next step. All
/// above `place` has been judged, so nobody can plant a symlink where a command for it leads to.
fn doubt(
    place: &Path,
    entry: &Entry,
    path: &Path,
    whose: Whose,
    owners: &[u32],
) -> (String, String) {
    let what = match place == path {
        true => "it".to_owned(),
        false => format!("`{}` on the way to it", escaped(place)),
    };
    if owners.contains(&entry.uid) {
        let cause = format!("others can write to {what} (mode {:04o})", entry.mode);
        return (cause, format!("look at what it says, then: chmod go-w {}", quoted(place)));
    }
    let owner = if whose == Whose::System { "root" } else { "you" };
    let cause = format!("{what} is owned by {}, not by {owner}", accounts::owner(entry.uid));
    let help = match whose {
        Whose::System if entry.uid == UNMAPPED => trust_unmapped(entry.uid),
        Whose::System => Look::Ancestors.at(path, "let root put a file of its own there"),
        Whose::Person => Look::Ancestors
            .at(path, "put your own file there, or set XDG_CONFIG_HOME to a directory of yours"),
    };
    (cause, help)
}
