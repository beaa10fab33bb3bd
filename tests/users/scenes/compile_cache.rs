//! The real sccache with the real cargo: what it reuses, and that no build fails because of it.

mod fixture;

use std::fs::File;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::time::SystemTime;

use fixture::Depends;
use fixture::Redis;
use fixture::Stand;
use fixture::quietly;

use crate::prelude::*;

const BUILDS: &[Need] = &[Need::Cargo, Need::Registry, Need::Sccache];
const REDIS: &[Need] = &[Need::Redis];

pub(crate) fn tests() -> Vec<Test> {
    let heavy = |name: &str, body: fn(&Stage)| test!(name, body).needs(BUILDS).heavy();
    vec![
        heavy("a_second_worktree_is_compiled_from_the_first", second_worktree),
        heavy("a_second_machine_is_compiled_from_the_first", second_machine).needs(REDIS),
        heavy("a_second_person_reads_what_one_account_writes", second_person).needs(REDIS),
        heavy("what_breaks_during_a_build_breaks_no_build", broken_meanwhile).needs(REDIS),
        // It waits most of the time.
        test!("what_is_broken_before_breaks_no_build", broken_before).needs(BUILDS),
        heavy("nested_builds_editors_and_clippy_work", other_calls),
        heavy("what_old_servers_have_left_goes", old_servers),
        heavy("nobody_elses_server_is_spoken_to", others_servers),
        heavy("no_server_is_started_where_others_could_reach_it", reachable_by_others),
        test!("a_wrapper_of_ones_own_stays", choices).needs(&[Need::Sccache]),
    ]
}

fn second_worktree(stage: &Stage) {
    let stand = Stand::new(stage);
    let alice = stand.resident("alice");
    stand.checkout(&stage.checkout, &alice, Depends::OnMany);
    // The server outlives the build that starts it, so it must not keep the build's locks or temporary
    // directory.
    let job = stage.at("job");
    make::directory(&job, alice.uid(), alice.uid(), 0o700);
    let script = "exec 7>\"$HOME/held\"; flock 7; cargo build";
    stand.shell(&alice, script).env("TMPDIR", &job).run().ok();
    stand.shell(&alice, "flock -n \"$HOME/held\" true").run().ok();
    make::nothing(&job);
    explain(&stand, &alice);
    let first = stand.counts("alice");
    assert!(first.hits == 0 && first.misses >= 10, "{first:?}");

    let second = stage.at("second");
    stand.checkout(&second, &alice, Depends::OnMany);
    let run = || stand.cargo(&alice, ["run"]).within(&second);
    let target = alice.target_in(&second);
    run().run().ok().prints(format!("{target:?}"));
    stand.counts("alice").mostly_hits();
    // A path package that reads the variable is neither wrong nor compiled again.
    run().run().ok().never_says("Compiling").prints(format!("{target:?}"));
    // The setting itself causes no rebuild.
    run().env("CARGO_PERUSER_COMPILE_CACHE", "off").run().ok().never_says("Compiling");

    // Whatever the lint flags are.
    let third = stage.at("third");
    stand.checkout(&third, &alice, Depends::OnFew);
    let target = alice.target_in(&third);
    let run = || stand.cargo(&alice, ["run"]).within(&third);
    let lints = || run().env("RUSTFLAGS", "--cap-lints warn");
    lints().run().ok();
    lints().run().ok().never_says("Compiling").prints(format!("{target:?}"));

    // Without the wrapper there would be nothing to find.
    let socket = alice.home.join("plain");
    let plain = stand.cargo(&alice, ["build"]).within(&third);
    let plain = plain.env("RUSTC_WRAPPER", stand.sccache()).env("SCCACHE_SERVER_UDS", &socket);
    plain.run().ok();
    let counts = stand.counts_of(&socket);
    assert!(counts.hits == 0 && counts.misses >= 4, "{counts:?}");
}

