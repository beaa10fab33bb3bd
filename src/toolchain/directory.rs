//! Makes, renews and takes away the toolchain directory of [`crate::toolchain::links`].
//!
//! Whoever can change it chooses what an editor executes. So nothing is done in a directory that
//! somebody else owns or can write to, nor below one where they could replace it.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::{DirBuilderExt, symlink};
use std::path::{Path, PathBuf};

use crate::os::accounts;
use crate::os::files;
use crate::os::replace;
use crate::private_dir::judge::judge_own;
use crate::private_dir::refusal::{Flaw, Refusal};
use crate::private_dir::{Caller, examine_ancestors};
use crate::shim::toolchain::CARGO;
use crate::toolchain::links::{Entry, Link, first_foreign};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result};

/// The directory, proven ours as far as it is there.
#[derive(Debug)]
pub(crate) struct Directory {
    path: PathBuf,
    entries: Vec<Entry>,
    is_there: bool,
}

impl Directory {
    /// Looks at the directory and changes nothing; `shim` is what its `cargo` is to lead to.
    ///
    /// # Errors
    /// A refusal for a place where somebody else could change it, and a failure for an entry that
    /// this program has not made.
    pub(crate) fn look(path: &Path, shim: &Path, caller: &Caller<'_>) -> Result<Directory> {
        let directory = Directory::look_at(path, caller)?;
        match first_foreign(&directory.entries, shim) {
            None => Ok(directory),
            Some(entry) => Err(foreign(path, entry)),
        }
    }

    fn look_at(path: &Path, caller: &Caller<'_>) -> Result<Directory> {
        examine_ancestors(path, caller)?;
        let failed = |cause| Failure::file("read", path, cause);
        let Some(entry) = files::entry_if_any(path).map_err(failed)? else {
            return Ok(Directory { path: path.to_owned(), entries: Vec::new(), is_there: false });
        };
        let others = entry.mode & 0o022 != 0;
        let writable = if others { Err(Flaw::WritableByOthers(entry.mode)) } else { Ok(()) };
        judge_own(&entry, caller.uid).and(writable).map_err(|flaw| Refusal {
            path: path.to_owned(),
            owner: accounts::owner(entry.uid),
            caller: accounts::owner(caller.uid),
            flaw,
        })?;
        let entries = entries(path).map_err(failed)?;
        Ok(Directory { path: path.to_owned(), entries, is_there: true })
    }

    /// Makes it hold these links, `cargo` being the first, and no others.
    ///
    /// # Errors
    /// The system's. What has been done until then stays, and the next run goes on from there.
    pub(crate) fn hold(&self, links: &[Link], caller: &Caller<'_>) -> Result<()> {
        if !self.is_there {
            self.make(caller)?;
        }
        for link in links {
            let is_there = self
                .entries
                .iter()
                .any(|entry| entry.name == link.name && entry.leads_to.as_ref() == Some(&link.to));
            if !is_there {
                put(&self.path.join(link.name), &link.to)
                    .map_err(|cause| Failure::file("link", &self.path.join(link.name), cause))?;
            }
        }
        let is_wanted = |entry: &&Entry| links.iter().any(|link| entry.name == link.name);
        let unwanted = self.entries.iter().filter(|entry| !is_wanted(entry));
        unwanted.map(|entry| self.path.join(&entry.name)).try_for_each(|path| remove(&path))
    }

    /// Takes it away, `cargo` last, by which it is known; and as many of the directories above it,
    /// as far as they are empty then.
    ///
    /// # Errors
    /// Any I/O error.
    pub(crate) fn remove(self, parents: usize) -> Result<()> {
        if !self.is_there {
            return Ok(());
        }
        let (last, first): (Vec<_>, Vec<_>) =
            self.entries.iter().partition(|entry| entry.name == CARGO);
        for entry in first.into_iter().chain(last) {
            remove(&self.path.join(&entry.name))?;
        }
        let failed = |cause| Failure::file("remove", &self.path, cause);
        std::fs::remove_dir(&self.path).map_err(failed)?;
        let parents = self.path.ancestors().skip(1).take(parents);
        // The first that holds something else ends it.
        let _ = parents.map(std::fs::remove_dir).find(Result::is_err);
        Ok(())
    }

    /// Each directory that is missing, with mode 0755 less the umask, so that nobody else can write
    /// there.
    fn make(&self, caller: &Caller<'_>) -> Result<()> {
        let made = DirBuilder::new().recursive(true).mode(0o755).create(&self.path);
        made.map_err(|cause| Failure::step("create directory", &self.path, cause))?;
        // Somebody may have been faster.
        match Directory::look_at(&self.path, caller)?.entries.first() {
            None => Ok(()),
            Some(entry) => Err(foreign(&self.path, entry)),
        }
    }
}

fn entries(directory: &Path) -> io::Result<Vec<Entry>> {
    let entry = |entry: std::fs::DirEntry| Entry {
        leads_to: std::fs::read_link(entry.path()).ok(),
        name: entry.file_name(),
    };
    let mut entries: Vec<Entry> =
        std::fs::read_dir(directory)?.map(|found| found.map(entry)).collect::<io::Result<_>>()?;
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(entries)
}

/// In one step: an editor that looks meanwhile finds the old link or the new one.
fn put(path: &Path, to: &Path) -> io::Result<()> {
    let beside = replace::beside(path);
    match std::fs::remove_file(&beside) {
        Err(error) if !files::is_absence(&error) => return Err(error),
        _ => symlink(to, &beside)?,
    }
    std::fs::rename(&beside, path)
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if !files::is_absence(&error) => Err(Failure::file("remove", path, error)),
        _ => Ok(()),
    }
}

fn foreign(directory: &Path, entry: &Entry) -> Failure {
    let place = escaped(directory);
    let text = format!(
        "cannot use `{place}` as a toolchain directory: cargo-peruser has not made `{}`",
        escaped(&directory.join(&entry.name))
    );
    let other = quoted(&directory.join("peruser"));
    Failure::new(text)
        .help(format!("name a directory that is empty or new: cargo-peruser toolchain {other}"))
}
