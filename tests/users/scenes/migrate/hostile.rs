//! What others may have put into the old cache. Root moves it, so an attack would run with root's
//! permissions.

use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;

use super::*;

tests![
    test!("pipes_sockets_and_names_of_others_files_are_refused", special),
    test!("what_is_mounted_inside_is_refused", mounted),
    test!("a_file_with_a_name_elsewhere_is_copied_and_stays_there", shared_file,),
    test!("a_cache_of_mallorys_becomes_alices", mallorys),
    test!("a_pit_without_bottom_is_refused", deep),
    test!("a_staging_directory_of_somebody_elses_is_not_believed", planted),
    test!("a_private_directory_of_somebody_elses_is_refused", taken),
];

pub(super) fn refuses(scene: &Scene<'_>, name: &str) {
    for flags in [&["--yes"][..], &["--yes", "--copy"], &["--dry-run"]] {
        scene.give(flags).refused().blames(name);
        assert!(look(&scene.target).is_none(), "there is a target directory");
    }
}

fn special(stage: &Stage) {
    let scene = Scene::new(stage);
    let (bob, secret) = (scene.bob.uid(), stage.at("secret"));
    make::file(&secret, "of bob's", bob, 0o600);
    type Plant<'a> = &'a dyn Fn(&Path);
    let link = |path: &Path| fs::hard_link(&secret, path).unwrap();
    let plants: [(&str, u32, Plant<'_>); 4] = [
        ("debug/deps/pipe", 0o600, &|path| make::fifo(path, bob)),
        ("debug/deps/socket", 0o600, &|path| make::socket(path, bob)),
        ("debug/deps/libevil.rlib", 0o600, &link),
        // Nor a file that not everybody can read.
        ("debug/deps/libevil.rlib", 0o660, &link),
    ];
    for (name, mode, plant) in plants {
        fs::set_permissions(&secret, fs::Permissions::from_mode(mode)).unwrap();
        plant(&scene.old.join(name));
        refuses(&scene, name);
        let found = look(&secret).map(|sight| (sight.uid, sight.mode));
        assert!(found == Some((bob, mode)), "it changed: {found:?}");
        fs::remove_file(scene.old.join(name)).unwrap();
    }
    scene.is_untouched();
    scene.give(&["--yes"]).ok();
    scene.has_moved();
}

fn mounted(stage: &Stage) {
    let scene = Scene::new(stage);
    let (inside, elsewhere) = (scene.old.join("debug/inside"), stage.at("elsewhere"));
    make::tmpfs(&inside, "mode=0777");
    refuses(&scene, "debug/inside");
    do_as_root("umount", [inside.as_os_str()]);
    // The same device, but another mount.
    make::directory(&elsewhere, 0, 0, 0o777);
    make::file(&elsewhere.join("precious"), "", 0, 0o600);
    do_as_root("mount", ["--bind".as_ref(), elsewhere.as_os_str(), inside.as_os_str()]);
    refuses(&scene, "debug/inside");
    do_as_root("umount", [inside.as_os_str()]);
    fs::remove_dir(&inside).unwrap();
    // A single file can be mounted over as well.
    let file = scene.old.join("debug/deps/libdep.rlib");
    let precious = elsewhere.join("precious");
    do_as_root("mount", ["--bind".as_ref(), precious.as_os_str(), file.as_os_str()]);
    refuses(&scene, "libdep.rlib");
    do_as_root("umount", [file.as_os_str()]);
    assert!(look(&precious).map(|sight| sight.uid) == Some(0), "it changed hands");
    scene.is_untouched();
}

/// Neither root nor alice's later builds may change the file outside, whoever owns it.
fn shared_file(stage: &Stage) {
    for (owner, mode) in [("bob", 0o664), ("alice", 0o664), ("alice", 0o660)] {
        let scene = Scene::new(stage);
        let owner = stage.person(owner).uid();
        let elsewhere = stage.at("elsewhere");
        make::file(&elsewhere, "a program", owner, mode);
        fs::hard_link(&elsewhere, scene.old.join("debug/deps/linked")).unwrap();
        let scene = Scene { content: cache::content(&scene.old), ..scene };
        scene.give(&["--dry-run"]).ok().prints("copied, because files in it have other names");
        scene.is_untouched();
        scene.give(&["--yes"]).ok();
        scene.has_moved();
        let metadata = fs::metadata(&elsewhere).unwrap();
        let found = (metadata.uid(), metadata.mode() & 0o777, metadata.nlink());
        assert!(found == (owner, mode, 1), "it was changed: {found:?}");
        assert!(fs::read_to_string(&elsewhere).unwrap() == "a program", "its content was changed");
        make::nothing(&stage.root);
    }
}

fn mallorys(stage: &Stage) {
    let scene = Scene::new(stage);
    let mallory = stage.person("mallory");
    make::nothing(&scene.old);
    cache::build(&scene.old, &[&mallory]);
    let program = scene.old.join("debug/set-id");
    make::file(&program, "", mallory.uid(), 0o6775);
    let scene = Scene { content: cache::content(&scene.old), ..scene };
    scene.give(&["--yes"]).ok().prints("trust");
    scene.has_moved();
}

fn deep(stage: &Stage) {
    let scene = Scene::new(stage);
    let script = "cd \"$1\"; i=0; while [ $i -lt 200 ]; do mkdir d; cd d; i=$((i+1)); done";
    scene.bob.shell(script, [scene.old.join("debug")]).run().ok();
    refuses(&scene, "/d/d/d/d");
}

fn planted(stage: &Stage) {
    let scene = Scene::new(stage);
    let directory = stage.root.join("alice");
    make::directory(&directory, scene.alice.uid(), scene.alice.uid(), 0o700);
    let staging = directory.join(".migration");
    make::directory(&staging, scene.alice.uid(), scene.alice.uid(), 0o700);
    make::file(&staging.join("journal"), "{}", scene.alice.uid(), 0o600);
    scene.give(&["--yes"]).fails().blames("unfinished").helps("as alice (uid 2001)");
    make::nothing(&staging);
    make::link(&staging, Path::new("/etc"), scene.alice.uid());
    scene.give(&["--yes"]).fails().blames(".migration");
    fs::remove_file(&staging).unwrap();
    scene.give(&["--yes"]).ok();
    scene.has_moved();
}

fn taken(stage: &Stage) {
    let scene = Scene::new(stage);
    let mallory = stage.person("mallory");
    let directory = stage.root.join("alice");
    make::directory(&directory, mallory.uid(), mallory.uid(), 0o700);
    scene.give(&["--yes"]).refused().blames(directory.to_string_lossy());
    fs::remove_dir(&directory).unwrap();
    make::link(&directory, Path::new("/etc"), mallory.uid());
    scene.give(&["--yes"]).refused().blames(directory.to_string_lossy());
    // Root does not act for her in a shared root that she owns.
    fs::remove_file(&directory).unwrap();
    make::own(&stage.root, scene.alice.uid(), scene.alice.uid(), 0o1777);
    scene.give(&["--yes"]).refused().blames(stage.root.to_string_lossy());
    scene.is_untouched();
}
