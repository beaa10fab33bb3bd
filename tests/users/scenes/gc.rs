//! gc removes what was chosen and nothing else, whoever builds, attacks or kills it meanwhile.

mod attacks;
mod full;
mod interference;
mod kills;
mod timer;

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Instant;

use crate::prelude::*;
use crate::stage::project::LAYOUT;

pub(crate) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test!("shows_what_it_would_do_and_does_nothing", dry),
        test!("an_orphan_and_its_record_are_gone", orphan),
        test!("what_only_seems_to_be_gone_stays", not_gone),
        test!("a_checkout_made_anew_gives_the_old_one_back", replaced),
        test!("root_takes_what_the_departed_have_left_and_nothing_under_a_known_name", departed),
        test!("a_locked_directory_and_a_running_program_stay", in_use),
        test!("what_a_process_that_cannot_be_looked_at_may_use_stays", unreadable),
        test!("a_process_that_has_ended_uses_nothing", ended),
        test!("a_directory_service_that_knows_nobody_is_not_believed", silent),
        test!("an_unsafe_or_foreign_root_is_left_alone", foreign_roots),
        test!("a_read_only_disk_is_one_error", read_only),
        test!("directories_that_a_build_script_has_copied_read_only_go", read_only_copies),
    ];
    for (layout, channel) in [("stable", Channel::Stable), ("the_new_layout", Channel::Nightly)] {
        let name = format!("the_next_build_is_right_after_each_policy_on_{layout}");
        tests
            .push(test!(name, move |stage| rebuilt(stage, channel)).needs(channel.needs()).heavy());
    }
    let name = "builds_of_many_people_never_fail_for_it";
    tests.push(test!(name, together).needs(&[Need::Cargo]).heavy());
    tests.extend(attacks::tests());
    tests.extend(interference::tests());
    tests.extend(full::tests());
    tests.extend(kills::tests());
    tests.extend(timer::tests());
    tests
}

/// `cargo-peruser gc --apply`, not run yet; more arguments may follow.
pub(crate) fn gc<'p>(person: &'p Person<'p>, words: &[&str]) -> Invocation<'p> {
    person.by_name(["gc", "--apply"]).args(words)
}

/// A target directory as cargo left it that many days ago, with one lock.
pub(crate) fn target(person: &Person<'_>, name: &str, days: u32) -> PathBuf {
    let top = person.stage.root.join(name_of(person)).join(name);
    for directory in ["debug/deps", "debug/.fingerprint/app", "debug/incremental/app"] {
        fs::create_dir_all(top.join(directory)).unwrap();
    }
    make::tag(&top, person.uid());
    fs::write(top.join("debug/.cargo-lock"), "").unwrap();
    for file in ["deps/libdep.rlib", ".fingerprint/app/hash", "incremental/app/data"] {
        fs::write(top.join("debug").join(file), [b'x'; 5000]).unwrap();
    }
    fs::hard_link(top.join("debug/deps/libdep.rlib"), top.join("debug/app")).unwrap();
    project::give(&top, &format!("{0}:{0}", person.uid()));
    used(&top, days);
    top
}

fn name_of(person: &Person<'_>) -> String {
    match person.account.name.is_empty() {
        true => format!("uid-{}", person.uid()),
        false => person.name().to_string_lossy().into_owned(),
    }
}

/// Sets the times of everything below a path, and of its record, to that many days ago.
pub(crate) fn used(target: &Path, days: u32) {
    let when = format!("{days} days ago");
    let (private, name) = (target.parent().expect("a parent"), target.file_name());
    let record = private.join(".workspaces").join(name.expect("a name"));
    for path in [target, &record].into_iter().filter(|path| path.exists()) {
        let words = ["-exec", "touch", "-h", "-d", &when, "{}", "+"].map(AsRef::as_ref);
        do_as_root("find", std::iter::once(path.as_os_str()).chain(words));
    }
}

/// Only tag and locks are left.
fn is_emptied(target: &Path) {
    tagged(target);
    let left = below(target).into_iter().filter(|(_, metadata)| !metadata.is_dir());
    let left: Vec<_> =
        left.map(|(path, _)| path.file_name().unwrap().to_string_lossy().into_owned()).collect();
    let is_skeleton = |name: &String| name == "CACHEDIR.TAG" || name.ends_with("-lock");
    assert!(left.iter().all(is_skeleton), "left: {left:?}");
    assert!(left.iter().any(|name| name.ends_with("-lock")), "the locks are gone");
}

