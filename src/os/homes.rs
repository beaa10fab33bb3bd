//! The caller's own home, cache and configuration directories.
//!
//! `su -m`, `sudo -E` and the like keep another user's HOME. So a variable counts only if the effective
//! uid owns the directory, or the directory does not exist yet; otherwise the account's own home is
//! used.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use super::files;
use super::lexical::near;
use super::snapshot::Snapshot;
use super::trust;
use crate::ui::failure::Failure;

/// The caller's own directories.
#[derive(Debug)]
pub struct Homes<'a> {
    /// The process of the caller whose directories they are.
    pub snapshot: &'a Snapshot,
    home: OnceCell<Option<PathBuf>>,
}

impl<'a> Homes<'a> {
    /// Looks nothing up until it is needed.
    pub fn new(snapshot: &'a Snapshot) -> Homes<'a> {
        Homes { snapshot, home: OnceCell::new() }
    }

    /// The home directory: `$HOME`, or the account's.
    pub fn home(&self) -> Option<&Path> {
        let look = || self.own("HOME").or_else(|| self.home_of_account());
        self.home.get_or_init(look).as_deref()
    }

    /// `$XDG_CONFIG_HOME`, or `~/.config`.
    pub fn config(&self) -> Option<PathBuf> {
        self.own("XDG_CONFIG_HOME").or_else(|| Some(self.home()?.join(".config")))
    }

    /// `$XDG_CACHE_HOME`, or `~/.cache`; without symlinks, as far as it exists.
    pub fn cache(&self) -> Option<PathBuf> {
        let cache = self.own("XDG_CACHE_HOME").or_else(|| Some(self.home()?.join(".cache")))?;
        Some(files::without_symlinks(&cache))
    }

    /// `$XDG_DATA_HOME`, or `~/.local/share`.
    pub fn data(&self) -> Option<PathBuf> {
        self.own("XDG_DATA_HOME").or_else(|| Some(self.home()?.join(".local/share")))
    }

    /// Cargo's home: `$CARGO_HOME`, or `.cargo` in the directory that cargo takes for home.
    pub fn cargo(&self) -> Option<PathBuf> {
        let given = self.snapshot.variable("CARGO_HOME").map(PathBuf::from);
        let home =
            || self.snapshot.absolute_path("HOME").or_else(|| self.home().map(Path::to_owned));
        given.map(|path| self.snapshot.cwd.join(path)).or_else(|| Some(home()?.join(".cargo")))
    }

    /// The directory in which rustup's proxies and `cargo install` put programs, if it exists and may
    /// be on the caller's PATH: only root and the caller can change its contents. After `su -m`,
    /// `$HOME` and `$CARGO_HOME` belong to another user, who could make others run their cargo.
    ///
    /// The path is the same text as in the variable, because rustup compares it with PATH as text.
    pub fn cargo_bin(&self) -> Option<PathBuf> {
        let given = self.snapshot.variable("CARGO_HOME").map(PathBuf::from);
        let depends_on_place = given.is_some_and(|path| path.is_relative());
        let bin = self.cargo().filter(|_| !depends_on_place)?.join("bin");
        trust::may_be_on_path(&bin, self.snapshot.uid).then_some(bin)
    }

    /// Whether the caller owns a directory. A directory that does not exist counts if the caller or
    /// root owns its nearest existing ancestor.
    pub fn is_own(&self, path: &Path) -> bool {
        let uid = self.snapshot.uid;
        match files::owner(&near(self.snapshot.here(), path)) {
            Ok(Some(owner)) => owner == uid,
            Ok(None) => {
                let above = path.ancestors().skip(1).map(files::owner);
                let nearest = above.map(Result::transpose).find_map(|owner| owner);
                nearest.is_some_and(|owner| owner.is_ok_and(|owner| [0, uid].contains(&owner)))
            }
            // A directory that cannot be examined is below another user's.
            Err(_) => false,
        }
    }

    /// The directory that a variable names, if the caller owns it or it does not exist yet.
    pub fn own(&self, variable: &str) -> Option<PathBuf> {
        self.snapshot.absolute_path(variable).filter(|path| self.is_own(path))
    }

    fn home_of_account(&self) -> Option<PathBuf> {
        super::accounts::account(self.snapshot.uid, &[]).home
    }
}

/// The failure if there is no place for a private directory (exit 73).
pub fn no_home(uid: u32) -> Failure {
    no_place("a private directory", uid)
        .help("set XDG_CACHE_HOME or CARGO_PERUSER_SHARED_ROOT to a directory that you own")
        .exit(73)
}

/// The failure if there is no place for something that the caller must own.
pub fn no_place(what: &str, uid: u32) -> Failure {
    Failure::new(format!("no place for {what}: uid {uid} has no home directory of its own"))
}
