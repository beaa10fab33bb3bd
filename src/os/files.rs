//! `lstat` and `fstat` as an [`Entry`], and small text files.
//!
//! Owners are read with raw system calls, past libc: under fakeroot, libc says that root owns every
//! file.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, Stat};

use crate::os::entry::{Entry, Kind};

/// The largest file that [`text`] reads, in bytes.
const MAX_TEXT: u64 = 1 << 20;

/// Metadata of a path, without following a symlink at its end.
///
/// # Errors
/// Any I/O error, including [`io::ErrorKind::NotFound`].
pub fn entry(path: &Path) -> io::Result<Entry> {
    Ok(from(&rustix::fs::lstat(path)?))
}

/// Metadata of what a path points to, symlinks followed.
///
/// # Errors
/// Any I/O error, including [`io::ErrorKind::NotFound`].
pub fn followed(path: &Path) -> io::Result<Entry> {
    Ok(from(&rustix::fs::stat(path)?))
}

/// Metadata of an open file or directory.
///
/// # Errors
/// Any I/O error.
pub fn opened(file: &File) -> io::Result<Entry> {
    Ok(from(&rustix::fs::fstat(file)?))
}

/// Metadata of a path, or `None` if it does not exist.
///
/// # Errors
/// Any I/O error except absence.
pub fn entry_if_any(path: &Path) -> io::Result<Option<Entry>> {
    if_any(entry(path))
}

/// Whether the path exists. True if it cannot be examined: the check will say why.
pub fn is_there(path: &Path) -> bool {
    !matches!(entry_if_any(path), Ok(None))
}

/// The owner of what a path points to, symlinks followed; `None` if it does not exist.
///
/// # Errors
/// Any I/O error except absence.
pub fn owner(path: &Path) -> io::Result<Option<u32>> {
    if_any(followed(path).map(|entry| entry.uid))
}

/// Opens a file that another user may have put there, for reading. Accepts only a regular file.
///
/// Opening a fifo blocks, and opening a device (`/dev/ptmx`, a tape, a watchdog) has side effects. So
/// the type is checked before opening. As another file may replace it at that moment, opening neither
/// blocks nor acquires a controlling terminal, and the open file is checked again. Symlinks are
/// followed: [`super::trust`] judges what they point to.
///
/// # Errors
/// Any I/O error, and [`io::ErrorKind::InvalidInput`] if it is not a regular file.
pub fn open_regular(path: &Path) -> io::Result<(File, Entry)> {
    assert_regular(&followed(path)?)?;
    let file = File::from(rustix::fs::open(path, CAREFULLY, Mode::empty())?);
    let entry = opened(&file)?;
    assert_regular(&entry)?;
    Ok((file, entry))
}

/// Reads a small file that another user may have put there.
///
/// # Errors
/// The same as [`open_regular`] and [`text`].
pub fn read_regular(path: &Path) -> io::Result<String> {
    text(&open_regular(path)?.0)
}

/// Opens an entry that [`entry`] has examined, and makes sure that it is still the same one.
///
/// # Errors
/// Any I/O error, and a failure if another file has replaced it.
pub fn open_judged(path: &Path, judged: &Entry, access: OFlags) -> io::Result<File> {
    let flags = access | CAREFULLY | OFlags::NOFOLLOW;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    match opened(&file)?.identity == judged.identity {
        true => Ok(file),
        false => Err(io::Error::other("it was replaced while it was being checked")),
    }
}

/// Does not block or acquire a controlling terminal, whatever the file is by now.
pub(super) const CAREFULLY: OFlags = OFlags::NONBLOCK.union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

fn assert_regular(entry: &Entry) -> io::Result<()> {
    if entry.kind == Kind::File { Ok(()) } else { Err(not_a_file(entry.kind)) }
}

/// The error for a file that is not read because of its type.
pub fn not_a_file(kind: Kind) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("it is a {kind}, not a file"))
}

