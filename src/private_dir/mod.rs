//! Checks and creates private directories. Only this module can produce a [`PrivateDir`].
//!
//! The check goes from the top down, with one `lstat` for each component. No untrusted account can
//! replace a directory that was already checked, so nothing can be swapped afterwards. `make` opens a
//! directory first and checks the descriptor. This module never deletes or follows anything that
//! another user put there.
//!
//! - `account`, `place`: who gets a private directory, and the possible places for it
//! - `ancestors`: checks every directory above it, and the files that builds would read there
//! - `judge`: what is refused, by what `lstat` says
//! - `make`, `exposed_contents`: create it, and close one that others can read
//! - `provision`: root creates it for others

pub mod account;
mod ancestors;
mod exposed_contents;
pub mod judge;
mod make;
mod mount;
pub mod place;
pub mod provision;
pub mod refusal;
pub mod shared_root;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use ancestors::{Make, judge_names_in, walk};
pub use ancestors::{READ_ABOVE, examine_ancestors};
pub use make::{UNFINISHED, provision_command};
use rustix::fs::OFlags;

use crate::os::entry::Entry;
use crate::os::homes::Homes;
use crate::os::{accounts, files, tag};
use crate::private_dir::judge::{judge_own, judge_private};
use crate::private_dir::place::{Place, PlaceKind, Required};
use crate::private_dir::refusal::{refusal, refused, unreadable};
use crate::settings::{Key, Settings, StickyRoot};
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, Mark, Result};

/// The user who needs a private directory, and what the checks have to know about them.
#[derive(Clone, Debug)]
pub struct Caller<'a> {
    /// The uid of the directory's owner.
    pub uid: u32,
    /// The account's gid, for the command that helps.
    pub gid: u32,
    /// The effective uid of this process: the same, or root's if root acts for the owner. Only this uid
    /// and root may be able to change the directories above; the owner may not if root acts.
    pub acting: u32,
    /// The uids that the settings accept as owners of directories above it.
    pub trusted: Vec<u32>,
    /// The top of the checkout that is being built; `None` if the command builds other sources.
    pub checkout: Option<&'a Path>,
    /// The caller's own directories; `None` if root acts for another user.
    pub homes: Option<&'a Homes<'a>>,
    /// Whether to accept a sticky shared root, in which others can create files.
    pub sticky_root: StickyRoot,
    /// Where the shared root was set, for the error about its path.
    pub root_origin: String,
}

impl Caller<'_> {
    /// The user with these ids, for whom `acting` acts, with the settings that matter.
    pub fn of(settings: &Settings, uid: u32, gid: u32, acting: u32) -> Caller<'static> {
        let origin = settings.origin(Key::SharedRoot).map(ToString::to_string);
        Caller {
            uid,
            gid,
            acting,
            trusted: accounts::uids(settings.names(Key::TrustedOwners)),
            checkout: None,
            homes: None,
            sticky_root: settings.sticky_root(),
            root_origin: origin.unwrap_or_else(|| "the settings".into()),
        }
    }
}

/// The current state of a private directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It does not exist yet, and will be created when it is needed.
    Missing,
    /// It is private.
    Private,
    /// Others can read it; their access will be removed when it is used.
    Readable,
}

/// A private directory as it was judged, below directories that no one else can change. [`establish`]
/// returns only those that nobody but their owner can access, mode 0700.
#[derive(Debug)]
pub struct PrivateDir<'a> {
    path: PathBuf,
    entry: Entry,
    kind: PlaceKind,
    caller: &'a Caller<'a>,
}

/// Checks a private directory, the directories above it and the target directory inside it. Changes
/// nothing.
///
/// # Errors
/// A refusal (77) for every flaw in the threat model, and a settings failure (78) for a shared root
/// with a symlink in its path.
pub fn examine(required: &Required, caller: &Caller<'_>) -> Result<State> {
    let Required { place, target } = required;
    let private = find(place, caller)?;
    if place.kind == PlaceKind::BelowSharedRoot {
        judge_names_in(&place.parent, caller)?;
    }
    let Some(private) = private else { return Ok(State::Missing) };
    if let Some(name) = target {
        target_entry(&private.path.join(name), caller)?;
    }
    match private.is_closed() {
        true => Ok(State::Private),
        false => {
            exposed_contents::check(&private.path, &private.entry, caller).map(|_| State::Readable)
        }
    }
}

/// Checks an existing shared root and every directory above it, and looks for files in it that builds
/// below would read, as far as the caller may.
///
/// # Errors
/// The same as [`examine`].
pub fn examine_root(shared_root: &Path, caller: &Caller<'_>) -> Result<()> {
    walk(shared_root, &Place::root(shared_root), None, caller)?;
    let may_enter = std::fs::metadata(shared_root.join(".")).is_ok();
    if may_enter { judge_names_in(shared_root, caller) } else { Ok(()) }
}

/// Whether others can put an entry where the private directory will be.
pub fn may_be_planted(place: &Place) -> bool {
    files::entry(&place.parent).is_ok_and(|parent| parent.mode & 0o022 != 0)
}

