//! `explain`: where a build would go, and why.
//!
//! Text and JSON are made from one structure, so that they cannot contradict each other.

mod text;

use std::path::PathBuf;

use clap::{ArgMatches, Command};
use serde::Serialize;

use crate::compile_cache::choose;
use crate::os::snapshot::{CalledAs, Snapshot};
use crate::private_dir::State;
use crate::settings::Flags;
use crate::settings::{Key, Settings, Value};
use crate::shim::decide::EntryPoint;
use crate::shim::{Plan, migrate_command};
use crate::ui::arguments::{cargo_arguments, cargo_words, switch};
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
    let explanation = Explanation::of(&by_name, &shim);
    if verb.get_flag("json") {
        report::json(&explanation)?;
    } else {
        report::line(text::render(&explanation))?;
    }
    Ok(0)
}

/// The whole answer. Paths that are not UTF-8 are approximated in JSON.
#[derive(Debug, Serialize)]
struct Explanation {
    by_name: Answer,
    shim: Answer,
    account: AccountName,
    workspace: Option<WorkspacePath>,
    /// The workspace's own `target`, left from builds without the shim.
    leftover: Option<String>,
    /// The command that moves it to where this builds.
    #[serde(skip)]
    migrate: Option<String>,
    #[serde(skip)]
    remove: Option<String>,
    settings: Vec<Setting>,
}

/// The answer for one way in.
#[derive(Debug, Serialize)]
struct Answer {
    rule: &'static str,
    rule_number: u8,
    reason: String,
    warning: Option<&'static str>,
    /// The danger of an accepted sticky root.
    sticky_root: Option<&'static str>,
    target_dir: Option<String>,
    build_dir: Option<String>,
    build_dir_overrides: Option<String>,
    provision: Option<String>,
    private_dir: Option<String>,
    state: Option<State>,
    refusal: Option<String>,
    help: Option<String>,
    compile_cache: Option<String>,
    compile_cache_note: Option<String>,
    removed_variables: Vec<&'static str>,
    real_cargo: Option<String>,
    passed_over: Vec<PassedOver>,
}

#[derive(Debug, Serialize)]
struct AccountName {
    uid: u32,
    name: Option<String>,
}

#[derive(Debug, Serialize)]
struct WorkspacePath {
    kind: &'static str,
    path: String,
}

#[derive(Debug, Serialize)]
struct PassedOver {
    path: String,
    reason: &'static str,
}

#[derive(Debug, Serialize)]
struct Setting {
    key: &'static str,
    value: serde_json::Value,
    origin: String,
}

impl Explanation {
    fn of(by_name: &Plan<'_>, shim: &Plan<'_>) -> Explanation {
        let facts = &by_name.facts;
        let workspace = facts.workspace.as_ref().map(|workspace| WorkspacePath {
            kind: workspace.kind.word(),
            path: lossy(&workspace.path),
        });
        // Only what a plain `cargo` no longer uses is left over.
        let leftover = shim.leftover();
        Explanation {
            by_name: Answer::of(by_name),
            shim: Answer::of(shim),
            account: AccountName {
                uid: by_name.snapshot.uid,
                name: facts.account.name.as_ref().map(lossy),
            },
            workspace,
            leftover: leftover.as_ref().map(lossy),
            migrate: leftover.as_ref().map(|path| migrate_command(path)),
            remove: leftover.as_ref().map(|path| by_name.remove_command(path)),
            settings: Key::ALL
                .iter()
                // The limits of `gc` decide nothing here.
                .filter(|key| !key.kind().is_limit())
                .map(|key| Setting::of(*key, by_name.settings()))
                .collect(),
        }
    }
}

impl Answer {
    fn of(plan: &Plan<'_>) -> Answer {
        let decision = &plan.decision;
        let found = plan.real_cargo(&plan.trail());
        let examined = plan.examine();
        let refused = examined.as_ref().err();
        let required = decision.required.as_ref();
        let moved = decision.build_dir.as_ref();
        let wrapping = choose::wrapping(plan);
        let (rule_number, rule) = decision.rule.number_and_name();
        Answer {
            rule,
            rule_number,
            reason: decision.rule.reason(),
            warning: match plan.has_hidden_root() {
                true => Some("this user namespace hides who owns the shared root"),
                false => decision.rule.warning(plan.settings().scope()),
            },
            sticky_root: plan.uses_sticky_root().then_some(
                "others can create files in the shared root, and so run code as you: the settings \
                 accept that (`sticky-root`)",
            ),
            target_dir: plan.target_dir().map(lossy),
            build_dir: moved.map(|moved| lossy(&moved.to)),
            build_dir_overrides: moved.map(|moved| moved.instead_of.clone()),
            provision: plan.provision_command(),
            private_dir: required.map(|required| lossy(required.place.private_dir())),
            state: examined.as_ref().ok().copied().flatten(),
            refusal: refused.map(ToString::to_string),
            help: refused.and_then(|failure| failure.help.clone()),
            compile_cache: wrapping.program().map(lossy),
            compile_cache_note: wrapping.note,
            real_cargo: found.cargo.as_ref().map(lossy),
            passed_over: found.skipped.iter().map(PassedOver::of).collect(),
            removed_variables: decision.removed.clone(),
        }
    }
}

impl PassedOver {
    fn of((path, reason): &(PathBuf, &'static str)) -> PassedOver {
        PassedOver { path: lossy(path), reason }
    }
}

impl Setting {
    fn of(key: Key, settings: &Settings) -> Setting {
        let value = settings.value(key).cloned().or_else(|| key.default());
        let origin = settings.origin(key).map(ToString::to_string);
        Setting {
            key: key.name(),
            value: value.map_or(serde_json::Value::Null, to_json),
            origin: origin.unwrap_or_else(|| "built in".into()),
        }
    }
}

fn to_json(value: Value) -> serde_json::Value {
    match value {
        Value::Text(text) => lossy(text).into(),
        Value::Names(names) => names.into(),
    }
}

fn lossy(text: impl AsRef<std::ffi::OsStr>) -> String {
    text.as_ref().to_string_lossy().into_owned()
}