fn nothing_is_staged(private: &Path) {
    let names = fs::read_dir(private).unwrap().flatten().map(|entry| entry.file_name());
    let staged: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with(".gc")).collect();
    assert!(staged.is_empty(), "left: {staged:?}");
}

fn dry(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let old = target(&alice, "old-0123456789abcdef", 40);
    let run = alice.by_name(["gc", "--older-than", "30d"]).run();
    run.ok().prints("older-than").prints("40 d ago").helps("--apply");
    assert!(old.join("debug/app").exists());
    nothing_is_staged(&root.join("alice"));
    let json = alice.by_name(["gc", "--json", "--older-than", "30d"]).run();
    json.ok().prints("\"would-be-taken\"").prints("\"version\": 1");
    let run = gc(&alice, &["--older-than", "30d"]).run();
    run.ok().prints("taken");
    is_emptied(&old);
    nothing_is_staged(&root.join("alice"));
    gc(&alice, &["--older-than", "0d"]).run().ok().prints("nothing to remove");
    gc(&alice, &["--all-users"]).run().fails().helps("sudo cargo-peruser gc --all-users");
}

/// Alice builds in a workspace of that name with the stub. Returns its path and its target directory.
fn workspace(alice: &Person<'_>, name: &str) -> (PathBuf, PathBuf) {
    let directory = alice.home.join("src").join(name);
    project::that_prints(name, &directory, alice);
    project::give(&alice.home, &format!("{0}:{0}", alice.uid()));
    alice.cargo(["build"]).within(&directory).run().ok();
    let target = alice.target_in(&directory);
    (directory, target)
}

fn orphan(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let (gone, orphan) = workspace(&alice, "gone");
    let (_, kept) = workspace(&alice, "kept");
    make::nothing(&gone);
    // Not yet: somebody may be moving it.
    gc(&alice, &[]).run().ok().prints("nothing to remove");
    for target in [&orphan, &kept] {
        used(target, 2);
    }
    alice.by_name(["usage"]).run().ok().prints("orphan").prints(gone.to_string_lossy());
    gc(&alice, &[]).run().ok().prints("orphans");
    assert!(look(&orphan).is_none(), "the orphan is still there");
    let record = root.join("alice/.workspaces").join(orphan.file_name().expect("a name"));
    assert!(look(&record).is_none(), "the record is still there");
    assert!(kept.join("debug/app").exists(), "the other one is gone");
    nothing_is_staged(&root.join("alice"));
}

/// A parent that is another directory, as under an unmounted place, or one that cannot be entered.
fn not_gone(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let (directory, target) = workspace(&alice, "app");
    used(&target, 9);
    let parent = directory.parent().expect("a parent");
    let aside = parent.with_file_name("aside");
    fs::rename(parent, &aside).unwrap();
    gc(&alice, &[]).run().ok().prints("nothing to remove");
    make::directory(parent, alice.uid(), alice.uid(), 0o755);
    gc(&alice, &[]).run().ok().prints("nothing to remove");
    fs::remove_dir(parent).unwrap();
    fs::rename(&aside, parent).unwrap();
    make::own(parent, 0, 0, 0o700);
    gc(&alice, &[]).run().ok().prints("nothing to remove");
    // It is an orphan, but another user wrote the record.
    make::own(parent, alice.uid(), alice.uid(), 0o755);
    make::nothing(&directory);
    let record = target.with_file_name(".workspaces").join(target.file_name().expect("a name"));
    make::own(&record, 0, 0, 0o644);
    gc(&alice, &[]).run().ok().prints("nothing to remove");
    assert!(target.join("debug/app").exists(), "it is gone");
    make::own(&record, alice.uid(), alice.uid(), 0o600);
    gc(&alice, &[]).run().ok().prints("orphans");
}

fn replaced(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let (directory, old) = workspace(&alice, "app");
    used(&old, 2);
    fs::rename(&directory, directory.with_file_name("keeps-its-inode")).unwrap();
    let (_, new) = workspace(&alice, "app");
    assert!(new != old, "the new checkout has the old one's directory");
    gc(&alice, &[]).run().ok().prints("orphans");
    assert!(look(&old).is_none() && new.join("debug/app").exists());
}

