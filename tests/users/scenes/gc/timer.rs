//! `setup --timer`: units that systemd accepts and that work, removed by `--uninstall`.

use super::*;

tests![
    test!("setup_puts_it_in_its_place_and_takes_it_away", timer),
    test!("systemd_accepts_the_units", accepted).needs(&[Need::Systemd]),
    test!("gc_works_with_what_the_service_allows", hardened),
];

const UNITS: &str = "/etc/systemd/system";

fn machine(stage: &Stage) -> (Host<'_>, Person<'_>) {
    let host = Host::new(stage, "machine", Shell::Bash);
    let root = host.person("root");
    make::directory(&host.at("/etc/systemd"), 0, 0, 0o755);
    make::directory(&host.at(UNITS), 0, 0, 0o755);
    (host, root)
}

fn timer(stage: &Stage) {
    let (host, root) = machine(stage);
    let units = host.at(UNITS);
    let enabled = units.join("timers.target.wants/cargo-peruser-gc.timer");
    host.by_name(&root, ["setup"]).run().ok();
    assert!(look(&enabled).is_none(), "a timer that nobody has asked for");
    host.by_name(&root, ["setup", "--timer", "weekly"]).run().ok().helps("systemctl start");
    assert!(fs::read_to_string(&enabled).unwrap().contains("OnCalendar=weekly"));
    let service = fs::read_to_string(units.join("cargo-peruser-gc.service")).unwrap();
    let command = service.lines().find_map(|line| line.strip_prefix("ExecStart="));
    let command = command.expect("no command");
    host.run(&root, "/bin/sh", ["-c", command]).run().ok().prints("nothing to remove");
    host.run(&root, "/usr/local/bin/cargo-peruser", ["setup", "--uninstall"]).run().ok();
    let left = cache::names(&units);
    let is_left = left.iter().any(|name| name.contains("peruser"));
    assert!(!is_left && look(&enabled).is_none(), "left: {left:?}");
}

/// systemd accepts all keys and values, and the exposure is not higher than today.
fn accepted(stage: &Stage) {
    let (host, root) = machine(stage);
    host.by_name(&root, ["setup", "--timer", "daily"]).run().ok();
    let service = format!("{UNITS}/cargo-peruser-gc.service");
    let timer = format!("{UNITS}/cargo-peruser-gc.timer");
    let analyze = |words: &[&str]| host.run(&root, "/usr/bin/systemd-analyze", words).run();
    analyze(&["verify", "--man=no", &service, &timer]).silently();
    analyze(&["security", "--offline=true", "--threshold=50", &service]).ok();
}

/// The machine as the service sees it: read-only except for `$1`, and only with the capabilities `$2`.
const AS_SERVICE: &str = r#"
exec unshare --mount --propagation private sh -c '
    mount --bind "$1" "$1" && mount -o remount,bind,ro / && ! touch /etc/written 2>/dev/null || exit 99
    capabilities=$2
    shift 2
    exec setpriv --no-new-privs --bounding-set="$capabilities" "$@"' sh "$@""#;

fn hardened(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let bob = stage.person("bob");
    let administrator = stage.person("root");
    administrator.by_name(["provision", "--uid", "4242"]).run().ok();
    target(&stage.stranger(4242), "gone-0123456789abcdef", 90);
    let [old, used, running] = [(&alice, "old"), (&alice, "used"), (&bob, "running")]
        .map(|(person, name)| target(person, &format!("{name}-0123456789abcdef"), 40));
    let script = "exec 9<\"$1\" && echo ready && exec sleep 60";
    let program = bob.shell(script, [running.join("debug/app")]).start();
    let lock = fs::File::open(used.join("debug/.cargo-lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let service = include_str!("../../../../src/setup/gc.service");
    let allowed = service.lines().find_map(|line| line.strip_prefix("CapabilityBoundingSet="));
    let allowed = allowed.expect("no capabilities").to_lowercase().replace("cap_", "+");
    let allowed = format!("-all,{}", allowed.replace(' ', ","));
    let place = root.to_str().expect("a plain path");
    let run = gc(&administrator, &["--all-users", "--older-than", "30d"])
        .after(["sh", "-c", AS_SERVICE, "sh", place, &allowed])
        .run();
    run.ok().prints("departed").prints("uses it");
    is_emptied(&old);
    assert!(look(&root.join("uid-4242")).is_none(), "the departed one is still there");
    for kept in [&used, &running] {
        assert!(kept.join("debug/app").exists(), "what is in use is gone: {}", run.stdout);
    }
    drop((program, lock));
}
