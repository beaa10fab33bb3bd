//! Checks and makes private directories. Only this module can produce a [`PrivateDir`].
//!
//! The check walks from the top with one `lstat` a component; since nobody untrusted can replace
//! what it has passed, nothing can be swapped behind its back. Making opens first and checks the
//! descriptor, in `make`. Nothing here ever deletes or follows what somebody else has put there.

mod contents;
mod make;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::{accounts, files, tag};
use crate::core::placement::{Place, PlaceKind, Required};
use crate::core::safety::{Entry, Part, Trust, Verdict, judge_own, judge_private, judge_way};
use crate::error::{Error, Flaw, Kind, Refusal, Result, SettingsError};
use crate::shown::shown;

/// Who asks for a private directory, and under which circumstances.
#[derive(Clone, Debug)]
pub struct Caller<'a> {
    /// The uid whose directory it is.
    pub uid: u32,
    /// The account's gid, for the command that helps.
    pub gid: u32,
    /// The effective uid that acts: the same, or root's where it acts for somebody else. Nobody but
    /// the one who acts may be able to change the way, the person least of all.
    pub acting: u32,
    /// The uids that the settings trust on the way.
    pub trusted: Vec<u32>,
    /// The top of the checkout that is being built.
    pub checkout: Option<&'a Path>,
    /// Where the shared root was set, for the error about its path.
    pub root_origin: String,
}

/// What the person should know although it went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A directory that others could read was made private; its former permission bits.
    Tightened(PathBuf, u32),
    /// The new directory's file system executes nothing.
    NoExec(PathBuf),
}

/// How a private directory is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It will be made when it is needed.
    Missing,
    /// It is private.
    Private,
    /// Others can look into it; that will be taken away when it is used.
    Readable,
}

/// A directory that is the caller's alone, mode 0700, on a way that nobody else can change.
#[derive(Debug)]
pub struct PrivateDir<'a> {
    path: PathBuf,
    caller: &'a Caller<'a>,
}

/// Looks at a private directory, the way to it and the target directory inside it, and changes
/// nothing.
///
/// # Errors
/// [`Error::Unsafe`] for every flaw of the threat model, and [`Error::Settings`] for a shared root
/// that is reached through a symlink.
pub fn examine(required: &Required, caller: &Caller<'_>) -> Result<State> {
    let Required { place, target } = required;
    if let Way::Ends(_) = walk(place, caller)? {
        return Ok(State::Missing);
    }
    let path = place.private_dir();
    let Some((_, verdict)) = own_entry(&path, caller)? else { return Ok(State::Missing) };
    if let Some(name) = target {
        target_entry(&path.join(name), caller)?;
    }
    match verdict {
        Verdict::Private => Ok(State::Private),
        Verdict::Readable => contents::check(&path, caller).map(|()| State::Readable),
    }
}

/// Makes sure that a private directory exists and is private.
///
/// # Errors
/// Those of [`examine`], and [`Error::Create`] where it is missing and cannot be made; then nothing
/// half made stays behind.
pub fn establish<'a>(
    place: &Place,
    caller: &'a Caller<'a>,
    notes: &mut Vec<Note>,
) -> Result<PrivateDir<'a>> {
    let path = place.private_dir();
    let parent = match walk(place, caller)? {
        Way::Complete(parent) => parent,
        Way::Ends(at) => make::own_way(&at, place, caller)?,
    };
    match own_entry(&path, caller)? {
        Some((_, Verdict::Private)) => {}
        Some((entry, Verdict::Readable)) => {
            make::tighten(&path, &entry, caller)?;
            notes.push(Note::Tightened(path.clone(), entry.mode));
        }
        None => make::private(place, &parent, caller, notes)?,
    }
    Ok(PrivateDir { path, caller })
}

impl PrivateDir<'_> {
    /// Opens it, and makes sure that what is open is private: from here on its path does not matter.
    ///
    /// # Errors
    /// [`Error::Unsafe`] where it was replaced meanwhile.
    pub fn open(&self) -> Result<File> {
        make::open_private(&self.path, self.caller)
    }

    /// Makes sure that a target directory exists in it, with its tag.
    ///
    /// # Errors
    /// [`Error::Unsafe`] where the name is taken by something that is no directory of the caller's,
    /// [`Error::Create`] where it cannot be made.
    pub fn target(&self, name: &str) -> Result<()> {
        let path = self.path.join(name);
        let tag = path.join(tag::NAME);
        match target_entry(&path, self.caller)? {
            Some(_) if files::entry(&tag).is_ok() => Ok(()),
            _ => make::target(&path, self.caller),
        }
    }
}