fn departed(stage: &Stage) {
    let root = stage.shared_root().provisioned();
    let administrator = stage.person("root");
    administrator.by_name(["provision", "--uid", "4242"]).run().ok();
    let gone = stage.stranger(4242);
    target(&gone, "app-0123456789abcdef", 40);
    let [alice, bob] = ["alice", "bob"]
        .map(|name| target(&stage.person(name), "app-0123456789abcdef", 40).join("debug/app"));
    project::give(&root.join("bob"), "4243:4243");
    administrator.by_name(["usage"]).run().ok().prints("departed").prints("mismatched");
    let run = gc(&administrator, &["--all-users", "--departed", "50d"]).run();
    run.ok().never_says("departed");
    gc(&administrator, &["--all-users"]).run().ok().prints("departed");
    assert!(look(&root.join("uid-4242")).is_none(), "it is still there");
    assert!(alice.exists(), "alice's is gone");
    gc(&administrator, &["--all-users", "--older-than", "1d"]).run().ok();
    assert!(!alice.exists() && bob.exists(), "only a person can tell whose the other one is");
}

/// What is seen of a build and of a program, by their owner and by root. The other ways to use a directory
/// are in `interference`.
fn in_use(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let [locked, running] =
        ["locked", "running"].map(|name| target(&alice, &format!("{name}-0123456789abcdef"), 40));
    let program = running.join("debug/server");
    fs::copy("/bin/sleep", &program).unwrap();
    make::own(&program, alice.uid(), alice.uid(), 0o755);
    let lines = "flock \"$1\" sleep 30 & exec \"$2\" 30";
    let busy = alice.shell(lines, [locked.join("debug/.cargo-lock"), program]).start();
    let superuser = stage.person("root");
    for (person, words) in [(&alice, &[][..]), (&superuser, &["--all-users"])] {
        wait_until("the build or the program is not seen", || {
            let usage = person.by_name(["usage"]).run();
            let line = usage.stdout.lines().find(|line| line.contains("running-0123"));
            let is_running = line.is_some_and(|line| line.matches("running").count() == 2);
            is_running && usage.stdout.contains("building")
        });
        for path in [&locked, &running] {
            used(path, 40);
        }
        let run = gc(person, &["--older-than", "30d"]).args(words).run();
        run.ok().prints("cargo is building in it").prints("uses it");
        assert!(locked.join("debug/app").exists() && running.join("debug/app").exists());
    }
    drop(busy);
    nothing_is_staged(&root.join("alice"));
}

/// A program that is executable but not readable hides its files even from its owner.
fn unreadable(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let new = target(&alice, "new-0123456789abcdef", 0);
    let old = target(&alice, "old-0123456789abcdef", 9);
    let program = stage.at("sleep");
    fs::copy("/bin/sleep", &program).unwrap();
    make::own(&program, 0, 0, 0o711);
    let running = alice.program(program.to_str().expect("a plain path"), ["60"]).start();
    let seen = || -> bool {
        let found = alice.shell("grep -l '^Uid:.*2001' /proc/*/status", [""; 0]).run().stdout;
        let shown = alice.shell("ls -l /proc/*/exe 2>&1", [""; 0]).run().stdout;
        !found.is_empty() && shown.contains("ermission denied")
    };
    wait_until("the program does not run", seen);
    // Only one process is named, and another test's may be unreadable for a moment.
    wait_until("the program is not named", || {
        let run = gc(&alice, &["--older-than", "0d"]).run();
        run.ok().helps("sudo cargo-peruser gc --all-users");
        run.stdout.contains("(sleep) cannot be looked at")
    });
    let dry = alice.by_name(["gc", "--older-than", "0d"]).run();
    dry.ok().prints("kept: process").never_says("--apply");
    assert!(new.join("debug/app").exists(), "what it may use is gone");
    // It began long after the last use.
    is_emptied(&old);
    drop(running);
    // A process of hers in another test may also be unreadable for a moment.
    wait_until("what nothing uses any more is kept", || {
        gc(&alice, &["--older-than", "0d"]).run().ok();
        !new.join("debug/app").exists()
    });
    is_emptied(&new);
}

/// Nobody has asked for its exit code yet, and nobody may look at what it had.
fn ended(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let idle = target(&alice, "idle-0123456789abcdef", 0);
    let running = alice.shell("sleep 0 & exec sleep 60", [""; 0]).start();
    wait_until("no process has ended", || {
        let ended = alice.shell("grep -l '^State:.Z' /proc/[0-9]*/status", [""; 0]).run().stdout;
        !ended.is_empty()
    });
    // Another test's process of hers may be silent for a moment.
    wait_until("what nothing uses any more is kept", || {
        gc(&alice, &["--older-than", "0d"]).run().ok();
        !idle.join("debug/app").exists()
    });
    is_emptied(&idle);
    drop(running);
}

