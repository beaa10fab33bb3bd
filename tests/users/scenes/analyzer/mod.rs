//! Where the cargos write that rust-analyzer starts in a shared checkout.
//!
//! Alice owns the checkout, bob can only read it, and both have it open at the same time. The calls of
//! each one's rust-analyzer are replayed as they were recorded, through rustup's proxies, to a cargo
//! that records how it was called. Then the tests check who wrote which files.

mod demo;
mod session;
mod written_files;

use session::Ready;
use session::Session;
use session::settle_in;
use written_files::Before;

use crate::prelude::*;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    session: Session,
    target_dir: TargetDir,
    writes: Writes,
}

/// The editor's setting of `rust-analyzer.cargo.targetDir`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TargetDir {
    /// Nothing.
    Unset,
    /// `true`: the server's own directory, below the one that cargo reports.
    Own,
}

/// Where the cargos of one server write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writes {
    /// Each person's in their own private directory, and nothing in the checkout.
    Private,
    /// Build scripts and proc macros in the checkout, checks in the private directory.
    Split,
    /// Build scripts and proc macros in the checkout first, and everything in the private directory
    /// after that.
    Late,
    /// Everything in the checkout.
    Checkout,
}

const TABLE: &[Case] = {
    use Session::*;
    use TargetDir::*;
    use Writes::*;
    &[
        // Only the shim: this shows why the session must export the variable too.
        row("is_split_by_the_shim_alone", ShimOnPath, Unset, Split),
        row("leaves_by_the_shim_alone_with_a_target_dir", ShimOnPath, Own, Checkout),
        row("leaves_by_the_shim_alone_inside_a_cargo", ShimOnPathInsideCargo, Unset, Checkout),
        row("is_private_in_our_session", Exported, Unset, Private),
        row("is_private_in_our_session_with_a_target_dir", Exported, Own, Private),
        row("is_private_in_our_session_inside_a_cargo", ExportedInsideCargo, Unset, Private),
        row("is_private_after_setup", SetUp, Unset, Private),
        // The session exports nothing, and the editor's settings have the variable.
        row("is_private_by_an_editors_settings", EditorsServer, Unset, Private),
        row("is_private_by_what_an_editor_hands_over", EditorsSetting, Unset, Private),
        // The server reads its own file too late, and the editor's settings override it.
        row("is_late_by_its_settings_file", SettingsFile, Unset, Late),
        row("leaves_by_a_settings_file_that_is_outvoted", SettingsFileOutvoted, Unset, Checkout),
    ]
};

const fn row(name: &'static str, session: Session, target_dir: TargetDir, writes: Writes) -> Case {
    Case { name, session, target_dir, writes }
}

const NEEDS: &[Need] = &[Need::Cargo, Need::Rustup];

pub(crate) fn tests() -> Vec<Test> {
    let name = "somebody_elses_checkout_cannot_be_known_by_the_shim_alone";
    let mut tests = vec![test!(name, only_to_read).needs(NEEDS).heavy()];
    for case in TABLE {
        tests.push(test!(case.name, move |stage| play(stage, case)).needs(NEEDS).heavy());
    }
    tests
}

/// The script that makes the calls of rust-analyzer without a rust-analyzer.
const CALLS: &str = include_str!("calls.sh");

/// The calls do not depend on cargo's layout.
const CHANNEL: Channel = Channel::Stable;

/// Bob's build scripts write where he may not.
fn only_to_read(stage: &Stage) {
    let case = row("", Session::ShimOnPath, TargetDir::Unset, Writes::Split);
    let [_, bob] = set(stage);
    let session = case.session.prepare(&bob);
    let calls = start(&case, &bob, &session).finish();
    calls.fails().mentions("Permission denied");
}

/// Alice and bob with their own homes, and alice's checkout.
fn set(stage: &Stage) -> [Person<'_>; 2] {
    stage.shared_root().provisioned();
    session::install(stage);
    let people = [stage.person("alice"), stage.person("bob")];
    let [alice, _] = &people;
    demo::write(stage, alice);
    for person in &people {
        settle_in(person);
    }
    people
}

/// Prepares the stage, lets everyone who can build there build at the same time, and checks the result.
fn play(stage: &Stage, case: &Case) {
    let [alice, bob] = set(stage);
    // Bob's cargos would fail if they write to the checkout.
    let people: &[&Person<'_>] =
        if case.writes == Writes::Private { &[&alice, &bob] } else { &[&alice] };
    let sessions = people.iter().map(|person| case.session.prepare(person));
    let sessions = sessions.collect::<Vec<_>>();
    let before = Before::look(stage);
    let running =
        people.iter().zip(&sessions).map(|(person, session)| start(case, person, session));
    for calls in running.collect::<Vec<_>>() {
        calls.finish().ok().prints(demo::COMPLAINT).prints("both::adds ... ok");
    }
    written_files::judge(case, &before, people);
}

/// Starts the calls of one server, one round each time that it reads the workspace.
fn start(case: &Case, person: &Person<'_>, session: &Ready) -> Running {
    let manifest = person.stage.checkout.join("Cargo.toml");
    let below = match case.target_dir {
        TargetDir::Unset => "",
        TargetDir::Own => "rust-analyzer",
    };
    let words = [manifest.to_string_lossy().into_owned(), below.into(), CHANNEL.recorded()];
    session.run(person.shell(CALLS, words.iter().chain(&session.rounds)), person).start()
}
