//! Setup by one user, and the homes and files of others.

use super::*;

pub(super) fn tests() -> Vec<Test> {
    type Body = fn(&Stage);
    let tests: [(&str, Body); 9] = [
        ("setup_with_another_persons_home_leaves_it_alone", with_her_home),
        ("nobody_takes_back_what_the_machine_has", uninstalled_by_a_person),
        ("setup_refuses_places_that_others_can_replace_or_need", refused),
        ("setup_goes_through_links_that_nobody_else_can_change", linked_places),
        ("setup_does_not_name_a_root_twice", named_by_hand),
        ("setup_takes_no_line_that_somebody_wrote_into_a_block", written_into),
        ("setup_makes_no_directory_that_an_acl_opens", inherited_acl),
        ("setup_keeps_one_cache_for_each_person", one_cache_each),
        ("setup_takes_no_program_of_alices", alices_program),
    ];
    tests.into_iter().map(|(name, body)| test!(name, body).needs(&[Need::Bash])).collect()
}

/// After `su -m bob`, HOME is alice's, and so it may be for root.
fn with_her_home(stage: &Stage) {
    for (who, program, allowed) in [
        ("bob", "/home/bob/.local/bin/cargo-peruser", &["/home/bob"][..]),
        ("root", "/usr/local/bin/cargo-peruser", &["/etc", "/usr", "/var", "/root"]),
    ] {
        let host = Host::new(stage, "host", Shell::Bash);
        // She even lets the group write to it.
        make::own(&host.home("alice"), account("alice").uid, account("bob").uid, 0o775);
        let photograph = Photograph::take(&host);
        let person = host.person(who);
        host.by_name(&person, ["setup"]).env("HOME", "/home/alice").run().ok();
        Photograph::take(&host).equals(&photograph, allowed);
        assert!(host.at(program).exists(), "{who} has nothing");
        host.leave();
    }
}

/// By a link that an administrator has made, or by its owner.
fn alices_program(stage: &Stage) {
    let host = Host::new(stage, "host", Shell::Bash);
    let alice = account("alice").uid;
    let installed = host.at("/usr/local/bin/cargo-peruser");
    let hers = host.home("alice").join("cargo-peruser");
    Setup::Machine.install(&host);
    fs::copy(&installed, &hers).unwrap();
    make::own(&hers, alice, alice, 0o755);
    Setup::Machine.run(&host, &["--uninstall"]).ok();
    make::link(&installed, "/home/alice/cargo-peruser".as_ref(), 0);
    let photograph = Photograph::take(&host);
    Setup::Machine.run(&host, &[]).fails().blames("taken by a symlink");
    Photograph::take(&host).equals(&photograph, &[]);
    fs::remove_file(&installed).unwrap();
    fs::rename(&hers, &installed).unwrap();
    Setup::Machine.run(&host, &[]).fails().blames("taken by a file");
    assert!(look(&installed).is_some_and(|it| it.uid == alice), "it was taken over");
}

fn uninstalled_by_a_person(stage: &Stage) {
    let host = Setup::Machine.on(stage, Shell::Bash);
    let photograph = Photograph::take(&host);
    let alice = host.person("alice");
    for flags in
        [["setup", "--uninstall"].as_slice(), &["setup", "--uninstall", "--prefix=/usr/local"]]
    {
        host.run(&alice, Setup::Machine.program(), flags).run();
        Photograph::take(&host).equals(&photograph, &[]);
    }
}

