//! The texts about a cache that is not moved, and the next steps.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

use super::MigrateError;
use crate::error::{Look, reason};
use crate::shown::{bytes, quoted, shown};

impl MigrateError {
    /// What the person can do now, as one line.
    #[expect(clippy::too_many_lines, reason = "a table: one next step for each")]
    pub fn help(&self) -> String {
        match self {
            MigrateError::ForWhom { name, source } => {
                let name = name.as_deref().map_or_else(|| "USER".into(), quoted);
                format!("sudo cargo-peruser migrate {} --to {name}", quoted(source))
            }
            MigrateError::OnlyRoot { person, source } => {
                format!("sudo cargo-peruser migrate {} --to {}", quoted(source), person.word())
            }
            MigrateError::NoAccount { .. } => "getent passwd".into(),
            MigrateError::NoPlace { help, .. } => help.clone(),
            MigrateError::Source { path, .. } => format!("ls -ld {}", quoted(path)),
            MigrateError::Symlink { target, .. } => {
                format!("name what it leads to: cargo-peruser migrate {}", quoted(target))
            }
            MigrateError::NotATargetDir { path, holds } if holds.is_empty() => {
                format!(
                    "name the directory that holds `debug` or `release`: ls -A {}",
                    quoted(path)
                )
            }
            MigrateError::NotATargetDir { holds, .. } => candidates(holds),
            MigrateError::Nested { source, holds, .. } if holds.contains(source) => {
                Look::Entry.at(source, "rename it first, and name it as it is called then")
            }
            MigrateError::Nested { holds, .. } if holds.is_empty() => {
                "name the old target directory itself".into()
            }
            MigrateError::Nested { holds, .. } => candidates(holds),
            MigrateError::Occupied { .. } => {
                "--replace moves it aside; nothing of it is deleted or merged".into()
            }
            MigrateError::Hostile { path, owner, objection } => objection.help(path, owner),
            MigrateError::Closed { path, owner, .. } => {
                let words =
                    format!("{owner} can let you read it; root gives nobody what they cannot");
                Look::Way.at(path, &words)
            }
            MigrateError::Unreadable { source, person, .. } => {
                format!("root can: sudo cargo-peruser migrate {} --to {person}", quoted(source))
            }
            MigrateError::NoRoom { path, .. } => {
                format!("free some space there: df -h {}", quoted(path))
            }
            MigrateError::NotAsked => "--yes goes ahead, --dry-run only looks".into(),
            MigrateError::Declined => "nothing was changed".into(),
            MigrateError::AtWork { .. } => "wait for it and run this again".into(),
            MigrateError::Unfinished { source, to } => {
                format!("cargo-peruser migrate {}{}", quoted(source), flag(to.as_ref()))
            }
            MigrateError::Elsewhere { source, checkout, to, .. } => {
                let checkout = checkout.as_ref().map_or_else(|| "CHECKOUT".into(), quoted);
                let to = flag(to.as_ref());
                let source = quoted(source);
                format!("end that first: cargo-peruser migrate {source}{to} --checkout {checkout}")
            }
            MigrateError::Anothers { by, source, person, .. } if by.uid == 0 => {
                let source = quoted(source);
                format!("ask {by} to run: cargo-peruser migrate {source} --to {person}")
            }
            MigrateError::Anothers { by, source, .. } => {
                format!("as {by}, run: cargo-peruser migrate {}", quoted(source))
            }
            MigrateError::Stranded { workplace, waits, .. } => waiting(workplace, waits.as_deref()),
            MigrateError::Lost { workplace, waits, .. } => {
                let help = waiting(workplace, waits.as_deref());
                let beside = workplace.parent().unwrap_or(workplace);
                format!("look for it: ls -A {}; {help}", quoted(beside))
            }
            MigrateError::Unsaid { cache: None, .. } => "nothing was changed".into(),
            MigrateError::Unsaid { cache: Some(cache), .. } => {
                format!("the cache is in its place: ls -A {}", quoted(cache))
            }
            MigrateError::WhichCheckout { source, person } => {
                let source = quoted(source);
                format!("cargo-peruser migrate {source} --to {person} --checkout CHECKOUT")
            }
            MigrateError::Failed { state, .. }
            | MigrateError::Changed { state, .. }
            | MigrateError::Interrupted { state } => state.help().into(),
            MigrateError::Cure { command, .. } => {
                format!("the cache is in place; run there: {command}")
            }
            MigrateError::Unbuilt { checkout, .. } => format!(
                "the cache is in place; to build again: cd {} && cargo-peruser build",
                quoted(checkout)
            ),
            MigrateError::Uncured { target, checkout, is_interrupted, .. } => format!(
                "the cache is in place; {}: cargo-peruser migrate {} --checkout {}",
                if *is_interrupted { "to go on" } else { "once that is mended" },
                quoted(target),
                quoted(checkout)
            ),
        }
    }
}

/// Some of the target directories that could have been meant.
fn candidates(holds: &[PathBuf]) -> String {
    let names: Vec<String> = holds.iter().take(5).map(quoted).collect();
    let more = if holds.len() > names.len() { ", …" } else { "" };
    format!("name a target directory itself, here one of: {}{more}", names.join(", "))
}

fn flag(to: Option<&String>) -> String {
    to.map_or(String::new(), |to| format!(" --to {to}"))
}

