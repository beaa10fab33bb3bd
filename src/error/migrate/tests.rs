//! Every message about a cache that is not moved, as a person reads it, with its exit code.
//! `SNAPSHOTS=overwrite` rewrites them.

use std::io;
use std::path::PathBuf;

use snapbox::{assert_data_eq, str};

use super::{MigrateError, Objection, State};
use crate::error::{Error, Kind, Owner};

fn message(error: MigrateError) -> String {
    let error = Error::from(error);
    let help = error.help().map_or(String::new(), |help| format!("\nhelp: {help}"));
    format!("error: {error}{help}\nexit {}", error.exit_code())
}

fn alice() -> Owner {
    Owner { uid: 1500, name: Some("alice".into()) }
}

fn denied() -> io::Error {
    io::Error::from_raw_os_error(13)
}

fn hostile(objection: Objection) -> String {
    let owner = Owner { uid: 1666, name: Some("mallory".into()) };
    message(MigrateError::Hostile { path: "/srv/old/a\nb".into(), owner, objection })
}

#[test]
fn for_whom() {
    assert_data_eq!(
        message(MigrateError::ForWhom { name: Some("alice".into()), source: "/srv/old".into() }),
        str![[r#"
error: running as root through sudo, so it has to be said whose cache it becomes
help: sudo cargo-peruser migrate /srv/old --to alice
exit 1
"#]]
    );
}

#[test]
fn only_root() {
    let error = MigrateError::OnlyRoot { person: alice(), source: "/srv/old cache".into() };
    assert_data_eq!(
        message(error),
        str![[r#"
error: only root can give a cache to alice (uid 1500)
help: sudo cargo-peruser migrate '/srv/old cache' --to alice
exit 77
"#]]
    );
}

#[test]
fn no_account() {
    assert_data_eq!(
        message(MigrateError::NoAccount { name: "alcie".into() }),
        str![[r#"
error: there is no account `alcie`
help: getent passwd
exit 1
"#]]
    );
}

#[test]
fn no_place() {
    let why = "nobody logs in to the account".into();
    let help = "list it under `include.users` in the settings".into();
    assert_data_eq!(
        message(MigrateError::NoPlace { person: alice(), why, help }),
        str![[r#"
error: no place for a cache of alice (uid 1500): nobody logs in to the account
help: list it under `include.users` in the settings
exit 1
"#]]
    );
}

#[test]
fn source() {
    let error =
        MigrateError::Source { path: "/srv/old".into(), why: "it is a file".into(), help: None };
    assert_data_eq!(
        message(error),
        str![[r#"
error: cannot move `/srv/old`: it is a file
help: ls -ld /srv/old
exit 1
"#]]
    );
}

#[test]
fn not_a_target_directory() {
    assert_data_eq!(
        message(MigrateError::NotATargetDir { path: "/srv/old".into(), holds: Vec::new() }),
        str![[r#"
error: `/srv/old` is no target directory: it has nothing of cargo's in it
help: name the directory that holds `debug` or `release`: ls -A /srv/old
exit 1
"#]]
    );
    let holds = ["a b", "c", "d", "e", "f", "g"].map(|name| PathBuf::from("/srv/old").join(name));
    assert_data_eq!(
        message(MigrateError::NotATargetDir { path: "/srv/old".into(), holds: holds.to_vec() }),
        str![[r#"
error: `/srv/old` is no target directory itself, but holds some
help: name a target directory itself, here one of: '/srv/old/a b', /srv/old/c, /srv/old/d, /srv/old/e, /srv/old/f, …
exit 1
"#]]
    );
    let error = MigrateError::Symlink { path: "/x/target".into(), target: "/srv/old".into() };
    assert_data_eq!(
        message(error),
        str![[r#"
error: cannot move `/x/target`: it is a symlink to `/srv/old`
help: name what it leads to: cargo-peruser migrate /srv/old
exit 1
"#]]
    );
}

#[test]
fn nested() {
    let destination = PathBuf::from("/srv/root/alice/target");
    let nested = |holds: &[&str]| MigrateError::Nested {
        source: "/srv/root".into(),
        destination: PathBuf::clone(&destination),
        holds: holds.iter().map(PathBuf::from).collect(),
    };
    assert_data_eq!(
        message(nested(&["/srv/root"])),
        str![[r#"
error: cannot move `/srv/root` to `/srv/root/alice/target`: one is inside the other
help: rename it first, and name it as it is called then: ls -ld /srv/root
exit 1
"#]]
    );
    assert_data_eq!(
        message(nested(&["/srv/root/old"])),
        str![[r#"
error: cannot move `/srv/root` to `/srv/root/alice/target`: one is inside the other
help: name a target directory itself, here one of: /srv/root/old
exit 1
"#]]
    );
    assert_data_eq!(
        message(nested(&[])),
        str![[r#"
error: cannot move `/srv/root` to `/srv/root/alice/target`: one is inside the other
help: name the old target directory itself
exit 1
"#]]
    );
}

#[test]
fn occupied() {
    let destination = "/srv/root/alice/target".into();
    assert_data_eq!(
        message(MigrateError::Occupied { destination }),
        str![[r#"
error: `/srv/root/alice/target` has content already
help: --replace moves it aside; nothing of it is deleted or merged
exit 1
"#]]
    );
}

#[test]
fn hostile_content() {
    assert_data_eq!(
        hostile(Objection::Special(Kind::Fifo)),
        str![[r#"
error: refusing to move `/srv/old/a/nb` of mallory (uid 1666): it is a fifo
help: no cargo makes that; if it is of no use, remove it as mallory (uid 1666): ls -ld $'/srv/old/a/x0ab'
exit 77
"#]]
    );
    assert_data_eq!(
        hostile(Objection::Mount),
        str![[r#"
error: refusing to move `/srv/old/a/nb` of mallory (uid 1666): another file system is mounted there
help: unmount it first, if nobody needs it there: findmnt $'/srv/old/a/x0ab'
exit 77
"#]]
    );
    assert_data_eq!(
        hostile(Objection::LinkedElsewhere { links: 3, inside: 2 }),
        str![[r#"
error: refusing to move `/srv/old/a/nb` of mallory (uid 1666): the file has 3 names, and only 2 of them are in what is moved
help: it may be somebody else's file; if it is of no use, remove it as mallory (uid 1666): ls -ld $'/srv/old/a/x0ab'
exit 77
"#]]
    );
}

#[test]
fn hostile_for_later() {
    assert_data_eq!(
        hostile(Objection::LeadsOut),
        str![[r#"
error: refusing to move `/srv/old/a/nb` of mallory (uid 1666): the symlink may lead out of what is moved, and a build would write there
help: no cargo makes that; if it is of no use, remove it as mallory (uid 1666): ls -ld $'/srv/old/a/x0ab'
exit 77
"#]]
    );
    assert_data_eq!(
        hostile(Objection::Secret),
        str![[r#"
error: refusing to move `/srv/old/a/nb` of mallory (uid 1666): who receives it cannot read it, and may have had it put there
help: mallory (uid 1666) can let them read it, or take it out: namei -l $'/srv/old/a/x0ab'
exit 77
"#]]
    );
    assert_data_eq!(
        hostile(Objection::Above { holds: "Cargo.toml", has_target: true }),
        str![[r#"
error: refusing to move `/srv/old/a/nb` of mallory (uid 1666): it holds `Cargo.toml`, so it is more than a target directory
help: name the target directory itself: $'/srv/old/a/x0ab/target'
exit 77
"#]]
    );
    assert_data_eq!(
        hostile(Objection::Above { holds: "src", has_target: false }),
        str![[r#"
error: refusing to move `/srv/old/a/nb` of mallory (uid 1666): it holds `src`, so it is more than a target directory
help: name the target directory itself: ls -lA $'/srv/old/a/x0ab'
exit 77
"#]]
    );
    assert_data_eq!(
        hostile(Objection::TooDeep),
        str![[r#"
error: refusing to move `/srv/old/a/nb` of mallory (uid 1666): it lies deeper than anything of cargo's
help: no cargo makes that; if it is of no use, remove it as mallory (uid 1666): ls -ld $'/srv/old/a/x0ab'
exit 77
"#]]
    );
}

#[test]
fn unreadable() {
    let error = MigrateError::Unreadable {
        path: "/srv/old/debug/x".into(),
        cause: denied(),
        source: "/srv/old".into(),
        person: "alice".into(),
    };
    assert_data_eq!(
        message(error),
        str![[r#"
error: failed to read `/srv/old/debug/x`: permission denied (os error 13)
help: root can: sudo cargo-peruser migrate /srv/old --to alice
exit 1
"#]]
    );
}

#[test]
fn changed() {
    assert_data_eq!(
        message(MigrateError::Changed { path: "/srv/old/debug/x".into(), state: State::Untouched }),
        str![[r#"
error: `/srv/old/debug/x` was changed while it was being moved
help: the source is as it was; mend the cause and run the same command again
exit 1
"#]]
    );
}

#[test]
fn no_room() {
    let path = "/srv/root/alice".into();
    let error = MigrateError::NoRoom { path, needed: 3 << 30, free: 1 << 20 };
    assert_data_eq!(
        message(error),
        str![[r#"
error: no room for a copy in `/srv/root/alice`: it needs 3.0 GiB, and 1.0 MiB are free
help: free some space there: df -h /srv/root/alice
exit 73
"#]]
    );
}

#[test]
fn not_asked_and_declined() {
    assert_data_eq!(
        message(MigrateError::NotAsked),
        str![[r#"
error: nothing was changed: no terminal to ask on
help: --yes goes ahead, --dry-run only looks
exit 1
"#]]
    );
    assert_data_eq!(
        message(MigrateError::Declined),
        str![[r#"
error: not confirmed
help: nothing was changed
exit 1
"#]]
    );
}

#[test]
fn at_work() {
    let holder = Some("`cargo-peruser` (process 7) of root (uid 0)".into());
    assert_data_eq!(
        message(MigrateError::AtWork { holder }),
        str![[r#"
error: another migration to this place is at work: `cargo-peruser` (process 7) of root (uid 0)
help: wait for it and run this again
exit 1
"#]]
    );
    assert_data_eq!(
        message(MigrateError::AtWork { holder: None }),
        str![[r#"
error: another migration to this place is at work
help: wait for it and run this again
exit 1
"#]]
    );
}

#[test]
fn unfinished() {
    let source = || "/srv/old".into();
    assert_data_eq!(
        message(MigrateError::Unfinished { source: source(), to: Some("alice".into()) }),
        str![[r#"
error: an earlier migration of `/srv/old` is unfinished
help: cargo-peruser migrate /srv/old --to alice
exit 1
"#]]
    );
    let error = MigrateError::Elsewhere {
        source: source(),
        begun: "/srv/root/alice/app-1".into(),
        now: "/srv/root/alice/app-2".into(),
        checkout: Some("/home/alice/app".into()),
        to: Some("alice".into()),
    };
    assert_data_eq!(
        message(error),
        str![[r#"
error: an earlier migration of `/srv/old` is unfinished, and goes to `/srv/root/alice/app-1`, not to `/srv/root/alice/app-2`
help: end that first: cargo-peruser migrate /srv/old --to alice --checkout /home/alice/app
exit 1
"#]]
    );
}

#[test]
fn anothers() {
    let error = |by| MigrateError::Anothers {
        workplace: "/srv/root/alice/.migration".into(),
        by,
        source: "/srv/old".into(),
        person: "alice".into(),
    };
    assert_data_eq!(
        message(error(Owner { uid: 0, name: Some("root".into()) })),
        str![[r#"
error: an earlier migration by root (uid 0) is unfinished, in `/srv/root/alice/.migration`
help: ask root (uid 0) to run: cargo-peruser migrate /srv/old --to alice
exit 1
"#]]
    );
    assert_data_eq!(
        message(error(alice())),
        str![[r#"
error: an earlier migration by alice (uid 1500) is unfinished, in `/srv/root/alice/.migration`
help: as alice (uid 1500), run: cargo-peruser migrate /srv/old
exit 1
"#]]
    );
}

#[test]
fn stranded_and_lost() {
    let workplace = || "/srv/root/alice/.migration".into();
    let waits = || Some("/srv/root/alice/.migration/incoming".into());
    let stranded =
        |waits| MigrateError::Stranded { workplace: workplace(), waits, why: "no JSON".into() };
    assert_data_eq!(
        message(stranded(waits())),
        str![[r#"
error: an earlier migration is unfinished, and its journal in `/srv/root/alice/.migration` cannot be used: no JSON
help: what waits may be the only copy; keep it, and move it elsewhere before you go on: ls -lA /srv/root/alice/.migration/incoming
exit 1
"#]]
    );
    assert_data_eq!(
        message(stranded(None)),
        str![[r#"
error: an earlier migration is unfinished, and its journal in `/srv/root/alice/.migration` cannot be used: no JSON
help: nothing waits there; without that directory it begins anew: ls -lA /srv/root/alice/.migration
exit 1
"#]]
    );
    let source = || "/srv/old".into();
    let lost = |waits| MigrateError::Lost { source: source(), workplace: workplace(), waits };
    assert_data_eq!(
        message(lost(waits())),
        str![[r#"
error: an earlier migration of `/srv/old` was interrupted, and what it had moved is gone
help: look for it: ls -A /srv/root/alice; what waits may be the only copy; keep it, and move it elsewhere before you go on: ls -lA /srv/root/alice/.migration/incoming
exit 1
"#]]
    );
    assert_data_eq!(
        message(lost(None)),
        str![[r#"
error: an earlier migration of `/srv/old` was interrupted, and what it had moved is gone
help: look for it: ls -A /srv/root/alice; nothing waits there; without that directory it begins anew: ls -lA /srv/root/alice/.migration
exit 1
"#]]
    );
}

#[test]
fn failed_and_interrupted() {
    let error = |state| {
        let path = "/srv/old/debug/x".into();
        MigrateError::Failed { doing: "copy", path, cause: denied(), state }
    };
    assert_data_eq!(
        message(error(State::Untouched)),
        str![[r#"
error: failed to copy `/srv/old/debug/x`: permission denied (os error 13)
help: the source is as it was; mend the cause and run the same command again
exit 73
"#]]
    );
    assert_data_eq!(
        message(error(State::Journaled)),
        str![[r#"
error: failed to copy `/srv/old/debug/x`: permission denied (os error 13)
help: nothing is lost; run the same command again to continue
exit 73
"#]]
    );
    let interrupted = MigrateError::Interrupted { state: State::Journaled };
    assert_data_eq!(
        message(interrupted),
        str![[r#"
error: interrupted
help: nothing is lost; run the same command again to continue
exit 130
"#]]
    );
}

#[test]
fn uncured() {
    assert_data_eq!(
        message(MigrateError::Uncured {
            target: "/srv/root/alice/target".into(),
            checkout: "/home/alice/my app".into(),
            failed: vec!["failed to run `cargo clean --profile dev --workspace`\nerror: no".into()],
            is_interrupted: false,
        }),
        str![[r#"
error: not everything of `/home/alice/my app` will be rebuilt
failed to run `cargo clean --profile dev --workspace`
error: no
help: the cache is in place; once that is mended: cargo-peruser migrate /srv/root/alice/target --checkout '/home/alice/my app'
exit 1
"#]]
    );
    assert_data_eq!(
        message(MigrateError::Uncured {
            target: "/srv/root/alice/target".into(),
            checkout: "/home/alice/app".into(),
            failed: Vec::new(),
            is_interrupted: true,
        }),
        str![[r#"
error: not everything of `/home/alice/app` will be rebuilt: interrupted
help: the cache is in place; to go on: cargo-peruser migrate /srv/root/alice/target --checkout /home/alice/app
exit 130
"#]]
    );
}

#[test]
fn unbuilt() {
    let error = |is_interrupted| MigrateError::Unbuilt {
        checkout: "/home/alice/my app".into(),
        is_interrupted,
    };
    assert_data_eq!(
        message(error(false)),
        str![[r#"
error: `/home/alice/my app` does not build
help: the cache is in place; to build again: cd '/home/alice/my app' && cargo-peruser build
exit 1
"#]]
    );
    assert_data_eq!(
        message(error(true)),
        str![[r#"
error: `/home/alice/my app` was not built: interrupted
help: the cache is in place; to build again: cd '/home/alice/my app' && cargo-peruser build
exit 130
"#]]
    );
}

#[test]
fn unsaid() {
    let error = |cache| MigrateError::Unsaid { cause: denied(), cache };
    assert_data_eq!(
        message(error(None)),
        str![[r#"
error: failed to write to stdout: permission denied (os error 13)
help: nothing was changed
exit 1
"#]]
    );
    assert_data_eq!(
        message(error(Some("/srv/root/alice/target".into()))),
        str![[r#"
error: failed to write to stdout: permission denied (os error 13)
help: the cache is in its place: ls -A /srv/root/alice/target
exit 1
"#]]
    );
}

#[test]
fn which_checkout() {
    let error = MigrateError::WhichCheckout { source: "/srv/old".into(), person: "alice".into() };
    assert_data_eq!(
        message(error),
        str![[r#"
error: `scope` is `workspace`, so it has to be said which checkout of alice's it is for
help: cargo-peruser migrate /srv/old --to alice --checkout CHECKOUT
exit 1
"#]]
    );
}