fn explain(stand: &Stand<'_>, alice: &Person<'_>) {
    let explained = |setting: &str| {
        let explain = stand.shell(alice, "cargo peruser explain");
        explain.env("CARGO_PERUSER_COMPILE_CACHE", setting).run()
    };
    let program = format!("compile cache      {}", stand.sccache().display());
    explained("sccache").ok().prints(program);
    explained("no-such").ok().prints("there is no executable `no-such`");
    explained("off").ok().never_says("compile cache  ");
}

/// An account with its own file tree, in which everything has the same path.
fn second_machine(stage: &Stage) {
    let stand = Stand::new(stage);
    let redis = Redis::start(stage);
    let alice = stand.resident("alice");
    let build = || redis.writer(stand.cargo(&alice, ["check"]));
    stand.checkout(&stage.checkout, &alice, Depends::OnMany);
    let other = stage.at("other");
    make::directory(&other, 0, 0, 0o755);
    for (place, name) in [(&stage.root, "shared"), (&alice.home, "home"), (&stage.checkout, "src")]
    {
        do_as_root("cp", ["-a".as_ref(), place.as_os_str(), other.join(name).as_os_str()]);
    }
    build().run().ok();
    let there = build()
        .seen_at(other.join("shared"), &stage.root)
        .seen_at(other.join("home"), &alice.home)
        .seen_at(other.join("src"), &stage.checkout);
    there.run().ok();
    let socket = fixture::sockets(&other.join("shared/alice")).pop().expect("no server");
    stand.counts_of(&socket).mostly_hits();
}

/// Both recipes of the manual, while the servers of both run.
fn second_person(stage: &Stage) {
    let stand = Stand::new(stage);
    let redis = Redis::start(stage);
    let (alice, bob) = (stand.resident("alice"), stage.person("bob"));
    stand.checkout(&stage.checkout, &alice, Depends::OnMany);
    let vendor = stand.cargo(&alice, ["vendor"]).run();
    vendor.ok();
    make::directory(&stage.checkout.join(".cargo"), alice.uid(), alice.uid(), 0o755);
    make::file(&stage.checkout.join(".cargo/config.toml"), vendor.stdout, alice.uid(), 0o644);
    let build = |person| stand.cargo(person, ["check", "--locked"]);

    redis.writer(build(&alice)).run().ok();
    let stored = redis.size();
    assert!(stored >= 10, "{stored}");
    // Like rustup's proxies, each for its own user.
    let home = bob.home.join(".cargo");
    redis.reader(build(&bob)).env("CARGO_HOME", &home).run().ok();
    stand.counts("bob").mostly_hits();
    assert!(redis.size() == stored, "who may only read has written");

    // Each local disk cache has nothing of the other's.
    stand.kill("bob");
    stand.forget("bob");
    stand.cargo(&bob, ["clean"]).run().ok();
    build(&bob).run().ok();
    let counts = stand.counts("bob");
    assert!(counts.hits == 0 && counts.misses >= 10, "{counts:?}");
}

fn broken_meanwhile(stage: &Stage) {
    let stand = Stand::new(stage);
    let mut redis = Redis::start(stage);
    let alice = stand.resident("alice");
    let sccache = stand.sccache();
    let away = sccache.with_extension("away");
    let mut number = 0;
    let mut during = |redis: &mut Redis, breaks: &mut dyn FnMut(&mut Redis)| {
        number += 1;
        let checkout = stage.at(format!("checkout-{number}"));
        stand.checkout(&checkout, &alice, Depends::OnFew);
        let target = alice.target_in(&checkout);
        let build = redis.writer(stand.cargo(&alice, ["check"])).within(&checkout);
        let mut build = build.start();
        // It has begun with dependencies.
        while !build.is_over() && fixture::count(&target, "rmeta") == 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        breaks(redis);
        build.finish().ok().never_says("sccache:");
    };
    during(&mut redis, &mut |_| ());
    during(&mut redis, &mut |_| stand.kill("alice"));
    during(&mut redis, &mut |_| fs::rename(&sccache, &away).unwrap());
    fs::rename(&away, &sccache).unwrap();
    during(&mut redis, &mut |redis| {
        redis.stop();
        stand.kill("alice");
    });
    // The failure is reported when the next build begins.
    let next = redis.writer(stand.cargo(&alice, ["check"])).within(stage.at("checkout-1"));
    next.run().notes("the compile cache failed when it was last tried");
}

