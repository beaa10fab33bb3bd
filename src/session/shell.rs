//! Pure: changes of the environment, in the syntax of a shell or a file format.
//!
//! Shells evaluate this output, and a directory's name may contain any characters, so every value is
//! quoted.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use clap::ValueEnum;

use crate::shim::environment::Change;
use crate::ui::escape::{self, quoted};

// Comments on the variants would be shown as help.
/// A shell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShellSyntax {
    Sh,
    Bash,
    Zsh,
    Fish,
    Csh,
    Elvish,
    Nu,
    #[value(name = "powershell")]
    PowerShell,
}

/// A file format. The first and the last have `KEY="value"` lines and leave removals out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileSyntax {
    Dotenv,
    Json,
    Systemd,
}

/// The changes as commands of a shell, each on its own line.
///
/// # Errors
/// The name of a variable whose value is not UTF-8, for a shell whose commands are.
pub(crate) fn commands(changes: &[Change], shell: ShellSyntax) -> Result<Vec<u8>, &'static str> {
    let mut text = Vec::new();
    for Change { name, value } in changes {
        match value {
            Some(value) => text.extend(set(name, value, shell)?),
            None => text.extend(unset(name, shell).bytes()),
        }
    }
    Ok(text)
}

/// The changes in a file format.
///
/// # Errors
/// The name of a variable whose value is not UTF-8, for JSON.
pub(crate) fn file(changes: &[Change], format: FileSyntax) -> Result<Vec<u8>, &'static str> {
    if format == FileSyntax::Json {
        return json(changes);
    }
    let line = |Change { name, value }: &Change| {
        let value = in_double_quotes(value.as_ref()?.as_bytes());
        Some([name.as_bytes(), b"=", &value, b"\n"].concat())
    };
    Ok(changes.iter().filter_map(line).collect::<Vec<_>>().concat())
}

/// The command with which a shell of this name takes over what `env` prints.
pub(crate) fn evaluation(shell: &str, program: &Path) -> String {
    let program = quoted(program);
    let env = |syntax: &str| format!("{program} env --shell {syntax}");
    match shell {
        "fish" => format!("{} | source", env("fish")),
        "csh" | "tcsh" => format!("eval \"`{}`\"", env("csh")),
        "elvish" => format!("eval ({} | slurp)", env("elvish")),
        "nu" => format!(
            "^{program} env --format json | complete | get stdout | from json | if PATH in $in \
             {{ update PATH {{ split row : }} }} else {{ $in }} | load-env"
        ),
        "pwsh" => format!("& {} | Out-String | Invoke-Expression", env("powershell")),
        "zsh" => format!("eval \"$({})\"", env("zsh")),
        _ => format!("eval \"$({})\"", env("sh")),
    }
}

