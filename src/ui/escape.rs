//! Escapes paths, arguments and account names for display.
//!
//! Other users choose file names: a newline or an escape sequence in one must not reach a terminal.
//! Everything that is displayed is escaped here; an escaped path is never *used*.

use std::ffi::OsStr;
use std::fmt::{self, Display, Formatter, Write};

/// Displays `text` with control characters, direction marks and bytes that are not UTF-8 escaped.
pub fn escaped<S: AsRef<OsStr> + ?Sized>(text: &S) -> Escaped<'_> {
    Escaped(text.as_ref())
}

/// The result of [`escaped`].
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(&'a OsStr);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_encoded_bytes().utf8_chunks() {
            for character in chunk.valid().chars() {
                if misleads(character) {
                    write!(f, "{}", character.escape_default())?;
                } else {
                    f.write_char(character)?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// JSON with the same meaning, in which misleading characters in strings are escaped.
pub fn json(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        // Newlines are between the values; inside strings they are already escaped.
        if !misleads(character) || character == '\n' {
            plain.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            plain.push_str(&format!("\\u{unit:04x}"));
        }
    }
    plain
}

/// A path as one word of a command to paste into a shell.
pub fn quoted<S: AsRef<OsStr> + ?Sized>(text: &S) -> String {
    let raw = text.as_ref();
    let plain = escaped(raw).to_string();
    let harmless = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    if plain.as_bytes() != raw.as_encoded_bytes() {
        return ansi_c_quoted(raw.as_encoded_bytes());
    }
    if !plain.is_empty() && plain.chars().all(harmless) {
        plain
    } else {
        format!("'{}'", plain.replace('\'', r"'\''"))
    }
}

/// `$'…'`, which bash, zsh and ksh read as exactly these bytes.
fn ansi_c_quoted(bytes: &[u8]) -> String {
    let mut word = String::from("$'");
    for &byte in bytes {
        match byte {
            b'\'' | b'\\' => word.extend(['\\', char::from(byte)]),
            b' '..=b'~' => word.push(char::from(byte)),
            _ => word.push_str(&format!("\\x{byte:02x}")),
        }
    }
    word + "'"
}

/// A number of bytes, in the largest unit in which it is at least 1.
pub fn bytes(number: u64) -> String {
    let mut shown = format!("{number} B");
    let mut size: u128 = 1;
    for unit in ["KiB", "MiB", "GiB", "TiB"] {
        size *= 1024;
        let tenths = u128::from(number) * 10 / size;
        if tenths < 10 {
            break;
        }
        shown = format!("{}.{} {unit}", tenths / 10, tenths % 10);
    }
    shown
}

/// Control characters, and characters that reorder or hide the text around them.
fn misleads(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::{bytes, escaped, json, quoted};
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn keeps_plain_text_and_escapes_what_a_terminal_would_obey() {
        for (raw, expected) in [
            (&b"/srv/\xc3\xa4bc"[..], "/srv/äbc"),
            (b"a\nb\x1b[31m", "a\\nb\\u{1b}[31m"),
            (b"a\xffb", "a\\xffb"),
            ("x\u{202e}y".as_bytes(), "x\\u{202e}y"),
        ] {
            assert_eq!(escaped(OsStr::from_bytes(raw)).to_string(), expected);
        }
    }

    #[test]
    fn json_means_the_same_without_what_misleads() {
        for text in ["/srv/äbc", "a\nb\x1b[31m\x7f\u{9b}", "x\u{202e}y\u{feff}\u{2028}", "\"\\"] {
            let raw = serde_json::to_string_pretty(&[text]).unwrap();
            let plain = json(&raw);
            assert_eq!(serde_json::from_str::<[String; 1]>(&plain).unwrap(), [text]);
            assert!(!plain.chars().any(|c| c != '\n' && super::misleads(c)), "{plain:?}");
        }
    }

    #[test]
    fn shows_bytes_in_a_unit_that_fits() {
        for (number, expected) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.5 KiB"),
            (1 << 20, "1.0 MiB"),
            (3_435_973_837, "3.2 GiB"),
            (u64::MAX, "16777215.9 TiB"),
        ] {
            assert_eq!(bytes(number), expected);
        }
    }

    #[test]
    fn quotes_only_what_a_shell_would_split() {
        assert_eq!(quoted("/srv/a-b"), "/srv/a-b");
        assert_eq!(quoted("/srv/a b"), "'/srv/a b'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("a\nb'\u{1b}"), r"$'a\x0ab\'\x1b'");
    }
}
