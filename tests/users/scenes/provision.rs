//! Root creates other users' private directories, whatever exists already, and whenever it is stopped.

use crate::prelude::*;
use crate::stage::steps::Steps;

/// An entry with the name of alice's directory, and the message about it.
type Planted = (&'static str, fn(&Path));

const PLANTED: &[Planted] = &[
    ("owned by mallory", |at| make::directory(at, 2003, 2003, 0o700)),
    // An alice with another uid.
    ("4001", |at| make::directory(at, 4001, 4001, 0o700)),
    ("symlink", |at| make::link(at, "/home".as_ref(), 2001)),
    ("0777", |at| make::directory(at, 2001, 2001, 0o777)),
];

tests![
    test!("makes_what_is_missing_and_changes_nothing_else", twice),
    test!("gives_everybody_a_directory_who_is_to_have_one", everybody),
    test!("a_mistake_is_named_before_anything_is_made", mistakes),
    test!("gives_a_number_without_an_account_its_directory", number),
    test!("completes_what_a_killed_run_has_begun_and_nothing_of_mallorys", leftover),
    test!("can_be_killed_at_any_moment", killed).needs(&[Need::Strace]).heavy(),
    test!("a_root_that_fills_while_it_is_closed_stays_refused", fills).needs(&[Need::Strace]),
    test!("a_machine_gives_a_directory_at_the_first_login", first_login),
    test!("setup_takes_over_a_sticky_root", taken_over),
    test!("setup_names_what_builds_would_read_in_a_sticky_root", read_above),
    test!("setup_leaves_an_accepted_sticky_root_as_it_is", left_sticky),
    test!("refuses_what_is_there_and_is_not_a_private_directory", refuses),
    test!("what_comes_meanwhile_is_judged_and_nothing_else_is_left", meanwhile)
        .needs(&[Need::Strace]),
];

fn provision(stage: &Stage, words: &[&str]) -> Outcome {
    stage.person("root").by_name(["provision"]).args(words).run()
}

fn twice(stage: &Stage) {
    let root = stage.shared_root().make();
    provision(stage, &["--dry-run", "alice"]).ok().prints("alice");
    assert!(look(&root.join("alice")).is_none(), "--dry-run made a directory");
    provision(stage, &["alice"]).ok().prints("created");
    private(&root.join("alice"), 2001);
    make::file(&root.join("alice/kept"), "x", 2001, 0o644);
    make::directory(&root.join("bob"), 2002, 2002, 0o755);
    let before = (look(&root.join("alice")), look(&root.join("bob")));
    let run = provision(stage, &["alice", "bob"]);
    run.ok().prints("in place").prints("readable by others until its owner's next build");
    assert!((look(&root.join("alice")), look(&root.join("bob"))) == before, "it was changed");
}

fn everybody(stage: &Stage) {
    let root = stage.shared_root().make();
    let administrator = stage.person("root");
    let run = administrator.by_name(["provision", "--all"]);
    run.env("CARGO_PERUSER_EXCLUDE_USERS", "mallory").run().ok();
    for (name, uid) in [("alice", 2001), ("bob", 2002), ("robot", 2203), ("uid-2301", 2301)] {
        private(&root.join(name), uid);
    }
    // Excluded, without a login shell, not an ordinary account.
    for name in ["mallory", "doorman", "gate", "nobody", "root"] {
        assert!(look(&root.join(name)).is_none(), "{name} has a directory");
    }
}

fn mistakes(stage: &Stage) {
    provision(stage, &["alice"]).fails().helps("cargo-peruser setup --shared-root");
    let root = stage.shared_root().make();
    provision(stage, &["alice", "nobody-here"]).stopped(Stop::Failed).blames("nobody-here");
    provision(stage, &["doorman"]).fails().blames("nologin").helps("include.users");
    // A login must not fail because of it.
    provision(stage, &["--uid", "2201"]).silently();
    // For chown(2) this number means "unchanged".
    provision(stage, &["--uid", "4294967295"]).exits(2);
    let run = stage.person("alice").by_name(["provision", "bob", "--dry-run"]).run();
    run.fails().helps("sudo cargo-peruser provision bob");
    assert!(is_empty(&root), "a directory was made");
    let administrator = stage.person("root");
    let run = administrator.by_name(["provision", "alice"]);
    run.unset("CARGO_PERUSER_SHARED_ROOT").run().fails().helps("cargo-peruser setup");
}

fn number(stage: &Stage) {
    let root = stage.shared_root().make();
    provision(stage, &["--uid", "4242"]).ok();
    private(&root.join("uid-4242"), 4242);
    stage.stranger(4242).cargo(["build"]).run().silently().builds_in(root.join("uid-4242/target"));
}

/// A refused directory does not stop the others, and stays as it is.
fn refuses(stage: &Stage) {
    let root = stage.shared_root().make();
    let place = root.join("alice");
    for (says, plant) in PLANTED {
        plant(&place);
        let before = look(&place).expect("nothing is planted");
        let run = provision(stage, &["alice", "bob"]);
        run.exits(77).blames(place.to_string_lossy()).blames(says);
        assert!(look(&place).as_ref() == Some(&before), "{says}: it was changed");
        private(&root.join("bob"), 2002);
        fs::remove_dir(root.join("bob")).unwrap();
        if before.kind == "directory" {
            fs::remove_dir(&place).unwrap();
        } else {
            fs::remove_file(&place).unwrap();
        }
    }
}

/// Whenever root is stopped, alice has a complete directory or none, and the next run completes it.
fn killed(stage: &Stage) {
    let root = stage.shared_root().make();
    let (alice, administrator) = (stage.person("alice"), stage.person("root"));
    let program = format!("{}/cargo-peruser", places::BY_NAME);
    let place = root.join("alice");
    for call in ["mkdirat", "fchown", "fchmod", "renameat2"] {
        let inject = format!("--inject={call}:signal=KILL:when=1");
        let words = ["--quiet", "--output=/dev/null", &inject, &program, "provision", "alice"];
        let run = administrator.program("strace", words).run();
        assert!(run.status.code() != Some(0), "it makes no call of {call}");
        if look(&place).is_some() {
            private(&place, 2001);
        }
        alice.cargo(["build"]).run().ok();
        provision(stage, &["alice"]).ok();
        private(&place, 2001);
        assert!(cache::names(&root) == ["alice"], "{call}: there is {:?}", cache::names(&root));
        make::nothing(&place);
    }
}

/// Alice has one, just before root's gets its name.
fn meanwhile(stage: &Stage) {
    let root = stage.shared_root().make();
    let administrator = stage.person("root");
    let run = administrator.by_name(["provision", "alice"]);
    let mut steps = Steps::start(run, "fchmod", &stage.at("log"));
    while steps.next().is_some() {
        make::directory(&root.join("alice"), 2001, 2001, 0o700);
    }
    steps.finish().ok();
    assert!(cache::names(&root) == ["alice"], "there is {:?}", cache::names(&root));
}

/// Mallory is faster than the change of mode.
fn fills(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    let shared = host.at("/var/shared");
    make::directory(&shared, 0, 0, 0o1777);
    let root = host.person("root");
    let program = format!("{}/cargo-peruser", places::BY_NAME);
    let inject = "--inject=fchmod:delay_enter=1000000:when=1";
    let words = ["-f", "--quiet", "--output=/dev/null", "--trace=fchmod", inject, &program];
    let words = words.into_iter().chain(["setup", "--shared-root", "/var/shared"]);
    let setup = host.run(&root, "strace", words).start();
    std::thread::sleep(std::time::Duration::from_millis(600));
    make::directory(&shared.join(".cargo"), 2003, 2003, 0o755);
    setup.finish().fails().blames("/var/shared/.cargo");
    assert!(look(&shared).is_some_and(|it| it.mode == 0o1777), "it is closed with that inside");
}

/// What systemd runs before the first session of an account, without a service manager.
fn first_login(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    make::directory(&host.at("/etc/systemd"), 0, 0, 0o755);
    make::directory(&host.at("/etc/systemd/system"), 0, 0, 0o755);
    let root = host.person("root");
    host.by_name(&root, ["setup"]).run().ok().prints("private directories at the first login");
    let unit = host.at("/etc/systemd/system/user@.service.d/cargo-peruser.conf");
    let text = fs::read_to_string(&unit).expect("no addition to user@.service");
    let line = text.lines().find_map(|line| line.strip_prefix("ExecStartPre=+-"));
    let line = line.expect("no command").replace("%i", "2001");
    let place = host.at("/var/cache/cargo-peruser/alice");
    make::nothing(&place);
    host.run(&root, "/bin/sh", ["-c", &line]).run().ok();
    private(&place, 2001);
    // `su -`, cron and others find the directory, and build there without a message.
    let alice = host.person("alice");
    host.run(&alice, "/bin/sh", ["-lc", "cargo build"]).run().silently();
    host.run(&root, "/usr/local/bin/cargo-peruser", ["setup", "--uninstall"]).run().ok();
    assert!(!unit.exists(), "it is still there");
}

/// As profile scripts and earlier versions created it. Its contents keep their owners.
fn taken_over(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    let shared = host.at("/var/shared");
    make::directory(&shared, 0, 3000, 0o3775);
    for (name, uid) in [("alice", 2001), ("departed", 4001)] {
        make::directory(&shared.join(name), uid, uid, 0o700);
        make::file(&shared.join(name).join("kept"), "x", uid, 0o644);
    }
    let root = host.person("root");
    let words = ["setup", "--shared-root", "/var/shared"];
    let dry = host.by_name(&root, [&words[..], &["--dry-run"]].concat()).run();
    dry.ok().prints("3775 → 0755").prints("then private directories for: ");
    host.by_name(&root, words).run().ok().prints("3775 → 0755");
    assert!(look(&shared).is_some_and(|it| it.mode == 0o755), "it is still open");
    private(&shared.join("alice"), 2001);
    private(&shared.join("departed"), 4001);
    private(&shared.join("bob"), 2002);
    assert!(shared.join("alice/kept").exists(), "something is gone");
    host.run(&root, "/usr/local/bin/cargo-peruser", ["setup", "--uninstall"]).run().ok();
    assert!(look(&shared).is_some_and(|it| it.mode == 0o3775), "its mode is not as it was");
    assert!(!host.at("/var/cache/cargo-peruser").exists(), "there is another root as well");
}

fn read_above(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    let shared = host.at("/var/shared");
    let root = host.person("root");
    let setup = || host.by_name(&root, ["setup", "--shared-root", "/var/shared"]).run();
    for mode in [0o1777, 0o755] {
        make::directory(&shared, 0, 0, mode);
        make::directory(&shared.join(".cargo"), 2003, 2003, 0o755);
        make::file(&shared.join("Cargo.toml"), "", 2003, 0o644);
        let run = setup();
        run.fails().blames("/var/shared/.cargo").blames("/var/shared/Cargo.toml");
        assert!(!host.at("/usr/local/bin/cargo-peruser").exists(), "half of it was done");
        make::nothing(&shared);
    }
    make::directory(&shared, 0, 0, 0o1777);
    setup().ok();
}

fn left_sticky(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    let shared = host.at("/var/shared");
    make::directory(&shared, 0, 0, 0o1777);
    make::directory(&host.at("/etc/cargo-peruser"), 0, 0, 0o755);
    let text = "shared-root = '/var/shared'\nsticky-root = 'accept'\n";
    make::file(&host.at("/etc/cargo-peruser/config.toml"), text, 0, 0o644);
    let (root, alice) = (host.person("root"), host.person("alice"));
    host.by_name(&root, ["setup"]).run().ok();
    assert!(look(&shared).is_some_and(|it| it.mode == 0o1777), "its mode was changed");
    make::nothing(&shared.join("alice"));
    host.run(&alice, "/bin/sh", ["-lc", "cargo build"]).run().silently();
    private(&shared.join("alice"), 2001);
}

/// What mallory has put there in a sticky root is not given to alice; what root has begun is completed.
fn leftover(stage: &Stage) {
    let root = stage.sticky().0;
    let alice = stage.person("alice").uid();
    let (place, unfinished) = (root.join("alice"), root.join(".unfinished-alice"));
    make::directory(&unfinished, stage.person("mallory").uid(), 0, 0o700);
    make::file(&unfinished.join("planted"), "", 0, 0o644);
    provision(stage, &["alice"]).refused().blames("mallory");
    assert!(look(&place).is_none(), "alice got what mallory has planted");
    make::nothing(&unfinished);
    make::directory(&unfinished, 0, 0, 0o700);
    provision(stage, &["alice"]).ok();
    private(&place, alice);
    assert!(cache::names(&root) == ["alice"], "there is {:?}", cache::names(&root));
}
