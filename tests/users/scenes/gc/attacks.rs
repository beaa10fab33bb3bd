//! The owner attacks while root runs gc in their private directory: nothing outside is touched, and gc
//! ends.

use super::*;

/// What mallory repeats in her private directory; `$1` is a directory of hers or of root's. That a path is
/// a link from any call on is in `interference`. `-T` keeps her from moving files into the target of a link.
const ATTACKS: &[(&str, &str)] = &[
    (
        "the_records",
        "mkdir -p .workspaces; mv -T .workspaces x; ln -sT \"$1\" .workspaces; rm -f .workspaces; mv -T x .workspaces",
    ),
    (
        "an_endless_tree",
        "mkdir -p .gc.0/d/e/f app-0123456789abcdef/debug/deps/new/new; touch .gc.0/d/f .gc.0/$$ app-0123456789abcdef/debug/deps/new/x",
    ),
    (
        "the_locks",
        "cd app-0123456789abcdef/debug; mv -fT .cargo-lock x; ln -sT \"$1/precious\" .cargo-lock; rm -f .cargo-lock; mkfifo .cargo-lock; rm -f .cargo-lock; mv -fT x .cargo-lock; cd ../..",
    ),
];

/// How often; a variable asks for hundreds.
pub(super) fn rounds() -> usize {
    number("PERUSER_GC_ROUNDS", 4)
}

pub(super) fn tests() -> Vec<Test> {
    let mut tests = vec![
        test!("odd_content_is_removed_and_nothing_outside", odd_content),
        test!("what_is_roots_in_it_stays", roots_own),
    ];
    for (place, path, what) in PLACES {
        for (how, script) in MOUNTS {
            let name = format!("{place}_is_{how}");
            let is_fuse = script.contains("bindfs");
            let mounted = move |stage: &Stage| mounted(stage, path, what, script);
            let needs: &[Need] = if is_fuse { &[Need::Fuse] } else { &[Need::Strace] };
            tests.push(test!(name, mounted).needs(needs));
        }
    }
    for (name, script) in ATTACKS {
        let name = format!("{name}_changes_all_the_time");
        tests.push(test!(name, move |stage| exchanged(stage, script)).heavy());
    }
    tests
}

/// A directory outside of all private ones, with a file in it and one below. It looks like an old target
/// directory.
pub(super) fn precious(stage: &Stage, uid: u32) -> PathBuf {
    let precious = stage.at(format!("precious-{uid}"));
    make::directory(&precious, uid, uid, 0o755);
    for directory in ["debug", "plain"] {
        make::directory(&precious.join(directory), uid, uid, 0o755);
    }
    for (file, content) in PRECIOUS {
        make::file(&precious.join(file), content, uid, 0o644);
    }
    make::tag(&precious, uid);
    super::used(&precious, 90);
    precious
}

const PRECIOUS: [(&str, &str); 4] = [
    ("precious", "precious"),
    ("debug/precious", "precious"),
    ("debug/.cargo-lock", ""),
    ("plain/precious", "precious"),
];

pub(super) fn is_whole(precious: &Path, uid: u32) {
    for (file, content) in PRECIOUS {
        let sight = look(&precious.join(file));
        assert!(sight.is_some_and(|sight| sight.uid == uid), "`{file}` was touched");
        assert!(
            fs::read_to_string(precious.join(file)).unwrap() == content,
            "`{file}` was written to"
        );
    }
    for (directory, count) in [("", 4), ("debug", 2), ("plain", 1)] {
        let found = cache::names(&precious.join(directory)).len();
        assert!(found == count, "something was put there or taken away: `{directory}`");
    }
}

