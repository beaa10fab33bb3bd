//! Running other programs, and saying what was run and how it ended.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};

/// Runs a command on our own terminal; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| cannot_run(command))?;
    if !status.success() {
        bail!("`{}` failed ({status})", as_typed(command));
    }
    Ok(())
}

/// Runs a command silently and gives back what it wrote; anything but success is an error that
/// carries its stderr.
pub(crate) fn capture(command: &mut Command) -> anyhow::Result<Output> {
    capture_with_id(command).map(|(_, output)| output)
}

/// Like [`capture`], with the id that the process had.
pub(crate) fn capture_with_id(command: &mut Command) -> anyhow::Result<(u32, Output)> {
    let (id, output) = attempt(command.stderr(Stdio::piped()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed ({})\n{}", as_typed(command), output.status, said.trim_end());
    }
    Ok((id, output))
}

/// Runs a command silently; how it ended is for the caller to judge. stderr is inherited if the
/// command says so.
pub(crate) fn attempt(command: &mut Command) -> anyhow::Result<(u32, Output)> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let child = child.with_context(|| cannot_run(command))?;
    let id = child.id();
    let output = child.wait_with_output().with_context(|| cannot_run(command))?;
    Ok((id, output))
}

/// The trimmed stdout of a command, such as the path that `rustup which cargo` prints.
pub(crate) fn read(command: &mut Command) -> anyhow::Result<String> {
    let output = capture(command)?;
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` wrote something other than UTF-8", as_typed(command)))?;
    Ok(text.trim_end().to_owned())
}

/// The first regular file of that name on our own PATH.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|entry| entry.join(name)).find(|file| file.is_file())
}

/// Like [`find`], for what cannot be done without; `package` is what Debian calls it.
pub(crate) fn require(name: &str, package: &str) -> anyhow::Result<PathBuf> {
    find(name)
        .with_context(|| format!("`{name}` was not found on PATH\nhelp: apt-get install {package}"))
}

/// The command as a person would type it: program, arguments, and no environment.
pub(crate) fn as_typed(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    let words: Vec<String> = std::iter::once(name).chain(command.get_args()).map(quoted).collect();
    words.join(" ")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    if word.is_empty()
        || word.contains(|c: char| c.is_whitespace() || "'\"$\\;&|<>()*?".contains(c))
    {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        word.into_owned()
    }
}

fn cannot_run(command: &Command) -> String {
    format!("could not execute `{}`", command.get_program().to_string_lossy())
}

/// A value for PATH.
pub(crate) fn search_path<'a>(
    directories: impl IntoIterator<Item = &'a Path>,
) -> anyhow::Result<OsString> {
    std::env::join_paths(directories).context("a directory's name cannot stand in PATH")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_command_as_a_person_would_type_it() {
        let mut command = Command::new("/usr/bin/git");
        command.args(["commit", "-m", "it's done", ""]);
        assert_eq!(as_typed(&command), r"git commit -m 'it'\''s done' ''");
    }

    #[test]
    fn a_failing_command_is_an_error_with_what_it_said() {
        let error =
            capture(Command::new("sh").args(["-c", "echo no luck >&2; exit 3"])).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("exit status: 3") && text.contains("no luck"), "{text}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut Command::new("/nonexistent/program")).unwrap_err();
        assert_eq!(error.to_string(), "could not execute `/nonexistent/program`");
    }
}
