//! `gc`: frees disk space, by the policies in the settings.
//!
//! `plan` chooses, and is pure. `delete` removes what was chosen. Without `--apply` only the plan is
//! shown.

mod delete;
mod plan;

use std::ffi::OsString;
use std::sync::Arc;

use clap::{Arg, ArgMatches, Command, value_parser};

use crate::caches::activity::UsedBy;
use crate::caches::count::count;
use crate::caches::people::{People, doubts_departed};
use crate::os::accounts;
use crate::os::homes::Homes;
use crate::os::snapshot::Snapshot;
use crate::settings::gc_limits::Limit;
use crate::settings::{self, Flags, Key, Settings};
use crate::ui::arguments::switch;
use crate::ui::escape::{bytes, escaped};
use crate::ui::failure::Failure;
use crate::ui::report::{self, Column, grid};
use plan::{Circumstances, Outcome, PlannedRemoval, Portion};

/// The verb's command line.
pub(crate) fn command() -> Command {
    let policy = |key: Key| {
        Arg::new(name(key))
            .long(name(key))
            .value_name(key.kind().placeholder())
            .value_parser(value_parser!(OsString))
            .help(key.help())
            .help_heading("Policies, in the order in which they apply")
    };
    Command::default()
        .about("Give disk space back: show what would be removed, and remove it with --apply")
        .long_about(
            "Shows which target directories the policies choose and how much comes back, and removes \
             that with --apply. What is being built in, or what a program runs from, stays. It never \
             waits for a build, and a build never fails for it: cargo's locks are held, and of a \
             directory that is still of use its tag and its locks stay. Interrupted, it has lost \
             nothing but what was chosen, and the next run removes the rest.",
        )
        .args([
            switch("apply", "Remove it"),
            switch("dry-run", "Remove nothing, as without --apply").conflicts_with("apply"),
            switch("all-users", "As root, for everybody"),
            switch("common", "Also `target`, which is for all that has no directory of its own"),
            switch("json", "Print JSON, whose keys stay as they are"),
        ])
        .args(Key::limits().map(policy))
}

/// The name of a policy's flag, which is its key without the table.
fn name(policy: Key) -> &'static str {
    let name = policy.name();
    name.split_once('.').map_or(name, |(_, name)| name)
}

/// Runs the verb.
///
/// # Errors
/// Mistakes in the settings, and whatever prevents it from beginning.
pub(crate) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    let homes = Homes::new(snapshot);
    let given = typed(verb)?;
    let flags: Flags = flags.iter().cloned().chain(given).collect();
    let settings = crate::settings::files::load(&homes, &flags)?;
    let people = who(snapshot, &settings, &homes, verb.get_flag("all-users"))?;
    let survey = count(&people, &settings, &homes)?;
    let mut exit = survey.tell_refused();
    let circumstances = circumstances(snapshot, &settings, &people, verb);
    let mut choices = plan::choose(&survey.caches, &circumstances);
    let is_applied = verb.get_flag("apply");
    if is_applied {
        exit = exit.max(apply(&people, &mut choices, &settings, &homes));
    }
    show(&choices, &people, circumstances.now, verb)?;
    let has_failed = choices.iter().any(|it| matches!(it.outcome, Some(Outcome::Failed(_))));
    Ok(if has_failed { exit.max(1) } else { exit })
}

/// The policies among the verb's flags.
///
/// # Errors
/// The first flag whose value is not a limit, by the name that was typed.
fn typed(verb: &ArgMatches) -> Result<Flags, Failure> {
    let given = Key::limits().filter_map(|key| {
        let text = verb.get_one::<OsString>(name(key))?;
        let origin = format!("the flag --{}", name(key));
        let read = key.kind().parse(text).map(|_| (key, text.clone()));
        Some(read.map_err(|wrong| settings::invalid(key.name(), &origin, wrong)))
    });
    given.collect()
}