fn exchanged(stage: &Stage, script: &str) {
    let root = stage.shared_root().provisioned();
    let (mallory, administrator) = (stage.person("mallory"), stage.person("root"));
    let (private, of_root, own) =
        (root.join("mallory"), precious(stage, 0), precious(stage, mallory.uid()));
    // Alice's is there to be left alone.
    let alice = target(&stage.person("alice"), "app-0123456789abcdef", 0);
    let script = format!(
        "cd \"$2\" || exit 9; while :; do {script}; cd \"$2\"; sleep 0.05; done 2>/dev/null"
    );
    let collect = |words: &[&str]| {
        let words = [&["--all-users", "--incremental", "off"], words].concat();
        gc(&administrator, &words).limit(Duration::from_secs(30)).run()
    };
    let (mut taken, mut said) = (0, String::new());
    for round in 0..rounds() {
        target(&mallory, "app-0123456789abcdef", 90);
        let victim = if round % 2 == 0 { &own } else { &of_root };
        let running = mallory.shell(&script, [victim, &private]).start();
        std::thread::sleep(Duration::from_millis(20));
        for words in [["--older-than", "30d"], ["--max-size", "1K"]].repeat(3) {
            // She can make it fail, but it ends.
            let run = collect(&words);
            taken += run.stdout.matches(" taken").count();
            said = run.stdout + &run.stderr;
        }
        drop(running);
        finish(&private);
        let old = target(&mallory, "app-0123456789abcdef", 90);
        let run = collect(&["--older-than", "30d"]);
        taken += run.ok().stdout.matches(" taken").count();
        is_emptied(&old);
        super::nothing_is_staged(&private);
        is_whole(&own, mallory.uid());
        is_whole(&of_root, 0);
        assert!(alice.join("debug/app").exists(), "alice's was taken");
        make::nothing(&old);
    }
    assert!(taken > rounds(), "nothing was taken while she was at it: {said}");
}

/// Her leftovers, and her target directory, are gone.
fn finish(private: &Path) {
    for path in ["x", "app-0123456789abcdef"].map(|path| private.join(path)) {
        do_as_root("rm", ["-rf".as_ref(), path.as_os_str()]);
    }
}

/// Control characters, hard links to others' files, and a tree deeper than any path may be.
fn odd_content(stage: &Stage) {
    stage.shared_root().provisioned();
    let mallory = stage.person("mallory");
    let [of_root, own] = [0, mallory.uid()].map(|uid| precious(stage, uid));
    let old = target(&mallory, "app-0123456789abcdef", 90);
    for (name, precious) in [("of-root", &of_root), ("own", &own)] {
        fs::hard_link(precious.join("precious"), old.join("debug/deps").join(name)).unwrap();
        make::link(&old.join("debug").join(name), precious, mallory.uid());
    }
    make::fifo(&old.join("debug/fifo"), mallory.uid());
    make::file(&old.join("debug/odd\n\x1b[31mname"), "x", mallory.uid(), 0o600);
    let deep = "cd \"$1\"; i=0; while [ $i -lt 600 ]; do mkdir deeper-and-deeper; cd deeper-and-deeper; i=$((i + 1)); done; touch file";
    mallory.shell(deep, [&old.join("debug")]).run().ok();
    mallory.shell("chmod 0 \"$1\"", [&old.join("debug/deps/libdep.rlib")]).run().ok();
    odd_names(stage, &old);
    // Too deep for the removal of the stage.
    let private = stage.root.join("mallory");
    do_as_root("rm", ["-rf".as_ref(), old.as_os_str()]);
    do_as_root("sh", ["-c", "rm -rf \"$1\"/.gc.*", "sh", private.to_str().expect("a plain path")]);
    is_whole(&own, mallory.uid());
    is_whole(&of_root, 0);
}

fn odd_names(stage: &Stage, old: &Path) {
    let (mallory, administrator) = (stage.person("mallory"), stage.person("root"));
    let private = stage.root.join("mallory");
    let odd = private.join("odd\n\x1b[31mname-0123456789abcdef");
    fs::rename(target(&mallory, "x", 90), &odd).unwrap();
    let usage = administrator.by_name(["usage"]).run();
    usage.ok().prints("+");
    // New directories are younger than a day.
    // Even with a small limit of open files.
    let few = ["sh", "-c", "ulimit -n 200 && exec \"$@\"", "sh"];
    let run = gc(&administrator, &["--all-users", "--older-than", "0d"]).after(few).run();
    // Only what is too deep stays, in the staging directory.
    run.exits(1).prints("is too deep there");
    for said in [&usage.stdout, &run.stdout] {
        assert!(!said.contains('\x1b'), "a control character reached the terminal");
    }
    is_emptied(old);
    is_emptied(&odd);
}

