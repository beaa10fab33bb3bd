//! The profiles that a target directory has been built with, and their incremental state, which stands
//! aside while cargo cleans.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::facts::facts;
use super::failed;
use super::tree::{Tree, directory_at};
use super::workplace::c_name;
use crate::core::relocation::tree::LOCKS;
use crate::error::{Error, State};
use crate::sys::remove::{self, Patience, What};

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
}

impl Survey {
    pub(super) fn of(target: &Path, is_triple: &dyn Fn(&str) -> bool) -> Result<Survey, Error> {
        let mut found = Survey::default();
        for directory in below(target)? {
            if is_profile(&directory) {
                found.profiles.push(Profile::at(&directory, None));
                continue;
            }
            let inner = below(&directory)?.into_iter().filter(|inner| is_profile(inner));
            let inner: Vec<PathBuf> = inner.collect();
            let triple = directory.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if is_triple(&triple) {
                let named = inner.iter().map(|inner| Profile::at(inner, Some(triple.clone())));
                found.profiles.extend(named);
            } else if !inner.is_empty() {
                found.others.push(directory);
            }
        }
        Ok(found)
    }
}

impl Profile {
    fn at(directory: &Path, triple: Option<String>) -> Profile {
        let name = directory.file_name().unwrap_or_default().to_string_lossy();
        let name = if name == "debug" { "dev".into() } else { name.into_owned() };
        Profile { name, triple, directory: directory.to_owned() }
    }

    /// What cargo calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What people call it: with its target, if it has one.
    pub fn title(&self) -> String {
        let triple = self.triple.as_ref().map_or(String::new(), |triple| format!(" for {triple}"));
        format!("{}{triple}", self.name)
    }

    /// What cleans it, for cargo.
    pub(super) fn words(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> =
            ["clean", "--profile", &self.name].map(OsString::from).to_vec();
        if let Some(triple) = &self.triple {
            words.extend(["--target".into(), triple.into()]);
        }
        words
    }

    /// The packages whose build scripts have left files, by the names of their directories.
    pub fn generating(&self) -> Vec<String> {
        let has_files = |directory: &PathBuf| {
            let files = std::fs::read_dir(directory.join("out"));
            files.is_ok_and(|mut files| files.next().is_some())
        };
        let directories = below(&self.directory.join("build")).unwrap_or_default();
        let names = directories.iter().filter(|directory| has_files(directory));
        let names = names.filter_map(|directory| directory.file_name()?.to_str()?.rsplit_once('-'));
        names.map(|(name, _)| name.to_owned()).collect()
    }

    /// Its directory, open.
    ///
    /// # Errors
    /// The system's.
    pub fn tree(&self) -> Result<Tree, Error> {
        let top = directory_at(&self.directory).map_err(|cause| self.failed("open", cause))?;
        Ok(Tree { top, path: self.directory.clone() })
    }

    /// Puts the incremental state aside. What an earlier run has left there comes back first.
    ///
    /// # Errors
    /// The system's.
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
    /// The system's.
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
    let found = facts(&parent, &c_name(name), None)?;
    remove::tree(&parent, name, found.identity, What::All, Patience::Endless).map(drop)
}

fn is_profile(directory: &Path) -> bool {
    LOCKS.iter().any(|lock| directory.join(lock).exists())
}

fn below(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let doing = |cause| failed("read", directory, cause, State::Journaled);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(doing)? {
        let entry = entry.map_err(doing)?;
        if entry.file_type().map_err(doing)?.is_dir() {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}
