//! Replacing a user's file keeps its attributes. A file that would lose some is left alone.

use std::os::unix::fs::MetadataExt;

use rustix::fs::XattrFlags;
use rustix::fs::getxattr;
use rustix::fs::setxattr;

use crate::prelude::*;

const WRITE: [&str; 3] = ["editor", "zed", "--write"];
const REMOVE: [&str; 3] = ["editor", "zed", "--remove"];

/// A change to the file, or to its directory.
type Prepare = fn(&Path);

/// Files that are not changed, and the message about them.
const REFUSED: [(&str, Prepare, &str, &[Need]); 5] = [
    ("that_has_another_name", another_name, "one of 2 hard links", &[]),
    (
        "of_somebody_else_in_ones_own_directory",
        |file| make::own(file, 0, 0, 0o666),
        "belongs to",
        &[],
    ),
    ("of_a_group_that_one_is_not_in", |file| make::own(file, 2001, 2002, 0o660), "group", &[]),
    ("in_a_directory_that_is_closed", closed_directory, "zed` is not writable", &[]),
    ("that_is_immutable", |file| chattr("+i", file), "it is not writable", &[Need::Immutable]),
];

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test!("a_file_keeps_its_acl_and_its_other_attributes", attributes).needs(&[Need::Acls]),
        test!("a_directorys_default_acl_opens_no_file", default_acl).needs(&[Need::Acls]),
        test!("leaves_a_file_alone_whose_acl_would_be_lost", acl_would_be_lost)
            .needs(&[Need::Acls]),
    ];
    for (name, prepare, blamed, needs) in REFUSED {
        let name = format!("leaves_a_file_alone_{name}");
        tests.push(test!(name, move |stage| refused(stage, prepare, blamed)).needs(needs));
    }
    tests
}

/// Alice's settings file, in her own directories.
fn settings(alice: &Person<'_>) -> PathBuf {
    let file = make::directories(&alice.home, ".config/zed", alice.uid()).join("settings.json");
    make::file(&file, "{}", alice.uid(), 0o640);
    file
}

/// Owner, group, mode, and the attributes that an ordinary user can set.
fn seen(file: &Path) -> (u32, u32, u32, Vec<Vec<u8>>) {
    let mut attributes = Vec::new();
    for name in ["system.posix_acl_access", "user.note"] {
        let mut value = vec![0; 256];
        let length = getxattr(file, name, &mut value).unwrap();
        value.truncate(length);
        attributes.push(value);
    }
    let found = fs::metadata(file).unwrap();
    (found.uid(), found.gid(), found.mode(), attributes)
}

fn attributes(stage: &Stage) {
    let (_, alice) = stage.sticky();
    let file = settings(&alice);
    // The list's mask must not become the group's permission.
    Acl::Access.grant(&file, account("bob").uid, 0o6);
    setxattr(&file, "user.note", b"mine", XattrFlags::empty()).unwrap();
    let before = seen(&file);
    alice.by_name(WRITE).run().ok();
    assert!(fs::read_to_string(&file).unwrap() != "{}", "nothing was written");
    assert!(seen(&file) == before, "{:?}, and before {before:?}", seen(&file));
    // Otherwise the file would be empty, and removed.
    fs::write(&file, fs::read_to_string(&file).unwrap().replacen('{', "{ \"theme\": \"One\", ", 1))
        .unwrap();
    alice.by_name(REMOVE).run().ok();
    assert!(seen(&file) == before, "{:?}, and before {before:?}", seen(&file));
}

/// A default ACL is for new files. For the user, this file is not new.
fn default_acl(stage: &Stage) {
    let (_, alice) = stage.sticky();
    let file = settings(&alice);
    let directory = file.parent().unwrap_or(&file);
    Acl::Default.grant(directory, account("mallory").uid, 0o7);
    alice.by_name(WRITE).run().ok();
    assert!(acls(&file).is_empty(), "it has got an ACL");
    assert!(fs::metadata(&file).unwrap().mode() & 0o7777 == 0o640, "it has got another mode");
}

/// The file is from a file system with ACLs, in a directory of one without.
fn acl_would_be_lost(stage: &Stage) {
    let (_, alice) = stage.sticky();
    let file = settings(&alice);
    let directory = file.parent().unwrap_or(&file);
    make::without_attributes(directory);
    make::own(directory, alice.uid(), alice.uid(), 0o755);
    make::file(&file, "", alice.uid(), 0o644);
    let real = stage.at("real.json");
    make::file(&real, "{}", alice.uid(), 0o640);
    Acl::Access.grant(&real, account("bob").uid, 0o6);
    let run = alice.by_name(WRITE).seen_at(&real, &file).run();
    run.fails().blames("lose its attribute `system.posix_acl_access`");
    assert!(fs::read_to_string(&real).unwrap() == "{}", "it was changed");
    assert!(cache::names(directory).len() == 1, "something is left beside it");
}

fn refused(stage: &Stage, prepare: Prepare, blamed: &str) {
    let (_, alice) = stage.sticky();
    let file = settings(&alice);
    prepare(&file);
    let before = fs::metadata(&file).unwrap();
    let names = || cache::names(file.parent().unwrap_or(&file));
    let files = names();
    let run = alice.by_name(WRITE).run();
    if blamed == "it is not writable" {
        chattr("-i", &file);
    }
    run.fails().blames(blamed).helps(".config/zed");
    let after = fs::metadata(&file).unwrap();
    assert!((after.ino(), after.mode()) == (before.ino(), before.mode()), "it was replaced");
    assert!(fs::read_to_string(&file).unwrap() == "{}", "it was changed");
    assert!(names() == files, "something is left beside it");
    // Nothing else was changed either.
    assert!(is_empty(&stage.root), "the shared root is no longer empty");
}

fn another_name(file: &Path) {
    fs::hard_link(file, file.with_file_name("the-same.json")).unwrap();
}

/// A directory of root's with alice's file in it.
fn closed_directory(file: &Path) {
    make::own(file.parent().unwrap_or(file), 0, 0, 0o755);
}

fn chattr(flag: &str, file: &Path) {
    let done = std::process::Command::new("chattr").arg(flag).arg(file).status().unwrap();
    assert!(done.success(), "chattr fails");
}
