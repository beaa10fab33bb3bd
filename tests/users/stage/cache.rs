//! An old cache as cargo leaves it, small, and a way to tell that nothing of it was lost or mixed.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};

use super::Person;
use super::{all_of, make, try_below};

/// Path and mode of the directories, and path, mode and content of the files.
const DIRECTORIES: [(&str, u32); 5] = [
    ("", 0o2775),
    ("debug", 0o2775),
    ("debug/deps", 0o2775),
    ("debug/incremental", 0o2775),
    ("release", 0o2775),
];
const FILES: [(&str, u32, &str); 7] = [
    (".rustc_info.json", 0o664, "{}"),
    ("debug/.cargo-lock", 0o664, ""),
    ("debug/deps/app", 0o775, "a program"),
    ("debug/deps/libdep.rlib", 0o664, "a library"),
    // rustc leaves these to their owner alone.
    ("debug/incremental/s-1.lock", 0o600, ""),
    ("release/.cargo-lock", 0o664, ""),
    ("release/odd\nname\x1b[31m", 0o664, "a name that a terminal would obey"),
];

/// Makes a cache that these people have built in by turns, at umask 002.
pub(crate) fn build(path: &Path, people: &[&Person<'_>]) {
    let mut next = people.iter().cycle();
    let mut owner = || next.next().map(|person| person.uid()).expect("nobody has built it");
    for (directory, mode) in DIRECTORIES {
        let uid = owner();
        make::directory(&path.join(directory), uid, uid, mode);
    }
    for (file, mode, content) in FILES {
        make::file(&path.join(file), content, owner(), mode);
    }
    fs::hard_link(path.join("debug/deps/app"), path.join("debug/app")).unwrap();
    make::link(&path.join("debug/latest"), Path::new("deps/app"), owner());
    make::link(&path.join("release/nowhere"), Path::new("../debug/nothing"), owner());
    sparse(&path.join("debug/deps/sparse"), owner());
    for (number, (file, ..)) in FILES.iter().enumerate() {
        let number = i64::try_from(number).unwrap();
        let time = Timespec { tv_sec: 1_600_000_000 + number, tv_nsec: 123_456_789 - number };
        let times = Timestamps { last_access: time, last_modification: time };
        utimensat(CWD, path.join(file), &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    }
}

/// A file that begins and ends with a hole.
fn sparse(path: &Path, uid: u32) {
    use std::os::unix::fs::FileExt;
    let file = fs::File::create(path).unwrap();
    file.write_all_at(b"in the middle", 1 << 20).unwrap();
    file.set_len(2 << 20).unwrap();
    make::own(path, uid, uid, 0o664);
}

/// What a cache is, but for owners and modes: by path, the kind with the time of change in nanoseconds,
/// and the content. A file's other names are told by the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content(BTreeMap<PathBuf, (String, Vec<u8>)>);

/// What a move may add or make anew: the tag, and cargo's locks.
const PASSED_OVER: [&str; 4] =
    ["CACHEDIR.TAG", ".cargo-lock", ".cargo-build-lock", ".cargo-artifact-lock"];

/// Reads a cache; what a move may add or make anew is passed over.
#[track_caller]
pub(crate) fn content(path: &Path) -> Content {
    try_content(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The same where there may be none.
pub(crate) fn try_content(top: &Path) -> io::Result<Content> {
    let mut found = BTreeMap::new();
    let mut names = BTreeMap::new();
    for (path, metadata) in try_below(top)? {
        let inside = path.strip_prefix(top).unwrap().to_owned();
        let time = format!("{}.{:09}", metadata.mtime(), metadata.mtime_nsec());
        let first = names
            .entry((metadata.dev(), metadata.ino()))
            .or_insert_with(|| inside.clone())
            .display()
            .to_string();
        if metadata.is_dir() {
            found.insert(inside, ("directory".into(), Vec::new()));
        } else if metadata.is_symlink() {
            let target = fs::read_link(&path)?.into_os_string().into_encoded_bytes();
            found.insert(inside, (format!("symlink {time}"), target));
        } else if path.file_name().is_some_and(|name| !is_passed_over(name)) {
            found.insert(inside, (format!("file {first:?} {time}"), fs::read(&path)?));
        }
    }
    Ok(Content(found))
}

/// A lock that is being made anew has a name of its own until it is done.
fn is_passed_over(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    PASSED_OVER.contains(&name.strip_suffix(".new").unwrap_or(&name))
}

/// Demands that all of a tree belongs to one person and nobody else can write to any of it.
pub(crate) fn is_all(top: &Path, uid: u32) {
    for (path, metadata) in all_of(top) {
        let shown = path.display();
        assert!(metadata.uid() == uid, "`{shown}` belongs to {}", metadata.uid());
        let is_open = !metadata.is_symlink() && metadata.mode() & 0o7022 != 0;
        let is_loose = metadata.is_dir() && metadata.mode() & 0o777 != 0o700;
        assert!(!is_open && !is_loose, "`{shown}` has mode {:04o}", metadata.mode() & 0o7777);
    }
}

/// The names in a directory, sorted.
pub(crate) fn names(path: &Path) -> Vec<String> {
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let names = fs::read_dir(path).unwrap().map(name);
    let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
