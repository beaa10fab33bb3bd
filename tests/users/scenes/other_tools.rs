//! nextest in a checkout that two people share.

use crate::prelude::*;

tests![
    test!("nextest_writes_a_report_for_each_person_as_doctor_says", nextest)
        .needs(&[Need::Cargo, Need::Nextest])
        .heavy(),
];

/// With nextest's own report, which is in the checkout.
fn nextest(stage: &Stage) {
    let (_, alice) = stage.provisioned();
    let bob = stage.person("bob");
    project::that_prints("hello", &stage.checkout, &alice);
    let more = [
        ("tests/t.rs", "#[test] fn works() {}\n"),
        (".config/nextest.toml", "[profile.default.junit]\npath = \"junit.xml\"\n"),
    ];
    project::write(&stage.checkout, &more, &alice);
    project::give(&stage.checkout, "alice:devs");
    do_as_root("chmod", ["-R".as_ref(), "g+rwXs".as_ref(), stage.checkout.as_os_str()]);
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
