//! Files are replaced as a whole, in place, and only if they are unchanged since they were read.

use super::{Original, beside, create_beside};
use crate::ui::failure::Failure;
use std::fs::{
    Permissions, create_dir, metadata, read_dir, read_to_string, set_permissions, write,
};
use std::os::unix::fs::{PermissionsExt, symlink};

fn names(directory: &std::path::Path) -> Vec<String> {
    let names = read_dir(directory).unwrap().flatten();
    names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

fn assert_says<T: std::fmt::Debug>(result: Result<T, Failure>, words: &str) {
    let failure = result.unwrap_err();
    assert!(failure.text.contains(words), "{failure}");
}

#[test]
fn a_file_keeps_its_mode_and_nothing_is_left_beside_it() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("rc");
    write(&file, "old").unwrap();
    set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let original = Original::read(&file).unwrap();
    assert_eq!((original.text().unwrap(), original.mode()), ("old", Some(0o640)));
    original.replace(b"new", 0o644).unwrap();
    assert_eq!(read_to_string(&file).unwrap(), "new");
    assert_eq!(metadata(&file).unwrap().permissions().mode() & 0o7777, 0o640);
    assert_eq!(names(place.path()), ["rc"]);
}

#[test]
fn a_missing_file_is_made_with_its_directories() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("a/b/rc");
    let original = Original::read(&file).unwrap();
    assert_eq!((original.bytes(), original.text().unwrap()), (None, ""));
    original.replace(b"new", 0o644).unwrap();
    assert_eq!(metadata(&file).unwrap().permissions().mode() & 0o7777, 0o644);
    Original::read(&file).unwrap().remove().unwrap();
    assert!(!file.exists());
}

#[test]
fn a_symlink_stays_and_what_it_leads_to_is_replaced() {
    let place = tempfile::tempdir().unwrap();
    create_dir(place.path().join("dotfiles")).unwrap();
    let real = place.path().join("dotfiles/rc");
    write(&real, "old").unwrap();
    let link = place.path().join("rc");
    symlink("dotfiles/rc", &link).unwrap();
    Original::read(&link).unwrap().replace(b"new", 0o644).unwrap();
    assert!(link.is_symlink());
    assert_eq!(read_to_string(&real).unwrap(), "new");
}

#[test]
fn what_changed_meanwhile_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("rc");
    write(&file, "old").unwrap();
    let original = Original::read(&file).unwrap();
    write(&file, "saved by somebody").unwrap();
    assert_says(original.replace(b"new", 0o644), "was changed meanwhile by another program");
    assert_says(original.remove(), "was changed meanwhile by another program");
    assert_eq!(read_to_string(&file).unwrap(), "saved by somebody");
    assert_eq!(names(place.path()), ["rc"]);
}

#[test]
fn what_cannot_be_edited_is_an_error_and_stays() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("rc");
    write(&file, "old").unwrap();
    set_permissions(&file, Permissions::from_mode(0o444)).unwrap();
    let replaced = Original::read(&file).unwrap().replace(b"new", 0o644);
    assert_says(replaced, "it is read-only");
    assert_eq!(read_to_string(&file).unwrap(), "old");
    assert_says(Original::read(place.path()), ", not a file");
    symlink("nowhere/rc", place.path().join("dangling")).unwrap();
    let dangling = Original::read(&place.path().join("dangling"));
    assert_says(dangling, ", not a file");
    write(place.path().join("binary"), b"\xff").unwrap();
    let binary = Original::read(&place.path().join("binary")).unwrap();
    assert_says(binary.text(), "it is not UTF-8");
}

#[test]
fn what_a_killed_run_has_left_is_taken_over_unless_it_still_runs() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("rc");
    write(&file, "old").unwrap();
    write(beside(&file), "half").unwrap();
    Original::read(&file).unwrap().replace(b"new", 0o644).unwrap();
    // Whatever it leads to, be it in use: nobody looks there.
    let other = tempfile::NamedTempFile::new().unwrap();
    rustix::fs::flock(&other, rustix::fs::FlockOperation::LockExclusive).unwrap();
    symlink(other.path(), beside(&file)).unwrap();
    Original::read(&file).unwrap().replace(b"new", 0o644).unwrap();
    assert_eq!(read_to_string(other.path()).unwrap(), "");
    assert_eq!((read_to_string(&file).unwrap().as_str(), names(place.path()).len()), ("new", 1));
    let running = create_beside(&file).unwrap();
    let replaced = Original::read(&file).unwrap().replace(b"newer", 0o644);
    assert_says(replaced, "failed to write");
    drop(running);
    Original::read(&file).unwrap().replace(b"newer", 0o644).unwrap();
    assert_eq!(read_to_string(&file).unwrap(), "newer");
}