/// Opens a private directory that is there already, and changes nothing.
///
/// # Errors
/// Those of [`examine`].
pub fn open_existing(place: &Place, caller: &Caller<'_>) -> Result<Option<File>> {
    if let Way::Ends(_) = walk(place, caller)? {
        return Ok(None);
    }
    let path = place.private_dir();
    match own_entry(&path, caller)? {
        Some((_, Verdict::Private)) => make::open_private(&path, caller).map(Some),
        // It will be tightened before it is used; nothing of ours can be in it.
        Some((_, Verdict::Readable)) | None => Ok(None),
    }
}

/// How far the way to a private directory exists.
enum Way {
    /// All of it: the entry of the directory that the private one stands in.
    Complete(Entry),
    /// It ends before this directory, which is below the caller's own cache directory.
    Ends(PathBuf),
}

/// Judges every directory above the private one, from the top.
fn walk(place: &Place, caller: &Caller<'_>) -> Result<Way> {
    let mut directories: Vec<&Path> = place.parent.ancestors().collect();
    directories.reverse();
    let mut last = None;
    for directory in directories {
        let entry = match files::entry(directory) {
            Ok(entry) => entry,
            Err(error) if files::is_absence(&error) && place.kind == PlaceKind::InOwnCache => {
                return Ok(Way::Ends(directory.to_owned()));
            }
            Err(error) => return Err(unreadable(directory, error, caller)),
        };
        judge(directory, &entry, place, caller)?;
        last = Some(entry);
    }
    let none = || unreadable(&place.parent, io::ErrorKind::NotFound.into(), caller);
    last.map(Way::Complete).ok_or_else(none)
}

fn judge(directory: &Path, entry: &Entry, place: &Place, caller: &Caller<'_>) -> Result<()> {
    let part = if place.kind == PlaceKind::BelowSharedRoot && directory == place.parent {
        Part::Root
    } else {
        let holds_checkout = caller.checkout.is_some_and(|top| top.starts_with(directory));
        Part::Ancestor { holds_checkout }
    };
    let trust = Trust { caller: caller.acting, owners: &caller.trusted };
    judge_way(entry, part, trust).map_err(|flaw| match flaw {
        Flaw::WayNotADirectory(Kind::Symlink) if place.kind == PlaceKind::BelowSharedRoot => {
            Error::Settings(SettingsError::Root {
                origin: caller.root_origin.clone(),
                path: place.parent.to_string_lossy().into_owned(),
                cause: format!("has a symlink in it, `{}`", shown(directory)),
            })
        }
        flaw => refusal(directory, entry.uid, flaw, caller),
    })
}

/// Judges the private directory itself, if it is there.
fn own_entry(path: &Path, caller: &Caller<'_>) -> Result<Option<(Entry, Verdict)>> {
    let entry = files::entry_if_any(path).map_err(|error| unreadable(path, error, caller))?;
    let Some(entry) = entry.filter(|entry| !is_unfinished(path, entry, caller)) else {
        return Ok(None);
    };
    let verdict =
        judge_private(&entry, caller.uid).map_err(|flaw| refusal(path, entry.uid, flaw, caller))?;
    Ok(Some((entry, verdict)))
}

/// Whether this is what root has made for somebody and was stopped before it could give it to them.
/// Nobody else can have put it there, and it is empty: it counts as missing.
fn is_unfinished(path: &Path, entry: &Entry, caller: &Caller<'_>) -> bool {
    let is_roots = caller.acting != caller.uid && entry.uid == caller.acting;
    let is_plain = entry.kind == Kind::Directory && entry.mode & 0o077 == 0;
    is_roots && is_plain && std::fs::read_dir(path).is_ok_and(|mut found| found.next().is_none())
}

/// Judges a target directory, if it is there.
fn target_entry(path: &Path, caller: &Caller<'_>) -> Result<Option<Entry>> {
    let entry = files::entry_if_any(path).map_err(|error| unreadable(path, error, caller))?;
    if let Some(entry) = &entry {
        judge_own(entry, caller.uid).map_err(|flaw| refusal(path, entry.uid, flaw, caller))?;
    }
    Ok(entry)
}

fn refusal(path: &Path, owner: u32, flaw: Flaw, caller: &Caller<'_>) -> Error {
    let owner = accounts::owner(owner);
    Refusal { path: path.to_owned(), owner, caller: accounts::owner(caller.uid), flaw }.into()
}

fn unreadable(path: &Path, error: io::Error, caller: &Caller<'_>) -> Error {
    refusal(path, caller.uid, Flaw::Unreadable(error), caller)
}