/// Never a command that could delete a cache, or lead elsewhere.
fn waiting(workplace: &Path, waits: Option<&Path>) -> String {
    match waits {
        Some(waits) => Look::Content.at(
            waits,
            "what waits may be the only copy; keep it, and move it elsewhere before you go on",
        ),
        None => Look::Content
            .at(workplace, "nothing waits there; without that directory it begins anew"),
    }
}

impl Display for MigrateError {
    #[expect(clippy::too_many_lines, reason = "a table: one text for each")]
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            MigrateError::ForWhom { .. } => {
                write!(
                    f,
                    "running as root through sudo, so it has to be said whose cache it becomes"
                )
            }
            MigrateError::OnlyRoot { person, .. } => {
                write!(f, "only root can give a cache to {person}")
            }
            MigrateError::NoAccount { name } => write!(f, "there is no account `{}`", shown(name)),
            MigrateError::NoPlace { person, why, .. } => {
                write!(f, "no place for a cache of {person}: {why}")
            }
            MigrateError::Source { path, why } => write!(f, "cannot move `{}`: {why}", shown(path)),
            MigrateError::Symlink { path, target } => {
                let (path, target) = (shown(path), shown(target));
                write!(f, "cannot move `{path}`: it is a symlink to `{target}`")
            }
            MigrateError::NotATargetDir { path, holds } if !holds.is_empty() => {
                write!(f, "`{}` is no target directory itself, but holds some", shown(path))
            }
            MigrateError::NotATargetDir { path, .. } => {
                write!(
                    f,
                    "`{}` is no target directory: it has nothing of cargo's in it",
                    shown(path)
                )
            }
            MigrateError::Nested { source, destination, .. } => write!(
                f,
                "cannot move `{}` to `{}`: one is inside the other",
                shown(source),
                shown(destination)
            ),
            MigrateError::Occupied { destination } => {
                write!(f, "`{}` has content already", shown(destination))
            }
            MigrateError::Hostile { path, owner, objection } => {
                write!(f, "refusing to move `{}` of {owner}: {objection}", shown(path))
            }
            MigrateError::Closed { path, owner, cause } => {
                write!(f, "failed to read `{}` of {owner}: {}", shown(path), reason(cause))
            }
            MigrateError::Unreadable { path, cause, .. } => {
                write!(f, "failed to read `{}`: {}", shown(path), reason(cause))
            }
            MigrateError::Changed { path, .. } => {
                write!(f, "`{}` was changed while it was being moved", shown(path))
            }
            MigrateError::NoRoom { path, needed, free } => write!(
                f,
                "no room for a copy in `{}`: it needs {}, and {} are free",
                shown(path),
                bytes(*needed),
                bytes(*free)
            ),
            MigrateError::NotAsked => write!(f, "nothing was changed: no terminal to ask on"),
            MigrateError::Declined => write!(f, "not confirmed"),
            MigrateError::AtWork { holder } => {
                let holder = holder.as_ref().map_or(String::new(), |holder| format!(": {holder}"));
                write!(f, "another migration to this place is at work{holder}")
            }
            MigrateError::Unfinished { source, .. } => {
                write!(f, "an earlier migration of `{}` is unfinished", shown(source))
            }
            MigrateError::Elsewhere { source, begun, now, .. } => write!(
                f,
                "an earlier migration of `{}` is unfinished, and goes to `{}`, not to `{}`",
                shown(source),
                shown(begun),
                shown(now)
            ),
            MigrateError::Anothers { workplace, by, .. } => {
                let workplace = shown(workplace);
                write!(f, "an earlier migration by {by} is unfinished, in `{workplace}`")
            }
            MigrateError::Stranded { workplace, why, .. } => {
                let workplace = shown(workplace);
                write!(f, "an earlier migration is unfinished, and its journal in `{workplace}` ")?;
                write!(f, "cannot be used: {why}")
            }
            MigrateError::Unsaid { cause, .. } => {
                write!(f, "failed to write to stdout: {}", reason(cause))
            }
            MigrateError::WhichCheckout { person, .. } => write!(
                f,
                "`scope` is `checkout`, so it has to be said which checkout of {person}'s it is for"
            ),
            MigrateError::Lost { source, .. } => write!(
                f,
                "an earlier migration of `{}` was interrupted, and what it had moved is gone",
                shown(source)
            ),
            MigrateError::Failed { doing, path, cause, .. } => {
                write!(f, "failed to {doing} `{}`: {}", shown(path), reason(cause))
            }
            MigrateError::Interrupted { .. } => write!(f, "interrupted"),
            MigrateError::Cure { command, ended } => {
                write!(f, "failed to run `{command}`\n{}", ended.trim_end())
            }
            MigrateError::Unbuilt { checkout, is_interrupted } => {
                let how =
                    if *is_interrupted { "was not built: interrupted" } else { "does not build" };
                write!(f, "`{}` {how}", shown(checkout))
            }
            MigrateError::Uncured { checkout, failed, is_interrupted, .. } => {
                let why = if *is_interrupted { ": interrupted" } else { "" };
                let checkout = shown(checkout);
                write!(f, "not everything of `{checkout}` will be rebuilt{why}")?;
                failed.iter().try_for_each(|failed| write!(f, "\n{failed}"))
            }
        }
    }
}
