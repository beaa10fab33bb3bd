//! Who uses how much: root sees everybody, a user sees themselves, and all numbers are right.

use serde_json::Value;

use super::gc::target;
use super::gc::used;
use crate::prelude::*;

tests![
    test!("root_sees_everybody_and_a_person_themselves", who),
    test!("counts_as_du_does", as_du),
    test!("looking_is_no_use", no_use),
    test!("own_cache_directories_are_their_owners_to_see", own_caches),
    test!("a_directory_that_others_can_read_is_named", readable),
];

fn who(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let bob = stage.person("bob");
    target(&alice, "app-0123456789abcdef", 3);
    target(&bob, "lib-0123456789abcdef", 5);
    let run = stage.person("root").by_name(["usage", "--sort", "used"]).run();
    run.silently().prints("3 d ago");
    let at = |name: &str| run.stdout.find(name).expect("a row");
    assert!(at("lib-0123") < at("app-0123"), "not sorted: {}", run.stdout);
    let run = alice.by_name(["usage"]).run();
    run.silently().prints("app-0123456789abcdef").never_says("lib-");
    let of_bob = run.stdout.lines().find(|line| line.starts_with("bob")).expect("no line");
    assert!(of_bob.ends_with("private"), "{of_bob}");
    let json = alice.by_name(["usage", "--json"]).run();
    json.silently().prints("\"state\": \"private\"").prints("\"bytes\": null");
}

/// Files with several names count once, and holes do not count.
fn as_du(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let made = target(&alice, "app-0123456789abcdef", 3);
    let sparse = made.join("debug/sparse");
    fs::File::create(&sparse).unwrap().set_len(1 << 30).unwrap();
    make::own(&sparse, alice.uid(), alice.uid(), 0o644);
    let du = alice.program("/usr/bin/du", ["-sB1"]).arg(root.join("alice")).run();
    let du = du.ok().stdout.split_whitespace().next().expect("a number").to_owned();
    alice.by_name(["usage", "--json"]).run().ok().prints(format!("\"total_bytes\": {du}"));
}

fn no_use(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let root = stage.person("root");
    let made = target(&alice, "app-0123456789abcdef", 3);
    used(&made, 3);
    for person in [&alice, &root, &alice] {
        person.by_name(["gc"]).run().ok();
        person.by_name(["usage"]).run().ok();
    }
    alice.by_name(["usage"]).run().ok().prints("3 d ago");
}

/// Alice has built before she was provisioned. Root looks into no home, which may be on another machine.
fn own_caches(stage: &Stage) {
    let host = Host::new(stage, "machine", Shell::Bash);
    let (alice, root) = (host.person("alice"), host.person("root"));
    let hers = "/home/alice/.cache/cargo-peruser";
    host.by_name(&alice, ["build"]).run().ok().builds_in(format!("{hers}/target"));
    host.by_name(&root, ["setup"]).run().ok();
    let own = format!("{hers}/target");
    let states = Value::from(vec!["own-cache"]);
    for (who, expected) in [(&alice, vec![(&*own, &states)]), (&root, vec![])] {
        let run = host.by_name(who, ["usage", "--json"]).run();
        let found: Value = serde_json::from_str(&run.ok().stdout).unwrap();
        let rows = found.get("directories").and_then(Value::as_array).expect("rows");
        let told =
            rows.iter().filter_map(|row| Some((row.get("path")?.as_str()?, row.get("states")?)));
        let in_homes: Vec<_> = told.filter(|(path, _)| path.starts_with("/home/")).collect();
        assert_eq!(in_homes, expected, "{found}");
    }
}

fn readable(stage: &Stage) {
    let root = stage.shared_root().provisioned();
    make::own(&root.join("alice"), 2001, 2001, 0o755);
    stage.person("root").by_name(["usage"]).run().exits(77).mentions("was left out");
}
