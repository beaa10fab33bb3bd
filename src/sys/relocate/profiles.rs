//! The profiles that a target directory has been built with, and their incremental state, which stands
//! aside while cargo cleans.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use super::failed;
use crate::core::relocation::profile;
use crate::core::relocation::tree::LOCKS;
use crate::error::{Error, State};
use crate::sys::facts::facts;
use crate::sys::remove::{self, Patience, What};
use crate::sys::tree::{Tree, directory_at};

/// Where incremental state stands while cargo cleans.
const KEPT: &str = "incremental.kept-by-cargo-peruser";

/// A profile that a target directory has been built with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    name: String,
    triple: Option<String>,
    directory: PathBuf,
}

/// What a target directory has been built with.
#[derive(Debug, Default)]
pub struct Survey {
    /// What cargo cleans by name.
    pub profiles: Vec<Profile>,
    /// Directories that other tools have built in, or for targets that rustc does not know by name.
    pub others: Vec<PathBuf>,
    /// Profiles whose directory is a symlink. It is not followed: what it leads to may be anybody's.
    pub links: Vec<Profile>,
}

impl Survey {
    pub(super) fn of(target: &Path, is_triple: &dyn Fn(&str) -> bool) -> Result<Survey, Error> {
        let mut found = Survey::default();
        for entry in entries(target)? {
            if is_profile(&entry) || is_link_for_cargo(&entry) {
                found.add(entry, None);
                continue;
            }
            let triple = entry.file_name().and_then(OsStr::to_str).filter(|name| is_triple(name));
            if let Some(triple) = triple.filter(|_| is_directory(&entry)) {
                for inner in entries(&entry)? {
                    if is_profile(&inner) || is_link_for_cargo(&inner) {
                        found.add(inner, Some(triple));
                    }
                }
            } else if entry.is_dir() {
                let inner = entries(&entry);
                // Where a symlink leads may be closed, and is no concern of ours.
                let inner = if entry.is_symlink() { inner.unwrap_or_default() } else { inner? };
                if inner.iter().any(|inner| is_profile(inner)) {
                    found.others.push(entry);
                }
            }
        }
        Ok(found)
    }

    fn add(&mut self, directory: PathBuf, triple: Option<&str>) {
        let name = directory.file_name().and_then(OsStr::to_str).and_then(profile::of_directory);
        let Some(name) = name.map(str::to_owned) else {
            self.others.push(directory);
            return;
        };
        let profiles = if is_directory(&directory) { &mut self.profiles } else { &mut self.links };
        profiles.push(Profile { name, triple: triple.map(str::to_owned), directory });
    }
}

impl Profile {
    /// What cargo calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What people call it: with its target, if it has one.
    pub fn title(&self) -> String {
        let triple = self.triple.as_ref().map_or(String::new(), |triple| format!(" for {triple}"));
        format!("{}{triple}", self.name)
    }

    /// Where it is.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The target that it is for, if cargo was told one.
    pub fn triple(&self) -> Option<&str> {
        self.triple.as_deref()
    }