/// Who asks for a prefix or a shared root that others can replace or need, and what is blamed.
const REFUSED: &[(Setup, &str, &str)] = &[
    (Setup::Machine, "--prefix=/var/groups", "/var/groups"),
    (Setup::Machine, "--prefix=/var/good", "/var/"),
    (Setup::Machine, "--prefix=/var/listed", "/var/listed"),
    (Setup::Machine, "--prefix=/var/open", "/var/open"),
    (Setup::Machine, "--prefix=/var/open/deeper", "/var/open"),
    (Setup::Machine, "--prefix=/var/mallorys", "/var/mallorys"),
    (Setup::Machine, "--prefix=/home/alice/.local", "/home/alice"),
    (Setup::Person, "--prefix=/var/open", "/var/open"),
    (Setup::Person, "--prefix=/var/mallorys", "/var/mallorys"),
    (Setup::Machine, "--shared-root=/var/mallorys", "/var/mallorys"),
    (Setup::Machine, "--shared-root=/var/mallorys/root", "/var/mallorys"),
    (Setup::Machine, "--shared-root=/var/mallorys/new", "/var/mallorys"),
    (Setup::Machine, "--shared-root=/var/link", "/var/link"),
    (Setup::Machine, "--shared-root=/var/file", "/var/file"),
    (Setup::Person, "--shared-root=/var/mallorys", "/var/mallorys"),
    (Setup::Person, "--shared-root=/var/mallorys/root", "/var/mallorys"),
    (Setup::Person, "--shared-root=/var/mallorys/new", "/var/mallorys"),
    (Setup::Person, "--shared-root=/var/link", "/var/link"),
    (Setup::Person, "--shared-root=/var/file", "/var/file"),
    (Setup::Machine, "--shared-root=/tmp", "/tmp"),
    (Setup::Machine, "--shared-root=/home", "/home"),
    (Setup::Machine, "--shared-root=/var/old", "/var/old/debug"),
];

fn refused(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    let mallory = account("mallory").uid;
    for (place, owner, group, mode) in [
        ("/var/open", 0, 0, 0o777),
        ("/var/groups", 0, group("devs"), 0o2775),
        ("/var/listed", 0, 0, 0o755),
        ("/var/good", 0, 0, 0o755),
        ("/var/mallorys", mallory, 0, 0o1777),
        ("/var/mallorys/root", 0, 0, 0o1777),
        ("/var/old", 0, group("devs"), 0o2775),
        ("/var/old/debug", account("alice").uid, 0, 0o755),
    ] {
        make::directory(&host.at(place), owner, group, mode);
    }
    make::link(&host.at("/var/good/share"), "/var/mallorys".as_ref(), 0);
    make::link(&host.at("/var/link"), "/var/good".as_ref(), 0);
    make::file(&host.at("/var/file"), "", 0, 0o644);
    Acl::Access.grant(&host.at("/var/listed"), mallory, 0o7);
    let photograph = Photograph::take(&host);
    for (setup, flag, blamed) in REFUSED {
        let _context = context(|| format!("{setup:?} {flag}"));
        setup.run(&host, &[flag]).fails().blames(*blamed);
        Photograph::take(&host).equals(&photograph, &[]);
    }
}

/// Homes that are symlinks, as on image-based systems or BSD.
fn linked_places(stage: &Stage) {
    let host = Host::new(stage, "person", Shell::Bash);
    make::directory(&host.at("/var/programs"), 0, 0, 0o755);
    make::link(&host.at("/var/linked"), "programs".as_ref(), 0);
    let alice = account("alice").uid;
    host.directory("alice", "data");
    make::link(&host.home("alice").join(".local"), "data".as_ref(), alice);
    let photograph = Photograph::take(&host);
    for (who, prefix) in [("root", "/var/linked"), ("alice", "/home/alice/.local")] {
        let who = host.person(who);
        let words = |more| ["setup", "--prefix", prefix, more];
        host.by_name(&who, words("--shared-root=/var/cache/r")).run().ok();
        assert!(host.at(prefix).join("bin/cargo-peruser").exists(), "nothing at {prefix}");
        // The installed program only knows its real path.
        let real = prefix.replace("linked", "programs").replace(".local", "data");
        let again = |flags: &[&str]| {
            host.run(&who, &format!("{real}/bin/cargo-peruser"), ["setup"].iter().chain(flags))
                .run()
        };
        again(&["--shared-root=/var/cache/r"]).ok().prints("everything is in its place");
        again(&["--status"]).never_says("missing");
        host.by_name(&who, words("--uninstall")).run().ok();
        Photograph::take(&host).equals(&photograph, &["/var/cache/r", "/home/alice/.cache"]);
    }
}

