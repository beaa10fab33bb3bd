//! Third-party tools in a checkout that two people share, each tested with the real tool.

use crate::prelude::*;

tests![
    test!("nextest_writes_a_report_for_each_person_as_doctor_says", nextest)
        .needs(&[Need::Cargo, Need::Nextest])
        .heavy(),
    test!("cargo_install_uses_again_what_it_has_left_until_gc_takes_it", install)
        .needs(&[Need::Cargo])
        .heavy(),
];

/// A checkout for a group, in which alice has written a program.
fn shared_checkout(stage: &Stage, more: project::Tree<'_>) {
    let alice = stage.person("alice");
    project::that_prints("hello", &stage.checkout, &alice);
    project::write(&stage.checkout, more, &alice);
    project::give(&stage.checkout, &format!("{}:{}", alice.uid(), group("devs")));
    do_as_root("chmod", ["-R".as_ref(), "g+rwXs".as_ref(), stage.checkout.as_os_str()]);
}

/// With nextest's own report, which is in the checkout.
fn nextest(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let bob = stage.person("bob");
    shared_checkout(
        stage,
        &[
            ("tests/t.rs", "#[test] fn works() {}\n"),
            (".config/nextest.toml", "[profile.default.junit]\npath = \"junit.xml\"\n"),
        ],
    );
    let run = |who: &'_ Person<'_>, umask| -> Outcome {
        who.cargo(["nextest", "run"]).with(Channel::Stable).umask(umask).run()
    };
    let doctor = || bob.by_name(["doctor", "checkout"]).with(Channel::Stable).run();
    // If everybody's files belong to the group, they do not block each other.
    for who in [&alice, &bob, &alice] {
        run(who, "0002").ok();
    }
    doctor().never_says("nextest");
    let store = stage.checkout.join("target/nextest");
    fs::remove_file(store.join("default/junit.xml")).unwrap();
    fs::remove_dir(store.join("default")).unwrap();
    fs::remove_dir(&store).unwrap();
    run(&alice, "0022").ok();
    run(&bob, "0022").fails().mentions("target/nextest/default/junit.xml");
    let told = doctor();
    told.prints("warn[checkout]: ").prints("alice (uid 2001)");
    let help = told.stdout.lines().find_map(|line| line.split_once("elsewhere: "));
    let (_, help) = help.expect("no command");
    bob.shell(help, [""; 0]).with(Channel::Stable).run().ok();
    assert!(bob.home.join(".cache/nextest/default/junit.xml").is_file(), "no report of bob's");
}

/// `name 0.version.0`, which depends on these, as in a private registry.
fn crate_of(home: &Path, name: &str, version: u32, needs: &str, person: &Person<'_>) {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.{version}.0\"\nedition = \"2021\"\n{needs}"
    );
    let tree: project::Tree<'_> = &[
        ("Cargo.toml", &manifest),
        (".cargo-checksum.json", "{\"files\":{}}"),
        ("src/lib.rs", ""),
        ("src/main.rs", "fn main() {}\n"),
    ];
    project::write(&home.join("crates").join(format!("{name}-{version}")), tree, person);
}

/// In a temporary directory, cargo's default, everything would be compiled again each time.
fn install(stage: &Stage) {
    let root = stage.shared_root().provisioned();
    for name in ["alice", "bob"] {
        let person = stage.person(name);
        let needs = "[dependencies]\nlibrary = \"0.1\"\n";
        for (name, version, needs) in
            [("library", 1, ""), ("tool", 1, needs), ("tool", 2, needs), ("other", 1, needs)]
        {
            crate_of(&person.home, name, version, needs, &person);
        }
        let source = format!(
            "[source.crates-io]\nreplace-with = \"own\"\n[source.own]\ndirectory = \"{}/crates\"\n",
            person.home.display()
        );
        project::write(&person.home, &[(".cargo/config.toml", &source)], &person);
        let compiles = |words: &[&str], expected: usize| {
            let run = person.cargo(["install"]).args(words).with(Channel::Stable);
            let run = run.within(&person.home).run();
            let compiled = run.ok().stderr.matches("Compiling").count();
            assert!(compiled == expected, "{words:?}: {compiled} compiled\n{}", run.stderr);
        };
        compiles(&["tool@0.1.0"], 2);
        compiles(&["tool@0.2.0"], 1);
        compiles(&["other"], 1);
        compiles(&["other", "--force"], 0);
        let left = root.join(name).join("target/release/deps");
        let words = ["gc", "--common", "--older-than", "0d", "--apply"];
        // Processes of the same account in other tests count as users of it, until they can be read.
        wait_until(&format!("`{}` is still there", left.display()), || {
            person.by_name(words).run().ok();
            !left.exists()
        });
        assert!(person.home.join(".cargo/bin/other").is_file(), "the program is gone");
        compiles(&["other", "--force"], 2);
    }
}
