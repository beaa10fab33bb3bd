//! What is wrong with a directory that is to be the shared root.

use std::path::{Path, PathBuf};

use crate::ui::escape::{escaped, quoted};
use crate::ui::look::Look;
use crate::ui::owner::Owner;

/// What keeps a directory from becoming the shared root.
#[derive(Debug)]
pub(crate) enum RootFault {
    /// It belongs to an ordinary account.
    Foreign(Owner),
    /// These are in it, and are nobody's private directories.
    InUse(Vec<PathBuf>),
    /// The system needs it.
    TheSystems,
    /// The settings name it, where another was asked for.
    Named {
        /// Where they do.
        origin: String,
        /// What was asked for.
        asked: PathBuf,
    },
    /// The settings name it in somebody's own words, beside which no scope is put.
    Scope {
        /// The file that they stand in.
        file: PathBuf,
        /// What was asked for.
        asked: &'static str,
    },
}

impl RootFault {
    pub(super) fn help(&self, root: &Path) -> String {
        match self {
            RootFault::Foreign(_) => Look::Entry
                .at(root, "name another directory with --shared-root, or none for the usual"),
            RootFault::InUse(_) => {
                "move them away, or name another directory with --shared-root".into()
            }
            RootFault::TheSystems => {
                "name a directory that serves nothing else with --shared-root".into()
            }
            RootFault::Named { asked, .. } => {
                format!("write {} there, or leave --shared-root out", quoted(asked))
            }
            RootFault::Scope { file, asked } => {
                format!("add `scope = \"{asked}\"` to `{}`", escaped(file))
            }
        }
    }

    pub(super) fn text(&self, root: &Path) -> String {
        let root = escaped(root);
        match self {
            RootFault::Foreign(owner) => {
                format!("refusing to use `{root}` as shared root: it is owned by {owner}")
            }
            RootFault::InUse(inside) => {
                let names: Vec<_> =
                    inside.iter().map(|path| format!("`{}`", escaped(path))).collect();
                format!(
                    "refusing to use `{root}` as shared root: what is nobody's private directory is \
                     in it, and builds may read it: {}",
                    names.join(", ")
                )
            }
            RootFault::TheSystems => {
                format!("refusing to use `{root}` as shared root: the system needs it")
            }
            RootFault::Scope { .. } => {
                format!("cannot set `scope`: the settings name `{root}` themselves")
            }
            RootFault::Named { origin, .. } => {
                format!("`shared-root` is set to `{root}` in {origin}")
            }
        }
    }
}
