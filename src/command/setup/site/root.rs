//! Which shared root is in force afterwards, and whether a settings file has to name it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::Whose;
use crate::command::Flags;
use crate::core::marked::without_blocks;
use crate::core::settings::{Key, Setting};
use crate::core::settings_source::from_flags;
use crate::error::{Error, Result, SYSTEM_FILE, SetupError};
use crate::sys::homes::Homes;
use crate::sys::replace::Original;
use crate::sys::settings_files;
use crate::sys::snapshot::Snapshot;

/// The root that the verb's flag or the flag before it asks for.
pub(super) fn chosen(flags: &Flags, verb: &ArgMatches) -> Result<Option<PathBuf>> {
    let own = verb.get_one::<OsString>("root").map(|text| (Key::SharedRoot, text.clone()));
    let before = flags.iter().find(|(key, _)| *key == Key::SharedRoot).cloned();
    let given: Flags = own.or(before).into_iter().collect();
    let layer = from_flags(&given)?;
    Ok(layer.entries.into_iter().find_map(|entry| match entry.setting {
        Setting::SharedRoot(path) => Some(path),
        _ => None,
    }))
}

/// The root in force, and the settings file that is to name it.
pub(super) fn settle(
    snapshot: &Snapshot,
    homes: &Homes<'_>,
    whose: Whose,
    chosen: Option<PathBuf>,
) -> Result<(PathBuf, Option<PathBuf>)> {
    let own_file = match whose {
        Whose::Machine => PathBuf::from(SYSTEM_FILE),
        Whose::Person => {
            settings_files::person_file(homes).ok_or(Error::NoHome { uid: snapshot.uid })?
        }
    };
    let settings = match whose {
        Whose::Machine => settings_files::system()?,
        Whose::Person => settings_files::from_files(homes, snapshot)?,
    };
    let is_own_block = settings_block_names(&own_file)?;
    let named = settings.shared_root.clone();
    let root = match (chosen, named) {
        (Some(chosen), Some(named)) if chosen != named && !is_own_block => {
            let origin =
                settings.origin(Key::SharedRoot).map(ToString::to_string).unwrap_or_default();
            return Err(SetupError::OtherRoot { origin, found: named }.into());
        }
        (Some(root), _) => return Ok((root, Some(own_file))),
        (None, Some(named)) => return Ok((named, is_own_block.then_some(own_file))),
        (None, None) => match whose {
            Whose::Machine => PathBuf::from("/var/cache/cargo-peruser"),
            Whose::Person => {
                let cache = homes.cache().ok_or(Error::NoHome { uid: snapshot.uid })?;
                cache.join("cargo-peruser")
            }
        },
    };
    Ok((root, Some(own_file)))
}

/// Whether a block of ours in the settings file is what names the root.
fn settings_block_names(file: &Path) -> Result<bool> {
    let original = Original::read(file)?;
    let text = original.text()?;
    let without = without_blocks(text).map_err(|unfinished| SetupError::Unfinished {
        path: file.to_owned(),
        line: unfinished.line,
    })?;
    Ok(without != text)
}