/// Whose directories to look at.
fn who(
    snapshot: &Snapshot,
    settings: &Settings,
    homes: &Homes<'_>,
    is_for_all: bool,
) -> Result<People, Failure> {
    if is_for_all && !accounts::is_root() {
        let text = "only root can remove other users' directories";
        return Err(Failure::new(text).help("sudo cargo-peruser gc --all-users"));
    }
    let mut people = People::of(settings, homes, snapshot.uid, snapshot.gid);
    people.visible.retain(|person| is_for_all || person.account.uid == snapshot.uid);
    let is_departed_meant = is_for_all && settings.limit(Key::GcDeparted) != Limit::Off;
    // An account database that does not answer knows no account, so everybody would seem to have
    // departed.
    if let Some(why) = doubts_departed(&people.visible).filter(|_| is_departed_meant) {
        let text = format!("refusing to tell who has departed: {why}");
        let help = "getent passwd; --departed off goes on without that";
        return Err(Failure::new(text).help(help).exit(77));
    }
    Ok(people)
}

fn circumstances(
    snapshot: &Snapshot,
    settings: &Settings,
    people: &People,
    verb: &ArgMatches,
) -> Circumstances {
    let limits = Key::limits().map(|policy| (policy, settings.limit(policy)));
    // Only root can tell. Other callers look only at their own directories, and they have not departed.
    let applies = |policy| policy != Key::GcDeparted || accounts::is_root();
    let limits = limits.filter(|(policy, _)| applies(*policy));
    let place = people.visible.first().map(|person| person.path.clone());
    let fs = place.and_then(|place| rustix::fs::statvfs(&place).ok());
    let blocks = |blocks: u64, size: u64| blocks.saturating_mul(size);
    Circumstances {
        now: i64::try_from(snapshot.now() / 1000).unwrap_or_default(),
        limits: limits.collect(),
        free: fs.as_ref().map_or(u64::MAX, |fs| blocks(fs.f_bavail, fs.f_frsize)),
        size: fs.as_ref().map_or(0, |fs| blocks(fs.f_blocks, fs.f_frsize)),
        takes_common: verb.get_flag("common"),
    }
}