/// One unknown owner beside those of `/etc/passwd`: the directory service answers for no account.
fn silent(stage: &Stage) {
    stage.shared_root().provisioned();
    let administrator = stage.person("root");
    administrator.by_name(["provision", "--uid", "4242"]).run().ok();
    let gone = target(&stage.stranger(4242), "app-0123456789abcdef", 90);
    let switch = stage.at("nsswitch.conf");
    make::file(&switch, "passwd: files ldap\n", 0, 0o644);
    make::file(Path::new("/etc/nsswitch.conf"), "passwd: files\n", 0, 0o644);
    let run = gc(&administrator, &["--all-users"]).seen_at(&switch, "/etc/nsswitch.conf").run();
    run.exits(77).blames("no account of the directory service is known").helps("--departed off");
    assert!(gone.join("debug/app").exists(), "it is gone");
    gc(&administrator, &["--all-users"]).run().ok();
    assert!(look(&gone).is_none(), "it is still there");
}

/// Nothing is removed without a tag, or outside a private directory.
fn foreign_roots(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let untagged = target(&alice, "app-0123456789abcdef", 90);
    fs::remove_file(untagged.join("CACHEDIR.TAG")).unwrap();
    let linked = root.join("alice/linked-0123456789abcdef");
    let elsewhere = target(&alice, "elsewhere", 90);
    let home = alice.home.join("elsewhere");
    fs::rename(&elsewhere, &home).unwrap();
    make::link(&linked, &home, alice.uid());
    let administrator = stage.person("root");
    for root in [Path::new("/"), Path::new("/home"), &alice.home, stage.root.as_path()] {
        for person in [&alice, &administrator] {
            let run = gc(person, &["--older-than", "1d", "--departed", "off"]);
            let run = if person.uid() == 0 { run.arg("--all-users") } else { run };
            run.env("CARGO_PERUSER_SHARED_ROOT", root).run();
        }
    }
    assert!(untagged.join("debug/app").exists() && home.join("debug/app").exists());
    gc(&alice, &["--older-than", "1d"]).run().ok().prints("nothing to remove");
}

fn read_only(stage: &Stage) {
    make::tmpfs(&stage.root, "mode=0755");
    let administrator = stage.person("root");
    administrator.by_name(["provision", "alice"]).run().ok();
    let alice = stage.person("alice");
    let old = target(&alice, "app-0123456789abcdef", 90);
    make::remount(&stage.root, "ro");
    gc(&alice, &["--older-than", "1d"]).run().fails().prints("failed").prints("read-only");
    assert!(old.join("debug/app").exists());
    do_as_root("umount", [stage.root.as_os_str()]);
}

/// The old layout's `out`, and a directory that nothing is in.
fn read_only_copies(stage: &Stage) {
    stage.shared_root().provisioned();
    let alice = stage.person("alice");
    let old = target(&alice, "app-0123456789abcdef", 9);
    let out = old.join("debug/build/app/out");
    for directory in ["module/inner", "empty"] {
        fs::create_dir_all(out.join(directory)).unwrap();
    }
    fs::write(out.join("module/inner/file"), "").unwrap();
    project::give(&old, &format!("{0}:{0}", alice.uid()));
    do_as_root("chmod", ["-R".as_ref(), "a-w".as_ref(), out.as_os_str()]);
    used(&old, 9);
    gc(&alice, &["--older-than", "1d"]).run().ok();
    is_emptied(&old);
    nothing_is_staged(&stage.root.join("alice"));
}

/// A library and a program that uses it.
const WORKSPACE: project::Tree<'static> = &[
    ("Cargo.toml", "[workspace]\nmembers = [\"app\", \"common\"]\nresolver = \"2\"\n"),
    ("app/Cargo.toml", package!("app", "[dependencies]\ncommon = { path = \"../common\" }\n")),
    ("app/src/main.rs", "fn main() { println!(\"{}\", common::word()); }\n"),
    ("common/Cargo.toml", package!("common")),
    ("common/src/lib.rs", "pub fn word() -> &'static str { \"right\" }\n"),
];

/// Alice runs her program. It must be the right one, and this many packages must be compiled.
fn runs(alice: &Person<'_>, at: &Path, channel: Channel, compiled: usize) {
    let run = alice.cargo(["run", "--offline"]).with(channel).within(at);
    let run = if channel == Channel::Nightly { run.env(LAYOUT, "true") } else { run };
    let run = run.run();
    run.ok().prints("right");
    let found = run.stderr.matches("Compiling").count();
    assert!(found == compiled, "{found} compiled instead of {compiled}: {}", run.stderr);
}

