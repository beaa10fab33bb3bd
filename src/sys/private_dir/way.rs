//! The way to a private directory, judged from the top: nobody untrusted can replace what has been
//! passed.

use std::io;
use std::path::{Path, PathBuf};

use super::{Caller, refusal, unreadable};
use crate::core::placement::{Place, PlaceKind};
use crate::core::safety::{Entry, Part, Trust, judge_way};
use crate::error::{Error, Flaw, Kind, Result, SettingsError};
use crate::shown::shown;
use crate::sys::files;

/// Judges every directory above a shared root that is there, from the top; not the root itself.
///
/// # Errors
/// Those of [`super::examine`].
pub fn examine_way(shared_root: &Path, caller: &Caller<'_>) -> Result<()> {
    let place = Place {
        parent: shared_root.to_owned(),
        name: String::new(),
        kind: PlaceKind::BelowSharedRoot,
    };
    let mut above: Vec<&Path> = shared_root.ancestors().skip(1).collect();
    above.reverse();
    for directory in above {
        match files::entry(directory) {
            Ok(entry) => judge(directory, &entry, &place, caller)?,
            Err(error) if files::is_absence(&error) => return Ok(()),
            Err(error) => return Err(unreadable(directory, error, caller)),
        }
    }
    Ok(())
}

/// How far the way to a private directory exists.
pub(super) enum Way {
    /// All of it: the entry of the directory that the private one stands in.
    Complete(Entry),
    /// It ends before this directory, which is below the caller's own cache directory.
    Ends(PathBuf),
}

/// Judges every directory above the private one, from the top.
pub(super) fn walk(place: &Place, caller: &Caller<'_>) -> Result<Way> {
    let mut directories: Vec<&Path> = place.parent.ancestors().collect();
    directories.reverse();
    let mut last = None;
    for directory in directories {
        let entry = match files::entry(directory) {
            Ok(entry) => entry,
            Err(error) if files::is_absence(&error) && place.kind == PlaceKind::InOwnCache => {
                return Ok(Way::Ends(directory.to_owned()));
            }
            Err(error) => return Err(unreadable(directory, error, caller)),
        };
        judge(directory, &entry, place, caller)?;
        last = Some(entry);
    }
    let none = || unreadable(&place.parent, io::ErrorKind::NotFound.into(), caller);
    last.map(Way::Complete).ok_or_else(none)
}

fn judge(directory: &Path, entry: &Entry, place: &Place, caller: &Caller<'_>) -> Result<()> {
    let part = if place.kind == PlaceKind::BelowSharedRoot && directory == place.parent {
        Part::Root
    } else {
        let holds_checkout = caller.checkout.is_some_and(|top| top.starts_with(directory));
        Part::Ancestor { holds_checkout }
    };
    let trust = Trust { caller: caller.acting, owners: &caller.trusted };
    judge_way(entry, part, trust).map_err(|flaw| match flaw {
        Flaw::WayNotADirectory(Kind::Symlink) if place.kind == PlaceKind::BelowSharedRoot => {
            Error::Settings(SettingsError::Root {
                origin: caller.root_origin.clone(),
                path: place.parent.to_string_lossy().into_owned(),
                cause: format!("has a symlink in it, `{}`", shown(directory)),
            })
        }
        flaw => refusal(directory, entry.uid, flaw, caller),
    })
}