/// Removes what was chosen. Returns the highest exit code of the failures that stopped it.
fn apply(
    people: &People,
    choices: &mut [PlannedRemoval<'_>],
    settings: &Settings,
    homes: &Homes<'_>,
) -> u8 {
    let mut exit = 0;
    for person in &people.visible {
        let is_own = |it: &&mut PlannedRemoval<'_>| Arc::ptr_eq(&it.cache.person, person);
        let mut own: Vec<&mut PlannedRemoval<'_>> = choices.iter_mut().filter(is_own).collect();
        if own.is_empty() {
            continue;
        }
        report::progress(&format!("removing: {}", escaped(&person.name)));
        let taken = delete::take(person, &mut own, settings, homes);
        report::progress("");
        // A refusal for one person does not stop the others.
        if let Err(error) = taken {
            exit = exit.max(error.exit);
            report::error(&error.into());
            for choice in own {
                let failed = || Outcome::Failed("gc stopped before it was removed".into());
                choice.outcome.get_or_insert_with(failed);
            }
        }
    }
    exit
}

/// One choice, as it is reported.
#[derive(serde::Serialize)]
struct GcRow {
    person: String,
    path: String,
    #[serde(skip)]
    directory: String,
    workspace: Option<String>,
    rule: &'static str,
    takes: &'static str,
    bytes: u64,
    comes_back: u64,
    last_used: i64,
    in_use: bool,
    /// `would-be-taken`, `taken`, `kept` or `failed`.
    outcome: &'static str,
    reason: Option<String>,
}

impl GcRow {
    fn of(choice: &PlannedRemoval<'_>, people: &People) -> GcRow {
        let cache = choice.cache;
        let (outcome, reason) = match (&choice.outcome, &cache.used_by) {
            (None, Some(used_by)) => ("kept", Some(delete::in_use(*used_by))),
            (None, None) => (WOULD_BE_TAKEN, None),
            (Some(Outcome::Taken), _) => ("taken", None),
            (Some(Outcome::Kept(why)), _) => ("kept", Some(why.clone())),
            (Some(Outcome::Failed(why)), _) => ("failed", Some(why.clone())),
        };
        let path = cache.path().to_string_lossy().into_owned();
        // The name alone may be that of another directory, in the shared root.
        let is_second = people.is_second(&cache.person);
        GcRow {
            person: cache.person.name.clone(),
            directory: if is_second { path.clone() } else { cache.directory() },
            path,
            workspace: cache.workspace().map(|it| it.path.to_string_lossy().into_owned()),
            rule: choice.policy.map_or("leftover", name),
            takes: match choice.what {
                Portion::Directory => "directory",
                Portion::Contents => "contents",
                Portion::Incremental(_) => "incremental",
            },
            bytes: cache.totals.bytes,
            comes_back: if matches!(outcome, "kept" | "failed") { 0 } else { choice.bytes },
            last_used: cache.used(),
            in_use: cache.used_by.is_some(),
            outcome,
            reason,
        }
    }
}

fn show(
    choices: &[PlannedRemoval<'_>],
    people: &People,
    now: i64,
    verb: &ArgMatches,
) -> std::io::Result<()> {
    let [is_applied, is_json] = ["apply", "json"].map(|flag| verb.get_flag(flag));
    let rows: Vec<GcRow> = choices.iter().map(|choice| GcRow::of(choice, people)).collect();
    let comes_back: u64 = rows.iter().map(|row| row.comes_back).sum();
    if is_json {
        report::json(&serde_json::json!({
            "version": 1,
            "applied": is_applied,
            "comes_back": comes_back,
            "directories": rows,
        }))?;
    } else if rows.is_empty() {
        report::line("nothing to remove")?;
    } else {
        let verb = if is_applied { "came back" } else { "would come back" };
        report::line(format!("{}\n\n{} {verb}", table(&rows, now), bytes(comes_back)))?;
    }
    if choices.iter().any(|it| !it.cache.has_locks) {
        report::note(
            &"cargo takes no locks on NFS, so there only the age of a directory shows whether it is in use",
        );
    }
    if rows.iter().any(|row| row.outcome == WOULD_BE_TAKEN) {
        report::advice(&"nothing was removed", &"--apply removes it");
    }
    let is_unknown =
        |it: &PlannedRemoval<'_>| matches!(it.cache.used_by, Some(UsedBy::Unreadable(_)));
    if choices.iter().any(is_unknown) && !accounts::is_root() {
        report::advice(&"root can look at every process", &"sudo cargo-peruser gc --all-users");
    }
    Ok(())
}

/// The outcome of a choice that was not tried, and that would be removed.
const WOULD_BE_TAKEN: &str = "would-be-taken";

/// The rows. After the last column, the reason of the outcome.
fn table(rows: &[GcRow], now: i64) -> String {
    use Column::{Number, Path, SpareNumber, Text};
    let titles =
        ["person", "directory", "workspace", "size", "comes back", "last used", "rule", ""];
    let mut table = vec![titles.map(str::to_owned).to_vec()];
    table.extend(rows.iter().map(|row| {
        vec![
            escaped(&row.person).to_string(),
            escaped(&row.directory).to_string(),
            row.workspace.as_deref().map_or("–".into(), |path| escaped(path).to_string()),
            bytes(row.bytes),
            bytes(row.comes_back),
            match row.last_used {
                0 => "–".into(),
                used => report::ago(now - used),
            },
            row.rule.to_owned(),
            if row.outcome == WOULD_BE_TAKEN { String::new() } else { row.outcome.to_owned() },
        ]
    }));
    let columns = [Text, Path, Path, SpareNumber, Number, SpareNumber, Text, Text];
    // A reason may be longer than the terminal is wide.
    let reasons = rows.iter().map(|row| row.reason.as_ref());
    let reasons = std::iter::once(None).chain(reasons);
    let table = grid(&table, &columns, report::width());
    let lines = table.lines().zip(reasons).map(|(line, reason)| match reason {
        Some(reason) => format!("{line}: {reason}"),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}