fn rebuilt(stage: &Stage, channel: Channel) {
    let (_, alice) = stage.provisioned();
    let [one, other] = ["one", "other"].map(|name| stage.at(name));
    let mut targets = Vec::new();
    for directory in [&one, &other] {
        make::directory(directory, alice.uid(), alice.uid(), 0o755);
        project::write(directory, WORKSPACE, &alice);
        // Sources that are newer than their build results would be rebuilt.
        used(directory, 60);
        runs(&alice, directory, channel, 2);
        targets.push(alice.target_in(directory));
    }
    let [first, second] = targets.as_slice() else { panic!("two target directories") };
    let size = |path: &Path| -> Outcome { alice.program("/usr/bin/du", ["-s"]).arg(path).run() };
    // The incremental data of one; neither is rebuilt.
    used(first, 8);
    let before = size(first).stdout;
    gc(&alice, &[]).run().ok().prints("incremental");
    assert!(size(first).stdout != before, "nothing came back");
    runs(&alice, &one, channel, 0);
    runs(&alice, &other, channel, 0);
    // One as a whole, the other stays fresh.
    for (words, rule) in [
        (&["--older-than", "30d"][..], "older-than"),
        (&["--max-size", "1K"], "max-size"),
        (&["--max-total", "0%"], "max-total"),
        (&["--keep-free", "100%"], "keep-free"),
    ] {
        used(first, 40);
        gc(&alice, &["--incremental", "off"]).args(words).run().ok().prints(rule);
        is_emptied(first);
        runs(&alice, &one, channel, 2);
        runs(&alice, &other, channel, 0);
    }
    // An orphan, and the other stays fresh.
    fs::rename(&one, stage.at("moved")).unwrap();
    used(first, 2);
    gc(&alice, &[]).run().ok().prints("orphans");
    assert!(look(first).is_none());
    runs(&alice, &other, channel, 0);
    // At its new path it starts empty.
    runs(&alice, &stage.at("moved"), channel, 2);
    assert!(look(second).is_some());
}

/// How long people build while root runs gc; a variable asks for three minutes.
fn span() -> Duration {
    Duration::from_secs(number("PERUSER_GC_SECONDS", 4) as u64)
}

/// Edits and runs a program until the end. Returns how often.
fn builds_while(person: &Person<'_>, goes_on: impl Fn() -> bool) -> u32 {
    let directory = person.home.join("app");
    project::that_prints("right", &directory, person);
    let mut builds = 0;
    while builds == 0 || goes_on() {
        let main = directory.join("src/main.rs");
        let text = format!("fn main() {{ println!(\"right {builds}\"); }}\n");
        make::file(&main, text, person.uid(), 0o644);
        let run = person.cargo(["run", "--offline"]).with(Channel::Stable);
        run.within(&directory).run().ok().prints(format!("right {builds}\n"));
        builds += 1;
    }
    builds
}

/// People build, edit and clean while root repeatedly removes everything that it may.
fn together(stage: &Stage) {
    stage.shared_root().provisioned();
    let until = Instant::now() + span();
    // On a busy machine, until something was removed, but not forever.
    let (taken, at_most) = (AtomicUsize::new(0), until + Duration::from_secs(120));
    let goes_on = || {
        let now = Instant::now();
        now < until || taken.load(Ordering::Relaxed) == 0 && now < at_most
    };
    // Two at a time make a machine busy; the longer count has all of them.
    let count = if span() > Duration::from_secs(60) { 20 } else { 4 };
    let people: Vec<_> = crowd().take(count).map(|it| stage.holder_of(it)).collect();
    thread::scope(|scope| {
        let mut builders = Vec::new();
        for person in &people {
            builders.push(scope.spawn(|| builds_while(person, goes_on)));
        }
        let administrator = stage.person("root");
        while builders.iter().any(|it| !it.is_finished()) {
            let run = gc(&administrator, &["--all-users", "--older-than", "0d"]).run();
            run.ok();
            taken.fetch_add(run.stdout.matches("taken").count(), Ordering::Relaxed);
        }
        let mut builds = 0;
        for builder in builders {
            builds += builder.join().unwrap();
        }
        let taken = taken.load(Ordering::Relaxed);
        assert!(taken > 0 && builds > 0, "{taken} taken, {builds} builds");
    });
}
