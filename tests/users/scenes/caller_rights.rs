//! Callers with more credentials than an ordinary user's, with mixed ones, or with hidden ones.

use crate::prelude::*;

tests![
    test!("gives_root_a_directory_of_its_own", root_itself),
    test!("notes_a_run_as_root_through_sudo", through_sudo),
    test!("refuses_a_symlink_that_alice_planted_for_root", planted_for_root),
    test!("refuses_to_run_with_another_accounts_rights", foreign_rights),
    test!("trusts_owners_hidden_by_a_user_namespace_where_settings_do", hidden_owners,)
        .needs(&[Need::UserNamespaces]),
    test!("root_has_its_groups_back_when_it_has_acted_for_others", groups_back)
        .needs(&[Need::Strace]),
    test!("root_acts_for_nobody_with_capabilities_that_stay", capabilities_stay),
];

fn root_itself(stage: &Stage) {
    let root = stage.shared_root().sticky().make();
    let superuser = stage.person("root");
    superuser.cargo(["build"]).run().silently().builds_in(root.join("root/target"));
    private(&root.join("root"), 0);
}

/// `sudo -E cargo build` in alice's session: her variables, root's credentials.
fn through_sudo(stage: &Stage) {
    let (root, alice) = stage.sticky();
    let superuser = stage.person("root");
    alice.cargo(["build"]).run().silently();
    let before = look(&root.join("alice/target/debug/app"));
    let run = superuser
        .cargo(["build"])
        .env("SUDO_UID", alice.uid().to_string())
        .env("SUDO_USER", "alice")
        .env("USER", "alice")
        .env("HOME", &alice.home)
        .env("CARGO_TARGET_DIR", root.join("alice/target"))
        .run();
    run.notes("root").builds_in(root.join("root/target"));
    assert!(
        look(&root.join("alice/target/debug/app")) == before,
        "root wrote into alice's directory"
    );
    private(&root.join("root"), 0);
}

fn planted_for_root(stage: &Stage) {
    let (root, alice) = stage.sticky();
    let superuser = stage.person("root");
    let trap = stage.at("trap");
    make::directory(&trap, alice.uid(), alice.uid(), 0o777);
    make::link(&root.join("root"), &trap, alice.uid());
    superuser.cargo(["build"]).run().refused().blames("symlink").blames("alice");
    assert!(is_empty(&trap), "root wrote into alice's directory");
}

fn foreign_rights(stage: &Stage) {
    let root = stage.shared_root().sticky().make();
    let bob = stage.person("bob");
    let as_alice = ["--ruid=2002", "--euid=2001", "--regid=2002", "--clear-groups"];
    bob.cargo(["build"]).identity(as_alice).run().refused().blames("uid 2002 acts as 2001");
    let with_devs = ["--reuid=2002", "--rgid=2002", "--egid=3000", "--clear-groups"];
    bob.cargo(["build"]).identity(with_devs).run().refused().blames("gid 2002 acts as 3000");
    assert!(is_empty(&root), "a directory was made all the same");
}

/// Alice's target directory, which root counts with her credentials, whatever groups root has.
fn counts_for_alice<'p>(root: &'p Person<'_>) -> Invocation<'p> {
    root.stage.shared_root().provisioned();
    root.stage.person("alice").cargo(["build"]).run().silently();
    root.by_name(["doctor", "foreign-owned", "--all-users"])
}

fn groups_back(stage: &Stage) {
    let (root, log) = (stage.person("root"), stage.at("log"));
    let log_name = log.to_string_lossy().into_owned();
    let strace = ["strace", "-fqq", "-e", "trace=setgroups", "-o", &log_name];
    let run = counts_for_alice(&root).after(strace);
    run.identity(["--reuid=0", "--regid=0", "--groups=3000"]).run().ok();
    let log = fs::read_to_string(log).unwrap();
    let groups: Vec<_> = log.lines().filter_map(|line| line.split_once("setgroups")).collect();
    let is_roots = groups.iter().map(|(_, call)| call.starts_with("(1, [3000])"));
    // The groups of each user, and then root's again.
    let is_in_turn = is_roots.enumerate().all(|(at, is_roots)| is_roots == (at % 2 == 1));
    assert!(is_in_turn && groups.len() > 1 && groups.len() % 2 == 0, "{log}");
}

/// The kernel removes capabilities when the uid changes, unless `keepcaps` is set.
fn capabilities_stay(stage: &Stage) {
    let root = stage.person("root");
    let count = counts_for_alice(&root);
    count.run().ok();
    let stay = ["setpriv", "--securebits=+no_setuid_fixup"];
    let run = root.by_name(["usage"]).after(stay).run();
    run.fails().blames("failed to act as the owner of a private directory");
}

/// In a namespace where only alice has a uid, root's directories seem to belong to nobody.
fn hidden_owners(stage: &Stage) {
    let (root, alice) = stage.sticky();
    let enter = ["unshare", "--user", "--map-current-user", "--"];
    let trusting =
        alice.cargo(["build"]).after(enter).env("CARGO_PERUSER_TRUSTED_OWNERS", "65534").run();
    trusting.silently().builds_in(root.join("alice/target"));
    private(&root.join("alice"), alice.uid());
}
