//! Which private directories exist, and whose they are: in the shared root, and in the caller's own
//! cache directory.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::os::entry::Kind;
use crate::os::homes::Homes;
use crate::os::rights::Credentials;
use crate::os::{accounts, files};
use crate::private_dir::place::{OWN_NAME, Place, PlaceKind};
use crate::private_dir::{self, Caller};
use crate::settings::Settings;
use crate::shim::gather::is_own_cache;
use crate::ui::failure::Result;
use crate::workspace::record;

/// A private directory and its owner.
#[derive(Clone, Debug)]
pub(crate) struct Resident {
    /// The directory's name. For a known account it is the account's name.
    pub(crate) name: String,
    /// The owner.
    pub(crate) account: Credentials,
    /// What is known about the owner.
    pub(crate) standing: Standing,
    /// Where it is.
    pub(crate) path: PathBuf,
    kind: PlaceKind,
}

/// What the account database says about a private directory's owner and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The directory has the name that the owner's directory should have.
    Known,
    /// There is neither an account with this uid nor one with this name.
    Departed,
    /// Name and owner do not belong together: a known name with another uid, or a known owner with a
    /// directory of another name.
    Mismatched,
}

impl Standing {
    /// Its name, for display and in JSON.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Standing::Known => "known",
            Standing::Departed => "departed",
            Standing::Mismatched => "mismatched",
        }
    }
}

/// Everybody's private directories, and the names of those whose content the caller cannot see.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// The directories that the caller may enter.
    pub(crate) visible: Vec<Arc<Resident>>,
    /// The names of others' private directories.
    pub(crate) hidden: Vec<String>,
}

impl People {
    /// Root sees everybody's directories. Other callers see their own.
    pub(crate) fn of(settings: &Settings, homes: &Homes<'_>, uid: u32, gid: u32) -> People {
        let mut people = People::default();
        let own = homes.cache().map(|cache| cache.join(OWN_NAME));
        let (own, root) = (own.as_deref(), settings.shared_root());
        // A root that belongs to one user alone has no people in it. The machine's belongs to root.
        let is_own_cache =
            root.is_some_and(|root| own == Some(root) || (uid != 0 && is_own_cache(root, uid)));
        let own_caches: BTreeSet<_> =
            root.filter(|_| is_own_cache).into_iter().chain(own).collect();
        for path in own_caches {
            people.add_own_cache(path, &Credentials::of(uid, gid));
        }
        let everybody = root.filter(|_| !is_own_cache);
        for person in everybody.into_iter().flat_map(|root| in_root(root, settings)) {
            match person.account.uid == uid || uid == 0 {
                true => people.visible.push(Arc::new(person)),
                false => people.hidden.push(person.name),
            }
        }
        people.visible.sort_by(|a, b| a.path.cmp(&b.path));
        people.hidden.sort();
        people
    }

    /// Adds what somebody has in their own cache directory: a private directory, and another one in it
    /// with their name, if the cache directory is or was their own shared root.
    fn add_own_cache(&mut self, path: &Path, owner: &Credentials) {
        let is_own = |path: &Path| {
            files::entry(path).is_ok_and(|it| it.kind == Kind::Directory && it.uid == owner.uid)
        };
        if !is_own(path) {
            return;
        }
        let name = accounts::account(owner.uid, &[]).directory_name();
        let below = path.join(&name);
        let has_below = is_own(&below);
        // If nobody built in a directory before it became a shared root, it has nothing of its own.
        let has_records = || files::is_there(&path.join(record::DIRECTORY));
        let is_used = !has_below || has_records();
        for (is_there, path, kind) in [
            (has_below, below.as_path(), PlaceKind::BelowSharedRoot),
            (is_used, path, PlaceKind::InOwnCache),
        ] {
            let (name, account, path) = (name.clone(), owner.clone(), path.to_owned());
            let person = Resident { name, account, standing: Standing::Known, path, kind };
            self.visible.extend(is_there.then(|| Arc::new(person)));
        }
    }

