//! Which files are trusted and opened: by everybody at every login, and by root for others.
//!
//! Settings, receipts, editors' files and the cargo in a home count only if no other account can change
//! them or a directory above them. No file of another user can block a reader.

use rustix::fs::XattrFlags;
use rustix::fs::setxattr;

use crate::prelude::*;

/// The time limit for commands that must not block.
const AT_ONCE: Duration = Duration::from_secs(5);

/// Group and mode.
type Rights = (&'static str, u32);

/// The code of a test.
type Body = fn(&Stage);

/// A function that creates or changes the file at a path.
type Change = fn(&Path);

/// Group and mode of alice's own settings and of the directory above them, and what the error names, if
/// others can change them.
const SETTINGS: &[(Rights, Rights, Option<&str>)] = &[
    (("alice", 0o664), ("alice", 0o775), None),
    (("devs", 0o664), ("alice", 0o755), Some("config.toml")),
    (("alice", 0o646), ("alice", 0o755), Some("config.toml")),
    (("alice", 0o644), ("devs", 0o775), Some("cargo-peruser")),
];

/// The kind of file at the path of cargo's configuration.
const TRAPS: &[(&str, Change)] = &[
    ("a_fifo", |at| make::fifo(at, 2003)),
    ("a_socket", |at| make::socket(at, 2003)),
    ("a_link_to_a_terminal", |at| make::link(at, Path::new("/dev/ptmx"), 2003)),
    ("a_link_to_stdin", |at| make::link(at, Path::new("/dev/stdin"), 2003)),
    ("a_link_to_endless_zeros", |at| make::link(at, Path::new("/dev/zero"), 2003)),
    ("a_huge_file", |at| {
        let file = fs::File::create(at).unwrap();
        file.set_len(1 << 33).unwrap();
    }),
    ("a_file_that_includes_itself_40_times", |at| {
        let own = at.file_name().expect("a name").to_string_lossy().into_owned();
        let list = vec![format!("'{own}'"); 40].join(", ");
        make::file(at, format!("include = [{list}]\n# build-dir\n"), 2001, 0o644);
    }),
    ("a_file_that_includes_stdin", |at| {
        make::file(at, "include = ['/dev/stdin', '/dev/fd/0']\n", 2001, 0o644);
    }),
];

/// The tests that are not in a table.
const SINGLE: &[(&str, Body, &[Need])] = &[
    ("her_settings_count_where_nobody_else_can_change_them", own_settings, &[]),
    ("a_group_that_is_somebodys_primary_one_is_not_private", primary_group, &[]),
    ("an_acl_on_her_settings_is_not_believed", acl_on_settings, &[Need::Acls]),
    ("an_absent_file_needs_no_closed_way", absent, &[]),
    ("the_systems_settings_count_only_in_a_closed_directory", systems_directory, &[]),
    ("a_fifo_in_the_place_of_settings_stops_nobody", fifo_settings, &[]),
    ("a_device_is_not_even_opened", device, &[Need::Strace]),
    ("no_build_waits_for_what_stands_in_the_place_of_a_manifest", manifests, &[]),
    ("a_pipe_of_the_shells_is_left_to_cargo", piped_config, &[]),
    ("root_opens_nothing_of_alices_when_it_migrates_for_her", root_for_alice, &[Need::Strace]),
    ("a_receipt_that_others_can_replace_is_not_believed", receipt, &[]),
    ("a_receipt_of_what_was_changed_or_opened_since_changes_nothing", changed_since, &[]),
    ("root_edits_nobody_elses_editor_files", editor_files, &[]),
    ("a_program_with_file_capabilities_refuses", file_capabilities, &[]),
];

pub(crate) fn tests() -> Vec<Test> {
    let single = SINGLE.iter().map(|(name, body, needs)| test!(name, body).needs(needs));
    let mut tests: Vec<Test> = single.collect();
    for (name, plant) in TRAPS {
        tests.push(test!(format!("no_login_waits_for_{name}"), move |stage| {
            nobody_waits(stage, *plant);
        }));
    }
    for (name, change) in CARGOS {
        tests.push(test!(format!("the_cargo_at_home_is_not_run_{name}"), move |stage| {
            cargo_at_home(stage, *change);
        },));
    }
    tests
}

fn settings(stage: &Stage) -> PathBuf {
    stage.at("config/cargo-peruser/config.toml")
}

/// Alice's `cargo build` with her own settings, which have this group and mode.
fn make_settings(stage: &Stage, file: Rights, directory: Rights) {
    let root = stage.shared_root().sticky().make();
    let uid = stage.person("alice").uid();
    make::directory(&stage.at("config"), uid, uid, 0o755);
    let place = stage.at("config/cargo-peruser");
    make::directory(&place, uid, group(directory.0), directory.1);
    let text = format!("shared-root = \"{}\"\n", root.display());
    make::file(&settings(stage), text, uid, 0o644);
    make::own(&settings(stage), uid, group(file.0), file.1);
}

fn with_settings_as_they_are<'p>(alice: &'p Person<'p>) -> Invocation<'p> {
    let run = alice.cargo(["build"]).unset("CARGO_PERUSER_SHARED_ROOT");
    run.env("XDG_CONFIG_HOME", alice.stage.at("config")).limit(AT_ONCE)
}

fn own_settings(stage: &Stage) {
    let alice = stage.person("alice");
    for (file, directory, blames) in SETTINGS {
        make_settings(stage, *file, *directory);
        if let Some(blames) = blames {
            let run = with_settings_as_they_are(&alice).run();
            run.stopped(Stop::Settings).blames(*blames).helps("chmod go-w");
            alice.shell(&run.offered("chmod"), [""; 0]).run().ok();
        }
        with_settings_as_they_are(&alice).run().ok().builds_in(stage.root.join("alice/target"));
        make::nothing(&stage.at("config"));
    }
}

/// Mallory's primary group is alice's private group.
fn primary_group(stage: &Stage) {
    make_settings(stage, ("alice", 0o664), ("alice", 0o755));
    let passwd = stage.at("passwd");
    let mut text = fs::read("/etc/passwd").unwrap();
    text.extend(b"eve:x:2999:2001::/:/bin/sh\n");
    make::file(&passwd, text, 0, 0o644);
    let alice = stage.person("alice");
    // Or she has been put into it.
    let groups = stage.at("group");
    let text = fs::read("/etc/group").unwrap();
    let lines = text.split(|byte| *byte == b'\n').map(|line| match line.starts_with(b"alice:") {
        true => [line, b"mallory"].concat(),
        false => line.to_vec(),
    });
    make::file(&groups, lines.collect::<Vec<_>>().join(&b'\n'), 0, 0o644);
    for (file, place) in [(passwd, "/etc/passwd"), (groups, "/etc/group")] {
        let run = with_settings_as_they_are(&alice).seen_at(&file, place).run();
        run.stopped(Stop::Settings).blames("others can write to it");
    }
}

fn acl_on_settings(stage: &Stage) {
    make_settings(stage, ("alice", 0o644), ("alice", 0o755));
    Acl::Access.grant(&settings(stage), stage.person("mallory").uid(), 0o6);
    let alice = stage.person("alice");
    with_settings_as_they_are(&alice).run().stopped(Stop::Settings);
}

fn absent(stage: &Stage) {
    make_settings(stage, ("alice", 0o644), ("devs", 0o775));
    fs::remove_file(settings(stage)).unwrap();
    let alice = stage.person("alice");
    with_settings_as_they_are(&alice).run().silently();
}

fn systems_directory(stage: &Stage) {
    let root = stage.shared_root().sticky().make();
    let directory = stage.settings(&format!("shared-root = \"{}\"\n", root.display()));
    let alice = stage.person("alice");
    let build = || {
        let run = alice.cargo(["build"]).unset("CARGO_PERUSER_SHARED_ROOT");
        run.system_settings(&directory).run()
    };
    build().builds_in(root.join("alice/target"));
    for (owner, of, mode) in [(0, "devs", 0o775), (0, "root", 0o777), (2003, "mallory", 0o755)] {
        make::own(&directory, owner, group(of), mode);
        build().stopped(Stop::Settings).blames("`/etc/cargo-peruser` on the path to it");
    }
}

fn fifo_settings(stage: &Stage) {
    make_settings(stage, ("alice", 0o644), ("alice", 0o755));
    let alice = stage.person("alice");
    fs::remove_file(settings(stage)).unwrap();
    make::fifo(&settings(stage), alice.uid());
    make::own(&settings(stage), alice.uid(), alice.uid(), 0o600);
    with_settings_as_they_are(&alice).run().stopped(Stop::Settings).blames("fifo");
    let directory = stage.at("etc");
    make::directory(&directory, 0, 0, 0o755);
    make::fifo(&directory.join("config.toml"), 0);
    make::own(&directory.join("config.toml"), 0, 0, 0o600);
    let run = alice.cargo(["build"]).system_settings(&directory).limit(AT_ONCE).run();
    run.stopped(Stop::Settings).blames("fifo");
}

/// In `$CARGO_HOME`, which every login reads, and above the checkout, which every build does.
fn nobody_waits(stage: &Stage, plant: Change) {
    let (root, alice) = stage.sticky();
    for name in ["config", "config.toml"] {
        let home = stage.at(format!("cargo-home-{name}"));
        make::directory(&home, alice.uid(), alice.uid(), 0o755);
        plant(&home.join(name));
        // A login shell's own output.
        let line = "printf 'a line\\n' | { cargo-peruser env --shell sh >\"$1\" && cat; }";
        let out = alice.home.join("out");
        let login = alice.shell(line, [&out]).env("CARGO_HOME", &home).limit(AT_ONCE).run();
        login.ok().prints("a line");
        let exports = fs::read_to_string(&out).unwrap();
        assert!(exports.contains(&*root.join("alice/target").to_string_lossy()), "{exports}");
        alice.cargo(["build"]).env("CARGO_HOME", &home).limit(AT_ONCE).run().silently();
    }
    let above = stage.checkout.join(".cargo");
    make::directory(&above, alice.uid(), alice.uid(), 0o755);
    plant(&above.join("config.toml"));
    alice.cargo(["build"]).limit(AT_ONCE).run().silently();
    let typed = above.join("config.toml");
    let typed = ["--config".as_ref(), typed.as_os_str(), "build".as_ref()];
    alice.cargo(typed).limit(AT_ONCE).run().ok();
}

/// Opening one can rewind a tape or start a watchdog.
fn device(stage: &Stage) {
    let (_, alice) = stage.sticky();
    let home = alice.home.join("cargo-home");
    make::directory(&home, alice.uid(), alice.uid(), 0o755);
    make::link(&home.join("config.toml"), Path::new("/dev/ptmx"), alice.uid());
    make::fifo(&home.join("config"), alice.uid());
    let log = alice.home.join("log");
    let log_name = log.to_string_lossy().into_owned();
    let words = ["strace", "-f", "-qq", "-e", "trace=open,openat", "-o", &log_name];
    let run = alice.by_name(["env", "--shell", "sh"]).after(words).env("CARGO_HOME", &home);
    run.limit(AT_ONCE).run().ok();
    let log = fs::read_to_string(log).unwrap();
    let opened = log.lines().find(|line| line.contains("cargo-home/config"));
    assert!(opened.is_none(), "{opened:?}");
    assert!(log.contains("openat"), "{log}");
}

/// In the checkout and above it, where cargo and git look as well.
fn manifests(stage: &Stage) {
    let (_, alice) = stage.sticky();
    let inner = make::directories(&stage.checkout, "a/b", alice.uid());
    for name in [".git", "Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml"] {
        for place in [&stage.checkout, &inner] {
            make::fifo(&place.join(name), alice.uid());
            alice.cargo(["build"]).within(&inner).limit(AT_ONCE).run();
            alice.by_name(["explain"]).within(&inner).limit(AT_ONCE).run();
            fs::remove_file(place.join(name)).unwrap();
        }
    }
}

fn piped_config(stage: &Stage) {
    let (_, alice) = stage.sticky();
    let cargo = stage.at("c");
    make::directory(&cargo, 0, 0, 0o755);
    make::script(&cargo.join("cargo"), "#!/bin/sh\ncat \"$2\"\n");
    let line = "printf 'build.jobs=1\\n' | cargo --config /dev/fd/0 build";
    let path = [Path::new(places::SHIM), &cargo, "/usr/bin".as_ref(), "/bin".as_ref()];
    alice.shell(line, [""; 0]).path(path).limit(AT_ONCE).run().ok().prints("build.jobs=1");
}

/// Alice's home at the path in the account database, in which every open blocks.
fn home_of_traps(stage: &Stage, alice: &Person<'_>) -> PathBuf {
    let homes = stage.at("homes");
    make::directory(&homes, 0, 0, 0o755);
    let home = homes.join(alice.uid().to_string());
    for place in ["", ".cargo", ".config", ".config/cargo-peruser", "checkout", "checkout/.cargo"] {
        make::directory(&home.join(place), alice.uid(), alice.uid(), 0o755);
    }
    make::link(&home.join(".cargo/config.toml"), Path::new("/dev/ptmx"), alice.uid());
    for place in [
        ".cargo/config",
        "checkout/.cargo/config.toml",
        "checkout/Cargo.toml",
        ".config/cargo-peruser/config.toml",
        ".bashrc",
        ".profile",
    ] {
        make::fifo(&home.join(place), alice.uid());
    }
    homes
}

/// strace shows what root opens, and files that would block it are there too.
fn root_for_alice(stage: &Stage) {
    let (_, alice) = stage.sticky();
    let root = stage.person("root");
    let homes = home_of_traps(stage, &alice);
    let old = stage.at("old");
    make::directory(&old, 0, 0, 0o755);
    make::tag(&old, 0);
    let (old, log) = (old.to_string_lossy().into_owned(), stage.at("log"));
    let log_name = log.to_string_lossy().into_owned();
    let strace = ["strace", "-f", "-qq", "-e", "trace=open,openat", "-o", &log_name];
    for words in [
        &["migrate", &old, "--to", "alice", "--dry-run", "--checkout", "/home/2001/checkout"][..],
        &["provision", "alice"],
        &["provision", "--all"],
        &["provision", "--uid", "2001"],
    ] {
        let run = root.by_name(words).after(strace).limit(AT_ONCE);
        let run = run.seen_at(&homes, "/home").run();
        assert!(run.status.code().is_some(), "{}", run.stderr);
        let log = fs::read_to_string(&log).unwrap();
        let is_hers = |line: &&str| line.contains("/home/2001/") || line.contains("ptmx");
        // Root searches for the top of the checkout, but reads nothing in it.
        let is_named = |line: &&str| line.contains("\"/home/2001/checkout\"");
        let opened = log.lines().find(|line| is_hers(line) && !is_named(line));
        assert!(opened.is_none(), "{words:?}: {opened:?}");
        assert!(log.contains("openat"), "{log}");
    }
}

/// The ways in which others can change the cargo in alice's home.
const CARGOS: &[(&str, Change)] = &[
    ("where_a_common_group_can_write_it", |home| {
        make::own(&home.join("bin/rustup"), 2001, group("devs"), 0o775);
    }),
    ("where_a_common_group_can_write_its_directory", |home| {
        make::own(&home.join("bin"), 2001, group("devs"), 0o775);
    }),
    ("where_it_leads_into_somebody_elses_directory", |home| {
        fs::remove_file(home.join("bin/cargo")).unwrap();
        let theirs = home.with_file_name("mallorys");
        make::directory(&theirs, 2003, 2003, 0o755);
        make::script(&theirs.join("cargo"), "#!/bin/sh\necho mallory\n");
        make::link(&home.join("bin/cargo"), &theirs.join("cargo"), 2001);
    }),
    ("where_the_link_to_it_is_somebody_elses", |home| {
        fs::remove_file(home.join("bin/cargo")).unwrap();
        make::link(&home.join("bin/cargo"), Path::new("rustup"), 2003);
    }),
];

/// No cargo is on PATH, and alice's own is a symlink, like rustup's.
fn cargo_at_home(stage: &Stage, change: Change) {
    let (root, alice) = stage.sticky();
    let home = alice.home.join("cargo-home");
    make::directories(&alice.home, "cargo-home/bin", alice.uid());
    let stub = fs::read_to_string(Path::new(places::STUB).join("cargo")).unwrap();
    make::file(&home.join("bin/rustup"), stub, alice.uid(), 0o755);
    make::link(&home.join("bin/cargo"), Path::new("rustup"), alice.uid());
    let path = [places::SHIM];
    let build = || alice.cargo(["build"]).path(path).env("CARGO_HOME", &home).run();
    build().builds_in(root.join("alice/target"));
    change(&home);
    build().stopped(Stop::NoCargo).mentions("others can change it");
}

/// A receipt in which a directory had mode 0777 before.
fn receipt_of(path: &Path) -> String {
    format!(
        "{{\"entries\":[{{\"path\":\"{}\",\"did\":\"change-mode\",\
         \"before\":{{\"mode\":511,\"group\":0}},\"after\":{{\"mode\":493,\"group\":0}}}}]}}",
        path.display()
    )
}

/// Mallory's directory contains a receipt of root's, through a symlink that he can change.
fn receipt(stage: &Stage) {
    let (root, mallory) = (stage.person("root"), stage.person("mallory"));
    let (victim, real, prefix) = (stage.at("victim"), stage.at("real"), stage.at("mallorys"));
    make::directory(&victim, 0, 0, 0o755);
    make::directory(&real, 0, 0, 0o755);
    make::file(&real.join("setup.json"), receipt_of(&victim), 0, 0o644);
    make::directories(&stage.directory, "mallorys/lib", mallory.uid());
    make::link(&prefix.join("lib/cargo-peruser"), &real, mallory.uid());
    for words in [["setup", "--uninstall"], ["setup", "--status"]] {
        let run = root.by_name(words).arg("--prefix").arg(&prefix).limit(AT_ONCE).run();
        run.fails().blames("setup.json").blames("others can write");
    }
    let mode = look(&victim).expect("the victim").mode;
    assert!(mode == 0o755, "root has made it {mode:04o}");
}

/// The receipt is root's. One of its paths now leads through a symlink of mallory's, and a directory's mode
/// and a link's target are no longer what setup has made.
fn changed_since(stage: &Stage) {
    let (root, mallory) = (stage.person("root"), stage.person("mallory"));
    let (victim, prefix, theirs) = (stage.at("victims/x"), stage.at("prefix"), stage.at("theirs"));
    make::directory(&stage.at("victims"), 0, 0, 0o755);
    make::directory(&theirs, mallory.uid(), mallory.uid(), 0o755);
    make::link(&theirs.join("link"), &stage.at("victims"), mallory.uid());
    make::directories(&stage.directory, "prefix/lib/cargo-peruser", 0);
    let link = stage.at("link");
    make::link(&link, Path::new("/elsewhere"), 0);
    let made_link =
        format!(",{{\"path\":\"{}\",\"did\":\"make\",\"contents\":[1]}}]", link.display());
    let uninstall = |path: &Path| {
        let receipt = receipt_of(path).replace(']', &made_link);
        make::file(&prefix.join("lib/cargo-peruser/setup.json"), receipt, 0, 0o644);
        root.by_name(["setup", "--uninstall", "--prefix"]).arg(&prefix).run()
    };
    let has_mode = |mode| look(&victim).is_some_and(|it| it.mode == mode) && look(&link).is_some();
    make::directory(&victim, 0, 0, 0o755);
    uninstall(&theirs.join("link/x")).fails().blames("others can change");
    assert!(has_mode(0o755), "root has followed mallory's link");
    make::own(&victim, 0, 0, 0o750);
    let kept = uninstall(&victim).ok().stdout.matches("it was changed since").count();
    assert!(kept == 2 && has_mode(0o750), "{kept} are kept");
    make::own(&victim, 0, 0, 0o755);
    uninstall(&victim).ok();
    assert!(has_mode(0o777), "the mode is not as it was");
}

/// `sudo -E cargo-peruser editor … --write` in alice's session.
fn editor_files(stage: &Stage) {
    stage.shared_root().sticky().make();
    let (root, alice) = (stage.person("root"), stage.person("alice"));
    let doom = alice.home.join("doom");
    make::directory(&doom, alice.uid(), alice.uid(), 0o755);
    let secret = stage.at("secret");
    make::file(&secret, "", 0, 0o600);
    make::link(&doom.join("config.el"), &secret, alice.uid());
    // Created by an earlier sudo: root's file in alice's directory.
    let config = alice.home.join("roots");
    make::directory(&config, 0, 0, 0o755);
    // In a directory where every user could be faster than root.
    let tmp = stage.at("tmp");
    make::directory(&tmp, 0, 0, 0o1777);
    let not_yet = [alice.home.join("not-yet"), tmp.join("not-yet")];
    for place in not_yet.iter().chain([&doom, &config]) {
        let run = |verb| {
            let run = root.by_name(["editor", verb, "--write"]).env("DOOMDIR", place);
            run.env("XDG_CONFIG_HOME", place).env("HOME", &alice.home).limit(AT_ONCE).run()
        };
        run("emacs");
        run("helix");
    }
    assert!(fs::read_to_string(&secret).unwrap().is_empty(), "root followed alice's link");
    for place in [&doom, &config] {
        let names = cache::names(place);
        assert!(names.len() == usize::from(*place == doom), "root has made {names:?}");
    }
    assert!(!not_yet.iter().any(|it| it.exists()), "root has made a directory for others");
}

/// `cap_chown+ep`, as the kernel keeps it.
fn file_capabilities(stage: &Stage) {
    let (root, alice) = stage.sticky();
    let place = stage.at("bin");
    make::directory(&place, 0, 0, 0o755);
    let program = place.join("cargo");
    fs::copy(Path::new(places::SHIM).join("cargo"), &program).unwrap();
    // She cannot read it, which alone is no reason to refuse.
    make::own(&program, 0, 0, 0o711);
    let path = [place.as_path(), places::STUB.as_ref(), "/usr/bin".as_ref(), "/bin".as_ref()];
    alice.cargo(["check"]).path(path).run().builds_in(root.join("alice/target"));
    let words: [u32; 5] = [0x0200_0001, 1, 0, 0, 0];
    let value: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    setxattr(&program, "security.capability", &value, XattrFlags::empty()).unwrap();
    for mode in [0o711, 0o755] {
        fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        alice.cargo(["check"]).path(path).run().refused().blames("capabilities");
    }
}
