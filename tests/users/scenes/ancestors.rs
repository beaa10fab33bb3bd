//! The directories above the shared root: who may own them and write to them.

/// The position of the checkout, relative to the directory above the shared root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Checkout {
    /// Somewhere else.
    Elsewhere,
    /// Below it, and it is alice's working directory.
    Below,
    /// The same, and alice installs a program from a registry.
    BelowButNotItsSources,
    /// Below it, named by `--manifest-path` from elsewhere.
    BelowByManifestPath,
}

use Checkout::Below;
use Checkout::BelowButNotItsSources;
use Checkout::BelowByManifestPath;
use Checkout::Elsewhere;

use crate::prelude::*;

/// Owner and mode of a group's directory above the shared root.
const ACCEPTED: &[(&str, u32, Checkout)] =
    &[("alice", 0o755, Elsewhere), ("root", 0o2775, Below), ("root", 0o2775, BelowByManifestPath)];
const REFUSED: &[(&str, u32, Checkout)] = &[
    ("root", 0o1777, Elsewhere),
    ("root", 0o1777, Below),
    ("root", 0o2775, Elsewhere),
    ("root", 0o2775, BelowButNotItsSources),
    ("root", 0o777, Below),
    ("mallory", 0o755, Elsewhere),
    ("mallory", 0o755, Below),
];

tests![
    test!("accepts_what_grants_nobody_more_than_the_sources_do", |stage| {
        each(stage, ACCEPTED, accepted);
    }),
    test!("refuses_what_others_own_or_can_write_to", |stage| {
        each(stage, REFUSED, refused);
    }),
    test!("alices_private_group_may_write_there_and_nobody_on_a_list", listed).needs(&[Need::Acls]),
];

/// The build below `above/shared/alice`, and that directory above.
type Judge = fn(Invocation<'_>, &Path);

/// The directory above the shared root, which holds alice's private one.
fn above(stage: &Stage, alice: &Person<'_>) -> PathBuf {
    let above = stage.at("above");
    make::directory(&above, 0, 0, 0o755);
    make::directory(&above.join("shared"), 0, 0, 0o755);
    make::directory(&above.join("shared/alice"), alice.uid(), alice.uid(), 0o700);
    above
}

fn each(stage: &Stage, rows: &[(&str, u32, Checkout)], judge: Judge) {
    let alice = stage.person("alice");
    let above = above(stage, &alice);
    let checkout = above.join("checkout");
    make::directory(&checkout, alice.uid(), alice.uid(), 0o755);
    make::file(&checkout.join("Cargo.toml"), "[package]\nname = \"x\"\n", alice.uid(), 0o644);
    for (owner, mode, place) in rows {
        make::own(&above, account(owner).uid, group("devs"), *mode);
        let run = build(&alice, *place, &checkout);
        let run = run.env("CARGO_PERUSER_SHARED_ROOT", above.join("shared"));
        let _context = context(|| format!("{owner}'s, {mode:04o}, {place:?}"));
        judge(run, &above);
    }
}

/// With umask 002; if it has an ACL, the group's bits are the mask.
fn listed(stage: &Stage) {
    let (alice, mallory) = (stage.person("alice"), stage.person("mallory"));
    let above = above(stage, &alice);
    make::own(&above, alice.uid(), alice.uid(), 0o775);
    let build = || alice.cargo(["build"]).env("CARGO_PERUSER_SHARED_ROOT", above.join("shared"));
    accepted(build(), &above);
    make::nothing(&above.join("shared/alice/target"));
    Acl::Access.grant(&above, mallory.uid(), 0o7);
    refused(build(), &above);
}

fn accepted(run: Invocation<'_>, above: &Path) {
    let target = run.run().silently().target_dir();
    let target = target.as_deref().and_then(Path::parent);
    assert!(target == Some(&above.join("shared/alice")), "it builds below {target:?}");
}

fn refused(run: Invocation<'_>, above: &Path) {
    run.run().refused().blames(format!("`{}`", above.display()));
    let made = look(&above.join("shared/alice/target"));
    assert!(made.is_none(), "a directory was made all the same");
}

fn build<'p>(alice: &'p Person<'_>, place: Checkout, checkout: &Path) -> Invocation<'p> {
    let manifest = checkout.join("Cargo.toml");
    match place {
        Elsewhere => alice.cargo(["build"]),
        Below => alice.cargo(["build"]).within(checkout),
        BelowButNotItsSources => alice.cargo(["install", "tool"]).within(checkout),
        BelowByManifestPath => alice.cargo(["build", "--manifest-path"]).arg(manifest),
    }
}