fn broken_before(stage: &Stage) {
    let stand = Stand::new(stage);
    let alice = stand.resident("alice");
    stand.checkout(&stage.checkout, &alice, Depends::OnFew);
    let build =
        |word: &str| stand.cargo(&alice, ["check"]).env("CARGO_PERUSER_COMPILE_CACHE", word);
    build("no-such-sccache").run().notes("there is no executable `no-such-sccache`");
    let clean = || stand.cargo(&alice, ["clean"]).run();
    // One that would open a port for everybody, one that always fails, and one that never returns.
    let log = stage.at("old.log");
    make::file(&log, "", alice.uid(), 0o644);
    let old = format!("#!/bin/sh\necho \"$1\" >>{}\necho sccache 0.8.2\n", log.display());
    for (name, script) in [
        ("old", old.as_str()),
        ("failing", "#!/bin/sh\necho 'sccache: error: out of order' >&2\nexit 2\n"),
        ("stuck", "#!/bin/sh\nexec sleep 60\n"),
    ] {
        let program = stage.at(name);
        make::script(&program, script);
        clean().ok();
        let build = || build(&program.to_string_lossy());
        build().run().ok().never_says("sccache:");
        let reason = match name {
            "old" => "it is older than 0.10",
            "failing" => "out of order",
            _ => "it did not answer within 10 seconds",
        };
        build().run().notes(reason);
        stand.forget("alice");
    }
    assert!(
        fs::read_to_string(&log).unwrap() == "--version\n",
        "more was asked of one that is too old"
    );
    // A server that has just answered, and no longer does.
    clean().ok();
    quietly(build("sccache"));
    clean().ok();
    stand.signal("alice", rustix::process::Signal::STOP);
    build("sccache").run().ok();
    build("sccache").run().notes("it did not answer within 10 seconds");
    stand.kill("alice");
}

/// Files of old servers are removed when another server starts, but not those of the last day.
fn old_servers(stage: &Stage) {
    let stand = Stand::new(stage);
    let alice = stand.resident("alice");
    stand.checkout(&stage.checkout, &alice, Depends::OnFew);
    let place = stage.root.join("alice/.sccache");
    make::directory(&place, alice.uid(), alice.uid(), 0o700);
    for (name, days) in [("1-1", 8), ("2-2", 1)] {
        for name in [name.to_owned(), format!("{name}.lock"), format!("{name}.state")] {
            make::file(&place.join(&name), "", alice.uid(), 0o600);
            let time = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
            File::options()
                .write(true)
                .open(place.join(&name))
                .unwrap()
                .set_modified(time)
                .unwrap();
        }
    }
    stand.cargo(&alice, ["check"]).run().ok();
    let is_left = |start: &str| {
        let names = place.read_dir().into_iter().flatten().flatten();
        names.filter(|entry| entry.file_name().to_string_lossy().starts_with(start)).count()
    };
    assert!((is_left("1-1"), is_left("2-2")) == (0, 3), "{:?}", (is_left("1-1"), is_left("2-2")));
    // Her own server starts again: the process that starts it holds a lock that others wait for.
    let socket = fixture::sockets(&stage.root.join("alice")).pop().expect("no server");
    let lock = || fs::metadata(socket.with_extension("lock")).unwrap().ino();
    let before = lock();
    stand.kill("alice");
    let state = File::options().write(true).open(socket.with_extension("state")).unwrap();
    state.set_modified(SystemTime::now() - Duration::from_secs(8 * 24 * 60 * 60)).unwrap();
    stand.cargo(&alice, ["clean"]).run().ok();
    stand.cargo(&alice, ["check"]).run().ok();
    assert!(lock() == before, "the lock has been replaced");
}

