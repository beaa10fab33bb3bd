//! A real rust-analyzer on a shared checkout: where every cargo that it starts writes.
//!
//! Alice owns the checkout, bob can only read it. Both have it open at the same time, and each
//! server must have understood what the build script and the proc macro made, have shown what the
//! compiler says on saving, and have run a test, before it is looked at who wrote what. The same calls are made
//! without a server as well, in the orders that its sources use, because not every machine has one.

mod demo;
mod replay;
mod session;
mod verdict;

use std::thread;

use anyhow::{Result, anyhow};
use serde_json::{Value, json};

use crate::editor::{Editor, Proxies, settle_in};
use crate::machine::{Channel, Need, places};
use crate::stage::{Person, Stage};
use crate::suite::{Test, test};
use session::{Ready, Session};
use verdict::Before;

/// One row of the table.
#[derive(Clone, Copy, Debug)]
struct Case {
    name: &'static str,
    session: Session,
    target_dir: TargetDir,
    writes: Writes,
}

/// What the editor says about `rust-analyzer.cargo.targetDir`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TargetDir {
    /// Nothing.
    Unset,
    /// `true`: a directory of the server's own, below the one that cargo reports.
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
        // Nothing but the shim: why the session exports the variable as well.
        row("is_split_by_the_shim_alone", ShimOnPath, Unset, Split),
        row("leaves_by_the_shim_alone_with_a_target_dir", ShimOnPath, Own, Checkout),
        row("leaves_by_the_shim_alone_inside_a_cargo", ShimOnPathInsideCargo, Unset, Checkout),
        row("is_private_in_our_session", Exported, Unset, Private),
        row("is_private_in_our_session_with_a_target_dir", Exported, Own, Private),
        row("is_private_in_our_session_inside_a_cargo", ExportedInsideCargo, Unset, Private),
        row("is_private_after_setup", SetUp, Unset, Private),
        row("is_private_after_setup_with_a_target_dir", SetUp, Own, Private),
        // The session has nothing, and the editor tells the server.
        row("is_private_by_an_editors_settings", EditorsServer, Unset, Private),
        row("is_private_by_an_editors_settings_with_a_target_dir", EditorsServer, Own, Private),
        row("is_private_by_what_an_editor_hands_over", EditorsSetting, Unset, Private),
        row(
            "is_private_by_what_an_editor_hands_over_with_a_target_dir",
            EditorsSetting,
            Own,
            Private,
        ),
        // The file of its own it reads too late, and it counts less than what the editor says.
        row("is_late_by_its_settings_file", SettingsFile, Unset, Late),
        row("is_late_by_its_settings_file_with_a_target_dir", SettingsFile, Own, Late),
        row("leaves_by_a_settings_file_that_is_outvoted", SettingsFileOutvoted, Unset, Checkout),
    ]
};

const fn row(name: &'static str, session: Session, target_dir: TargetDir, writes: Writes) -> Case {
    Case { name, session, target_dir, writes }
}

/// A person, and the session that is ready for them.
type Seat<'a> = (&'a Person<'a>, Ready);

pub(crate) fn tests() -> Vec<Test> {
    let name = "analyzer_calls::somebody_elses_checkout_cannot_be_known_by_the_shim_alone";
    let mut tests = vec![test(name, only_to_read).needs(&[Need::Cargo]).heavy()];
    for case in TABLE {
        for (channel, needs) in [
            (Channel::Stable, &[Need::Cargo, Need::Analyzer] as &[Need]),
            (Channel::Nightly, &[Need::Cargo, Need::Nightly, Need::Analyzer]),
        ] {
            let name = format!("analyzer::{}_on_{}", case.name, channel.name());
            let body = move |stage: &Stage| {
                play(stage, case, channel, Proxies::best(), |sessions| edit_all(case, sessions))
            };
            tests.push(test(name, body).needs(needs).heavy());
        }
        for (proxies, suffix, needs) in [
            (Proxies::Rustup, "through_rustup", &[Need::Cargo, Need::Rustup] as &[Need]),
            (Proxies::StandIns, "through_stand_ins", &[Need::Cargo]),
        ] {
            let name = format!("analyzer_calls::{}_{suffix}", case.name);
            let channel = Channel::Stable;
            let body = move |stage: &Stage| {
                play(stage, case, channel, proxies, |sessions| replay_all(case, channel, sessions))
            };
            tests.push(test(name, body).needs(needs).heavy());
        }
    }
    tests
}