/// gc as root may do only what the owner may do: root's files in there stay.
fn roots_own(stage: &Stage) {
    let root = stage.shared_root().provisioned();
    let (mallory, administrator) = (stage.person("mallory"), stage.person("root"));
    let old = target(&mallory, "app-0123456789abcdef", 90);
    let secret = old.join("debug/deps/a-secret");
    make::directory(&secret, 0, 0, 0o700);
    make::file(&secret.join("file"), vec![0; 1 << 20], 0, 0o600);
    super::used(&old, 90);
    administrator.by_name(["usage"]).run().ok().prints("+").never_says("MiB");
    make::own(&secret, 0, 0, 0o755);
    let run = gc(&administrator, &["--all-users", "--older-than", "30d"]).run();
    run.fails().prints("failed");
    let private = root.join("mallory");
    let found = administrator.shell("find \"$1\"/.gc.* -type f", [&private]).run();
    found.ok().prints("secret/file\n").never_says("libdep");
    // In her own run it stays as well, and the name that it has is not used again.
    let more = target(&mallory, "more-0123456789abcdef", 90);
    let run = gc(&mallory, &["--older-than", "30d"]).run();
    run.fails().prints("not all of it could be removed");
    is_emptied(&more);
    let found = administrator.shell("find \"$1\"/.gc.* -type f", [&private]).run();
    found.ok().prints("secret/file\n");
    // Another account's directory with a valid tag is not her target directory.
    administrator.shell("rm -r \"$1\"/.gc.*", [&private]).run().ok();
    make::nothing(&old);
    let foreign = target(&mallory, "foreign-0123456789abcdef", 90);
    make::own(&foreign, 0, 0, 0o755);
    let run = gc(&administrator, &["--all-users", "--older-than", "30d"]).run();
    run.ok().prints("nothing to remove");
    assert!(foreign.join("debug/app").exists());
}

/// Where something of her own is mounted, and what.
const PLACES: [(&str, &str, &str); 4] = [
    ("a_target_directory", "mounted-0123456789abcdef", ""),
    ("what_is_staged", ".gc.0", ""),
    ("a_directory_that_is_moved", "app-0123456789abcdef/debug/deps/mounted", "plain"),
    ("what_is_moved", "app-0123456789abcdef/debug/mounted", "plain"),
];

/// How it is mounted at `$1`: by root, or by herself with FUSE, with the server stopped or running.
const MOUNTS: [(&str, &str); 3] = [
    ("bound", "exec mount --bind \"$1\" \"$2\""),
    ("shown_by_fuse", "exec bindfs \"$1\" \"$2\""),
    (
        "shown_by_a_fuse_server_that_hangs",
        "bindfs -f \"$1\" \"$2\" & until mountpoint -q \"$2\"; do sleep 0.01; done; kill -STOP $!; exec sleep 60",
    ),
];

/// Unmounts everything at such a path. A mount point that was moved is still one.
fn unmount(below: &Path) {
    let below = below.to_string_lossy();
    let mut unmounted = 0;
    while let Some(line) =
        fs::read_to_string("/proc/self/mounts").unwrap().lines().find(|line| line.contains(&*below))
    {
        do_as_root("umount", ["-l", line.split(' ').nth(1).expect("a mount point")]);
        unmounted += 1;
    }
    assert!(unmounted > 0, "it was not mounted to the end");
}

fn mounted(stage: &Stage, place: &str, what: &str, how: &str) {
    let private = stage.shared_root().provisioned().join("mallory");
    let (mallory, administrator) = (stage.person("mallory"), stage.person("root"));
    let own = precious(stage, mallory.uid());
    let large = own.join(what).join("large");
    make::file(&large, vec![0; 1 << 20], mallory.uid(), 0o644);
    super::used(&own, 90);
    let old = target(&mallory, "app-0123456789abcdef", 90);
    let place = private.join(place);
    make::directory(&place, mallory.uid(), mallory.uid(), 0o755);
    super::used(&old, 90);
    let by = if how.contains("bindfs") { &mallory } else { &administrator };
    let mount = by.shell(how, [&own.join(what), &place]).start();
    let is_there = || {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        mounts.contains(&*place.to_string_lossy())
    };
    wait_until("nothing is mounted", is_there);
    if how.contains("STOP") {
        std::thread::sleep(Duration::from_millis(100));
    }
    let limit = Duration::from_secs(20);
    let usage = administrator.by_name(["usage"]).limit(limit).run();
    let collect =
        |age| gc(&administrator, &["--all-users", "--older-than", age]).limit(limit).run();
    // Without the kernel's support for lookups on one mount, as in a sandbox.
    let denied = ["strace", "-fqq", "-o", "/dev/null", "-e", "inject=openat2:error=EPERM"];
    let in_sandbox = match by.uid() {
        0 => gc(&administrator, &["--all-users", "--older-than", "30d"]).after(denied).run(),
        _ => collect("30d"),
    };
    let collected = collect("30d");
    drop(mount);
    unmount(&private);
    fs::remove_file(large).expect("it was touched");
    is_whole(&own, mallory.uid());
    usage.ok().never_says("MiB").never_says("mounted-");
    in_sandbox.never_says("mounted-");
    collected.never_says("mounted-");
    collect("0d").ok();
    is_emptied(&old);
    super::nothing_is_staged(&private);
}