fn other_calls(stage: &Stage) {
    let stand = Stand::new(stage);
    let alice = stand.resident("alice");
    let nested = "fn main() {\n    let mut cargo = std::process::Command::new(\"cargo\");\n    \
                  cargo.args([\"check\", \"--manifest-path\", \"inner/Cargo.toml\"]);\n    \
                  assert!(cargo.status().unwrap().success());\n}\n";
    stand.checkout(&stage.checkout, &alice, Depends::OnFew);
    stand.checkout(&stage.checkout.join("inner"), &alice, Depends::OnFew);
    project::write(&stage.checkout, &[("build.rs", nested)], &alice);
    quietly(stand.cargo(&alice, ["check"]));
    let counts = stand.counts("alice");
    assert!(counts.misses >= 4, "hers has not been asked: {counts:?}");
    quietly(stand.cargo(&alice, ["clippy"]));
    // An editor has the session's variables and bypasses the shim.
    let script = r#"eval "$(cargo-peruser env)" && exec "$0" check --message-format=json"#;
    let editor = stand.shell(&alice, script).arg(format!("{}/bin/cargo", Channel::Stable.place()));
    quietly(editor);
    stand.counts("alice").mostly_hits();
}

/// A server of another user, on sccache's default port, and at the path in a session's variable after
/// `su -m`.
fn others_servers(stage: &Stage) {
    let stand = Stand::new(stage);
    let (alice, mallory) = (stand.resident("alice"), stage.person("mallory"));
    stand.checkout(&stage.checkout, &alice, Depends::OnFew);
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let number = port.local_addr().unwrap().port().to_string();
    let trap = stage.at("trap");
    make::directory(&trap, mallory.uid(), mallory.uid(), 0o777);
    let socket = UnixListener::bind(trap.join("socket")).unwrap();
    do_as_root("chmod", ["0777".as_ref(), trap.join("socket").as_os_str()]);
    let build = || {
        let build = stand.cargo(&alice, ["check"]).env("SCCACHE_SERVER_PORT", &number);
        build.env("SCCACHE_SERVER_UDS", trap.join("socket"))
    };
    port.set_nonblocking(true).unwrap();
    socket.set_nonblocking(true).unwrap();
    build().run().ok();
    let counts = stand.counts("alice");
    assert!(counts.misses >= 4, "hers has not been asked: {counts:?}");
    // Without the shim, with mallory's variables.
    let wrapper = stand.wrapper();
    let past = build().path([places::SCCACHE, "/opt/stable/bin", "/usr/bin"]);
    let past = past.env("RUSTC_WRAPPER", &wrapper).env("PERUSER_SCCACHE", stand.sccache());
    past.env("CARGO_TARGET_DIR", alice.home.join("t")).run().ok();
    assert!(port.accept().is_err() && socket.accept().is_err(), "it was spoken to");
}

/// No server is started if the directory of its socket is a symlink, or others can enter it.
fn reachable_by_others(stage: &Stage) {
    let stand = Stand::new(stage);
    let (alice, mallory) = (stand.resident("alice"), stage.person("mallory"));
    stand.checkout(&stage.checkout, &alice, Depends::OnFew);
    let build = || stand.cargo(&alice, ["check"]).run();
    let trap = stage.at("trap");
    make::directory(&trap, mallory.uid(), mallory.uid(), 0o777);
    let place = stage.root.join("alice/.sccache");
    make::link(&place, &trap, alice.uid());
    build().ok();
    assert!(is_empty(&trap), "something was made in mallory's directory");
    fs::remove_file(&place).unwrap();
    make::directory(&place, alice.uid(), alice.uid(), 0o711);
    stand.cargo(&alice, ["clean"]).run().ok();
    build().ok();
    assert!(is_empty(&place), "a server was started where others can reach it");
}

const BUILD: &[&str] = &["build"];
const ELSEWHERE: &[&str] = &["build", "--target-dir", "/tmp/x"];
const TYPED: &[&str] = &["build", "--config", "build.rustc-wrapper='x'"];
const NAMED: &str = "[build]\nrustc-wrapper = 'x'\n";

type Variable = (&'static str, &'static str);
const ON: Variable = ("CARGO_PERUSER_COMPILE_CACHE", "sccache");
const BYPASS: Variable = ("CARGO_PERUSER", "off");
const LOWER: Variable = ("CARGO_BUILD_RUSTC_WRAPPER", "");
const OTHERS: Variable = ("RUSTC_WRAPPER", "/nowhere/lib/cargo-peruser/rustc-wrapper");

