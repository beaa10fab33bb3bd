//! Whose programs a session puts on PATH: `$CARGO_HOME/bin` only where nobody else has a say, on the
//! whole way there.

use std::path::Path;

use anyhow::{Result, ensure};

use super::setup::Setup;
use crate::machine::{Need, account};
use crate::stage::{Acl, Host, Shell, Stage, make};
use crate::suite::{Test, test};

/// What CARGO_HOME is, after what is done to alice's computer.
type Prepare = fn(&Host<'_>) -> Result<&'static str>;

const ALICE: u32 = 2001;
const BOB: u32 = 2002;
const MALLORY: u32 = 2003;

/// Directories that are hers alone.
const TRUSTED: &[(&str, Prepare)] = &[
    ("of_her_own", |host| home(host, 0o755, ALICE)),
    ("that_her_own_group_may_write_to", |host| home(host, 0o775, ALICE)),
    ("behind_links_of_her_own", |host| {
        below(host, 0, 0o755)?;
        linked(host, "/var/data/cargo", ALICE)
    }),
    ("behind_a_link_that_goes_up", |host| {
        below(host, 0, 0o755)?;
        linked(host, "../../var/data/../data/cargo", ALICE)
    }),
];

/// Directories where somebody else has a say.
const FOREIGN: &[(&str, Prepare)] = &[
    ("of_somebody_elses", |host| {
        below(host, 0, 0o755)?;
        make::own(&host.at("/var/data/cargo/bin"), MALLORY, MALLORY, 0o755)?;
        Ok("/var/data/cargo")
    }),
    ("that_another_group_may_write_to", |host| home(host, 0o775, BOB)),
    ("that_everyone_may_put_something_in", |host| home(host, 0o1777, ALICE)),
    ("that_an_acl_lets_mallory_write_to", |host| {
        home(host, 0o755, ALICE)?;
        Acl::Access.grant(&host.home("alice").join(".cargo/bin"), MALLORY, 0o7)?;
        Ok("/home/alice/.cargo")
    }),
    ("behind_her_link_to_somebody_elses", |host| {
        below(host, MALLORY, 0o755)?;
        linked(host, "/var/data/cargo", ALICE)
    }),
    ("behind_somebody_elses_link", |host| {
        below(host, 0, 0o755)?;
        linked(host, "/var/data/cargo", MALLORY)
    }),
    ("behind_a_link_that_others_can_replace", |host| {
        below(host, 0, 0o755)?;
        make::directory(&host.at("/var/open"), 0, 0, 0o777)?;
        make::link(&host.at("/var/open/link"), Path::new("/var/data/cargo"), ALICE)?;
        linked(host, "/var/open/link", ALICE)
    }),
    ("behind_links_that_go_round_in_circles", |host| linked(host, "/home/alice/.cargo", ALICE)),
    ("that_path_would_split", |host| {
        host.directory("alice", "a:b/bin")?;
        Ok("/home/alice/a:b")
    }),
    ("that_is_two_lines", |host| {
        host.directory("alice", "a\nb/bin")?;
        Ok("/home/alice/a\nb")
    }),
    ("that_is_a_processs_own_idea", |host| {
        below(host, 0, 0o755)?;
        Ok("/proc/self/root/var/data/cargo")
    }),
    ("that_depends_on_where_one_stands", |host| {
        below(host, 0, 0o755)?;
        Ok("var/data/cargo")
    }),
];

pub(super) fn tests() -> Vec<Test> {
    let mut tests = Vec::new();
    for (kind, rows, expected) in [("puts", TRUSTED, true), ("leaves_out", FOREIGN, false)] {
        for &(name, prepare) in rows {
            let name = format!("sessions::path_{kind}_a_cargo_home_{name}");
            let body = move |stage: &Stage| is_on_path(stage, prepare, expected);
            tests.push(test(name, body).needs(&[Need::Bash, Need::Acls]));
        }
    }
    tests
}

fn is_on_path(stage: &Stage, prepare: Prepare, expected: bool) -> Result<()> {
    ensure!(account("alice")?.uid == ALICE && account("mallory")?.uid == MALLORY);
    let host = Host::new(stage, "machine", Shell::Bash)?;
    Setup::Machine.install(&host)?;
    let cargo_home = prepare(&host)?;
    let alice = host.person("alice")?;
    let run = host.run(&alice, Setup::Machine.program(), ["env", "--format", "json"]);
    let outcome = run.env("CARGO_HOME", cargo_home).run()?;
    let found: serde_json::Value = serde_json::from_str(&outcome.ok()?.stdout)?;
    let path = found.get("PATH").and_then(|path| path.as_str()).unwrap_or_default();
    let bin = format!("{cargo_home}/bin");
    ensure!(path.split(':').any(|entry| entry == bin) == expected, "{path}");
    ensure!(expected || !path.contains("cargo/bin") && !path.contains("a:b"), "{path}");
    Ok(())
}

/// `~/.cargo`, whose `bin` has this mode and group.
fn home(host: &Host<'_>, mode: u32, group: u32) -> Result<&'static str> {
    make::own(&host.directory("alice", ".cargo/bin")?, ALICE, group, mode)?;
    Ok("/home/alice/.cargo")
}

/// A directory of hers below one of this owner and mode.
fn below(host: &Host<'_>, owner: u32, mode: u32) -> Result<&'static str> {
    let place = host.at("/var/data");
    make::directory(&place, owner, owner, mode)?;
    make::directory(&place.join("cargo"), ALICE, ALICE, 0o755)?;
    make::directory(&place.join("cargo/bin"), ALICE, ALICE, 0o755)?;
    Ok("/var/data/cargo")
}

/// `~/.cargo` as a link of somebody's.
fn linked(host: &Host<'_>, to: &str, owner: u32) -> Result<&'static str> {
    let place = host.home("alice").join(".cargo");
    make::link(&place, Path::new(to), owner)?;
    Ok("/home/alice/.cargo")
}
