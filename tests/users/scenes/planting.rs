//! Mallory was there first: what stands at alice's name in a sticky shared root is not hers.
//!
//! Whatever it is, every way of asking must be refused, and it must stand there afterwards as it
//! stood before, with nothing written to or removed from where it leads.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::machine::Need;
use crate::stage::cache::names;
use crate::stage::{Acl, Person, Stage, look, make};
use crate::suite::{Test, test};

/// What is planted at `<root>/alice`.
struct Planted {
    name: &'static str,
    plant: fn(at: &Path, trap: &Path, cast: &Cast<'_>) -> Result<()>,
    /// What the error must say it is, besides whose.
    says: &'static str,
    owner: Owner,
    needs: &'static [Need],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Mallory,
    Alice,
}

struct Cast<'s> {
    alice: Person<'s>,
    mallory: Person<'s>,
}

/// A row about something of mallory's that the error need not describe further.
const MALLORYS: Planted = Planted {
    name: "",
    plant: |_, _, _| Ok(()),
    says: "mallory",
    owner: Owner::Mallory,
    needs: &[],
};

const PLANTED: &[Planted] = &[
    Planted {
        name: "refuses_a_planted_directory_that_anyone_can_write_to",
        plant: |at, _, cast| make::directory(at, cast.mallory.uid(), cast.mallory.uid(), 0o777),
        ..MALLORYS
    },
    Planted {
        name: "refuses_a_planted_directory_whose_acl_lets_alice_in",
        plant: |at, _, cast| {
            make::directory(at, cast.mallory.uid(), cast.mallory.uid(), 0o700)?;
            Acl::Access.grant(at, cast.alice.uid(), 0o7)
        },
        needs: &[Need::Acls],
        ..MALLORYS
    },
    Planted {
        name: "refuses_a_planted_directory_that_alice_can_only_read",
        plant: |at, _, cast| make::directory(at, cast.mallory.uid(), cast.mallory.uid(), 0o755),
        ..MALLORYS
    },
    Planted {
        name: "refuses_a_planted_symlink_to_mallorys_own_directory",
        plant: |at, trap, cast| make::link(at, trap, cast.mallory.uid()),
        says: "symlink",
        ..MALLORYS
    },
    Planted {
        name: "refuses_a_planted_symlink_to_alices_home",
        plant: |at, _, cast| make::link(at, &cast.alice.home, cast.mallory.uid()),
        says: "symlink",
        ..MALLORYS
    },
    Planted {
        name: "refuses_a_planted_symlink_that_leads_nowhere_yet",
        plant: |at, _, cast| make::link(at, &cast.alice.home.join("new"), cast.mallory.uid()),
        says: "symlink",
        ..MALLORYS
    },
    Planted {
        name: "refuses_a_planted_file",
        plant: |at, _, cast| make::file(at, "", cast.mallory.uid(), 0o666),
        says: "file",
        ..MALLORYS
    },
    Planted {
        name: "refuses_a_planted_fifo_without_waiting_on_it",
        plant: |at, _, cast| make::fifo(at, cast.mallory.uid()),
        says: "fifo",
        ..MALLORYS
    },
    Planted {
        name: "refuses_a_planted_socket",
        plant: |at, _, cast| make::socket(at, cast.mallory.uid()),
        says: "socket",
        ..MALLORYS
    },
    Planted {
        name: "refuses_a_symlink_even_of_alices_own",
        plant: |at, _, cast| make::link(at, &cast.alice.home, cast.alice.uid()),
        says: "symlink",
        owner: Owner::Alice,
        needs: &[],
    },
    Planted {
        name: "refuses_a_file_even_of_alices_own",
        plant: |at, _, cast| make::file(at, "mine", cast.alice.uid(), 0o600),
        says: "file",
        owner: Owner::Alice,
        needs: &[],
    },
];

pub(crate) fn tests() -> Vec<Test> {
    let row = |row: &'static Planted| {
        test(format!("planting::{}", row.name), move |stage| refuses(stage, row)).needs(row.needs)
    };
    PLANTED.iter().map(row).collect()
}

fn refuses(stage: &Stage, row: &Planted) -> Result<()> {
    let root = stage.shared_root().sticky().make()?;
    let cast = Cast { alice: stage.person("alice")?, mallory: stage.person("mallory")? };
    let trap = stage.at("trap");
    make::directory(&trap, cast.mallory.uid(), cast.mallory.uid(), 0o777)?;
    make::file(&trap.join("bait"), "mallory's", cast.mallory.uid(), 0o666)?;
    // Real files in the place of build results, where a `clean` through a symlink would look.
    let treasure = cast.alice.home.join("target");
    make::directory(&treasure, cast.alice.uid(), cast.alice.uid(), 0o755)?;
    make::file(&treasure.join("thesis"), "years", cast.alice.uid(), 0o644)?;

    let at = root.join("alice");
    (row.plant)(&at, &trap, &cast)?;
    let before = look(&at)?;
    for args in [&["build"][..], &["clean"], &["run", "--release"]] {
        refusal(row, &cast, &at, cast.alice.cargo(args).run()?)?;
        refusal(row, &cast, &at, cast.alice.by_name(args).run()?)?;
    }
    ensure!(look(&at)? == before, "what was planted has changed: {before:?}, now {:?}", look(&at)?);
    ensure!(names(&trap)? == ["bait"], "mallory's directory now has {:?}", names(&trap)?);
    ensure!(
        names(&cast.alice.home)? == ["target"],
        "alice's home now has {:?}",
        names(&cast.alice.home)?
    );
    ensure!(names(&treasure)? == ["thesis"], "alice's own files are now {:?}", names(&treasure)?);
    Ok(())
}

fn refusal(
    row: &Planted,
    cast: &Cast<'_>,
    at: &Path,
    outcome: crate::stage::Outcome,
) -> Result<()> {
    outcome.refused()?.blames(at.to_string_lossy())?.blames(row.says)?;
    if row.owner == Owner::Mallory {
        outcome.blames("mallory")?.blames(cast.mallory.uid().to_string())?;
        for command in ["rm -r", "chown", "chmod"] {
            outcome.never_says(command)?;
        }
    }
    Ok(())
}
