//! Pure: from a file's text, a variable or a flag to one [`Layer`] of settings.
//!
//! TOML is read into a tree with spans and walked by hand, so that each mistake is reported with
//! its own line and the nearest known key.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::settings::{
    Entry, ExplicitTargetDir, Key, Layer, Missing, Origin, Scope, Setting, StickyRoot,
};
use crate::ui::error::SettingsError;
use crate::ui::escape::shown;

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The administrator's, which alone may enforce.
    System,
    /// The person's own.
    Person,
}

/// Keys a file may have besides [`Key::ALL`].
const ENFORCE: &str = "enforce";

/// What the variables of settings begin with.
const VARIABLE_PREFIX: &str = "CARGO_PERUSER_";

/// Reads a settings file.
///
/// # Errors
/// The first mistake, with the file's path and the line.
pub fn from_file(path: &Path, text: &str, whose: Whose) -> Result<Layer, SettingsError> {
    let file = File { path: shown(path).to_string(), text };
    let table = DeTable::parse(text).map_err(|error| SettingsError::Syntax {
        origin: file.at(error.span().map_or(0, |span| span.start)).to_string(),
        cause: error.message().lines().collect::<Vec<_>>().join(", "),
    })?;
    let mut layer = Layer::default();
    file.walk(table.get_ref(), "", &mut layer, whose)?;
    Ok(layer)
}

/// Reads the variables that hold settings; an empty one counts as unset.
///
/// # Errors
/// The first value that its key does not take.
pub fn from_variables(
    mut variable: impl FnMut(&'static str) -> Option<OsString>,
) -> Result<Layer, SettingsError> {
    let mut layer = Layer::default();
    for key in Key::ALL {
        if let Some(text) = variable(key.info().variable).filter(|text| !text.is_empty()) {
            layer.entries.push(from_text(key, &text, Origin::Variable(key.info().variable))?);
        }
    }
    Ok(layer)
}

/// The first variable that is spelled like a setting and is none; a mistyped one would change nothing
/// without a word.
pub fn unknown_variable(names: impl Iterator<Item = OsString>) -> Option<SettingsError> {
    let known = || Key::ALL.into_iter().map(|key| key.info().variable);
    let mut spelled = names.filter_map(|name| name.into_string().ok());
    let key = spelled.find(|name| {
        name.starts_with(VARIABLE_PREFIX) && !known().any(|variable| variable == name)
    })?;
    let origin = "the environment".into();
    Some(SettingsError::UnknownKey {
        origin,
        nearest: nearest(&key, known()),
        key,
        known: known().collect(),
    })
}

/// Reads the flags of our own that were given.
///
/// # Errors
/// The first value that its key does not take.
pub fn from_flags(flags: &[(Key, OsString)]) -> Result<Layer, SettingsError> {
    let entry =
        |(key, text): &(Key, OsString)| from_text(*key, text, Origin::Flag(key.info().flag));
    Ok(Layer { entries: flags.iter().map(entry).collect::<Result<_, _>>()?, enforced: Vec::new() })
}

/// A file that is being read, to say where in it a mistake stands.
struct File<'a> {
    path: String,
    text: &'a str,
}

impl File<'_> {
    fn at(&self, offset: usize) -> Origin {
        let before = self.text.bytes().take(offset);
        Origin::File {
            path: self.path.clone(),
            line: 1 + before.filter(|byte| *byte == b'\n').count(),
        }
    }

    fn walk(
        &self,
        table: &DeTable<'_>,
        prefix: &str,
        layer: &mut Layer,
        whose: Whose,
    ) -> Result<(), SettingsError> {
        for (name, value) in table {
            let origin = self.at(name.span().start);
            let key = format!("{prefix}{}", name.get_ref());
            match (Key::ALL.into_iter().find(|known| known.name() == key), value.get_ref()) {
                (Some(known), _) => {
                    let setting = typed(known, value.get_ref(), &origin)?;
                    layer.entries.push(Entry { setting, origin });
                }
                (None, _) if key == ENFORCE && whose == Whose::System => {
                    self.enforce(value, layer, &origin)?;
                }
                (None, _) if key == ENFORCE => {
                    let origin = origin.to_string();
                    return Err(SettingsError::SystemOnly { origin, key: ENFORCE });
                }
                (None, DeValue::Table(inner)) if is_table(&key) => {
                    self.walk(inner, &format!("{key}."), layer, whose)?;
                }
                _ => return Err(unknown(key, &origin)),
            }
        }
        Ok(())
    }

    fn enforce(
        &self,
        value: &Spanned<DeValue<'_>>,
        layer: &mut Layer,
        origin: &Origin,
    ) -> Result<(), SettingsError> {
        let expected = "an array of keys";
        let wrong = || SettingsError::Value {
            origin: origin.to_string(),
            key: ENFORCE,
            found: value.get_ref().type_str().into(),
            expected,
        };
        for item in value.get_ref().as_array().ok_or_else(wrong)? {
            let origin = self.at(item.span().start);
            let name = item.get_ref().as_str().ok_or_else(wrong)?;
            let key = Key::ALL.into_iter().find(|key| key.name() == name);
            layer.enforced.push((key.ok_or_else(|| unknown(name.into(), &origin))?, origin));
        }
        Ok(())
    }
}

fn is_table(name: &str) -> bool {
    Key::ALL.iter().any(|key| key.name().split_once('.').is_some_and(|(table, _)| table == name))
}

