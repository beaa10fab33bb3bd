//! Applies the rules of [`super::judge`] to a tree, on the rights of whoever moves it.
//!
//! Root gives nobody content that they could not read before: somebody may have moved it there for that,
//! since moving takes no right to read. The kernel decides, for a thread that acts as the new owner.

use std::ffi::CString;
use std::fs::File;

use rustix::fs::{Mode, OFlags, openat};
use rustix::io::Errno;

use super::judge::{self, Objection};
use crate::os::accounts;
use crate::os::entry::Kind;
use crate::os::facts::facts_of;
use crate::os::node::Inventory;
use crate::os::rights::{Credentials, Rights};
use crate::os::tree::{FILE, NAMED, Tree};
use crate::private_dir::provision::Person;
use crate::ui::escape::escaped;
use crate::ui::failure::Failure;
use crate::ui::look::Look;

/// Refuses what must not change hands.
pub(super) fn check(tree: &Tree, inventory: &Inventory, person: Person) -> Result<(), Failure> {
    let secret = || -> Result<_, Failure> {
        if !accounts::is_root() || person.uid == 0 {
            return Ok(None);
        }
        let found =
            std::thread::scope(|scope| scope.spawn(|| secret(tree, inventory, person)).join());
        let found = found.unwrap_or(Err(Errno::CANCELED));
        let found = found.map_err(|cause| tree.failed("check", &[], cause.into()))?;
        Ok(found.map(|index| (index, Objection::Secret)))
    };
    match judge::refused(inventory).map_or_else(secret, |refused| Ok(Some(refused)))? {
        Some((index, objection)) => Err(hostile(tree, inventory, index, objection)),
        None => Ok(()),
    }
}

/// The first file that the new owner cannot read, or not reach. Their own files are theirs, and empty
/// ones, as rustc's locks are, have no content. That nobody else can write to a directory now does not
/// tell who could when a file came there. To be called in a thread of its own.
fn secret(tree: &Tree, inventory: &Inventory, person: Person) -> Result<Option<usize>, Errno> {
    let mut rights = Rights::default();
    let account = Credentials::of(person.uid, person.gid);
    rights
        .become_account(&account)
        .map_err(|cause| Errno::from_io_error(&cause).unwrap_or(Errno::PERM))?;
    // What a directory holds stands together in an inventory, so that the last one is kept open.
    let mut last: Option<(usize, File)> = None;
    for (index, node) in inventory.nodes.iter().enumerate() {
        let Some(parent) = node.parent else { continue };
        if node.kind != Kind::File || node.size == 0 || node.uid == person.uid {
            continue;
        }
        let mut read = || -> Result<File, Errno> {
            let directory = match last.take().filter(|(at, _)| *at == parent) {
                Some((_, directory)) => directory,
                None => enter(tree, &inventory.path(parent))?,
            };
            let file = openat(&directory, &*node.name, OFlags::RDONLY | FILE, Mode::empty());
            last = Some((parent, directory));
            Ok(file?.into())
        };
        match read().map(|file| facts_of(&file).is_ok_and(|it| it.identity == node.identity)) {
            Ok(true) => {}
            Ok(false) => return Err(Errno::STALE),
            Err(Errno::ACCESS) => return Ok(Some(index)),
            Err(cause) => return Err(cause),
        }
    }
    Ok(None)
}

/// Opens a directory from the top down. To go through one takes no right to read it.
fn enter(tree: &Tree, names: &[CString]) -> Result<File, Errno> {
    let flags = NAMED | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at: File = openat(&tree.top, ".", flags, Mode::empty())?.into();
    for name in names {
        at = openat(&at, &**name, flags, Mode::empty())?.into();
    }
    Ok(at)
}

/// The same for what is renamed: root renames nothing that has a name elsewhere.
pub(super) fn check_renamed(
    tree: &Tree,
    inventory: &Inventory,
    person: Person,
) -> Result<(), Failure> {
    check(tree, inventory, person)?;
    match judge::linked_elsewhere(inventory) {
        Some((index, objection)) if accounts::is_root() => {
            Err(hostile(tree, inventory, index, objection))
        }
        _ => Ok(()),
    }
}

/// The refusal (exit 77). Its command only looks: whoever can write to the tree could exchange what a
/// command changes between the reading and the pasting.
fn hostile(tree: &Tree, inventory: &Inventory, index: usize, objection: Objection) -> Failure {
    let owner = accounts::owner(inventory.nodes.get(index).map_or(0, |node| node.uid));
    let path = tree.at(&inventory.path(index));
    let useless = |why: &str| format!("{why}; if it is of no use, remove it as {owner}");
    let (why, help) = match objection {
        Objection::Special(kind) => {
            (format!("it is a {kind}"), useless("cargo makes no such entry"))
        }
        Objection::LeadsOut => {
            let why = "the symlink may lead out of what is moved, and a build would write there";
            (why.into(), useless("cargo makes no such entry"))
        }
        Objection::LinkedElsewhere => (
            "it has another name outside of what is moved".into(),
            useless("it may be somebody else's file"),
        ),
        Objection::Mount => {
            ("a file system is mounted there".into(), "unmount it if nobody needs it there".into())
        }
        Objection::Above(holds) => (
            format!("it holds `{holds}`, so it is more than a target directory"),
            "name the target directory itself, as in `…/target`".into(),
        ),
        Objection::Secret => {
            // An account that is gone can do nothing any more.
            let who = owner.name.as_ref().map_or("root".into(), |_| owner.to_string());
            let why = "its new owner cannot read it now, and the move would let them";
            (why.into(), format!("{who} can let them read it, or take it out"))
        }
    };
    let text = format!("refusing to move `{}` of {owner}: {why}", escaped(&path));
    Failure::new(text).help(Look::Ancestors.at(&path, &help)).exit(77)
}