/// Bob's build scripts want to write where he may not.
fn only_to_read(stage: &Stage) -> Result<()> {
    let case = row("", Session::ShimOnPath, TargetDir::Unset, Writes::Split);
    let (channel, proxies) = (Channel::Stable, Proxies::StandIns);
    let [_, bob] = set(stage, proxies, channel)?;
    let session = case.session.prepare(&bob, channel)?;
    let calls = replay::start(&case, channel, &bob, &session)?.finish()?;
    calls.fails()?.mentions("Permission denied")?;
    Ok(())
}

/// Alice and bob with homes of their own, and alice's checkout.
fn set(stage: &Stage, proxies: Proxies, channel: Channel) -> Result<[Person<'_>; 2]> {
    stage.shared_root().provisioned()?;
    session::install(stage)?;
    let people = [stage.person("alice")?, stage.person("bob")?];
    let [alice, _] = &people;
    demo::write(stage, alice)?;
    for person in &people {
        settle_in(person, proxies, channel)?;
    }
    Ok(people)
}

/// Sets the stage, lets everyone who can build there do so at the same time, and judges.
fn play(
    stage: &Stage,
    case: &Case,
    channel: Channel,
    proxies: Proxies,
    act: impl FnOnce(&[Seat<'_>]) -> Result<()>,
) -> Result<()> {
    let [alice, bob] = set(stage, proxies, channel)?;
    // Where something is written to the checkout, bob's cargos could only fail.
    let people: &[&Person<'_>] =
        if case.writes == Writes::Private { &[&alice, &bob] } else { &[&alice] };
    let ready = |person| Ok((person, case.session.prepare(person, channel)?));
    let sessions = people.iter().copied().map(ready).collect::<Result<Vec<_>>>()?;
    let before = Before::look(stage)?;
    act(&sessions)?;
    verdict::judge(case, channel, &before, people)
}

fn replay_all(case: &Case, channel: Channel, sessions: &[Seat<'_>]) -> Result<()> {
    let start = |(person, session): &Seat<'_>| replay::start(case, channel, person, session);
    let running = sessions.iter().map(start).collect::<Result<Vec<_>>>()?;
    for calls in running {
        calls.finish()?.ok()?.prints(demo::COMPLAINT)?.prints("both::adds ... ok")?;
    }
    Ok(())
}

fn edit_all(case: &Case, sessions: &[Seat<'_>]) -> Result<()> {
    thread::scope(|scope| {
        let start = |(person, session)| scope.spawn(move || edit(case, person, session));
        let running: Vec<_> =
            sessions.iter().map(|(who, session)| start((*who, session))).collect();
        let ends = running.into_iter().map(|it| it.join().map_err(|_| anyhow!("panicked"))?);
        ends.collect::<Result<()>>()
    })
}

/// Opens the checkout and then a file, asks what only a server knows that has run the project's
/// code, saves, and runs a test.
fn edit(case: &Case, person: &Person<'_>, session: &Ready) -> Result<()> {
    let server = session.run(person.program(places::ANALYZER, [""; 0]), person).command();
    let settings = case.settings(session.editor.clone());
    let complaints = person.home.join("tmp/complaints");
    let mut editor = Editor::open(&server, &person.stage.checkout, settings, complaints)?;
    editor.show(demo::FILE, demo::TEXT)?;
    for question in &demo::QUESTIONS {
        editor.until_answered(question.method, question.place()?, question.answer)?;
    }
    editor.save(demo::FILE, demo::COMPLAINT)?;
    editor.test(demo::TEST)?;
    editor.close()
}

impl Case {
    /// What the editor hands to the server.
    fn settings(&self, extra_env: Option<Value>) -> Value {
        let mut cargo = serde_json::Map::new();
        cargo.extend(extra_env.map(|table| ("extraEnv".to_owned(), table)));
        if self.target_dir == TargetDir::Own {
            cargo.insert("targetDir".into(), true.into());
        }
        json!({ "cachePriming": { "enable": false }, "cargo": cargo })
    }
}