/// The natural place for another setting is below the first one.
fn written_into(stage: &Stage) {
    let host = Setup::Machine.on(stage, Shell::Bash);
    let settings = host.at("/etc/cargo-peruser/config.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let (before, after) = text.rsplit_once("# <<<").expect("no block");
    fs::write(&settings, format!("{before}explicit-target-dir = \"override\"\n# <<<{after}"))
        .unwrap();
    for flag in ["--shared-root=/var/new", "--uninstall"] {
        let outcome = Setup::Machine.again(&host, &[flag]);
        outcome.fails().blames("config.toml").helps("move your lines out of the block");
        let text = fs::read_to_string(&settings).unwrap();
        assert!(text.contains("override"), "{flag}: it is gone");
        Setup::Machine.run(&host, &[]);
    }
}

fn inherited_acl(stage: &Stage) {
    let host = Host::new(stage, "person", Shell::Bash);
    let (alice, mallory) = (account("alice").uid, account("mallory").uid);
    make::directory(&host.home("alice").join(".local"), alice, alice, 0o755);
    Acl::Default.grant(&host.home("alice").join(".local"), mallory, 0o7);
    Setup::Person.install(&host);
    for place in [".local/bin", ".local/bin/cargo-peruser", ".local/lib/cargo-peruser/bin"] {
        let path = host.home("alice").join(place);
        let (found, acls) = (look(&path).expect("nothing there"), acls(&path));
        assert!(found.mode & 0o022 == 0 && acls.is_empty(), "{place}: {found:?} {acls:?}");
    }
}

/// A machine that was set up by hand has its root in the settings already.
fn named_by_hand(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    let settings = host.at("/etc/cargo-peruser/config.toml");
    make::directory(&host.at("/etc/cargo-peruser"), 0, 0, 0o755);
    make::file(&settings, "# ours\nshared-root = \"/var/by-hand\"\n", 0, 0o644);
    let photograph = Photograph::take(&host);
    let setup = |path| Setup::Machine.run(&host, &["--shared-root", path]);
    setup("/var/other").fails().blames("line 2");
    Photograph::take(&host).equals(&photograph, &[]);
    setup("/var/by-hand").ok().prints("/var/by-hand/root/target");
    let text = fs::read_to_string(&settings).unwrap();
    assert!(text.matches("shared-root").count() == 1, "{text}");
    Setup::Machine.uninstall(&host);
    Photograph::take(&host).equals(&photograph, &["/var/by-hand"]);
}

fn one_cache_each(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    let (alice, file) = (account("alice").uid, host.at("/etc/cargo-peruser/config.toml"));
    make::directory(&host.at("/var/shared"), 0, 0, 0o755);
    make::directory(&host.at("/var/shared/alice"), alice, alice, 0o700);
    make::directory(&host.at("/var/shared/alice/debug"), alice, alice, 0o700);
    let setup = |more: &[&str]| {
        Setup::Machine.run(&host, &[&["--shared-root", "/var/shared"], more].concat())
    };
    // An earlier choice stays.
    for (more, chosen) in [
        (["--scope", "user"].as_slice(), "scope = \"user\"\n"),
        (&[], "scope = \"user\"\n"),
        (&["--scope", "workspace"], "scope = \"workspace\"\n"),
    ] {
        setup(more).ok();
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(chosen), "{text}");
    }
    make::file(&file, "shared-root = '/var/shared'\n", 0, 0o644);
    setup(&["--scope", "user"]).fails().helps("add `scope = \"user\"`");
    setup(&["--scope", "checkout"]).stopped(Stop::Settings);
}
