//! The texts about a cache that is not moved.

use std::fmt::{self, Display, Formatter};

use super::MigrateError;
use crate::error::reason;
use crate::shown::{bytes, shown};

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
            MigrateError::Source { path, why, .. } => {
                write!(f, "cannot move `{}`: {why}", shown(path))
            }
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
                "`scope` is `workspace`, so it has to be said which checkout of {person}'s it is for"
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