    /// Whether a private directory is in its owner's cache directory, and the owner also has one in a
    /// shared root.
    pub(crate) fn is_second(&self, person: &Resident) -> bool {
        let is_in_root = |other: &Arc<Resident>| {
            other.kind == PlaceKind::BelowSharedRoot && other.account.uid == person.account.uid
        };
        person.kind == PlaceKind::InOwnCache && self.visible.iter().any(is_in_root)
    }
}

fn in_root(root: &Path, settings: &Settings) -> Vec<Resident> {
    let mut people = Vec::new();
    for entry in std::fs::read_dir(root).into_iter().flatten().flatten() {
        // This tool gives no directory a name that is not UTF-8.
        let Ok(name) = entry.file_name().into_string() else { continue };
        let Ok(found) = files::entry(&entry.path()) else { continue };
        if found.kind == Kind::Directory && !name.starts_with('.') && name != "lost+found" {
            people.push(Resident {
                standing: standing(&name, found.uid, settings),
                account: Credentials::of(found.uid, found.gid),
                path: entry.path(),
                kind: PlaceKind::BelowSharedRoot,
                name,
            });
        }
    }
    people
}

fn standing(name: &str, uid: u32, settings: &Settings) -> Standing {
    let owner = settings.account(uid);
    let has_name = accounts::find(OsStr::new(name)).is_some();
    let is_called = |name: &str| name == owner.directory_name();
    match owner.name {
        Some(_) if is_called(name) => Standing::Known,
        None if !has_name => Standing::Departed,
        _ => Standing::Mismatched,
    }
}

impl Resident {
    /// Somebody with a private directory in a shared root.
    #[cfg(test)]
    pub(crate) fn new(
        name: &str,
        account: Credentials,
        standing: Standing,
        path: PathBuf,
    ) -> Resident {
        let kind = PlaceKind::BelowSharedRoot;
        Resident { name: name.into(), account, standing, path, kind }
    }

    /// The private directory, in the form that is checked.
    pub(crate) fn place(&self) -> Option<Place> {
        let parent = self.path.parent()?.to_owned();
        let name = self.path.file_name()?.to_str()?.to_owned();
        Some(Place { parent, name, kind: self.kind })
    }

    /// Checks and opens it with this process's own credentials. Returns `None` if others can look into
    /// it, which the next build ends.
    ///
    /// # Errors
    /// Refusals.
    pub(crate) fn open(
        &self,
        settings: &Settings,
        homes: &Homes<'_>,
    ) -> Result<Option<std::fs::File>> {
        let &Credentials { uid, gid, .. } = &self.account;
        let acting = accounts::own_uid();
        let caller = Caller {
            homes: (acting == uid).then_some(homes),
            ..Caller::of(settings, uid, gid, acting)
        };
        let Some(place) = self.place() else { return Ok(None) };
        private_dir::open_existing(&place, &caller)
    }
}

/// Why nobody can be considered departed, if there is a reason: an account database that does not answer
/// knows no account.
pub(crate) fn doubts_departed(people: &[Arc<Resident>]) -> Option<&'static str> {
    let is_departed = |person: &&Arc<Resident>| person.standing == Standing::Departed;
    let (departed, others): (Vec<_>, Vec<_>) = people.iter().partition(is_departed);
    if departed.is_empty() {
        return None;
    }
    let owners = |people: &[&Arc<Resident>]| {
        people.iter().map(|person| person.account.uid).collect::<BTreeSet<_>>().len()
    };
    if owners(&departed) > owners(&others) {
        return Some("more than half of the owners have no account");
    }
    // Accounts in /etc/passwd are known whether or not the directory service answers.
    let is_local = |person: &&Arc<Resident>| accounts::is_local(person.account.uid);
    let is_silent = accounts::has_directory_service() && others.iter().all(is_local);
    is_silent.then_some("no account of the directory service is known")
}