fn unknown(key: String, origin: &Origin) -> SettingsError {
    let known: Vec<&str> = Key::ALL.into_iter().map(Key::name).chain([ENFORCE]).collect();
    let nearest = nearest(&key.replace('_', "-"), known.iter().copied());
    SettingsError::UnknownKey { origin: origin.to_string(), key, nearest, known }
}

/// The name that was probably meant.
fn nearest(given: &str, known: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let likely = known.map(|name| (strsim::jaro_winkler(name, given), name));
    let likely = likely.filter(|(likeness, _)| *likeness > 0.75);
    likely.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}

/// A setting out of a file.
fn typed(key: Key, value: &DeValue<'_>, origin: &Origin) -> Result<Setting, SettingsError> {
    match (value, list(key)) {
        (DeValue::String(text), None) => single(key, OsStr::new(text.as_ref()), origin),
        (DeValue::Array(items), Some(list)) => {
            let name = |item: &Spanned<DeValue<'_>>| item.get_ref().as_str().map(str::to_owned);
            let names = items.iter().map(name).collect::<Option<Vec<_>>>();
            names.map(list).ok_or_else(|| wrong(key, origin, "array of other things"))
        }
        (other, _) => Err(wrong(key, origin, other.type_str())),
    }
}

/// A setting out of a variable or flag, where lists are separated by commas.
fn from_text(key: Key, text: &OsStr, origin: Origin) -> Result<Entry, SettingsError> {
    let setting = match list(key) {
        Some(list) => {
            let text = text.to_str().ok_or_else(|| wrong(key, &origin, "not UTF-8"))?;
            let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
            list(names.map(str::to_owned).collect())
        }
        None => single(key, text, &origin)?,
    };
    Ok(Entry { setting, origin })
}

/// How a key that takes names becomes a setting; `None` for the others.
fn list(key: Key) -> Option<fn(Vec<String>) -> Setting> {
    match key {
        Key::ExcludeUsers => Some(Setting::ExcludeUsers),
        Key::ExcludeGroups => Some(Setting::ExcludeGroups),
        Key::IncludeUsers => Some(Setting::IncludeUsers),
        Key::TrustedOwners => Some(Setting::TrustedOwners),
        Key::SharedRoot
        | Key::Scope
        | Key::ExplicitTargetDir
        | Key::RealCargo
        | Key::StickyRoot
        | Key::Missing => None,
    }
}

/// A setting that has one value.
fn single(key: Key, text: &OsStr, origin: &Origin) -> Result<Setting, SettingsError> {
    match (key, text.to_str()) {
        (Key::Scope, Some("user")) => Ok(Setting::Scope(Scope::User)),
        (Key::Scope, Some("workspace")) => Ok(Setting::Scope(Scope::Workspace)),
        (Key::ExplicitTargetDir, Some("honour")) => {
            Ok(Setting::ExplicitTargetDir(ExplicitTargetDir::Honour))
        }
        (Key::ExplicitTargetDir, Some("override")) => {
            Ok(Setting::ExplicitTargetDir(ExplicitTargetDir::Override))
        }
        (Key::StickyRoot, Some("refuse")) => Ok(Setting::StickyRoot(StickyRoot::Refuse)),
        (Key::StickyRoot, Some("accept")) => Ok(Setting::StickyRoot(StickyRoot::Accept)),
        (Key::Missing, Some("own-cache")) => Ok(Setting::Missing(Missing::OwnCache)),
        (Key::Missing, Some("refuse")) => Ok(Setting::Missing(Missing::Refuse)),
        (Key::SharedRoot, _) => match root(text) {
            Ok(path) => Ok(Setting::SharedRoot(path)),
            Err(cause) => Err(SettingsError::Root {
                origin: origin.to_string(),
                path: text.to_string_lossy().into_owned(),
                cause: cause.into(),
            }),
        },
        (Key::Scope, Some("checkout")) => Err(SettingsError::Value {
            origin: origin.to_string(),
            key: key.name(),
            found: "`checkout`".into(),
            expected: "`workspace`, which is what `checkout` is called now, or `user`",
        }),
        (Key::RealCargo, _) if Path::new(text).is_absolute() => Ok(Setting::RealCargo(text.into())),
        _ => Err(wrong(key, origin, &format!("`{}`", shown(text)))),
    }
}

/// Checks the letters of a shared root; whether the path is real shows when it is walked.
fn root(text: &OsStr) -> Result<PathBuf, &'static str> {
    let plain = text.to_str().ok_or("is not UTF-8, which breaks build scripts")?;
    if plain.is_empty() {
        return Err("is empty");
    }
    let trimmed = plain.strip_suffix('/').unwrap_or(plain);
    let mut parts = trimmed.split('/');
    if parts.next() != Some("") {
        return Err("is not absolute");
    }
    if trimmed.is_empty() {
        return Err("is the root of the file system");
    }
    if parts.any(|part| matches!(part, "" | "." | "..")) {
        return Err("has `.`, `..` or `//` in it");
    }
    if plain.contains(|c: char| c == ':' || c.is_control()) {
        return Err("has a `:` or a control character in it, which breaks search paths");
    }
    Ok(PathBuf::from(trimmed))
}

fn wrong(key: Key, origin: &Origin, found: &str) -> SettingsError {
    let (origin, expected) = (origin.to_string(), key.info().takes);
    SettingsError::Value { origin, key: key.name(), found: found.into(), expected }
}

#[cfg(test)]
mod tests;
