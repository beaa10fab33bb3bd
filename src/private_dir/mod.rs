//! Checks and makes private directories. Only this module can produce a [`PrivateDir`].
//!
//! The check walks from the top with one `lstat` a component; since nobody untrusted can replace
//! what it has passed, nothing can be swapped behind its back. Making opens first and checks the
//! descriptor, in `make`. Nothing here ever deletes or follows what somebody else has put there.

pub mod account;
mod ancestors;
mod exposed_contents;
pub mod judge;
mod make;
mod mount;
pub mod place;
pub mod provision;
pub mod refusal;
mod root_contents;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub use ancestors::examine_ancestors;
use ancestors::{Walked, walk};
pub use make::{UNFINISHED, provision_command};
pub use root_contents::READ_ABOVE;
use root_contents::judge_names_in;

use crate::os::accounts;
use crate::os::entry::Entry;
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::tag;
use crate::private_dir::judge::{judge_own, judge_private};
use crate::private_dir::place::{Place, PlaceKind, Required};
use crate::private_dir::refusal::{Flaw, Refusal};
use crate::settings::StickyRoot;
use crate::settings::{Key, Settings};
use crate::ui::failure::{Failure, Result};

/// Who asks for a private directory, and under which circumstances.
#[derive(Clone, Debug)]
pub struct Caller<'a> {
    /// The uid whose directory it is.
    pub uid: u32,
    /// The account's gid, for the command that helps.
    pub gid: u32,
    /// The effective uid that acts: the same, or root's where it acts for somebody else. Nobody but
    /// the one who acts may be able to change the directories above it, the person least of all.
    pub acting: u32,
    /// The uids that the settings trust with directories above it.
    pub trusted: Vec<u32>,
    /// The top of the checkout that is being built; `None` where the command builds other sources.
    pub checkout: Option<&'a Path>,
    /// The caller's own directories; `None` where root acts for somebody else.
    pub homes: Option<&'a Homes<'a>>,
    /// Whether a sticky shared root may be used in which others can create files.
    pub sticky_root: StickyRoot,
    /// Where the shared root was set, for the error about its path.
    pub root_origin: String,
}

impl Caller<'_> {
    /// Somebody by these numbers, for whom `acting` acts, as the settings have it.
    pub fn of(settings: &Settings, uid: u32, gid: u32, acting: u32) -> Caller<'static> {
        let origin = settings.origin(Key::SharedRoot).map(ToString::to_string);
        Caller {
            uid,
            gid,
            acting,
            trusted: accounts::uids(settings.trusted_owners()),
            checkout: None,
            homes: None,
            sticky_root: settings.sticky_root(),
            root_origin: origin.unwrap_or_else(|| "the settings".into()),
        }
    }
}

/// What the person should know although it went well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A directory that others could read was made private; its former permission bits.
    Tightened(PathBuf, u32),
    /// The new directory's file system executes nothing.
    NoExec(PathBuf),
    /// The first build in a target directory of one's own, because the shared root holds no private
    /// directory; where this builds, and the command that makes one.
    NotProvisioned(PathBuf, String),
    /// The same, because a user namespace hides who owns the shared root; where this builds.
    OwnerHidden(PathBuf),
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

/// A directory that is the caller's alone, mode 0700, below directories that nobody else can change.
#[derive(Debug)]
pub struct PrivateDir<'a> {
    path: PathBuf,
    kind: PlaceKind,
    caller: &'a Caller<'a>,
}

/// Looks at a private directory, the directories above it and the target directory inside it, and changes
/// nothing.
///
/// # Errors
/// A refusal (77) for every flaw of the threat model, and a settings failure (78) for a shared root
/// that is reached through a symlink.
pub fn examine(required: &Required, caller: &Caller<'_>) -> Result<State> {
    let Required { place, target } = required;
    let Walked::Complete(parent) = walk(place, caller)? else { return Ok(State::Missing) };
    if place.kind == PlaceKind::BelowSharedRoot {
        judge_names_in(&place.parent, caller)?;
    }
    let path = place.private_dir();
    let Some(entry) = own_entry(place, &parent, caller)? else { return Ok(State::Missing) };
    if let Some(name) = target {
        target_entry(&path.join(name), caller)?;
    }
    match entry.is_directory_only_for(caller.uid) {
        true => Ok(State::Private),
        false => make::look_through(&path, &entry, caller).map(|()| State::Readable),
    }
}

/// Judges a shared root that is there and every directory above it, and looks for what builds below
/// would read, as far as the caller can look into it.
///
/// # Errors
/// Those of [`examine`].
pub fn examine_root(shared_root: &Path, caller: &Caller<'_>) -> Result<()> {
    walk(&Place::root(shared_root), caller)?;
    let is_let_in = std::fs::metadata(shared_root.join(".")).is_ok();
    if is_let_in { judge_names_in(shared_root, caller) } else { Ok(()) }
}

/// Whether others can put something where a private directory is to be.
pub fn may_be_planted(place: &Place) -> bool {
    files::entry(&place.parent).is_ok_and(|parent| parent.mode & 0o022 != 0)
}

