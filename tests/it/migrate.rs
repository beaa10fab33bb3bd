//! An ordinary user moves their own old target directory.

use std::os::unix::fs::MetadataExt;

use snapbox::assert_data_eq;
use snapbox::str;

use crate::prelude::*;

tests![
    says_what_it_would_do_and_does_nothing,
    renames_what_is_on_the_same_file_system_whoever_reads_about_it,
    what_cannot_be_rebuilt_names_the_command,
];

/// The caller's old target directory.
fn old(world: &World) -> PathBuf {
    world.directory("old", 0o755);
    world.file("old/.rustc_info.json", "{}");
    world.file("old/debug/.cargo-lock", "");
    let app = world.file("old/debug/deps/app", "a program");
    fs::hard_link(app, world.at("old/debug/app")).unwrap();
    symlink("deps/app", world.at("old/debug/latest")).unwrap();
    for directory in ["old/debug", "old/debug/deps"] {
        world.directory(directory, 0o755);
    }
    world.at("old")
}

fn says_what_it_would_do_and_does_nothing() {
    let world = World::new();
    let old = old(&world);
    let words = ["migrate".as_ref(), old.as_os_str()];
    let dry = world.by_name(words.into_iter().chain(["--dry-run".as_ref()])).run();
    assert_data_eq!(
        dry.printed(),
        str![[r#"
source       [WORLD]/old
  holds      11 B in 4 files
  owned by   [ME] (uid [UID]): 8 entries
destination  [WORLD]/root/[ME]/target for [ME] (uid [UID])
how          renamed

"#]]
    );
    assert!(world.made().is_empty(), "{:?}", world.made());
    let unasked = world.by_name(words).run();
    assert_eq!((unasked.code(), &*unasked.stdout), (1, dry.printed()));
    unasked.blames("nothing was changed");
    assert!(world.made().is_empty(), "{:?}", world.made());
}

/// A closed stdout is not a failure.
fn renames_what_is_on_the_same_file_system_whoever_reads_about_it() {
    let world = World::new();
    let old = old(&world);
    let inode = fs::metadata(&old).unwrap().ino();
    let run = world.by_name(["migrate".as_ref(), old.as_os_str(), "--yes".as_ref()]);
    run.stdout(crate::harness::closed_pipe()).run().ok();
    let target = world.private().join("target");
    assert_eq!(fs::metadata(&target).unwrap().ino(), inode);
    assert_eq!((mode(&target), mode(&world.private())), (0o700, 0o700));
    assert!(target.join("CACHEDIR.TAG").exists() && !old.exists());
    assert_eq!(fs::read_dir(world.private()).unwrap().count(), 1);
}

fn what_cannot_be_rebuilt_names_the_command() {
    let help = "the target directory is in place; to rebuild them, for each profile: cd \
                [WORLD]/checkout && cargo-peruser clean --workspace --profile PROFILE";
    for (metadata, why) in [
        ("echo 'error: no' >&2; exit 101", "`cargo metadata` failed\nerror: no"),
        (
            r#"echo '{"packages":[{"targets":[{"src_path":"/nowhere/lib.rs"}]}]}'"#,
            "`/nowhere/lib.rs`: no such file or directory (os error 2)",
        ),
    ] {
        let world = World::new().with("CARGO_PERUSER_SCOPE", "user");
        world.directory(world.private(), 0o700);
        let target = world.directory(world.private().join("target"), 0o700);
        world.file("checkout/Cargo.toml", "");
        world.executable("tools/cargo", format!("#!/bin/sh\n{metadata}\n"));
        let checkout = world.at("checkout");
        let words = [target.as_os_str(), "--checkout".as_ref(), checkout.as_os_str()];
        let words = ["migrate".as_ref()].into_iter().chain(words);
        let run = world.by_name(words).path(["tools", "/usr/bin", "/bin"]).run();
        let error = format!("error: the packages of `[WORLD]/checkout` will not be rebuilt: {why}");
        assert_eq!((run.code(), &*run.stderr), (1, &*format!("{error}\nhelp: {help}\n")));
    }
}
