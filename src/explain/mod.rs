//! `explain`: where a build would go, and why.
//!
//! Text and JSON show the same [`Answer`], so that they cannot contradict each other.

mod text;

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::{ArgMatches, Command};
use serde_json::json;

use crate::compile_cache::choose::{self, Wrapping};
use crate::os::snapshot::{CalledAs, Snapshot};
use crate::private_dir::State;
use crate::settings::Flags;
use crate::settings::{Key, Settings, Value};
use crate::shim::Plan;
use crate::shim::decide::EntryPoint;
use crate::shim::real_cargo::SearchResult;
use crate::ui::arguments::{cargo_arguments, cargo_words, switch};
use crate::ui::failure::Result;
use crate::ui::report;

pub(super) fn command() -> Command {
    Command::default()
        .about("Show where a build goes here, and why")
        .long_about(
            "Shows the target directory of `cargo-peruser build` in the working directory, the rule \
             that decides it, the origin of each setting, and the cargo that is executed. Also shows \
             how a plain `cargo build` through the shim differs. Creates nothing.",
        )
        .arg(switch("json", "Print JSON, with keys that stay the same"))
        .arg(cargo_arguments())
}

pub(super) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    let words = cargo_words(verb);
    let by_name = Plan::make(snapshot, EntryPoint::ByName, flags, &words)?;
    // Cargo never calls the shim, so the shim looks for the real cargo on PATH.
    let as_shim = Snapshot { called_as: CalledAs::ShimByPath, ..snapshot.clone() };
    let shim = Plan::make(&as_shim, EntryPoint::Shim, flags, &words)?;
    let (by_name, shim) = (Answer::of(&by_name), Answer::of(&shim));
    match verb.get_flag("json") {
        true => report::json(&json(&by_name, &shim))?,
        false => report::line(text::render(&by_name, &shim))?,
    }
    Ok(0)
}

/// The answer for one way in.
struct Answer<'a> {
    plan: &'a Plan<'a>,
    cargo: SearchResult,
    /// The private directory's state, or why it is refused.
    state: Result<Option<State>>,
    cache: Wrapping,
}

impl Answer<'_> {
    fn of<'a>(plan: &'a Plan<'a>) -> Answer<'a> {
        let cargo = plan.real_cargo(&plan.trail());
        Answer { plan, cargo, state: plan.examine(), cache: choose::wrapping(plan) }
    }

    /// A danger of this target directory.
    fn warning(&self) -> Option<&'static str> {
        match self.plan.has_hidden_root() {
            true => Some("this user namespace hides who owns the shared root"),
            false => self.plan.decision.rule.warning(self.plan.settings().scope()),
        }
    }

    /// The danger of an accepted sticky root.
    fn sticky_root(&self) -> Option<&'static str> {
        self.plan.uses_sticky_root().then_some(
            "others can create files in the shared root, and so run code as you: the settings accept \
             that (`sticky-root`)",
        )
    }

    fn private_dir(&self) -> Option<PathBuf> {
        self.plan.decision.required.as_ref().map(|required| required.place.private_dir())
    }

    fn json(&self) -> serde_json::Value {
        let decision = &self.plan.decision;
        let (rule_number, rule, reason) = decision.rule.explained();
        let moved = decision.build_dir.as_ref();
        let refused = self.state.as_ref().err();
        let passed_over =
            |(path, reason): &(PathBuf, _)| json!({ "path": lossy(path), "reason": reason });
        json!({
            "rule": rule,
            "rule_number": rule_number,
            "reason": reason,
            "warning": self.warning(),
            "sticky_root": self.sticky_root(),
            "target_dir": self.plan.target_dir().map(lossy),
            "build_dir": moved.map(|moved| lossy(&moved.to)),
            "build_dir_overrides": moved.map(|moved| &moved.instead_of),
            "provision": self.plan.provision_command(),
            "private_dir": self.private_dir().map(lossy),
            "state": self.state.as_ref().ok(),
            "refusal": refused.map(ToString::to_string),
            "help": refused.and_then(|failure| failure.help.as_ref()),
            "compile_cache": self.cache.program().map(lossy),
            "compile_cache_note": self.cache.note,
            "removed_variables": decision.removed,
            "real_cargo": self.cargo.cargo.as_ref().map(lossy),
            "passed_over": Vec::from_iter(self.cargo.skipped.iter().map(passed_over)),
        })
    }
}

/// The whole answer. Paths that are not UTF-8 are approximated.
fn json(by_name: &Answer<'_>, shim: &Answer<'_>) -> serde_json::Value {
    let Plan { facts, snapshot, .. } = by_name.plan;
    let workspace = facts.workspace.as_ref();
    let setting = |(key, value, origin)| json!({ "key": key, "value": value, "origin": origin });
    json!({
        "by_name": by_name.json(),
        "shim": shim.json(),
        "account": { "uid": snapshot.uid, "name": facts.account.name.as_ref().map(lossy) },
        "workspace": workspace.map(|it| json!({ "kind": it.kind.word(), "path": lossy(&it.path) })),
        "leftover": shim.plan.leftover().map(lossy),
        "settings": Vec::from_iter(settings(&facts.settings).map(setting)),
    })
}

/// The settings that decide something here, with value and origin. The limits of `gc` do not.
fn settings(settings: &Settings) -> impl Iterator<Item = (&'static str, serde_json::Value, &str)> {
    let keys = Key::ALL.iter().filter(|key| !key.kind().is_limit());
    keys.map(|key| {
        let value = settings.value(*key).cloned().or_else(|| key.default());
        let value = value.map_or(serde_json::Value::Null, |value| match value {
            Value::Text(text) => lossy(text).into(),
            Value::Names(names) => names.into(),
        });
        (key.name(), value, settings.origin(*key).unwrap_or("built in"))
    })
}

fn lossy(text: impl AsRef<OsStr>) -> String {
    text.as_ref().to_string_lossy().into_owned()
}
