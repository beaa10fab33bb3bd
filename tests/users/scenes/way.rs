//! The way to the shared root: every directory above it, and how its path is written.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::machine::group;
use crate::stage::{Person, Stage, Stop, look, make};
use crate::suite::{Test, test};

/// What stands above the shared root, where the checkout is, and what must come of it.
struct Way {
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

const WAYS: &[Way] = &[
    Way {
        name: "refuses_a_sticky_ancestor_1777",
        owner: "root",
        mode: 0o1777,
        checkout: Checkout::Elsewhere,
        expect: Expect::Refused,
    },
    Way {
        name: "refuses_a_sticky_ancestor_even_if_it_holds_the_checkout_1777",
        owner: "root",
        mode: 0o1777,
        checkout: Checkout::Below,
        expect: Expect::Refused,
    },
    Way {
        name: "refuses_a_group_writable_ancestor_for_sources_from_elsewhere_2775",
        owner: "root",
        mode: 0o2775,
        checkout: Checkout::BelowButNotItsSources,
        expect: Expect::Refused,
    },
    Way {
        name: "accepts_an_ancestor_of_the_callers_own_0755",
        owner: "alice",
        mode: 0o755,
        checkout: Checkout::Elsewhere,
        expect: Expect::Accepted,
    },
    Way {
        name: "refuses_a_group_writable_ancestor_without_the_sticky_bit_2775",
        owner: "root",
        mode: 0o2775,
        checkout: Checkout::Elsewhere,
        expect: Expect::Refused,
    },
    Way {
        name: "refuses_a_world_writable_ancestor_without_the_sticky_bit_0777",
        owner: "root",
        mode: 0o777,
        checkout: Checkout::Elsewhere,
        expect: Expect::Refused,
    },
    Way {
        name: "accepts_a_group_writable_ancestor_that_holds_the_checkout_too",
        owner: "root",
        mode: 0o2775,
        checkout: Checkout::Below,
        expect: Expect::Accepted,
    },
    Way {
        name: "accepts_a_group_writable_ancestor_that_holds_the_named_manifest_too",
        owner: "root",
        mode: 0o2775,
        checkout: Checkout::BelowByManifestPath,
        expect: Expect::Accepted,
    },
    Way {
        name: "refuses_a_world_writable_ancestor_even_if_it_holds_the_checkout",
        owner: "root",
        mode: 0o777,
        checkout: Checkout::Below,
        expect: Expect::Refused,
    },
    Way {
        name: "refuses_an_ancestor_of_another_ordinary_account",
        owner: "mallory",
        mode: 0o755,
        checkout: Checkout::Elsewhere,
        expect: Expect::Refused,
    },
    Way {
        name: "refuses_an_ancestor_of_another_account_even_if_it_holds_the_checkout",
        owner: "mallory",
        mode: 0o755,
        checkout: Checkout::Below,
        expect: Expect::Refused,
    },
];

/// Spellings of the root that are not its real absolute path; `{}` is the stage's directory.
const SPELLINGS: &[(&str, &str)] = &[
    ("stops_at_a_relative_root", "shared"),
    ("stops_at_a_root_that_begins_with_a_dot", "./shared"),
    ("stops_at_a_dot_in_the_root", "{}/./shared"),
    ("stops_at_two_dots_in_the_root", "{}/checkout/../shared"),
    ("stops_at_a_double_slash_in_the_root", "{}//shared"),
    ("stops_at_a_root_that_is_a_symlink", "{}/link"),
    ("stops_at_a_symlink_on_the_way_to_the_root", "{}/way/shared"),
];

pub(crate) fn tests() -> Vec<Test> {
    let mut tests: Vec<Test> = Vec::new();
    for row in WAYS {
        tests.push(test(format!("way::{}", row.name), move |stage| walk(stage, row)));
    }
    for (name, spelling) in SPELLINGS {
        tests.push(test(format!("way::{name}"), move |stage| spelled(stage, spelling)));
    }
    tests
}

fn walk(stage: &Stage, row: &Way) -> Result<()> {
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

fn build<'p>(alice: &'p Person<'_>, row: &Way, checkout: &Path) -> crate::stage::Invocation<'p> {
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

fn spelled(stage: &Stage, spelling: &str) -> Result<()> {
    let root = stage.shared_root().sticky().make()?;
    make::link(&stage.at("link"), &root, 0)?;
    make::link(&stage.at("way"), &stage.directory, 0)?;
    let written = spelling.replace("{}", &stage.directory.to_string_lossy());
    let alice = stage.person("alice")?;
    let run =
        alice.cargo(["build"]).within(&stage.directory).env("CARGO_PERUSER_SHARED_ROOT", &written);
    run.run()?.stopped(Stop::Settings)?.blames(&written)?;
    ensure!(look(&root.join("alice"))?.is_none(), "a directory was made all the same");
    Ok(())
}
