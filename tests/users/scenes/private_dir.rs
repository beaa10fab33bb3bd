//! The state of the private directory itself, and what it protects.

use crate::prelude::*;

const ALICE: u32 = 2001;
const MALLORY: u32 = 2003;

tests![
    test!("mallory_can_neither_read_nor_replace_what_is_built", out_of_reach),
    test!("tightens_what_an_acl_lets_mallory_read", readable_by_acl).needs(&[Need::Acls]),
    test!("refuses_what_an_acl_lets_mallory_write", writable_by_acl).needs(&[Need::Acls]),
    test!("refuses_contents_that_others_could_change", changed_inside).needs(&[Need::Acls]),
    test!("tightening_closes_every_directory_inside_and_nothing_beyond", closes_all),
    test!("a_working_directory_left_inside_is_of_no_use", left_inside).needs(&[Need::Flock]),
    test!("what_is_too_deep_is_refused", too_deep),
    test!("a_killed_run_leaves_a_whole_tag_or_none", killed_tag).needs(&[Need::Strace]),
    test!("a_tag_that_is_there_stays_as_it_is", tag_stays),
];

/// Alice's directory is in a sticky root and has the given mode.
struct Scene<'s> {
    alice: Person<'s>,
    directory: PathBuf,
}

impl<'s> Scene<'s> {
    fn new(stage: &'s Stage, mode: u32) -> Self {
        let directory = stage.shared_root().sticky().make().join("alice");
        let alice = stage.person("alice");
        make::directory(&directory, alice.uid(), alice.uid(), mode);
        Scene { alice, directory }
    }

    fn build(&self) -> crate::stage::Outcome {
        self.alice.cargo(["build"]).run()
    }
}

fn readable_by_acl(stage: &Stage) {
    let scene = Scene::new(stage, 0o700);
    let mallory = stage.person("mallory");
    let inside = scene.directory.join("inside");
    make::directory(&inside, scene.alice.uid(), scene.alice.uid(), 0o755);
    Acl::Default.grant(&inside, mallory.uid(), 0o5);
    Acl::Access.grant(&scene.directory, mallory.uid(), 0o5);
    mallory.shell("ls \"$1\"", [&scene.directory]).run().ok();
    scene.build().notes(scene.directory.to_string_lossy());
    mallory.shell("ls \"$1\"", [&scene.directory]).run().fails();
    scene.build().silently();
    // New files in there would let her in again.
    assert!(acls(&inside).is_empty(), "the directory inside keeps its list");
}

fn writable_by_acl(stage: &Stage) {
    let scene = Scene::new(stage, 0o700);
    Acl::Access.grant(&scene.directory, stage.person("mallory").uid(), 0o7);
    scene.build().refused().blames(scene.directory.to_string_lossy());
}

/// Puts an entry into alice's readable directory.
type Plant = fn(&Path);

const CHANGEABLE: &[Plant] = &[
    |at| make::directory(at, ALICE, ALICE, 0o777),
    |at| make::directory(at, MALLORY, MALLORY, 0o755),
    |at| make::file(at, "", MALLORY, 0o644),
    |at| make::file(at, "", ALICE, 0o666),
    // As umask 002 leaves it.
    |at| {
        make::file(at, "", ALICE, 0o664);
        make::own(at, ALICE, group("devs"), 0o664);
    },
    |at| {
        make::file(at, "", ALICE, 0o644);
        Acl::Access.grant(at, MALLORY, 0o6);
    },
    // What nobody can look at.
    |at| make::directory(at, ALICE, ALICE, 0o000),
];

/// Closing the directory does not make good what others may have put there before.
fn changed_inside(stage: &Stage) {
    let scene = Scene::new(stage, 0o755);
    let odd = scene.directory.join("inside/odd");
    make::directory(&scene.directory.join("inside"), ALICE, ALICE, 0o755);
    for (number, plant) in CHANGEABLE.iter().enumerate() {
        let _context = context(|| format!("row {number}"));
        plant(&odd);
        // The second time as well: a refusal must not leave a directory that passes for private. Also
        // by commands that only look: `metadata` believes what it reads there.
        for word in ["build", "metadata", "build"] {
            scene.alice.cargo([word]).run().refused().blames("inside/odd");
            assert!(look(&scene.directory).is_some_and(|it| it.mode == 0o755), "it was tightened");
        }
        do_as_root("rm", ["-r".as_ref(), odd.as_os_str()]);
    }
    // A file that only the user's private group can write to is their own.
    make::file(&odd, "", ALICE, 0o664);
    scene.build().notes(scene.directory.to_string_lossy());
    private(&scene.directory, ALICE);
}

/// Even files that a cargo creates with umask 0000.
fn out_of_reach(stage: &Stage) {
    let target = stage.shared_root().sticky().make().join("alice/target");
    let (alice, mallory) = (stage.person("alice"), stage.person("mallory"));
    alice.cargo(["build"]).umask("0000").run().silently();
    let artifact = target.join("debug/app");
    alice.shell("chmod -R 0777 \"$1\" && cat \"$1/debug/app\"", [&target]).run().ok();
    for attempt in [
        "cat \"$1\"",
        "ls \"$(dirname \"$1\")\"",
        "echo evil >\"$1\"",
        "cp /bin/true \"$1\"",
        "rm -f \"$1\"",
        "mv \"$2\" \"$2.gone\"",
        "rmdir \"$2\"",
        "cd \"$2\"",
        // As if to lock it.
        ": <\"$2/target/debug/.cargo-lock\"",
    ] {
        let private_dir = stage.root.join("alice");
        mallory.shell(attempt, [&artifact, &private_dir]).run().fails();
    }
    assert!(fs::read_to_string(&artifact).unwrap() == "an artifact\n", "the artifact has changed");
}

