//! Which home, cache and configuration directories are the caller's own.
//!
//! `su -m`, `sudo -E` and the like hand down another person's HOME. A directory variable therefore
//! counts only where it names nothing yet or something that the effective uid owns; otherwise the
//! account's own home takes its place.

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
    snapshot: &'a Snapshot,
    home: OnceCell<Option<PathBuf>>,
}

impl<'a> Homes<'a> {
    /// Nothing is looked up before it is asked for.
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

    /// Where cargo keeps its own things: `$CARGO_HOME`, or `.cargo` in what cargo takes for home.
    pub fn cargo(&self) -> Option<PathBuf> {
        let given = self.snapshot.variable("CARGO_HOME").map(PathBuf::from);
        let home =
            || self.snapshot.absolute_path("HOME").or_else(|| self.home().map(Path::to_owned));
        given.map(|path| self.snapshot.cwd.join(path)).or_else(|| Some(home()?.join(".cargo")))
    }

    /// Where rustup's proxies and `cargo install` put programs, if that directory is there and may be
    /// put on the caller's PATH: nobody but root and the caller can change what it holds. After
    /// `su -m`, `$HOME` and `$CARGO_HOME` are somebody's who would like others to run their cargo.
    ///
    /// The path is as the variable has it, since rustup compares it with PATH as text.
    pub fn cargo_bin(&self) -> Option<PathBuf> {
        let given = self.snapshot.variable("CARGO_HOME").map(PathBuf::from);
        let depends_on_place = given.is_some_and(|path| path.is_relative());
        let bin = self.cargo().filter(|_| !depends_on_place)?.join("bin");
        trust::may_be_on_path(&bin, self.snapshot.uid).then_some(bin)
    }

    /// Whether a directory is the caller's; one that is not there yet is where nobody but root and the
    /// caller owns what it would be made in.
    pub fn is_own(&self, path: &Path) -> bool {
        let uid = self.snapshot.uid;
        match files::owner(&near(self.snapshot.here(), path)) {
            Ok(Some(owner)) => owner == uid,
            Ok(None) => {
                let above = path.ancestors().skip(1).map(files::owner);
                let nearest = above.map(Result::transpose).find_map(|owner| owner);
                nearest.is_some_and(|owner| owner.is_ok_and(|owner| [0, uid].contains(&owner)))
            }
            // What cannot be looked at is below somebody else's.
            Err(_) => false,
        }
    }

    /// A directory that a variable names, if it is the caller's, or nobody's yet.
    pub fn own(&self, variable: &str) -> Option<PathBuf> {
        self.snapshot.absolute_path(variable).filter(|path| self.is_own(path))
    }

    fn home_of_account(&self) -> Option<PathBuf> {
        super::accounts::account(self.snapshot.uid, &[]).home
    }
}

/// There is no place for a private directory (exit 73).
pub fn no_home(uid: u32) -> Failure {
    no_place("a private directory", uid)
        .help("set XDG_CACHE_HOME to a directory of your own, or CARGO_PERUSER_SHARED_ROOT")
        .exit(73)
}

/// There is no place for something that is to be the caller's own.
pub fn no_place(what: &str, uid: u32) -> Failure {
    Failure::new(format!("no place for {what}: uid {uid} has no home directory of its own"))
}
