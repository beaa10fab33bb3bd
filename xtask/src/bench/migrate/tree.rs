//! A cache as large as a team's: at least 3 GiB in 30,000 files, of the sizes that cargo's have.

use std::fmt;
use std::fs;
use std::os::unix::fs::{lchown, symlink};
use std::path::Path;

use anyhow::Context;

/// Whom half of the cache belongs to where this runs as root; no such account need exist.
const ANOTHER: u32 = 60_001;

/// Libraries and metadata, by how many and how large, in bytes.
const SIZES: [(usize, usize); 4] =
    [(12_000, 400), (12_000, 12_000), (5_000, 150_000), (1_500, 1_600_000)];

/// How many files a directory has.
const PER_DIRECTORY: usize = 40;

/// What was made.
pub(super) struct Size {
    files: usize,
    bytes: usize,
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gib = self.bytes as f64 / f64::from(1 << 30);
        write!(out, "{gib:.1} GiB in {} files", super::super::grouped(self.files as u64))
    }
}

/// Makes the cache.
pub(super) fn make(top: &Path) -> anyhow::Result<Size> {
    let noise = noise(4 << 20);
    let mut size = Size { files: 0, bytes: 0 };
    for (kind, (count, bytes)) in SIZES.into_iter().enumerate() {
        for number in 0..count {
            let profile = if number % 2 == 0 { "debug" } else { "release" };
            let group = number / PER_DIRECTORY;
            let directory = top.join(profile).join(format!("kind{kind}")).join(format!("{group}"));
            if number % PER_DIRECTORY < 2 {
                fs::create_dir_all(&directory)?;
            }
            // Different content of a similar length, as nothing compresses or repeats well.
            let from = number * 97 % (1 << 20);
            let content = noise.get(from..from + bytes + number % 300).context("too large")?;
            fs::write(directory.join(format!("{number}.rlib")), content)?;
            size.files += 1;
            size.bytes += content.len();
        }
    }
    for profile in ["debug", "release"] {
        fs::write(top.join(profile).join(".cargo-lock"), "")?;
        let first = if profile == "debug" { "0" } else { "1" };
        let library = top.join(profile).join("kind3/0").join(format!("{first}.rlib"));
        fs::hard_link(library, top.join(profile).join("library"))?;
        symlink("library", top.join(profile).join("latest"))?;
        size.files += 1;
    }
    fs::write(top.join(".rustc_info.json"), "{}")?;
    size.files += 1;
    Ok(size)
}

/// Gives every second entry to another account, if this is root's to do.
pub(super) fn mix_owners(top: &Path) -> anyhow::Result<()> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let mut directories = vec![top.to_owned()];
    let mut number = 0;
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                directories.push(entry.path());
            }
            number += 1;
            if number % 2 == 0 {
                lchown(entry.path(), Some(ANOTHER), Some(ANOTHER))?;
            }
        }
    }
    Ok(())
}

/// Bytes that repeat nowhere, the same in every run.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes
}
