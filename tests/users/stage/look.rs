//! What stands in the file system, seen without following anything.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::lgetxattr;
use rustix::io::Errno;

use super::do_as_root;

/// The first line of a valid `CACHEDIR.TAG`.
pub(super) const SIGNATURE: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";

/// An entry of the file system, as `lstat` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    /// What it is, in a word.
    pub(crate) kind: &'static str,
    /// Its owner.
    pub(crate) uid: u32,
    /// Its permission bits, set-id and sticky bits included.
    pub(crate) mode: u32,
    /// Device and inode.
    pub(crate) identity: (u64, u64),
    /// Where it leads, if it is a symlink.
    pub(crate) leads_to: Option<PathBuf>,
}

/// Looks at an entry; `None` if there is none.
pub(crate) fn look(path: &Path) -> Option<Sight> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => panic!("{}: {error}", path.display()),
    };
    Some(Sight {
        kind: kind(&metadata),
        uid: metadata.uid(),
        mode: metadata.mode() & 0o7777,
        identity: (metadata.dev(), metadata.ino()),
        leads_to: fs::read_link(path).ok(),
    })
}

fn kind(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    match () {
        () if kind.is_dir() => "directory",
        () if kind.is_symlink() => "symlink",
        () if kind.is_fifo() => "fifo",
        () if kind.is_socket() => "socket",
        () => "file",
    }
}

/// Demands a real directory of that owner's with exactly the owner's bits and no ACL.
pub(crate) fn private(path: &Path, uid: u32) {
    let shown = path.display();
    let sight = look(path).unwrap_or_else(|| panic!("`{shown}` does not exist"));
    assert!(sight.kind == "directory", "`{shown}` is a {}", sight.kind);
    assert!(sight.uid == uid, "`{shown}` is owned by {}, not {uid}", sight.uid);
    assert!(sight.mode & 0o777 == 0o700, "`{shown}` has mode {:04o}", sight.mode);
    let acls = acls(path);
    assert!(acls.is_empty(), "`{shown}` has ACLs: {acls:?}");
}

/// Demands a valid cache directory tag, which others' backups and cargo's own `clean` go by.
pub(crate) fn tagged(directory: &Path) {
    let tag = directory.join("CACHEDIR.TAG");
    let text =
        fs::read_to_string(&tag).unwrap_or_else(|error| panic!("{}: {error}", tag.display()));
    assert!(text.starts_with(SIGNATURE), "`{}` is not valid: {text:?}", tag.display());
}

/// One of a directory's two access control lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acl {
    /// The one that rules access.
    Access,
    /// The one that new entries inherit.
    Default,
}

impl Acl {
    fn attribute(self) -> &'static str {
        match self {
            Acl::Access => "system.posix_acl_access",
            Acl::Default => "system.posix_acl_default",
        }
    }

    /// Lets an account in, and nobody else but the owner.
    #[track_caller]
    pub(crate) fn grant(self, path: &Path, uid: u32, bits: u16) {
        let default = (self == Acl::Default).then_some("--default".as_ref());
        let entries = format!("--set=u::7,u:{uid}:{bits},g::0,m::{bits},o::0");
        do_as_root("setfacl", default.into_iter().chain([entries.as_ref(), path.as_os_str()]));
    }
}

/// The access control lists that an entry has.
pub(crate) fn acls(path: &Path) -> Vec<Acl> {
    let mut found = Vec::new();
    for acl in [Acl::Access, Acl::Default] {
        let mut value = [0_u8; 256];
        match lgetxattr(path, acl.attribute(), &mut value) {
            Ok(_) => found.push(acl),
            Err(Errno::NODATA | Errno::OPNOTSUPP) => {}
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }
    found
}

/// A place and everything below it, seen without following anything.
pub(crate) fn all_of(top: &Path) -> Vec<(PathBuf, Metadata)> {
    let metadata = top.symlink_metadata().unwrap();
    let below = if metadata.is_dir() { below(top) } else { Vec::new() };
    [vec![(top.to_owned(), metadata)], below].concat()
}

/// In order, seen without following anything.
#[track_caller]
pub(crate) fn below(directory: &Path) -> Vec<(PathBuf, Metadata)> {
    try_below(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()))
}

/// The same where it may change meanwhile, or not be there.
pub(crate) fn try_below(directory: &Path) -> io::Result<Vec<(PathBuf, Metadata)>> {
    let mut found = Vec::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(directory) = pending.pop() {
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let metadata = path.symlink_metadata()?;
            if metadata.is_dir() {
                pending.push(path.clone());
            }
            found.push((path, metadata));
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(found)
}
