//! The next step for each cache that is not moved.

use std::path::{Path, PathBuf};

use super::MigrateError;
use crate::error::Look;
use crate::shown::quoted;

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
            MigrateError::Source { help: Some(help), .. } => help.clone(),
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