/// Makes sure that a private directory exists and is private. `notes` are what the user should know
/// after a success.
///
/// # Errors
/// The same as [`examine`], and exit 73 if it is missing and cannot be created; then nothing half made
/// is left.
pub fn establish<'a>(
    place: &Place,
    caller: &'a Caller<'a>,
    notes: &mut Vec<String>,
) -> Result<PrivateDir<'a>> {
    let gone = |path: &Path| unreadable(path, &io::ErrorKind::NotFound.into());
    let make = (place.kind == PlaceKind::InOwnCache).then_some(make::ancestor as Make);
    let parent = walk(&place.parent, place, make, caller)?.ok_or_else(|| gone(&place.parent))?;
    let mut found = find_in(&parent, place, caller)?;
    if found.is_none() {
        make::private(place, &parent, caller, notes)?;
        // Another run of the same user may have been faster, or another user planted something.
        found = find_in(&parent, place, caller)?;
    }
    let private = found.ok_or_else(|| gone(&place.private_dir()))?;
    if !private.is_closed() {
        let PrivateDir { path, entry, .. } = &private;
        exposed_contents::tighten(path, entry, caller)?;
        notes.push(format!(
            "others could read `{}` (mode {:04o}); it is private now (mode 0700)",
            escaped(path),
            entry.mode
        ));
    }
    Ok(private)
}

impl PrivateDir<'_> {
    /// Whether nobody but its owner can access it.
    fn is_closed(&self) -> bool {
        self.entry.is_directory_only_for(self.caller.uid)
    }

    /// Opens it. From then on its path does not matter.
    ///
    /// # Errors
    /// A refusal if it was replaced meanwhile.
    pub fn open(&self) -> Result<File> {
        make::open_judged(&self.path, &self.entry, OFlags::RDONLY)
    }

    /// Makes sure that a target directory exists in it, with its tag.
    ///
    /// # Errors
    /// A refusal if the name is taken by anything but a directory that the caller owns, exit 73 if it
    /// cannot be created.
    pub fn target(&self, name: &str) -> Result<()> {
        let path = self.path.join(name);
        let is_there = target_entry(&path, self.caller)?.is_some();
        if is_there && files::entry(&path.join(tag::NAME)).is_ok() {
            return Ok(());
        }
        if let Some(root) = self.path.parent().filter(|_| self.kind == PlaceKind::BelowSharedRoot) {
            judge_names_in(root, self.caller)?;
        }
        make::target(&path, self.caller)
    }

    /// Whether nothing has been built in a target directory yet: it contains only its tag.
    pub fn is_unused(&self, name: &str) -> bool {
        let names = std::fs::read_dir(self.path.join(name));
        names.is_ok_and(|names| names.flatten().all(|entry| entry.file_name() == tag::NAME))
    }
}

/// Opens an existing private directory. Changes nothing.
///
/// # Errors
/// The same as [`examine`].
pub fn open_existing(place: &Place, caller: &Caller<'_>) -> Result<Option<File>> {
    // A directory that others can read will be made private before it is used, so it contains nothing
    // from us yet.
    let private = find(place, caller)?.filter(PrivateDir::is_closed);
    private.map(|private| private.open()).transpose()
}

/// Judges the private directory and those above it, as far as they exist.
fn find<'a>(place: &Place, caller: &'a Caller<'a>) -> Result<Option<PrivateDir<'a>>> {
    match walk(&place.parent, place, None, caller)? {
        Some(parent) => find_in(&parent, place, caller),
        None => Ok(None),
    }
}

/// Judges the private directory, if it exists; `parent` is its parent directory as it was judged.
fn find_in<'a>(
    parent: &Entry,
    place: &Place,
    caller: &'a Caller<'a>,
) -> Result<Option<PrivateDir<'a>>> {
    let path = place.private_dir();
    let entry = files::entry_if_any(&path).map_err(|error| {
        not_a_member(&path, &error, caller).unwrap_or_else(|| unreadable(&path, &error))
    })?;
    let Some(entry) = entry else { return Ok(None) };
    judge_private(&entry, caller.uid).map_err(|flaw| refusal(&path, &entry, flaw, caller))?;
    // In a directory that others can write to, a user may have mounted a file system that falsely names
    // the caller as owner.
    let is_planted = parent.mode & 0o022 != 0 && entry.identity.0 != parent.identity.0;
    if is_planted && !mount::is_roots(&path) {
        let help = "ask the administrator to unmount it";
        return Err(refused("use", &path, "it was not mounted by root", help.into()));
    }
    Ok(Some(PrivateDir { path, entry, kind: place.kind, caller }))
}

/// The refusal for a caller who may not enter the shared root, because it is only for a group.
fn not_a_member(path: &Path, error: &io::Error, caller: &Caller<'_>) -> Option<Failure> {
    let root = path.parent().filter(|_| error.kind() == io::ErrorKind::PermissionDenied)?;
    let group = accounts::group_word(files::entry(root).ok()?.group_with_access()?);
    let user = accounts::owner(caller.uid);
    let fault = format!("only members of the group {group} have access, and you are {user}");
    let help = format!(
        "ask the administrator to run: usermod -aG {group} {}; or to list you under `exclude.users`",
        user.word()
    );
    Some(refused("use the shared root", root, fault, help).mark(Mark::MembersOnly))
}

/// Judges a target directory, if it exists.
fn target_entry(path: &Path, caller: &Caller<'_>) -> Result<Option<Entry>> {
    let entry = look(path)?;
    if let Some(entry) = &entry {
        judge_own(entry, caller.uid).map_err(|flaw| refusal(path, entry, flaw, caller))?;
    }
    Ok(entry)
}

/// What is at a path, if anything is. What cannot be examined is refused.
fn look(path: &Path) -> Result<Option<Entry>> {
    files::entry_if_any(path).map_err(|error| unreadable(path, &error))
}
