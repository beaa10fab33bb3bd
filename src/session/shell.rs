//! Pure: changes of the environment, in the syntax of a shell or a file format.
//!
//! Shells evaluate this output, and a directory's name may contain any characters, so every value is
//! quoted.

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

/// How to set a variable, how to remove it, and what must be replaced in a quoted value, and by what.
type Grammar = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// As systemd, docker and most readers of `.env` files expect.
const FILE: Grammar =
    ("NAME=\"VALUE\"\n", "", &[("\"", "\\\""), (r"\", r"\\"), ("$", r"\$"), ("`", r"\`")]);

fn grammar(shell: ShellSyntax) -> Grammar {
    match shell {
        ShellSyntax::Sh | ShellSyntax::Bash | ShellSyntax::Zsh => {
            ("NAME='VALUE'; export NAME\n", "unset NAME\n", &[("'", r"'\''")])
        }
        // In single quotes, fish still interprets a backslash before a quote and before a backslash.
        ShellSyntax::Fish => {
            ("set -gx NAME 'VALUE'\n", "set -e NAME\n", &[("'", r"\'"), (r"\", r"\\")])
        }
        // csh expands `!` from its history even in quotes.
        ShellSyntax::Csh => {
            ("setenv NAME 'VALUE';\n", "unsetenv NAME;\n", &[("'", r"'\''"), ("!", r"\!")])
        }
        ShellSyntax::Elvish => ("set-env NAME 'VALUE'\n", "unset-env NAME\n", &[("'", "''")]),
        ShellSyntax::Nu => (
            "$env.NAME = \"VALUE\"\n",
            "hide-env --ignore-errors NAME\n",
            &[("\"", "\\\""), (r"\", r"\\")],
        ),
        // PowerShell treats typographic quotes as plain ones; a doubled quote stands for itself.
        ShellSyntax::PowerShell => (
            "$env:NAME = 'VALUE'\n",
            "Remove-Item -ErrorAction Ignore Env:NAME\n",
            &[("'", "''"), ("‘", "‘‘"), ("’", "’’"), ("‚", "‚‚"), ("‛", "‛‛")],
        ),
    }
}

/// The changes as commands of a shell, each on its own line.
///
/// # Errors
/// The name of a variable whose value is not UTF-8, for a shell whose commands are.
pub(crate) fn commands(changes: &[Change], shell: ShellSyntax) -> Result<Vec<u8>, &'static str> {
    use ShellSyntax::{Csh, Elvish, Fish, Nu, PowerShell};
    let (set, unset, escapes) = grammar(shell);
    let mut text = Vec::new();
    for Change { name, value } in changes {
        let Some(value) = value else {
            text.extend(unset.replace("NAME", name).bytes());
            continue;
        };
        if matches!(shell, Elvish | Nu | PowerShell) && value.to_str().is_none() {
            return Err(name);
        }
        let (set, separator) = match (shell, *name) {
            // As a list, so that fish neither splits nor joins it. Fish turns an empty entry into `.`,
            // as it does in an inherited PATH.
            (Fish, "PATH") => (set, "' '"),
            (Nu, "PATH") => ("$env.NAME = [\"VALUE\"]\n", "\", \""),
            // `eval` would turn a newline into a space.
            (Csh, _) if value.as_bytes().contains(&b'\n') => continue,
            _ => (set, ":"),
        };
        let parts = value.as_bytes().split(|byte| *byte == b':').map(|part| escaped(part, escapes));
        text.extend(filled(set, name, &parts.collect::<Vec<_>>().join(separator.as_bytes())));
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
    let (set, _, escapes) = FILE;
    let line = |Change { name, value }: &Change| {
        Some(filled(set, name, &escaped(value.as_ref()?.as_bytes(), escapes)))
    };
    Ok(changes.iter().filter_map(line).collect::<Vec<_>>().concat())
}

/// A template with a variable's name and its value, which need not be text.
fn filled(template: &str, name: &str, value: &[u8]) -> Vec<u8> {
    let (before, after) = template.split_once("VALUE").unwrap_or((template, ""));
    let [before, after] = [before, after].map(|part| part.replace("NAME", name));
    [before.as_bytes(), value, after.as_bytes()].concat()
}

fn escaped(mut text: &[u8], escapes: &[(&str, &str)]) -> Vec<u8> {
    let mut escaped = Vec::new();
    while let Some((byte, rest)) = text.split_first() {
        let found =
            escapes.iter().find_map(|(from, to)| Some((text.strip_prefix(from.as_bytes())?, to)));
        escaped.extend(found.map_or(std::slice::from_ref(byte), |(_, to)| to.as_bytes()));
        text = found.map_or(rest, |(rest, _)| rest);
    }
    escaped
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

#[cfg(test)]
mod tests;