    /// What cleans it, for cargo.
    pub fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> =
            ["clean", "--profile", &self.name].map(OsString::from).to_vec();
        if let Some(triple) = &self.triple {
            words.extend(["--target".into(), triple.into()]);
        }
        words
    }

    /// The packages whose build scripts have left files.
    pub fn generating(&self) -> Vec<String> {
        let has_files = |unit: &Path| {
            let files = std::fs::read_dir(unit.join("out"));
            files.is_ok_and(|mut files| files.next().is_some())
        };
        // In the new layout every unit has `out`, and that of a script which has run has `run`.
        let has_run = |unit: &PathBuf| unit.join("run").is_dir() && has_files(unit);
        let directories = below(&self.directory.join("build")).unwrap_or_default();
        let names = directories.iter().filter_map(|directory| {
            let name = directory.file_name()?.to_str()?;
            if has_files(directory) {
                return Some(name.rsplit_once('-')?.0);
            }
            below(directory).ok()?.iter().any(has_run).then_some(name)
        });
        names.map(str::to_owned).collect()
    }

    /// What has been built, in either of cargo's layouts: the package, and what to remove for it to be
    /// built again. A cargo cleans its own layout, and another one may have built in the other.
    pub fn units(&self) -> Vec<(String, PathBuf)> {
        let name = |path: &PathBuf| path.file_name()?.to_str().map(str::to_owned);
        let has_units = |package: &PathBuf| {
            let units = below(package).unwrap_or_default();
            units.iter().any(|unit| unit.join("fingerprint").is_dir())
        };
        let old = below(&self.directory.join(".fingerprint")).unwrap_or_default();
        let old = old.into_iter().filter_map(|unit| {
            let package = name(&unit)?.rsplit_once('-')?.0.to_owned();
            Some((package, unit))
        });
        let new = below(&self.directory.join("build")).unwrap_or_default();
        let new = new.into_iter().filter(has_units);
        old.chain(new.filter_map(|package| Some((name(&package)?, package)))).collect()
    }

    /// Its directory, open.
    ///
    /// # Errors
    /// [`Failed`](crate::error::MigrateError::Failed).
    pub fn tree(&self) -> Result<Tree, Error> {
        let top = directory_at(&self.directory).map_err(|cause| self.failed("open", cause))?;
        Ok(Tree { top, path: self.directory.clone() })
    }

    /// Puts the incremental state aside. What an earlier run has left there comes back first.
    ///
    /// # Errors
    /// [`Failed`](crate::error::MigrateError::Failed).
    pub fn keep(&self) -> Result<(), Error> {
        self.restore()?;
        match std::fs::rename(self.directory.join("incremental"), self.directory.join(KEPT)) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
            kept => kept.map_err(|cause| self.failed("keep the incremental state of", cause)),
        }
    }

    /// Puts the incremental state back. A build may have begun anew meanwhile: what it has made is
    /// newer, and stays; the rest is put beside it.
    ///
    /// # Errors
    /// [`Failed`](crate::error::MigrateError::Failed).
    pub fn restore(&self) -> Result<(), Error> {
        let (incremental, kept) = (self.directory.join("incremental"), self.directory.join(KEPT));
        merge(&kept, &incremental)
            .map_err(|cause| self.failed("put back the incremental state of", cause))
    }

    fn failed(&self, doing: &'static str, cause: io::Error) -> Error {
        failed(doing, &self.directory, cause, State::Journaled)
    }
}

fn merge(from: &Path, to: &Path) -> io::Result<()> {
    if !from.exists() {
        return Ok(());
    }
    if !to.exists() {
        return std::fs::rename(from, to);
    }
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if !place.exists() {
            std::fs::rename(entry.path(), place)?;
        }
    }
    let parent = directory_at(from.parent().unwrap_or(from))?;
    let name = from.file_name().unwrap_or_default();
    let found = facts(&parent, name)?;
    remove::tree(&parent, name, found.identity, What::All, Patience::Endless).map(drop)
}

/// Whether cargo has built there, or where a symlink leads.
fn is_profile(directory: &Path) -> bool {
    LOCKS.iter().any(|lock| directory.join(lock).exists())
}

/// Whether cargo would follow a symlink to the profiles that are always there, even if it does not
/// show what it leads to.
fn is_link_for_cargo(path: &Path) -> bool {
    path.is_symlink() && ["debug", "release"].iter().any(|name| path.ends_with(name))
}

fn is_directory(path: &Path) -> bool {
    path.is_dir() && !path.is_symlink()
}

/// The directories in a directory, sorted.
fn below(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    Ok(entries(directory)?.into_iter().filter(|path| is_directory(path)).collect())
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let doing = |cause| failed("read", directory, cause, State::Journaled);
    let read = std::fs::read_dir(directory).map_err(doing)?;
    let found: io::Result<Vec<PathBuf>> = read.map(|entry| Ok(entry?.path())).collect();
    let mut found = found.map_err(doing)?;
    found.sort();
    Ok(found)
}
