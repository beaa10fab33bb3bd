//! Pure: the kinds of settings, and which texts are values of each.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use crate::ui::escape::escaped;

/// The kind of a setting's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// A shared root: a plain absolute path.
    Root,
    /// The absolute path of a program.
    Program,
    /// A program's name on PATH or absolute path, or `off`.
    Tool,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// How long something is kept.
    Age,
    /// How many bytes are kept.
    Size,
    /// The same, or a share of the file system.
    SizeOrShare,
    /// Names, and a description of them: an array in files, separated by commas elsewhere.
    Names(&'static str),
}

/// A setting's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A valid text for the setting's kind.
    Text(OsString),
    /// For [`ValueKind::Names`].
    Names(Vec<String>),
}

/// The word that disables a tool or a limit.
pub(super) const OFF: &str = "off";

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
        self.words().0
    }

    /// The placeholder, and the values that it takes.
    fn words(self) -> (String, String) {
        let (placeholder, takes) = match self {
            ValueKind::Root | ValueKind::Program => ("PATH", "an absolute path"),
            ValueKind::Tool => {
                ("NAME|PATH", "the name of a program on PATH, an absolute path, or `off`")
            }
            ValueKind::OneOf(words) => {
                return (words.join("|"), format!("`{}`", words.join("` or `")));
            }
            ValueKind::Age => ("AGE", "an age such as `30d` (min, h, d, w), or `off`"),
            ValueKind::Size => ("SIZE", "a size such as `50G` (K, M, G, T), or `off`"),
            ValueKind::SizeOrShare => {
                ("SIZE", "a size such as `50G`, a share such as `10%`, or `off`")
            }
            ValueKind::Names(of) => ("NAMES", of),
        };
        (placeholder.to_owned(), takes.to_owned())
    }

    /// Whether it is the limit of a `gc` policy.
    pub fn is_limit(self) -> bool {
        matches!(self, ValueKind::Age | ValueKind::Size | ValueKind::SizeOrShare)
    }

    /// Checks a text from a file, variable or flag.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(self, text: &OsStr) -> Result<Value, Invalid> {
        let is_valid = match self {
            ValueKind::Root => {
                let plain = root(text).map_err(|cause| Invalid::root(text, cause))?;
                return Ok(Value::Text(plain.into()));
            }
            ValueKind::Program => Path::new(text).is_absolute(),
            ValueKind::Tool => Path::new(text).is_absolute() || is_name(text),
            ValueKind::OneOf(words) => words.iter().any(|word| text == *word),
            ValueKind::Age | ValueKind::Size | ValueKind::SizeOrShare => self.limit(text).is_some(),
            ValueKind::Names(_) => {
                let text = text.to_str().ok_or_else(|| self.invalid("not UTF-8"))?;
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                return Ok(Value::Names(names.map(str::to_owned).collect()));
            }
        };
        match is_valid {
            true => Ok(Value::Text(text.to_owned())),
            false => Err(self.invalid(format!("`{}`", escaped(text)))),
        }
    }

    /// The error for a value of another kind.
    pub fn invalid(self, found: impl Into<String>) -> Invalid {
        Invalid { found: found.into(), help: format!("it takes {}", self.words().1) }
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
fn root(text: &OsStr) -> Result<&str, &'static str> {
    let is_bad = |text: &&str| text.contains(|c: char| c == ':' || c.is_control());
    let plain = text.to_str().filter(|text| !is_bad(text)).ok_or(
        "contains a `:`, a control character or bytes that are not UTF-8, which breaks search paths \
         and build scripts",
    )?;
    let trimmed = plain.strip_suffix('/').unwrap_or(plain);
    match trimmed.strip_prefix('/') {
        Some(names) if !names.split('/').any(|name| matches!(name, "" | "." | "..")) => Ok(trimmed),
        None if plain == "/" => Err("is the root of the file system"),
        _ => Err("is not a plain absolute path, without `.`, `..` and `//`"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, ValueKind};

    #[test]
    fn a_tool_is_a_name_an_absolute_path_or_off() {
        for (text, is_valid) in [
            ("sccache", true),
            ("/opt/bin/sccache", true),
            ("off", true),
            ("", false),
            ("..", false),
            ("bin/sccache", false),
            ("sccache/", false),
        ] {
            let expected = is_valid.then(|| Value::Text(text.into()));
            assert_eq!(ValueKind::Tool.parse(text.as_ref()).ok(), expected, "{text}");
        }
    }
}
