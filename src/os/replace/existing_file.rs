//! An existing file, and whether another can replace it without a loss.

use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::process::{getegid, geteuid, getgroups};

use super::attributes::{self, Attribute};
use super::cannot_edit;
use crate::os::accounts;
use crate::os::entry::Entry;
use crate::os::files;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::Failure;
use crate::ui::look::Look;

/// The largest file that is replaced, in bytes: this program, with debugging information.
const MAX_SIZE: u64 = 512 << 20;

/// A file as it was read.
#[derive(Clone, Debug)]
pub(super) struct ExistingFile {
    pub(super) bytes: Vec<u8>,
    pub(super) entry: Entry,
    pub(super) attributes: Vec<Attribute>,
    /// The number of its hard links.
    names: u64,
    /// Whether it is immutable or append-only.
    is_fixed: bool,
}

/// Whether a file is unchanged: its ctime shows every change but one in the same tick of the clock.
impl PartialEq for ExistingFile {
    fn eq(&self, other: &ExistingFile) -> bool {
        let key = |file: &ExistingFile| (file.entry.identity, file.entry.changed);
        key(self) == key(other) && self.bytes == other.bytes
    }
}

impl ExistingFile {
    /// Reads a regular file.
    pub(super) fn read(place: &Path) -> io::Result<ExistingFile> {
        let (file, entry) = files::open_regular(place)?;
        let mut bytes = Vec::new();
        (&file).take(MAX_SIZE + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_SIZE {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it is larger than 512 MiB"));
        }
        Ok(ExistingFile {
            bytes,
            entry,
            attributes: attributes::read(&file)?,
            names: file.metadata()?.nlink(),
            is_fixed: attributes::is_fixed(&file),
        })
    }

    /// Makes sure that the file can be replaced, and that the new one can have the same owner and
    /// group; messages call it `path`.
    pub(super) fn assert_replaceable(&self, path: &Path) -> Result<(), Failure> {
        let (entry, own) = (&self.entry, geteuid());
        if self.is_fixed {
            return Err(cannot_edit(path, "it is immutable")
                .help(Look::Attributes.at(path, "let root remove the attribute")));
        }
        if entry.mode & 0o200 == 0 {
            // Whatever the path points to, the caller owns it, so the command is safe to suggest.
            return Err(
                cannot_edit(path, "it is read-only").help(format!("chmod u+w {}", quoted(path)))
            );
        }
        if self.names > 1 {
            let why =
                format!("it is one of {} hard links, and the others would not change", self.names);
            return Err(cannot_edit(path, &why).help(format!(
                "make the others symlinks; to find them: find ~ -xdev -samefile {}",
                quoted(path)
            )));
        }
        if own.is_root() {
            return Ok(());
        }
        if entry.uid != own.as_raw() {
            let owner = accounts::owner(entry.uid);
            return Err(cannot_edit(path, &format!("it is owned by {owner}"))
                .help(Look::Entry.at(path, "put a file of your own in its place")));
        }
        if !has_group(entry.gid) {
            let group = accounts::group_word(entry.gid);
            let why = format!(
                "you are not in its group {group}, so the changed file would lose that group"
            );
            return Err(
                cannot_edit(path, &why).help(Look::Entry.at(path, "give it to one of your groups"))
            );
        }
        Ok(())
    }
}

/// Whether this process may give files to this group.
fn has_group(gid: u32) -> bool {
    let is_listed = || getgroups().is_ok_and(|groups| groups.iter().any(|it| it.as_raw() == gid));
    getegid().as_raw() == gid || is_listed()
}

/// Makes sure that a file can be created at `place`; messages call it `path`.
///
/// # Errors
/// The existing directory above it is not writable.
pub fn assert_can_create(place: &Path, path: &Path) -> Result<(), Failure> {
    let Some(directory) = place.ancestors().skip(1).find(|directory| directory.exists()) else {
        return Ok(());
    };
    let access = Access::WRITE_OK | Access::EXEC_OK;
    match accessat(CWD, directory, access, AtFlags::EACCESS) {
        Err(_) => {
            let why = format!("its directory `{}` is not writable", escaped(directory));
            Err(cannot_edit(path, &why).help(format!("ls -ld {}", quoted(directory))))
        }
        Ok(()) => Ok(()),
    }
}
