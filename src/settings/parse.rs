//! Pure: parses a file's text, variables or flags into [`Settings`].
//!
//! TOML is parsed into a tree with spans and walked by hand, so that each mistake is reported with its
//! line and the nearest known key.

use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::table::VARIABLE_PREFIX;
use super::{Assignment, Invalid, Key, SYSTEM_FILE, Settings, Value, ValueKind, invalid};
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Result};

/// The owner of a settings file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The administrator; only this file may enforce keys.
    System,
    /// The user.
    Person,
}

/// The key that a file may contain besides [`Key::ALL`].
const ENFORCE: &str = "enforce";

/// Parses a settings file.
///
/// # Errors
/// The first mistake, with the file's path and the line.
pub fn from_file(path: &Path, text: &str, whose: Whose) -> Result<Settings> {
    let file = SettingsText { path: escaped(path).to_string(), text, whose };
    let table = DeTable::parse(text).map_err(|error| {
        let origin = file.at(error.span().map_or(0, |span| span.start));
        let cause = error.message().lines().collect::<Vec<_>>().join(", ");
        Failure::new(format!("invalid settings in {origin}: {}", escaped(&cause)))
            .help("correct the line; a text value needs quotes")
            .exit(78)
    })?;
    let mut settings = Settings::default();
    file.walk(table.get_ref(), "", &mut settings)?;
    Ok(settings)
}

/// Parses the variables that are settings; an empty one is treated as unset. A variable with our prefix
/// that is not a setting is an error, because it would have no effect.
///
/// # Errors
/// The first unknown variable, or else the first invalid value.
pub fn from_variables(variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Settings> {
    let ours = variables.filter(|(name, text)| {
        !text.is_empty() && name.as_encoded_bytes().starts_with(VARIABLE_PREFIX.as_bytes())
    });
    let known = ours.map(|(name, text)| match Key::of_variable(&name) {
        Some(key) => Ok((key, text)),
        None => {
            let name = name.to_string_lossy();
            let known = Key::ALL.iter().map(|key| key.variable()).collect();
            Err(unknown(&name, &name, &"the environment", known))
        }
    });
    let given: Vec<_> = known.collect::<Result<_>>()?;
    from_text(&given, |key| format!("{VARIABLE}{}", key.variable()))
}

/// Parses our own flags.
///
/// # Errors
/// The first invalid value.
pub fn from_flags(flags: &[(Key, OsString)]) -> Result<Settings> {
    from_text(flags, |key| format!("{FLAG}{}", key.flag()))
}

/// The text before a name in a value's origin.
const VARIABLE: &str = "the environment variable ";
const FLAG: &str = "the flag ";

/// How to remove a value that only this session sets, by its origin; `None` if it is from a file.
pub fn how_to_remove(origin: &str) -> Option<String> {
    let variable = origin.strip_prefix(VARIABLE).map(|name| format!("unset {name}"));
    variable.or_else(|| Some(format!("leave {} out", origin.strip_prefix(FLAG)?)))
}

/// The same for a value of any origin.
pub fn removal(origin: &str) -> String {
    how_to_remove(origin).unwrap_or_else(|| format!("remove it from {origin}"))
}

fn from_text(given: &[(Key, OsString)], origin: fn(Key) -> String) -> Result<Settings> {
    let entries = given.iter().map(|(key, text)| key.read(text, origin(*key)));
    Ok(Settings { entries: entries.collect::<Result<_>>()?, enforced: Vec::new() })
}

/// A file's text, to report the line of a mistake.
struct SettingsText<'a> {
    path: String,
    text: &'a str,
    whose: Whose,
}

impl SettingsText<'_> {
    fn at(&self, offset: usize) -> String {
        let before = self.text.bytes().take(offset);
        let line = 1 + before.filter(|byte| *byte == b'\n').count();
        format!("`{}` line {line}", self.path)
    }

    fn walk(&self, table: &DeTable<'_>, prefix: &str, settings: &mut Settings) -> Result<()> {
        for (name, value) in table {
            let origin = self.at(name.span().start);
            let name = format!("{prefix}{}", name.get_ref());
            match (Key::named(&name), value.get_ref()) {
                (Some(key), value) => settings.entries.push(typed(key, value, origin)?),
                (None, _) if name == ENFORCE => self.enforce(value, settings, &origin)?,
                (None, DeValue::Table(inner)) if is_table(&name) => {
                    self.walk(inner, &format!("{name}."), settings)?;
                }
                _ => return Err(unknown_key(&name, &origin)),
            }
        }
        Ok(())
    }

    fn enforce(
        &self,
        value: &Spanned<DeValue<'_>>,
        settings: &mut Settings,
        origin: &str,
    ) -> Result<()> {
        if self.whose == Whose::Person {
            let text =
                format!("`{ENFORCE}` in {origin} has no effect outside the system's settings");
            let help = format!("only the administrator can enforce settings, in {SYSTEM_FILE}");
            return Err(Failure::new(text).help(help).exit(78));
        }
        let wrong = || {
            let found = value.get_ref().type_str().into();
            invalid(ENFORCE, &origin, Invalid { found, help: "it takes an array of keys".into() })
        };
        for item in value.get_ref().as_array().ok_or_else(wrong)? {
            let origin = self.at(item.span().start);
            let name = item.get_ref().as_str().ok_or_else(wrong)?;
            let key = Key::named(name).ok_or_else(|| unknown_key(name, &origin))?;
            settings.enforced.push((key, origin));
        }
        Ok(())
    }
}

fn is_table(name: &str) -> bool {
    Key::ALL.iter().any(|key| key.name().split_once('.').is_some_and(|(table, _)| table == name))
}

/// Parses a setting in a file: an array for lists, a string for everything else.
fn typed(key: Key, value: &DeValue<'_>, origin: String) -> Result<Assignment> {
    let found = match (key.kind(), value) {
        (ValueKind::Names(_), DeValue::Array(items)) => {
            let name = |item: &Spanned<DeValue<'_>>| item.get_ref().as_str().map(str::to_owned);
            if let Some(names) = items.iter().map(name).collect() {
                return Ok(Assignment { key, value: Value::Names(names), origin });
            }
            "array of other things"
        }
        (ValueKind::Names(_), other) => other.type_str(),
        (_, DeValue::String(text)) => return key.read(text.as_ref().as_ref(), origin),
        (_, other) => other.type_str(),
    };
    Err(invalid(key.name(), &origin, key.kind().invalid(found)))
}

fn unknown_key(name: &str, origin: &str) -> Failure {
    let known = Key::ALL.iter().map(|key| key.name()).chain([ENFORCE]).map(str::to_owned);
    unknown(name, &name.replace('_', "-"), &origin, known.collect())
}

/// The failure for an unknown name; `spelled` is the name as it was probably meant.
fn unknown(name: &str, spelled: &str, origin: &impl Display, known: Vec<String>) -> Failure {
    let likely = known.iter().map(|known| (strsim::jaro_winkler(known, spelled), known));
    let likely = likely.filter(|(likeness, _)| *likeness > 0.75);
    let help = match likely.max_by(|(a, _), (b, _)| a.total_cmp(b)) {
        Some((_, nearest)) => format!("did you mean `{nearest}`?"),
        None => format!("there are {}", known.join(", ")),
    };
    let text = format!("unknown setting `{}` in {origin}", escaped(name));
    Failure::new(text).help(help).exit(78)
}

#[cfg(test)]
mod tests;