/// Makes sure that a private directory exists and is private.
///
/// # Errors
/// Those of [`examine`], and exit 73 where it is missing and cannot be made; then nothing
/// half made stays behind.
pub fn establish<'a>(
    place: &Place,
    caller: &'a Caller<'a>,
    notes: &mut Vec<Note>,
) -> Result<PrivateDir<'a>> {
    let path = place.private_dir();
    let mut made = PathBuf::new();
    let parent = loop {
        match walk(place, caller)? {
            Walked::Complete(parent) => break parent,
            // It is gone again.
            Walked::Ends(at) if at == made => {
                return Err(unreadable(&at, io::ErrorKind::NotFound.into(), caller));
            }
            Walked::Ends(at) => {
                make::ancestor(&at, caller)?;
                made = at;
            }
        }
    };
    match own_entry(place, &parent, caller)? {
        Some(entry) if entry.is_directory_only_for(caller.uid) => {}
        Some(entry) => {
            make::tighten(&path, &entry, caller)?;
            notes.push(Note::Tightened(path.clone(), entry.mode));
        }
        None => make::private(place, &parent, caller, notes)?,
    }
    Ok(PrivateDir { path, kind: place.kind, caller })
}

impl PrivateDir<'_> {
    /// Opens it, and makes sure that what is open is private: from here on its path does not matter.
    ///
    /// # Errors
    /// A refusal where it was replaced meanwhile.
    pub fn open(&self) -> Result<File> {
        make::open_private(&self.path, self.caller)
    }

    /// Makes sure that a target directory exists in it, with its tag.
    ///
    /// # Errors
    /// A refusal where the name is taken by something that is no directory of the caller's,
    /// exit 73 where it cannot be made.
    pub fn target(&self, name: &str) -> Result<()> {
        let path = self.path.join(name);
        let tag = path.join(tag::NAME);
        match target_entry(&path, self.caller)? {
            Some(_) if files::entry(&tag).is_ok() => Ok(()),
            _ => {
                let root = self.path.parent().filter(|_| self.kind == PlaceKind::BelowSharedRoot);
                root.map_or(Ok(()), |root| judge_names_in(root, self.caller))?;
                make::target(&path, self.caller)
            }
        }
    }

    /// Whether nothing was built in a target directory yet: it holds its tag alone.
    pub fn is_unused(&self, name: &str) -> bool {
        let names = std::fs::read_dir(self.path.join(name));
        names.is_ok_and(|names| names.flatten().all(|entry| entry.file_name() == tag::NAME))
    }
}

/// Opens a private directory that is there already, and changes nothing.
///
/// # Errors
/// Those of [`examine`].
pub fn open_existing(place: &Place, caller: &Caller<'_>) -> Result<Option<File>> {
    let Walked::Complete(parent) = walk(place, caller)? else { return Ok(None) };
    let path = place.private_dir();
    // Another will be tightened before it is used; nothing of ours can be in it.
    let entry = own_entry(place, &parent, caller)?;
    let private = entry.filter(|entry| entry.is_directory_only_for(caller.uid));
    private.map(|_| make::open_private(&path, caller)).transpose()
}

/// Judges the private directory itself, if it is there; `parent` is what it stands in, as it was judged.
fn own_entry(place: &Place, parent: &Entry, caller: &Caller<'_>) -> Result<Option<Entry>> {
    let path = &place.private_dir();
    let entry =
        files::entry_if_any(path).map_err(|error| match shut_out(path, &error, caller) {
            Some(refusal) => refusal,
            None => unreadable(path, error, caller),
        })?;
    let Some(entry) = entry else { return Ok(None) };
    judge_private(&entry, caller.uid).map_err(|flaw| refusal(path, entry.uid, flaw, caller))?;
    // In a directory that others can write to, somebody may have mounted one that only claims to be
    // the caller's.
    let is_planted = parent.mode & 0o022 != 0 && entry.device != parent.device;
    if is_planted && !mount::is_roots(path) {
        return Err(refusal(path, entry.uid, Flaw::ForeignMount, caller));
    }
    Ok(Some(entry))
}

/// The refusal for a caller whom the shared root does not let in, because it is for a group.
fn shut_out(path: &Path, error: &io::Error, caller: &Caller<'_>) -> Option<Failure> {
    let root = path.parent().filter(|_| error.kind() == io::ErrorKind::PermissionDenied)?;
    let entry = files::entry(root).ok()?;
    let flaw = Flaw::MembersOnly(accounts::group_word(entry.group_let_in()?));
    Some(refusal(root, entry.uid, flaw, caller))
}

/// Judges a target directory, if it is there.
fn target_entry(path: &Path, caller: &Caller<'_>) -> Result<Option<Entry>> {
    let entry = files::entry_if_any(path).map_err(|error| unreadable(path, error, caller))?;
    if let Some(entry) = &entry {
        judge_own(entry, caller.uid).map_err(|flaw| refusal(path, entry.uid, flaw, caller))?;
    }
    Ok(entry)
}

/// The refusal of an entry, which that uid owns.
pub(crate) fn refusal(path: &Path, owner: u32, flaw: Flaw, caller: &Caller<'_>) -> Failure {
    let owner = accounts::owner(owner);
    Refusal { path: path.to_owned(), owner, caller: accounts::owner(caller.uid), flaw }.into()
}

fn unreadable(path: &Path, error: io::Error, caller: &Caller<'_>) -> Failure {
    refusal(path, caller.uid, Flaw::Unreadable(error), caller)
}
