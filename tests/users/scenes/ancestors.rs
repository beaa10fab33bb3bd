//! The directories above the shared root: who may own them and write to them.

use crate::prelude::*;

tests![
    test!("refuses_what_grants_others_more_than_the_sources_do", each),
    test!("alices_private_group_may_write_there_and_nobody_on_a_list", listed).needs(&[Need::Acls]),
];

/// The group's directory above the shared root also holds a checkout, which is alice's working directory
/// in these rows.
const WITHIN: &str = "above/checkout";
const ELSEWHERE: &str = "checkout";

/// Owner and mode of that directory, alice's working directory and command, and whether it is accepted.
const ROWS: &[(&str, u32, &str, &[&str], bool)] = &[
    ("alice", 0o755, ELSEWHERE, &["build"], true),
    ("root", 0o2775, WITHIN, &["build"], true),
    (
        "root",
        0o2775,
        ELSEWHERE,
        &["build", "--manifest-path", "../above/checkout/Cargo.toml"],
        true,
    ),
    // Its sources come from a registry.
    ("root", 0o2775, WITHIN, &["install", "tool"], false),
    ("root", 0o2775, ELSEWHERE, &["build"], false),
    ("root", 0o1777, ELSEWHERE, &["build"], false),
    ("root", 0o1777, WITHIN, &["build"], false),
    ("root", 0o777, WITHIN, &["build"], false),
    ("mallory", 0o755, ELSEWHERE, &["build"], false),
    ("mallory", 0o755, WITHIN, &["build"], false),
];

/// The directory above the shared root, which holds alice's private one.
fn above(stage: &Stage, alice: &Person<'_>) -> PathBuf {
    let above = stage.at("above");
    make::directory(&above, 0, 0, 0o755);
    make::directory(&above.join("shared"), 0, 0, 0o755);
    make::directory(&above.join("shared/alice"), alice.uid(), alice.uid(), 0o700);
    above
}

fn each(stage: &Stage) {
    let alice = stage.person("alice");
    let above = above(stage, &alice);
    make::directory(&stage.at(WITHIN), alice.uid(), alice.uid(), 0o755);
    let manifest = stage.at(WITHIN).join("Cargo.toml");
    make::file(&manifest, "[package]\nname = \"x\"\n", alice.uid(), 0o644);
    for (owner, mode, place, words, is_accepted) in ROWS {
        make::own(&above, account(owner).uid, group("devs"), *mode);
        let _context = context(|| format!("{owner}'s, {mode:04o}, {words:?} in {place}"));
        judged(alice.cargo(*words).within(stage.at(place)), &above, *is_accepted);
    }
}

/// With umask 002; if it has an ACL, the group's bits are the mask.
fn listed(stage: &Stage) {
    let (alice, mallory) = (stage.person("alice"), stage.person("mallory"));
    let above = above(stage, &alice);
    make::own(&above, alice.uid(), alice.uid(), 0o775);
    judged(alice.cargo(["build"]), &above, true);
    Acl::Access.grant(&above, mallory.uid(), 0o7);
    judged(alice.cargo(["build"]), &above, false);
}

/// The command builds below the shared root in `above`, or is refused.
fn judged(run: Invocation<'_>, above: &Path, is_accepted: bool) {
    let private = above.join("shared/alice");
    let run = run.env("CARGO_PERUSER_SHARED_ROOT", above.join("shared")).run();
    if is_accepted {
        let target = run.silently().target_dir().expect("a target directory");
        assert!(target.parent() == Some(&private), "it builds in `{}`", target.display());
        make::nothing(&target);
    } else {
        run.refused().blames(format!("`{}`", above.display()));
        assert!(look(&private.join("target")).is_none(), "a directory was made all the same");
    }
}
