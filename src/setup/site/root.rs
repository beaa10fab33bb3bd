//! Determines the shared root, and whether a settings file has to name it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::Audience;
use crate::os::homes::Homes;
use crate::os::homes::no_home;
use crate::os::marked::{Blocks, bodies, with_blocks, without_blocks};
use crate::os::replace::Original;
use crate::os::snapshot::Snapshot;
use crate::settings;
use crate::settings::Flags;
use crate::settings::parse::{Whose, from_file, from_flags};
use crate::settings::{Key, SYSTEM_FILE, Scope, Settings};
use crate::setup::pieces::settings_block;
use crate::setup::steps::unfinished;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result};

/// The root and the scope from the verb's own flags, or else from the flags before the verb.
pub(super) fn asked(flags: &Flags, verb: &ArgMatches) -> Result<Settings> {
    let given = [("root", Key::SharedRoot), ("scope", Key::Scope)].map(|(name, key)| {
        let own = verb.get_one::<OsString>(name).map(|text| (key, text.clone()));
        own.or_else(|| flags.iter().find(|(other, _)| *other == key).cloned())
    });
    from_flags(&Flags::from_iter(given.into_iter().flatten()))
}

/// The scope, if these settings name one.
pub(super) fn scope_of(settings: &Settings) -> Option<Scope> {
    settings.value(Key::Scope).map(|_| settings.scope())
}

/// The root to use, and the settings file with our block that names it; no file if other lines than ours
/// name it already.
///
/// # Errors
/// Other lines than ours name another root or scope than was requested; and mistakes in the settings,
/// including those that the block would cause.
pub(super) fn settle(
    snapshot: &Snapshot,
    homes: &Homes<'_>,
    audience: Audience,
    chosen: Option<PathBuf>,
    scope: Option<Scope>,
) -> Result<(PathBuf, Option<(PathBuf, Blocks)>)> {
    let no_home = || no_home(snapshot.uid);
    let (file, whose, settings) = match audience {
        Audience::Machine => (SYSTEM_FILE.into(), Whose::System, settings::files::system()?),
        Audience::Person => {
            let file = settings::files::person_file(homes).ok_or_else(no_home)?;
            (file, Whose::Person, settings::files::from_files(homes, snapshot)?)
        }
    };
    let original = Original::read(&file)?;
    let others = without_blocks(original.text()?.as_bytes()).map_err(unfinished(&file))?;
    let is_own_block = others != original.text()?.as_bytes();
    let named = |root| match scope.filter(|scope| *scope != settings.scope()) {
        Some(scope) => {
            let text =
                format!("cannot set `scope`: the settings name `{}` themselves", escaped(&root));
            let help = format!("add `scope = \"{}\"` to `{}`", scope.word(), escaped(&file));
            Err(Failure::new(text).help(help))
        }
        None => Ok((root, None)),
    };
    let root = match (chosen, settings.shared_root().map(Path::to_owned)) {
        (None, Some(root)) if !is_own_block => return named(root),
        (Some(chosen), Some(root)) if !is_own_block && chosen == root => return named(root),
        (Some(chosen), Some(named)) if !is_own_block && is_named_in(&file, &settings) => {
            let origin = settings.origin(Key::SharedRoot).map(ToString::to_string);
            let origin = origin.unwrap_or_default();
            let text = format!("`shared-root` is set to `{}` in {origin}", escaped(&named));
            let help = format!("write {} there, or leave --shared-root out", quoted(&chosen));
            return Err(Failure::new(text).help(help));
        }
        (Some(chosen), _) => chosen,
        (None, Some(named)) => named,
        (None, None) => built_in(homes, audience).ok_or_else(no_home)?,
    };
    let scope = scope.or(scope_in_block(original.text()?.as_bytes(), whose));
    let block = settings_block(&root, scope);
    // Check the settings as they will be, because a mistake in them would stop everyone's cargo.
    let text = with_blocks(&others, &block).map_err(unfinished(&file))?;
    from_file(&file, &String::from_utf8_lossy(&text), whose)?;
    Ok((root, Some((file, block))))
}

/// The scope that an earlier setup has written.
fn scope_in_block(text: &[u8], whose: Whose) -> Option<Scope> {
    let block = bodies(text).ok()?.into_iter().map(|(_, body)| body).collect::<Vec<_>>().concat();
    scope_of(&from_file(Path::new(""), &String::from_utf8_lossy(&block), whose).ok()?)
}

/// Whether this file names the root, and not the system's file, which this one overrides.
fn is_named_in(file: &Path, settings: &Settings) -> bool {
    let shown = format!("`{}` line ", escaped(file));
    settings.origin(Key::SharedRoot).is_some_and(|origin| origin.starts_with(&shown))
}

fn built_in(homes: &Homes<'_>, audience: Audience) -> Option<PathBuf> {
    match audience {
        Audience::Machine => Some("/var/cache/cargo-peruser".into()),
        Audience::Person => Some(homes.cache()?.join("cargo-peruser")),
    }
}
