//! Many first runs at once.

use crate::prelude::*;
use crate::stage::cache::names;

tests![
    test!("sixty_first_runs_at_once_by_one_person_all_succeed", sixty).heavy(),
    test!("two_hundred_first_runs_at_once_by_twenty_people_all_succeed", two_hundred,).heavy(),
    test!("sixty_runs_at_once_tighten_a_directory_together", tighten).heavy(),
];

fn sixty(stage: &Stage) {
    let (_, alice) = stage.sticky();
    all_at_once(&[&alice], 60, Outcome::silently);
    is_complete(&alice);
}

fn two_hundred(stage: &Stage) {
    let root = stage.shared_root().group("devs").mode(0o3775).accepted().make();
    let people: Vec<Person<'_>> = crowd().map(|account| stage.holder_of(account)).collect();
    let everyone: Vec<&Person<'_>> = people.iter().collect();
    all_at_once(&everyone, 10, Outcome::silently);
    for person in &people {
        is_complete(person);
    }
    let made = names(&root).len();
    assert!(made == 20, "there are {made} directories for 20 people");
}

/// Several runs may see the readable directory. Each tightens it or finds it done, and all succeed.
fn tighten(stage: &Stage) {
    let (root, alice) = stage.sticky();
    make::directory(&root.join("alice"), alice.uid(), alice.uid(), 0o755);
    all_at_once(&[&alice], 60, Outcome::ok);
    is_complete(&alice);
}

/// Starts that many runs of each user before it waits for the first.
fn all_at_once(people: &[&Person<'_>], runs: usize, demand: impl Fn(&Outcome) -> &Outcome) {
    let mut running = Vec::new();
    for _ in 0..runs {
        for person in people {
            running.push((person, person.cargo(["check"]).start()));
        }
    }
    for (person, run) in running {
        let run = run.finish();
        demand(&run);
        let expected = person.stage.root.join(person.name()).join("target");
        run.builds_in(expected);
    }
}

/// The private directory holds the target directory and its record. No run has left anything else.
fn is_complete(person: &Person<'_>) {
    let directory = person.stage.root.join(person.name());
    private(&directory, person.uid());
    private(&directory.join("target"), person.uid());
    tagged(&directory.join("target"));
    for (place, expected) in [
        (directory.clone(), &[".workspaces", "target"][..]),
        (directory.join(".workspaces"), &["target"]),
        (directory.join("target"), &["CACHEDIR.TAG"]),
    ] {
        let names = names(&place);
        assert!(names == expected, "`{}` has {names:?}", place.display());
    }
}
