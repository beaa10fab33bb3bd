//! The directories above the shared root: who may own them and write to them.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::machine::group;
use crate::stage::{Person, Stage, look, make};
use crate::suite::{Test, test};

/// What stands above the shared root, where the checkout is, and what must come of it.
struct Ancestor {
    name: &'static str,
    owner: &'static str,
    mode: u32,
    checkout: Checkout,
    expect: Expect,
}

/// Where the checkout being built is, seen from the ancestor in question.
enum Checkout {
    /// Somewhere else.
    Elsewhere,
    /// Below it, and alice stands in it.
    Below,
    /// Below it, and alice stands in it, and installs a program from a registry.
    BelowButNotItsSources,
    /// Below it, named by `--manifest-path` from elsewhere.
    BelowByManifestPath,
}

enum Expect {
    Accepted,
    Refused,
}

const ANCESTORS: &[Ancestor] = &[
    Ancestor {
        name: "refuses_a_sticky_ancestor_1777",
        owner: "root",
        mode: 0o1777,
        checkout: Checkout::Elsewhere,
        expect: Expect::Refused,
    },
    Ancestor {
        name: "refuses_a_sticky_ancestor_even_if_it_holds_the_checkout_1777",
        owner: "root",
        mode: 0o1777,
        checkout: Checkout::Below,
        expect: Expect::Refused,
    },
    Ancestor {
        name: "refuses_a_group_writable_ancestor_for_sources_from_elsewhere_2775",
        owner: "root",
        mode: 0o2775,
        checkout: Checkout::BelowButNotItsSources,
        expect: Expect::Refused,
    },
    Ancestor {
        name: "accepts_an_ancestor_of_the_callers_own_0755",
        owner: "alice",
        mode: 0o755,
        checkout: Checkout::Elsewhere,
        expect: Expect::Accepted,
    },
    Ancestor {
        name: "refuses_a_group_writable_ancestor_without_the_sticky_bit_2775",
        owner: "root",
        mode: 0o2775,
        checkout: Checkout::Elsewhere,
        expect: Expect::Refused,
    },
    Ancestor {
        name: "refuses_a_world_writable_ancestor_without_the_sticky_bit_0777",
        owner: "root",
        mode: 0o777,
        checkout: Checkout::Elsewhere,
        expect: Expect::Refused,
    },
    Ancestor {
        name: "accepts_a_group_writable_ancestor_that_holds_the_checkout_too",
        owner: "root",
        mode: 0o2775,
        checkout: Checkout::Below,
        expect: Expect::Accepted,
    },
    Ancestor {
        name: "accepts_a_group_writable_ancestor_that_holds_the_named_manifest_too",
        owner: "root",
        mode: 0o2775,
        checkout: Checkout::BelowByManifestPath,
        expect: Expect::Accepted,
    },
    Ancestor {
        name: "refuses_a_world_writable_ancestor_even_if_it_holds_the_checkout",
        owner: "root",
        mode: 0o777,
        checkout: Checkout::Below,
        expect: Expect::Refused,
    },
    Ancestor {
        name: "refuses_an_ancestor_of_another_ordinary_account",
        owner: "mallory",
        mode: 0o755,
        checkout: Checkout::Elsewhere,
        expect: Expect::Refused,
    },
    Ancestor {
        name: "refuses_an_ancestor_of_another_account_even_if_it_holds_the_checkout",
        owner: "mallory",
        mode: 0o755,
        checkout: Checkout::Below,
        expect: Expect::Refused,
    },
];

pub(crate) fn tests() -> Vec<Test> {
    let row = |row: &'static Ancestor| {
        test(format!("ancestors::{}", row.name), move |stage| build_below(stage, row))
    };
    ANCESTORS.iter().map(row).collect()
}

fn build_below(stage: &Stage, row: &Ancestor) -> Result<()> {
    let alice = stage.person("alice")?;
    let above = stage.at("above");
    make::directory(&above, stage.person(row.owner)?.uid(), group("devs")?, row.mode)?;
    let root = above.join("shared");
    make::directory(&root, 0, 0, 0o755)?;
    make::directory(&root.join("alice"), alice.uid(), alice.uid(), 0o700)?;
    let checkout = above.join("checkout");
    make::directory(&checkout, alice.uid(), alice.uid(), 0o755)?;
    make::file(&checkout.join("Cargo.toml"), "[package]\nname = \"x\"\n", alice.uid(), 0o644)?;

    let run = build(&alice, row, &checkout).env("CARGO_PERUSER_SHARED_ROOT", &root).run()?;
    match row.expect {
        Expect::Accepted => {
            let target = run.silently()?.target_dir()?;
            let target = target.as_deref().and_then(Path::parent);
            ensure!(target == Some(&root.join("alice")), "it builds below {target:?}");
        }
        Expect::Refused => {
            run.refused()?.blames(format!("`{}`", above.display()))?;
            ensure!(
                look(&root.join("alice/target"))?.is_none(),
                "a directory was made all the same"
            );
        }
    }
    Ok(())
}

fn build<'p>(
    alice: &'p Person<'_>,
    row: &Ancestor,
    checkout: &Path,
) -> crate::stage::Invocation<'p> {
    let manifest = checkout.join("Cargo.toml");
    match row.checkout {
        Checkout::Elsewhere => alice.cargo(["build"]),
        Checkout::Below => alice.cargo(["build"]).within(checkout),
        Checkout::BelowButNotItsSources => alice.cargo(["install", "tool"]).within(checkout),
        Checkout::BelowByManifestPath => {
            alice.cargo(["build".as_ref(), "--manifest-path".as_ref(), manifest.as_os_str()])
        }
    }
}
