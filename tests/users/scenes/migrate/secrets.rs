//! Files that others may have moved into the cache, so that root gives them to a user who could not read
//! them before.

use super::hostile::refuses;
use super::*;

tests![
    test!("what_alice_cannot_read_is_not_given_to_her", kept),
    test!("what_stands_in_a_closed_directory_is_not_given_to_her", enclosed),
    test!("access_lists_count", listed).needs(&[Need::Acls]),
    test!("a_cache_shared_by_a_group_or_a_list_moves", shared).needs(&[Need::Acls]),
    test!("only_the_tag_that_root_made_changes_hands", exchanged).needs(&[Need::Strace]),
];

const SECRET: &str = "debug/deps/libevil.rlib";

/// By the modes of files: of bob's own group, of one that alice is not in, and of root's.
fn kept(stage: &Stage) {
    let scene = Scene::new(stage);
    let planted = scene.old.join(SECRET);
    let (bob, root) = ((scene.bob.uid(), "bob (uid 2002)"), (0, "root (uid 0)"));
    for ((uid, owner), gid, mode) in [
        (bob, bob.0, 0o640),
        (bob, 3000, 0o600),
        (bob, 3001, 0o640),
        (bob, 3000, 0o604),
        (root, 0, 0o600),
        (root, 0, 0o640),
    ] {
        make::file(&planted, "SECRET", uid, mode);
        make::own(&planted, uid, gid, mode);
        refuses(&scene, "libevil.rlib");
        let run = scene.give(&["--yes"]);
        run.refused().blames(owner).helps("namei -l /").helps("its owner can make it readable");
        run.never_says("chmod");
        let sight = look(&planted).map(|sight| (sight.uid, sight.mode));
        assert!(sight == Some((uid, mode)), "it was touched: {sight:?}");
        fs::remove_file(&planted).unwrap();
    }
    scene.is_untouched();
}

/// By the modes of directories on the way to them, however readable the files are.
fn enclosed(stage: &Stage) {
    let scene = Scene::new(stage);
    let (bob, alice) = (scene.bob.uid(), scene.alice.uid());
    let directory = scene.old.join("debug/proj");
    for (uid, gid, mode) in [(bob, bob, 0o700), (bob, bob, 0o750), (bob, 3000, 0o705)] {
        make::directory(&directory, uid, gid, mode);
        make::directory(&directory.join("below"), uid, gid, 0o755);
        make::file(&directory.join("below/diary"), "SECRET", uid, 0o644);
        refuses(&scene, "debug/proj/below/diary`");
        make::nothing(&directory);
    }
    // Empty files and her own files reveal nothing to her.
    make::directory(&directory, bob, bob, 0o700);
    make::file(&directory.join("lock"), "", bob, 0o600);
    make::file(&directory.join("own"), "of alice's", alice, 0o600);
    let scene = Scene { content: cache::content(&scene.old), ..scene };
    scene.give(&["--yes"]).ok();
    scene.has_moved();
}

/// An ACL may deny what the mode seems to allow, and allow what it seems to deny.
fn listed(stage: &Stage) {
    let scene = Scene::new(stage);
    let (alice, bob, mallory) = (scene.alice.uid(), scene.bob.uid(), stage.person("mallory").uid());
    let planted = scene.old.join(SECRET);
    // Like a 0600 file after `setfacl -m u:mallory:r`.
    make::file(&planted, "SECRET", bob, 0o600);
    make::own(&planted, bob, 3000, 0o600);
    Acl::Access.grant(&planted, mallory, 0o4);
    let mode = look(&planted).map(|sight| sight.mode & 0o070);
    assert!(mode == Some(0o040), "the list does not show in the mode: {mode:?}");
    refuses(&scene, "libevil.rlib");
    fs::remove_file(&planted).unwrap();
    let directory = scene.old.join("debug/proj");
    make::directory(&directory, bob, 3000, 0o700);
    make::file(&directory.join("diary"), "SECRET", bob, 0o644);
    Acl::Access.grant(&directory, mallory, 0o7);
    refuses(&scene, "debug/proj/diary`");
    Acl::Access.grant(&directory, alice, 0o5);
    let scene = Scene { content: cache::content(&scene.old), ..scene };
    scene.give(&["--yes"]).ok();
    scene.has_moved();
}

/// Nobody else can read these caches, but alice can.
fn shared(stage: &Stage) {
    for flags in [&["--yes"][..], &["--yes", "--copy"]] {
        let scene = Scene::new(stage);
        let bob = scene.bob.uid();
        each(&scene.old, &mut |path, is_directory| {
            make::own(path, bob, 3000, if is_directory { 0o2770 } else { 0o660 });
        });
        scene.give(flags).ok();
        scene.has_moved();
        make::nothing(&stage.root);
        let scene = Scene::new(stage);
        each(&scene.old, &mut |path, is_directory| {
            make::own(path, bob, bob, if is_directory { 0o770 } else { 0o660 });
            Acl::Access.grant(path, scene.alice.uid(), if is_directory { 0o7 } else { 0o6 });
        });
        scene.give(flags).ok();
        scene.has_moved();
        make::nothing(&stage.root);
    }
}

/// Alice has the top open. Once it is hers, she puts a file of root's where root writes the tag.
fn exchanged(stage: &Stage) {
    let scene = Scene::new(stage);
    let open = stage.at("open");
    make::directory(&open, 0, 0, 0o777);
    make::file(&open.join("backup"), "SECRET", 0, 0o600);
    let script = "cd \"$1\" && echo >\"$2/ready\"
        for i in $(seq 2000); do [ -e CACHEDIR.TAG ] && break; sleep 0.005; done
        mv CACHEDIR.TAG was && mv \"$2/backup\" CACHEDIR.TAG && echo >\"$2/done\"";
    let alice = scene.alice.shell(script, [&scene.old, &open]).start();
    wait_until("alice does not begin", || look(&open.join("ready")).is_some());
    // The last write to the tag gives her enough time.
    let delay = "inject=write:delay_exit=500000";
    let strace = ["strace", "-o", "/dev/null", "-e", "trace=write", "-e", delay];
    scene.giving(&["--yes"]).after(strace).run();
    alice.finish().ok();
    assert!(look(&open.join("done")).is_some(), "nothing was exchanged");
    let sight = look(&scene.target.join("CACHEDIR.TAG")).map(|sight| (sight.uid, sight.mode));
    assert!(sight == Some((0, 0o600)), "a file of root's was given away: {sight:?}");
}

/// Changes a tree's directories and files.
fn each(path: &Path, act: &mut dyn FnMut(&Path, bool)) {
    let metadata = path.symlink_metadata().unwrap();
    if metadata.is_symlink() {
        return;
    }
    act(path, metadata.is_dir());
    if metadata.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            each(&entry.unwrap().path(), act);
        }
    }
}
