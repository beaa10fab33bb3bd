//! Determines the shared root, and whether a settings file has to name it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::os::homes::{Homes, no_home};
use crate::os::marked::{Blocks, SHELL, split, with_blocks};
use crate::os::replace::Original;
use crate::os::snapshot::Snapshot;
use crate::settings::parse::{Whose, from_file, from_flags};
use crate::settings::{self, Flags, Key, SYSTEM_FILE, Scope, Settings};
use crate::setup::pieces::settings_block;
use crate::setup::steps::unfinished;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result};

/// The root and the scope from the verb's own flags, or else from the flags before the verb.
fn asked(flags: &Flags, verb: &ArgMatches) -> Result<Settings> {
    let given = [("root", Key::SharedRoot), ("scope", Key::Scope)].map(|(name, key)| {
        let own = verb.get_one::<OsString>(name).map(|text| (key, text.clone()));
        own.or_else(|| flags.iter().find(|(other, _)| *other == key).cloned())
    });
    from_flags(&Flags::from_iter(given.into_iter().flatten()))
}

/// The scope, if these settings name one.
fn scope_of(settings: &Settings) -> Option<Scope> {
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
    is_machine: bool,
    flags: &Flags,
    verb: &ArgMatches,
) -> Result<(PathBuf, Option<(PathBuf, Blocks)>)> {
    let no_home = || no_home(snapshot.uid);
    let asked = asked(flags, verb)?;
    let (file, whose, settings) = match is_machine {
        true => (SYSTEM_FILE.into(), Whose::System, settings::files::system()?),
        false => {
            let file = settings::files::person_file(homes).ok_or_else(no_home)?;
            (file, Whose::Person, settings::files::from_files(homes)?)
        }
    };
    let original = Original::read(&file)?;
    let (others, blocks) = split(SHELL, original.text()?.as_bytes()).map_err(unfinished(&file))?;
    let in_file = |text: &[u8]| from_file(&file, &String::from_utf8_lossy(text), whose);
    let is_by_others = in_file(&others)?.shared_root().is_some();
    let (chosen, named) = (asked.shared_root(), settings.shared_root());
    if let Some(named) = named
        && let Some(chosen) = chosen.filter(|chosen| is_by_others && *chosen != named)
    {
        return Err(named_by_others(named, chosen, &settings));
    }
    if let Some(named) = named.filter(|_| blocks.is_empty())
        && chosen.is_none_or(|chosen| chosen == named)
    {
        return match scope_of(&asked).filter(|scope| *scope != settings.scope()) {
            None => Ok((named.to_owned(), None)),
            Some(scope) => Err(cannot_set(scope, named, &file)),
        };
    }
    let root = chosen.or(named).map(Path::to_owned);
    let root = root.or_else(|| built_in(homes, is_machine)).ok_or_else(no_home)?;
    // The scope that an earlier setup has written stays.
    let earlier: Vec<u8> = blocks.into_iter().flat_map(|(_, body)| body).collect();
    let block = settings_block(&root, scope_of(&asked).or(scope_of(&in_file(&earlier)?)));
    // Check the settings as they will be, because a mistake in them would stop everyone's cargo.
    in_file(&with_blocks(SHELL, &others, &block).map_err(unfinished(&file))?)?;
    Ok((root, Some((file, block))))
}

fn named_by_others(named: &Path, chosen: &Path, settings: &Settings) -> Failure {
    let origin = settings.origin(Key::SharedRoot).map(ToString::to_string).unwrap_or_default();
    Failure::new(format!("`shared-root` is set to `{}` in {origin}", escaped(named)))
        .help(format!("write {} there, or leave --shared-root out", quoted(chosen)))
}

fn cannot_set(scope: Scope, root: &Path, file: &Path) -> Failure {
    let text = format!("cannot set `scope`: the settings name `{}` themselves", escaped(root));
    let help = format!("add `scope = \"{}\"` to `{}`", scope.word(), escaped(file));
    Failure::new(text).help(help)
}

fn built_in(homes: &Homes<'_>, is_machine: bool) -> Option<PathBuf> {
    match is_machine {
        true => Some("/var/cache/cargo-peruser".into()),
        false => Some(homes.cache()?.join("cargo-peruser")),
    }
}