fn open_to(stage: &Stage, name: &str, uid: u32, mode: u32) -> String {
    let place = stage.at(name);
    make::directory(&place, uid, uid, mode);
    place.to_string_lossy().into_owned()
}

/// The wrapper in the environment of the stub cargo.
fn choices(stage: &Stage) {
    let stand = Stand::new(stage);
    let (alice, directory) = (stage.person("alice"), stage.checkout.join(".cargo"));
    project::write(&stage.checkout, &[(".cargo/more.toml", NAMED)], &alice);
    let nobodys = open_to(stage, "nobodys", 65534, 0o755);
    let everybodys = open_to(stage, "everybodys", 0, 0o777);
    let ours = stand.wrapper().to_string_lossy().into_owned();
    let session = ("RUSTC_WRAPPER", ours.as_str());
    for (variables, args, config, expected) in [
        (vec![], BUILD, "", None),
        (vec![ON], BUILD, "", Some(ours.as_str())),
        (vec![ON], &["metadata"], "", Some(&*ours)),
        (vec![ON, session], BUILD, "", Some(&*ours)),
        // The setting is gone, but a session still has its variables.
        (vec![session], BUILD, "", None),
        (vec![ON, session, BYPASS], BUILD, "", None),
        (vec![ON, ("RUSTC_WRAPPER", "x")], BUILD, "", Some("x")),
        (vec![ON, ("RUSTC_WRAPPER", "")], BUILD, "", Some("")),
        (vec![ON, LOWER], BUILD, "", None),
        (vec![ON, LOWER, session], BUILD, "", None),
        (vec![ON], TYPED, "", None),
        (vec![ON, session], TYPED, "", None),
        (vec![ON, session], BUILD, NAMED, None),
        (vec![ON, session], ELSEWHERE, "", None),
        // A wrapper of another installation, or one that is gone.
        (vec![ON, OTHERS], BUILD, "", Some(&*ours)),
        (vec![ON, OTHERS], ELSEWHERE, "", None),
        (vec![ON, OTHERS], &["tree"], "", Some(&*ours)),
        (vec![ON, OTHERS], &["fmt"], "", None),
        (vec![ON, session], ELSEWHERE, NAMED, None),
        (vec![ON, session], BUILD, "include = ['more.toml']", None),
        // Another user's home, as after `su -m`.
        (vec![ON, session, ("HOME", nobodys.as_str())], BUILD, "", None),
        (vec![ON, session, ("SCCACHE_DIR", everybodys.as_str())], BUILD, "", None),
    ] {
        fs::write(directory.join("config.toml"), config).unwrap();
        let run = stand.stubbed(&alice, args);
        let run = variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run();
        let found = run.variable("RUSTC_WRAPPER");
        let expected = expected.map(Path::new);
        assert_eq!(found.as_deref(), expected, "{variables:?} {args:?} {config:?}");
    }
    make::nothing(&directory);
    no_wrapper_of_others(stage, &stand);
}

fn no_wrapper_of_others(stage: &Stage, stand: &Stand<'_>) {
    let (alice, root) = (stage.person("alice"), stage.person("root"));
    let wrapper = |run: Invocation<'_>| run.env(ON.0, ON.1).run().variable("RUSTC_WRAPPER");
    // The only sccache is in a directory that everybody can write to.
    let everybodys = stage.at("everybodys");
    make::script(&everybodys.join("sccache"), "#!/bin/sh\n");
    let shim = stand.wrapper().with_file_name("bin");
    let path = format!("{}:{}:{}:/bin", shim.display(), everybodys.display(), places::STUB);
    assert_eq!(wrapper(stand.stubbed(&alice, BUILD).env("PATH", path)), None);
    // `sudo -E` passes on the path of another user's storage.
    let build = || stand.stubbed(&root, BUILD);
    assert_eq!(wrapper(build().env("SUDO_UID", "2001")), None);
    assert_eq!(wrapper(build()), Some(stand.wrapper()));
}
