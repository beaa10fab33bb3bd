//! `lstat` and `fstat` as an [`Entry`], and small files as text.
//!
//! Owners are asked of the kernel, past libc: fakeroot makes that say that all files are root's.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, OFlags, Stat};

use crate::os::entry::Entry;
use crate::os::entry::Kind;

/// The largest file that [`text`] reads, in bytes.
const MAX_TEXT: u64 = 1 << 20;

/// What stands at a path, without following a symlink there.
///
/// # Errors
/// Any I/O error, [`io::ErrorKind::NotFound`] included.
pub fn entry(path: &Path) -> io::Result<Entry> {
    Ok(from(&rustix::fs::lstat(path)?))
}

/// What an open file or directory is.
///
/// # Errors
/// Any I/O error.
pub fn opened(file: &File) -> io::Result<Entry> {
    Ok(from(&rustix::fs::fstat(file)?))
}

/// What stands at a path, or `None` where nothing does.
///
/// # Errors
/// Any I/O error, for every reason but absence.
pub fn entry_if_any(path: &Path) -> io::Result<Option<Entry>> {
    match entry(path) {
        Ok(entry) => Ok(Some(entry)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether something stands at the path. What cannot be looked at counts: the check will say why.
pub fn is_there(path: &Path) -> bool {
    !matches!(entry_if_any(path), Ok(None))
}

/// Who owns what a path leads to, symlinks followed; `None` where it leads nowhere.
///
/// # Errors
/// Any I/O error, for every reason but absence.
pub fn owner(path: &Path) -> io::Result<Option<u32>> {
    match rustix::fs::stat(path).map_err(io::Error::from) {
        Ok(found) => Ok(Some(found.st_uid)),
        Err(error) if is_absence(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens a file that somebody else may have put there, for reading: a regular file and nothing else.
///
/// Opening a fifo waits, and opening a device (`/dev/ptmx`, a tape, a watchdog) does something. So
/// what is no regular file is not even opened; and as another may take its place at that moment,
/// opening neither waits nor gains a terminal, and what is open is looked at again. Symlinks are
/// followed: what they lead to is for [`super::trust`] to judge.
///
/// # Errors
/// Any I/O error, and [`io::ErrorKind::InvalidInput`] for what is no regular file.
pub fn open_regular(path: &Path) -> io::Result<(File, Entry)> {
    assert_regular(&from(&rustix::fs::stat(path)?))?;
    let file = File::from(rustix::fs::open(path, CAREFULLY, Mode::empty())?);
    let entry = opened(&file)?;
    assert_regular(&entry)?;
    Ok((file, entry))
}

/// Reads a small file that somebody else may have put there.
///
/// # Errors
/// Those of [`open_regular`] and [`text`].
pub fn read_regular(path: &Path) -> io::Result<String> {
    text(&open_regular(path)?.0)
}

/// Opens what [`entry`] has shown to be a regular file, and makes sure that it still is that one.
///
/// # Errors
/// Any I/O error, and that something else has come in its place.
pub fn open_judged(path: &Path, judged: &Entry) -> io::Result<File> {
    let file = rustix::fs::open(path, CAREFULLY | OFlags::NOFOLLOW, Mode::empty())?;
    let file = File::from(file);
    match opened(&file)?.is_same_as(judged) {
        true => Ok(file),
        false => Err(io::Error::other("it was replaced while it was being checked")),
    }
}

/// Neither waiting nor gaining a terminal, whatever is there by now.
const CAREFULLY: OFlags =
    OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

fn assert_regular(entry: &Entry) -> io::Result<()> {
    if entry.kind == Kind::File { Ok(()) } else { Err(not_a_file(entry.kind)) }
}

/// Why something is not read.
pub fn not_a_file(kind: Kind) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("it is a {kind}, not a file"))
}

/// Reads a small file.
///
/// # Errors
/// Any I/O error, and [`io::ErrorKind::InvalidData`] for what is larger than 1 MiB or not UTF-8.
pub fn text(file: &File) -> io::Result<String> {
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut bytes = Vec::with_capacity(1 << 12);
    // Limited, the reader does not ask for the file's size first.
    file.take(MAX_TEXT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_TEXT {
        return Err(invalid("it is larger than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|_| invalid("it is not UTF-8"))
}

/// Reads a small file of the system's, and takes a short read for its end: where that is wrong, less
/// is read. Saves a call on the way to every cargo.
///
/// # Errors
/// Those of [`text`].
pub fn text_of_system(path: &str) -> io::Result<String> {
    let file = File::open(path)?;
    // Not zeroed first, which would cost more than all that is done with the text.
    let mut bytes = Vec::with_capacity(1 << 14);
    if rustix::io::read(&file, rustix::buffer::spare_capacity(&mut bytes))? >= 1 << 14 {
        return text(&File::open(path)?);
    }
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// `path` with the symlinks of its longest existing part resolved.
pub fn without_symlinks(path: &Path) -> PathBuf {
    for existing in path.ancestors() {
        if let Ok(real) = std::fs::canonicalize(existing) {
            let rest = path.strip_prefix(existing).unwrap_or(Path::new(""));
            // Joining an empty rest would leave a slash behind.
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    path.to_owned()
}

/// Whether an error only says that nothing is there.
pub fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What a file type is in our words.
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
fn from(found: &Stat) -> Entry {
    let number = |value: i128| u64::try_from(value).unwrap_or_default();
    let mode = u32::try_from(i64::from(found.st_mode)).unwrap_or_default();
    Entry {
        kind: kind(FileType::from_raw_mode(found.st_mode)),
        uid: found.st_uid,
        gid: found.st_gid,
        mode: mode & 0o7777,
        device: number(found.st_dev.into()),
        inode: number(found.st_ino.into()),
    }
}

/// Permission bits as the system's calls take them, in the width that this system has for them.
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
    use std::os::unix::fs::symlink;

    #[test]
    fn what_has_come_in_the_place_of_what_was_judged_is_not_opened() {
        let directory = tempfile::tempdir().unwrap();
        let [path, other] = ["judged", "other"].map(|name| directory.path().join(name));
        for file in [&path, &other] {
            std::fs::write(file, "").unwrap();
        }
        let judged = entry(&path).unwrap();
        assert!(open_judged(&path, &judged).is_ok());
        std::fs::rename(&path, directory.path().join("aside")).unwrap();
        symlink("aside", &path).unwrap();
        assert!(open_judged(&path, &judged).is_err());
        std::fs::rename(&other, &path).unwrap();
        assert!(open_judged(&path, &judged).is_err());
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
