//! Pure: the kinds of settings: what each takes, and how text becomes a value.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::gc_limits::{Limit, Policy};
use crate::ui::escape::escaped;

/// What a setting takes.
#[derive(Clone, Copy, Debug)]
pub enum ValueKind {
    /// A shared root: a plain absolute path.
    Root,
    /// The absolute path of a program.
    Program,
    /// A program, by its name on PATH or its absolute path, or none.
    Tool,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// When a policy of `gc` applies.
    Limit(Policy),
    /// Names, and what they are names of: an array in files, separated by commas elsewhere.
    Names(&'static str),
}

/// A setting's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Of [`ValueKind::Root`], [`ValueKind::Program`] and [`ValueKind::Tool`]; what is not absolute is a name on PATH.
    Path(PathBuf),
    /// Of [`ValueKind::OneOf`], and of a [`ValueKind::Tool`] that is off.
    Word(&'static str),
    /// Of [`ValueKind::Limit`].
    Limit(Limit),
    /// Of [`ValueKind::Names`].
    Names(Vec<String>),
}

/// The word for none.
const OFF: &str = "off";

/// Whether a text can be looked up on PATH.
fn is_name(text: &OsStr) -> bool {
    let bytes = text.as_encoded_bytes();
    !matches!(bytes, b"" | b"." | b"..") && !bytes.contains(&b'/')
}

/// Why a text is no value.
#[derive(Debug, PartialEq, Eq)]
pub struct Invalid {
    /// What was found instead, fit for display.
    pub found: String,
    /// The next step.
    pub help: String,
}

impl ValueKind {
    /// The value as the help of a flag has it.
    pub fn placeholder(self) -> String {
        match self {
            ValueKind::Root | ValueKind::Program => "PATH".into(),
            ValueKind::Tool => "NAME|PATH".into(),
            ValueKind::OneOf(words) => words.join("|"),
            ValueKind::Limit(policy) => policy.placeholder().into(),
            ValueKind::Names(_) => "NAMES".into(),
        }
    }

    /// What it takes, in words.
    pub fn takes(self) -> String {
        match self {
            ValueKind::Root | ValueKind::Program => "an absolute path".into(),
            ValueKind::Tool => "the name of a program on PATH, an absolute path, or `off`".into(),
            ValueKind::OneOf(words) => format!("`{}`", words.join("` or `")),
            ValueKind::Limit(policy) => policy.takes().into(),
            ValueKind::Names(of) => of.into(),
        }
    }

    /// Reads a value as files, variables and flags have it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(self, text: &OsStr) -> Result<Value, Invalid> {
        let otherwise = || self.invalid(format!("`{}`", escaped(text)));
        match self {
            ValueKind::Root => {
                root(text).map(Value::Path).map_err(|cause| Invalid::root(text, cause))
            }
            ValueKind::Program | ValueKind::Tool if Path::new(text).is_absolute() => {
                Ok(Value::Path(text.into()))
            }
            ValueKind::Tool if text == OFF => Ok(Value::Word(OFF)),
            ValueKind::Tool if is_name(text) => Ok(Value::Path(text.into())),
            ValueKind::Program | ValueKind::Tool => Err(otherwise()),
            ValueKind::OneOf(words) => {
                let word = words.iter().find(|word| text == **word);
                word.map(|word| Value::Word(word)).ok_or_else(otherwise)
            }
            ValueKind::Limit(policy) => {
                let limit = text.to_str().and_then(|text| policy.parse(text));
                limit.map(Value::Limit).ok_or_else(otherwise)
            }
            ValueKind::Names(_) => {
                let text = text.to_str().ok_or_else(|| self.invalid("not UTF-8"))?;
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                Ok(Value::Names(names.map(str::to_owned).collect()))
            }
        }
    }

    /// That something else was found than the kind takes.
    pub fn invalid(self, found: impl Into<String>) -> Invalid {
        Invalid { found: found.into(), help: format!("it takes {}", self.takes()) }
    }
}

impl Invalid {
    /// A shared root that is no plain absolute path.
    pub(super) fn root(text: &OsStr, cause: &str) -> Invalid {
        Invalid {
            found: format!("`{}` {cause}", escaped(text)),
            help: "give the real absolute path, as `realpath` prints it".into(),
        }
    }
}

/// Checks a shared root lexically; whether the path is real shows when it is walked.
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

/// The type that code sees: made of a value that is set, or else of the row's default.
pub(super) trait Typed<'a> {
    /// `default` is a valid text of the row's kind, or empty.
    fn of(value: Option<&'a Value>, default: &'static str) -> Self;
}

impl<'a> Typed<'a> for Option<&'a Path> {
    fn of(value: Option<&'a Value>, _: &'static str) -> Self {
        match value {
            Some(Value::Path(path)) => Some(path),
            _ => None,
        }
    }
}

impl Typed<'_> for Limit {
    fn of(value: Option<&Value>, default: &'static str) -> Limit {
        match value {
            Some(Value::Limit(limit)) => *limit,
            // Only ages have other defaults than `off`.
            _ => Policy::OlderThan.parse(default).unwrap_or(Limit::Off),
        }
    }
}

impl<'a> Typed<'a> for &'a [String] {
    fn of(value: Option<&'a Value>, _: &'static str) -> Self {
        match value {
            Some(Value::Names(names)) => names,
            _ => &[],
        }
    }
}

/// The type of a [`ValueKind::OneOf`].
pub(super) trait Words: Copy + 'static {
    /// Its values, the built-in one first, and the words that they are in settings.
    const ALL: [(&'static str, Self); 2];
    /// The words.
    const WORDS: [&'static str; 2] = [Self::ALL[0].0, Self::ALL[1].0];
}

impl<T: Words> Typed<'_> for T {
    fn of(value: Option<&Value>, default: &'static str) -> T {
        let word = if let Some(Value::Word(word)) = value { word } else { default };
        let [(_, first), (other, second)] = T::ALL;
        if word == other { second } else { first }
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, ValueKind};

    #[test]
    fn a_tool_is_a_name_an_absolute_path_or_off() {
        for (text, expected) in [
            ("sccache", Some(Value::Path("sccache".into()))),
            ("/opt/bin/sccache", Some(Value::Path("/opt/bin/sccache".into()))),
            ("off", Some(Value::Word("off"))),
            ("", None),
            ("..", None),
            ("bin/sccache", None),
            ("sccache/", None),
        ] {
            assert_eq!(ValueKind::Tool.parse(text.as_ref()).ok(), expected, "{text}");
        }
    }
}
