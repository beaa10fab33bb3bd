//! The content of one file: shared where the file system can, else copied without its holes filled.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rustix::io::Errno;

use crate::core::relocation::tree::Node;
use crate::sys::interrupt;

/// How much is copied between two looks at whether somebody asks to stop, in bytes.
const PORTION: u64 = 32 << 20;
/// The buffer of a copy through memory, in bytes.
const BUFFER: usize = 256 << 10;

/// How the contents of a copy came to where they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// The file system keeps them once, for the original and the copy.
    Shared,
    /// Some or all of them byte by byte.
    Copied,
}

/// What two file systems turned out to be able to do; asked once, not for every file.
#[derive(Debug)]
pub(super) struct Abilities {
    shares: AtomicBool,
    copies: AtomicBool,
}

impl Abilities {
    pub(super) fn unknown() -> Abilities {
        Abilities { shares: AtomicBool::new(true), copies: AtomicBool::new(true) }
    }

    /// How the contents came to where they are.
    pub(super) fn contents(&self) -> Contents {
        if self.shares.load(Ordering::Relaxed) { Contents::Shared } else { Contents::Copied }
    }

    /// Copies a file's content, as long and with the holes that were `seen`. `copied` counts the bytes.
    ///
    /// # Errors
    /// The system's; [`io::ErrorKind::UnexpectedEof`] where the file has become shorter,
    /// [`io::ErrorKind::Interrupted`] after Ctrl-C.
    pub(super) fn copy(
        &self,
        from: &File,
        to: &File,
        seen: &Node,
        copied: &AtomicU64,
    ) -> io::Result<()> {
        let (size, is_sparse) = (seen.size, seen.is_sparse());
        if self.shares.load(Ordering::Relaxed) {
            match share(from, to) {
                Ok(()) => {
                    copied.fetch_add(size, Ordering::Relaxed);
                    return Ok(());
                }
                Err(error) if is_inability(error) => self.shares.store(false, Ordering::Relaxed),
                Err(error) => return Err(error.into()),
            }
        }
        let mut at = 0;
        while at < size {
            let (start, end) = if is_sparse { extent(from, at, size)? } else { (at, size) };
            copied.fetch_add(start - at, Ordering::Relaxed);
            self.copy_extent(from, to, start, end, copied)?;
            at = end;
        }
        if is_sparse {
            // A hole at the end is part of the length, but nothing is written there.
            to.set_len(size)?;
        }
        Ok(())
    }

    fn copy_extent(
        &self,
        from: &File,
        to: &File,
        start: u64,
        end: u64,
        copied: &AtomicU64,
    ) -> io::Result<()> {
        let mut at = start;
        while at < end {
            if interrupt::is_requested() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let portion = PORTION.min(end - at);
            let done = if self.copies.load(Ordering::Relaxed) {
                match in_kernel(from, to, at, portion) {
                    Err(error) if is_inability(error) => {
                        self.copies.store(false, Ordering::Relaxed);
                        continue;
                    }
                    done => done?,
                }
            } else {
                through_memory(from, to, at, portion)?
            };
            if done == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            copied.fetch_add(done, Ordering::Relaxed);
            at += done;
        }
        Ok(())
    }
}

/// Whether two files have the same content; the first is as long and has the holes that were `seen`.
/// `compared` counts the bytes.
///
/// # Errors
/// The system's; [`io::ErrorKind::UnexpectedEof`] where one has become shorter,
/// [`io::ErrorKind::Interrupted`] after Ctrl-C.
pub(super) fn is_alike(
    one: &File,
    other: &File,
    seen: &Node,
    compared: &AtomicU64,
) -> io::Result<bool> {
    let (size, is_sparse) = (seen.size, seen.is_sparse());
    let length = BUFFER.min(usize::try_from(size).unwrap_or(BUFFER));
    let (mut left, mut right) = (vec![0; length], vec![0; length]);
    let mut at = 0;
    while at < size {
        if interrupt::is_requested() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let from = at;
        if is_sparse {
            // Where both have a hole there is nothing to compare.
            at = extent(one, at, size)?.0.min(extent(other, at, size)?.0);
        }
        let portion = length.min(usize::try_from(size - at).unwrap_or(length));
        left.truncate(portion);
        right.truncate(portion);
        one.read_exact_at(&mut left, at)?;
        other.read_exact_at(&mut right, at)?;
        if left != right {
            return Ok(false);
        }
        at += portion as u64;
        compared.fetch_add(at - from, Ordering::Relaxed);
    }
    Ok(true)
}

/// Whether an error says that this pair of file systems cannot do it at all.
fn is_inability(error: Errno) -> bool {
    [Errno::OPNOTSUPP, Errno::NOSYS, Errno::XDEV, Errno::INVAL, Errno::NOTTY, Errno::PERM]
        .contains(&error)
}

#[cfg(target_os = "linux")]
fn share(from: &File, to: &File) -> Result<(), Errno> {
    rustix::fs::ioctl_ficlone(to, from)
}

#[cfg(target_os = "linux")]
fn in_kernel(from: &File, to: &File, at: u64, length: u64) -> Result<u64, Errno> {
    let (mut read, mut written) = (at, at);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let done = rustix::fs::copy_file_range(from, Some(&mut read), to, Some(&mut written), length)?;
    Ok(done as u64)
}

/// Where data begins and ends at or after `at`.
#[cfg(target_os = "linux")]
fn extent(file: &File, at: u64, size: u64) -> io::Result<(u64, u64)> {
    use rustix::fs::{SeekFrom, seek};
    let start = match seek(file, SeekFrom::Data(at)) {
        Err(Errno::NXIO) => return Ok((size, size)),
        Err(error) if is_inability(error) => return Ok((at, size)),
        start => start?,
    };
    let end = seek(file, SeekFrom::Hole(start))?;
    Ok((start.min(size), end.min(size)))
}

#[cfg(not(target_os = "linux"))]
fn share(_: &File, _: &File) -> Result<(), Errno> {
    Err(Errno::NOTSUP)
}

#[cfg(not(target_os = "linux"))]
fn in_kernel(_: &File, _: &File, _: u64, _: u64) -> Result<u64, Errno> {
    Err(Errno::NOSYS)
}

#[cfg(not(target_os = "linux"))]
fn extent(_: &File, at: u64, size: u64) -> io::Result<(u64, u64)> {
    Ok((at, size))
}

fn through_memory(mut from: &File, mut to: &File, at: u64, length: u64) -> io::Result<u64> {
    from.seek(SeekFrom::Start(at))?;
    to.seek(SeekFrom::Start(at))?;
    let mut buffer = vec![0; BUFFER.min(usize::try_from(length).unwrap_or(BUFFER))];
    let read = from.read(&mut buffer)?;
    to.write_all(buffer.get(..read).unwrap_or_default())?;
    Ok(read as u64)
}
