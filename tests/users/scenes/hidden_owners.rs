//! Systems that hide the real owners of files: user namespaces, as in sandboxes and rootless containers,
//! and fakeroot.

use crate::prelude::*;

/// Enters a namespace in which only one account has a uid: root's, alice's own, or an unused one.
const NAMESPACES: &[(&str, &str, &[Need])] = &[
    ("as_its_root", "exec unshare --user --map-root-user -- \"$@\"", &[Need::UserNamespaces]),
    ("as_oneself", "exec unshare --user --map-current-user -- \"$@\"", &[Need::UserNamespaces]),
    (
        "as_a_number_of_a_sandbox",
        "exec bwrap --unshare-user --uid 4711 --gid 4711 --dev-bind / / -- \"$@\"",
        &[Need::Bubblewrap],
    ),
];

/// The attempts in each, with the shell command that enters it.
type Body = fn(&Stage, &str);

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test!("fakeroot_changes_nothing", fakeroot).needs(&[Need::Fakeroot]),
        test!("a_group_of_others_is_nobodys_own_group_in_a_namespace", group)
            .needs(&[Need::UserNamespaces]),
    ];
    for (name, enter, needs) in NAMESPACES {
        let bodies: [(&str, Body); 4] = [
            ("builds_in_ones_own_cache", own_cache),
            ("believes_only_where_the_shared_root_is", system_settings),
            ("refuses_where_that_is_set", refusing),
            ("refuses_directories_above_home_that_others_can_write_to", above_home),
        ];
        for (what, body) in bodies {
            let test = test!(format!("{what}_{name}"), move |stage| body(stage, enter));
            tests.push(test.needs(needs));
        }
        let name = format!("the_real_cargo_builds_runs_and_formats_{name}");
        let body = move |stage: &Stage| real_cargo(stage, enter);
        tests.push(test!(name, body).needs(needs).needs(&[Need::Cargo]).heavy());
    }
    tests
}

fn inside<'p>(run: Invocation<'p>, enter: &str) -> Invocation<'p> {
    run.after(["/bin/sh", "-c", enter, "sh"])
}

fn own_place(alice: &Person<'_>) -> PathBuf {
    alice.home.join(".cache/cargo-peruser")
}

/// The owner of the shared root cannot be known, so it is not used. The owner of a directory above a
/// home can replace everything that is read in it.
fn own_cache(stage: &Stage, enter: &str) {
    let (root, alice) = stage.provisioned();
    let place = own_place(&alice);
    let build = || inside(alice.cargo(["build"]), enter);
    build().run().notes("this user namespace hides").builds_in(place.join("target"));
    // The session's variable points into the root.
    let run = build().env("CARGO_TARGET_DIR", root.join("alice/target")).run();
    run.silently().builds_in(place.join("target"));
    let chosen = stage.at("chosen/target");
    make::directory(&stage.at("chosen"), alice.uid(), alice.uid(), 0o700);
    build().env("CARGO_TARGET_DIR", &chosen).run().builds_in(&chosen);
    private(&place, alice.uid());
    assert!(is_empty(&root.join("alice")), "it has built in the shared root");
    inside(alice.by_name(["explain"]), enter).run().ok().prints("user namespace");
    let doctor = alice.by_name(["doctor", "--strict", "root", "private-dir", "stale-session"]);
    let doctor = inside(doctor.env("CARGO_TARGET_DIR", root.join("alice/target")), enter);
    doctor.run().ok().prints("note[root]: this user namespace hides");
}

fn real_cargo(stage: &Stage, enter: &str) {
    let (_, alice) = stage.provisioned();
    project::that_prints("hello", &stage.checkout, &alice);
    let cargo = |words: &[&str]| inside(alice.cargo(words).with(Channel::Stable), enter).run();
    cargo(&["run", "-q"]).notes("this user namespace hides").prints("hello");
    for words in [&["run", "-q"][..], &["test", "-q"], &["fmt"], &["--version"], &["clean", "-q"]] {
        cargo(words).silently();
    }
    assert!(!stage.checkout.join("target").exists(), "it was built in the checkout");
}

/// Alice might own that file, or mallory: no program that it names is run.
fn system_settings(stage: &Stage, enter: &str) {
    let (root, alice) = stage.provisioned();
    let text = format!(
        "shared-root = \"{}\"\nreal-cargo = \"/usr/bin/false\"\nscope = \"user\"\n\
         trusted-owners = [\"65534\"]\nenforce = [\"scope\"]\n",
        root.display()
    );
    let directory = stage.settings(&text);
    let file = directory.join("config.toml");
    let build = || {
        let run = alice.cargo(["build"]).unset("CARGO_PERUSER_SHARED_ROOT");
        inside(run.env("CARGO_PERUSER_SCOPE", "workspace").system_settings(&directory), enter)
    };
    build().run().ok().builds_in(own_place(&alice).join("target"));
    make::own(&file, 0, 0, 0o666);
    build().run().stopped(Stop::Settings).blames("/etc/cargo-peruser/config.toml");
}

fn refusing(stage: &Stage, enter: &str) {
    let (root, alice) = stage.provisioned();
    let build = inside(alice.cargo(["build"]).env("CARGO_PERUSER_MISSING", "refuse"), enter);
    build.run().refused().blames("65534").helps("CARGO_PERUSER_TRUSTED_OWNERS");
    assert!(is_empty(&root.join("alice")), "it has built in the shared root");
    // Commands that build nothing are not affected.
    let version = alice.cargo(["--version"]).env("CARGO_PERUSER_MISSING", "refuse");
    inside(version, enter).run().silently();
}

fn above_home(stage: &Stage, enter: &str) {
    let (_, alice) = stage.provisioned();
    for (mode, refused) in [(0o777, true), (0o775, true), (0o1777, false), (0o755, false)] {
        make::own(&stage.at("home"), 0, 3000, mode);
        let run = inside(alice.cargo(["build"]), enter).run();
        if refused {
            run.refused().blames("others can create files")
        } else {
            run.ok()
        };
    }
}

/// In a namespace alice's group may have root's gid, which looks like root's private group.
fn group(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    make::own(&alice.home, alice.uid(), 3000, 0o775);
    let run = alice.cargo(["build"]).identity(["--reuid=2001", "--regid=3000", "--clear-groups"]);
    let run = inside(run, "exec unshare --user --map-root-user -- \"$@\"").run();
    run.refused().blames("others can create files");
}

/// fakeroot tells every program that all files belong to root, and that the caller is root.
fn fakeroot(stage: &Stage) {
    let (root, alice) = stage.sticky();
    let mallory = stage.person("mallory");
    let build = || inside(alice.cargo(["build"]), "exec fakeroot -- \"$@\"");
    for _ in 0..2 {
        build().run().silently().builds_in(root.join("alice/target"));
        private(&root.join("alice"), alice.uid());
    }
    make::nothing(&root.join("alice"));
    make::directory(&root.join("alice"), mallory.uid(), mallory.uid(), 0o700);
    build().run().refused().blames("mallory");
}