fn set(name: &'static str, value: &OsStr, shell: ShellSyntax) -> Result<Vec<u8>, &'static str> {
    let utf8 = || value.to_str().ok_or(name);
    Ok(match shell {
        ShellSyntax::Sh | ShellSyntax::Bash | ShellSyntax::Zsh => {
            let value = between_single_quotes(value.as_bytes(), b"'\\''");
            [name.as_bytes(), b"=", &value, b"; export ", name.as_bytes(), b"\n"].concat()
        }
        ShellSyntax::Fish if name == PATH => {
            // As a list, so that fish neither splits nor joins it. Fish turns an empty entry into `.`,
            // as it does in an inherited PATH.
            let entries = value.as_bytes().split(|byte| *byte == b':').map(fish);
            [b"set -gx PATH ".to_vec(), entries.collect::<Vec<_>>().join(&b' '), b"\n".to_vec()]
                .concat()
        }
        ShellSyntax::Fish => {
            [b"set -gx ", name.as_bytes(), b" ", &fish(value.as_bytes()), b"\n"].concat()
        }
        // `eval` would turn a newline into a space.
        ShellSyntax::Csh if value.as_bytes().contains(&b'\n') => Vec::new(),
        ShellSyntax::Csh => {
            // csh expands `!` from its history even in quotes.
            let value = replaced(value.as_bytes(), b'!', b"\\!");
            let value = between_single_quotes(&value, b"'\\''");
            [b"setenv ", name.as_bytes(), b" ", &value, b";\n"].concat()
        }
        ShellSyntax::Elvish => {
            format!("set-env {name} '{}'\n", utf8()?.replace('\'', "''")).into_bytes()
        }
        ShellSyntax::Nu if name == PATH => {
            let entries: Vec<String> = utf8()?.split(':').map(double_quoted_for_nu).collect();
            format!("$env.PATH = [{}]\n", entries.join(", ")).into_bytes()
        }
        ShellSyntax::Nu => {
            format!("$env.{name} = {}\n", double_quoted_for_nu(utf8()?)).into_bytes()
        }
        ShellSyntax::PowerShell => {
            format!("$env:{name} = {}\n", single_quoted_for_powershell(utf8()?)).into_bytes()
        }
    })
}

fn unset(name: &str, shell: ShellSyntax) -> String {
    match shell {
        ShellSyntax::Sh | ShellSyntax::Bash | ShellSyntax::Zsh => format!("unset {name}\n"),
        ShellSyntax::Fish => format!("set -e {name}\n"),
        ShellSyntax::Csh => format!("unsetenv {name};\n"),
        ShellSyntax::Elvish => format!("unset-env {name}\n"),
        ShellSyntax::Nu => format!("hide-env --ignore-errors {name}\n"),
        ShellSyntax::PowerShell => format!("Remove-Item -ErrorAction Ignore Env:{name}\n"),
    }
}

/// The one variable that shells keep as a list.
const PATH: &str = "PATH";

fn json(changes: &[Change]) -> Result<Vec<u8>, &'static str> {
    let mut object = serde_json::Map::new();
    for Change { name, value } in changes {
        let value = value.as_deref().map(|value| value.to_str().ok_or(*name)).transpose()?;
        object.insert((*name).to_owned(), value.into());
    }
    let mut text = escape::json(&serde_json::Value::Object(object).to_string()).into_bytes();
    text.push(b'\n');
    Ok(text)
}

/// `'…'`, with `quote` in place of each single quote.
fn between_single_quotes(bytes: &[u8], quote: &[u8]) -> Vec<u8> {
    [b"'", &*replaced(bytes, b'\'', quote), b"'"].concat()
}

fn replaced(bytes: &[u8], byte: u8, by: &[u8]) -> Vec<u8> {
    bytes.split(|found| *found == byte).collect::<Vec<_>>().join(by)
}

/// In single quotes, fish still interprets a backslash before a quote and before a backslash.
fn fish(bytes: &[u8]) -> Vec<u8> {
    between_single_quotes(&replaced(bytes, b'\\', b"\\\\"), b"\\'")
}

/// `"…"`, with control characters as nushell's `\u{…}`.
fn double_quoted_for_nu(text: &str) -> String {
    let mut word = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => word.extend(['\\', character]),
            _ if character.is_control() => word.extend(character.escape_unicode()),
            _ => word.push(character),
        }
    }
    word + "\""
}

/// `'…'`. PowerShell treats typographic quotes as plain ones; a doubled quote stands for itself.
fn single_quoted_for_powershell(text: &str) -> String {
    let mut word = String::from('\'');
    for character in text.chars() {
        if matches!(character, '\'' | '\u{2018}'..='\u{201b}') {
            word.push(character);
        }
        word.push(character);
    }
    word + "'"
}

/// `"…"` with backslash escapes, as systemd, docker and most readers of `.env` files expect.
fn in_double_quotes(bytes: &[u8]) -> Vec<u8> {
    let mut word = vec![b'"'];
    for byte in bytes {
        if matches!(byte, b'"' | b'\\' | b'$' | b'`') {
            word.push(b'\\');
        }
        word.push(*byte);
    }
    word.push(b'"');
    word
}

#[cfg(test)]
mod tests;