/// Alice's readable directory with `target/debug/deps` in it, all 0755, and a file.
fn readable(stage: &Stage) -> Scene<'_> {
    let scene = Scene::new(stage, 0o755);
    let mut place = scene.directory.clone();
    for name in ["target", "debug", "deps"] {
        place.push(name);
        make::directory(&place, scene.alice.uid(), scene.alice.uid(), 0o755);
    }
    make::file(&place.join("app"), "secret", scene.alice.uid(), 0o644);
    scene
}

/// Not what a symlink leads to, nor what is mounted there.
fn closes_all(stage: &Stage) {
    let scene = readable(stage);
    let uid = scene.alice.uid();
    make::directory(&scene.directory.join("odd"), uid, uid, 0o2711);
    let (beyond, mounted) = (stage.at("beyond"), scene.directory.join("mounted"));
    make::directory(&beyond, uid, uid, 0o755);
    make::link(&scene.directory.join("link"), &beyond, uid);
    make::tmpfs(&mounted, "mode=0755,uid=2001");
    let built = scene.build();
    let modes = [&beyond, &mounted].map(|place| look(place).map(|it| it.mode));
    do_as_root("umount", [&mounted]);
    built.notes(scene.directory.to_string_lossy());
    assert!(modes == [Some(0o755); 2], "beyond and mounted have {modes:?}");
    for inside in ["", "target", "target/debug", "target/debug/deps", "odd"] {
        private(&scene.directory.join(inside), uid);
    }
    scene.build().silently();
}

/// Mallory entered the directory while he could, and waits.
fn left_inside(stage: &Stage) {
    let scene = readable(stage);
    let mallory = stage.person("mallory");
    let debug = scene.directory.join("target/debug");
    make::file(&debug.join(".cargo-lock"), "", scene.alice.uid(), 0o644);
    let (ready, signal) = (mallory.home.join("ready"), stage.at("signal"));
    make::file(&signal, "", 0, 0o644);
    let waits = "cd \"$1\" && cat deps/app && : >\"$2\" || exit 9
        while [ -e \"$3\" ]; do sleep 0.01; done
        cat deps/app && exit 3
        flock --nonblock .cargo-lock true && exit 4
        ls . && exit 5
        cd .. && exit 6
        exit 0";
    let inside = mallory.shell(waits, [&debug, &ready, &signal]).start();
    wait_until("mallory is not ready", || look(&ready).is_some());
    scene.build().notes(scene.directory.to_string_lossy());
    fs::remove_file(&signal).unwrap();
    let outcome = inside.finish();
    outcome.ok();
    assert!(outcome.stdout == "secret", "mallory has read {:?}", outcome.stdout);
}

fn too_deep(stage: &Stage) {
    let scene = Scene::new(stage, 0o755);
    let line = "cd \"$1\"; i=0; while [ $i -lt 300 ]; do mkdir d && cd d; i=$((i+1)); done";
    scene.alice.shell(line, [&scene.directory]).run().ok();
    scene.build().refused().blames("nested deeper than any target directory");
    assert!(look(&scene.directory).is_some_and(|sight| sight.mode == 0o755), "it was tightened");
}

/// Killed at each of the calls that make the tag.
fn killed_tag(stage: &Stage) {
    let (root, alice) = stage.sticky();
    let (private, target) = (root.join("alice"), root.join("alice/target"));
    let check = || alice.cargo(["check"]);
    let mut whole = 0;
    for call in ["fchmod", "write", "linkat", "unlinkat"] {
        for number in 1..6 {
            steps::killed_at(check(), call, number);
            if look(&target.join("CACHEDIR.TAG")).is_some() {
                tagged(&target);
                whole += 1;
            }
            check().run().ok();
            tagged(&target);
            assert!(cache::names(&target) == ["CACHEDIR.TAG"], "{:?}", cache::names(&target));
            make::nothing(&private);
        }
    }
    assert!(whole > 0, "no killed run left a tag");
    // On a file system without hard links, the tag is created in another way.
    let strace = ["strace", "--quiet", "--output=/dev/null", "--inject=linkat:error=EPERM"];
    check().after(strace).run().silently();
    tagged(&target);
    assert!(cache::names(&target) == ["CACHEDIR.TAG"], "{:?}", cache::names(&target));
}

fn tag_stays(stage: &Stage) {
    let scene = Scene::new(stage, 0o700);
    let target = scene.directory.join("target");
    make::directory(&target, scene.alice.uid(), scene.alice.uid(), 0o755);
    let tag = target.join("CACHEDIR.TAG");
    make::file(&tag, "mine", scene.alice.uid(), 0o600);
    scene.build().silently();
    assert!(fs::read_to_string(&tag).unwrap() == "mine", "the tag was replaced");
    fs::remove_file(&tag).unwrap();
    make::link(&tag, &scene.alice.home.join("elsewhere"), scene.alice.uid());
    scene.build().silently();
    assert!(look(&scene.alice.home.join("elsewhere")).is_none(), "the link was followed");
}
