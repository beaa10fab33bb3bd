//! Pure: the kinds of settings, and how a value is parsed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::gc_limits::{Limit, Policy};
use crate::ui::escape::escaped;

/// The kind of a setting's value.
#[derive(Clone, Copy, Debug)]
pub enum ValueKind {
    /// A shared root: a plain absolute path.
    Root,
    /// The absolute path of a program.
    Program,
    /// A program's name on PATH or absolute path, or `off`.
    Tool,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// The limit of a `gc` policy.
    Limit(Policy),
    /// Names, and a description of them: an array in files, separated by commas elsewhere.
    Names(&'static str),
}

/// A setting's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// For [`ValueKind::Root`], [`ValueKind::Program`] and [`ValueKind::Tool`]; a relative path is a
    /// name on PATH.
    Path(PathBuf),
    /// For [`ValueKind::OneOf`], and for a [`ValueKind::Tool`] that is off.
    Word(&'static str),
    /// For [`ValueKind::Limit`].
    Limit(Limit),
    /// For [`ValueKind::Names`].
    Names(Vec<String>),
}

/// The word that disables a tool.
const OFF: &str = "off";

/// Whether a text is a plain file name, which can be looked up on PATH.
fn is_name(text: &OsStr) -> bool {
    let bytes = text.as_encoded_bytes();
    !matches!(bytes, b"" | b"." | b"..") && !bytes.contains(&b'/')
}

/// Why a text is not a valid value.
#[derive(Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The actual value, escaped for display.
    pub found: String,
    /// The next step.
    pub help: String,
}

impl ValueKind {
    /// The placeholder for the value in help texts.
    pub fn placeholder(self) -> String {
        match self {
            ValueKind::Root | ValueKind::Program => "PATH".into(),
            ValueKind::Tool => "NAME|PATH".into(),
            ValueKind::OneOf(words) => words.join("|"),
            ValueKind::Limit(policy) => policy.placeholder().into(),
            ValueKind::Names(_) => "NAMES".into(),
        }
    }

    /// The values that it takes, in words.
    pub fn takes(self) -> String {
        match self {
            ValueKind::Root | ValueKind::Program => "an absolute path".into(),
            ValueKind::Tool => "the name of a program on PATH, an absolute path, or `off`".into(),
            ValueKind::OneOf(words) => format!("`{}`", words.join("` or `")),
            ValueKind::Limit(policy) => policy.takes().into(),
            ValueKind::Names(of) => of.into(),
        }
    }

    /// Parses a value from a file, variable or flag.
    ///
    /// # Errors
    /// What is wrong with the value.
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

    /// The error for a value of another kind.
    pub fn invalid(self, found: impl Into<String>) -> Invalid {
        Invalid { found: found.into(), help: format!("it takes {}", self.takes()) }
    }
}

impl Invalid {
    /// The error for a shared root that is not a plain absolute path.
    pub(super) fn root(text: &OsStr, cause: &str) -> Invalid {
        Invalid {
            found: format!("`{}` {cause}", escaped(text)),
            help: "give the real absolute path, as `realpath` prints it".into(),
        }
    }
}

/// Checks a shared root lexically; whether it contains symlinks is checked when it is used.
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
        return Err("contains `.`, `..` or `//`");
    }
    if plain.contains(|c: char| c == ':' || c.is_control()) {
        return Err("contains a `:` or a control character, which breaks search paths");
    }
    Ok(PathBuf::from(trimmed))
}

/// The type in which code reads a setting: converted from the value that was set, or from the default.
pub(super) trait Typed<'a> {
    /// `default` is a valid text for the setting's kind, or empty.
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
            // Only ages have another default than `off`.
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
    /// Its values and their words in the settings, the default first.
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