/// Reads a small file.
///
/// # Errors
/// Any I/O error, and [`io::ErrorKind::InvalidData`] for a file that is larger than 1 MiB or not UTF-8.
pub fn text(file: &File) -> io::Result<String> {
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut bytes = Vec::with_capacity(1 << 12);
    // With a limit, the reader does not ask for the file's size first.
    file.take(MAX_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_TEXT {
        return Err(invalid("it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8"))
}

/// Reads a small system file, and takes a short read for the end of the file: if that is wrong, the
/// rest is missing. Saves one system call in every cargo command.
///
/// # Errors
/// The same as [`text`].
pub fn text_of_system(path: &str) -> io::Result<String> {
    let file = File::open(path)?;
    // Zeroing it first would cost more than everything that is done with the text.
    let mut bytes = Vec::with_capacity(1 << 14);
    if rustix::io::read(&file, rustix::buffer::spare_capacity(&mut bytes))? >= 1 << 14 {
        return text(&File::open(path)?);
    }
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// The entries of a directory, sorted by name; none if it cannot be read.
pub fn sorted_entries(directory: &Path) -> Vec<PathBuf> {
    let entries = directory.read_dir().into_iter().flatten().flatten();
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    entries
}

/// `path` with the symlinks of its longest existing part resolved.
pub fn without_symlinks(path: &Path) -> PathBuf {
    for existing in path.ancestors() {
        if let Ok(real) = std::fs::canonicalize(existing) {
            let rest = path.strip_prefix(existing).unwrap_or(Path::new(""));
            // Joining an empty path would append a slash.
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    path.to_owned()
}

/// A result about a path, or `None` if the path does not exist.
///
/// # Errors
/// The error, unless it is absence.
pub fn if_any<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Err(error) if is_absence(&error) => Ok(None),
        result => result.map(Some),
    }
}

/// Whether an error only means that the path does not exist.
pub fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// The [`Kind`] for a file type.
pub fn kind(file_type: FileType) -> Kind {
    match file_type {
        FileType::Directory => Kind::Directory,
        FileType::Symlink => Kind::Symlink,
        FileType::RegularFile => Kind::File,
        FileType::Fifo => Kind::Fifo,
        FileType::Socket => Kind::Socket,
        _ => Kind::Device,
    }
}

/// The fields have other widths on other systems.
pub(super) fn from(found: &Stat) -> Entry {
    let number = |value: i128| u64::try_from(value).unwrap_or_default();
    let mode = u32::try_from(i64::from(found.st_mode)).unwrap_or_default();
    let time =
        |seconds, nanoseconds: i128| (seconds, u32::try_from(nanoseconds).unwrap_or_default());
    Entry {
        kind: kind(FileType::from_raw_mode(found.st_mode)),
        uid: found.st_uid,
        gid: found.st_gid,
        mode: mode & 0o7777,
        identity: (number(found.st_dev.into()), number(found.st_ino.into())),
        mount: 0,
        links: number(found.st_nlink.into()),
        size: number(found.st_size.into()),
        occupied: number(found.st_blocks.into()).saturating_mul(512),
        modified: time(found.st_mtime, found.st_mtime_nsec.into()),
        accessed: time(found.st_atime, found.st_atime_nsec.into()),
        changed: time(found.st_ctime, found.st_ctime_nsec.into()),
    }
}

/// Permission bits in the width that the system calls take.
pub fn mode(bits: u32) -> Mode {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let raw = bits;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let raw = rustix::fs::RawMode::try_from(bits & 0o7777).unwrap_or_default();
    Mode::from_raw_mode(raw)
}

#[cfg(test)]
mod tests {
    use super::{entry, open_judged, without_symlinks};
    use rustix::fs::OFlags;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_has_come_in_the_place_of_what_was_judged_is_not_opened() {
        let directory = tempfile::tempdir().unwrap();
        let [path, other] = ["judged", "other"].map(|name| directory.path().join(name));
        for file in [&path, &other] {
            std::fs::write(file, "").unwrap();
        }
        let judged = entry(&path).unwrap();
        assert!(open_judged(&path, &judged, OFlags::RDONLY).is_ok());
        std::fs::rename(&path, directory.path().join("aside")).unwrap();
        symlink("aside", &path).unwrap();
        assert!(open_judged(&path, &judged, OFlags::RDONLY).is_err());
        std::fs::rename(&other, &path).unwrap();
        assert!(open_judged(&path, &judged, OFlags::RDONLY).is_err());
    }

    #[test]
    fn resolves_what_exists_and_keeps_the_rest() {
        let directory = tempfile::tempdir().unwrap();
        let real = directory.path().canonicalize().unwrap().join("real");
        std::fs::create_dir(&real).unwrap();
        let link = directory.path().join("link");
        symlink(&real, &link).unwrap();
        assert_eq!(without_symlinks(&link), real);
        assert_eq!(without_symlinks(&link.join("not/yet")), real.join("not/yet"));
    }
}
