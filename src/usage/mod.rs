//! `usage`: who uses how much of the shared root, and for what.
//!
//! The table and the JSON are made from one structure, so that they cannot differ.

use std::cmp::Ordering;
use std::path::Path;

use clap::{Arg, ArgMatches, Command};
use serde::Serialize;

use crate::caches::Cache;
use crate::caches::activity::UsedBy;
use crate::caches::count::{Survey, count};
use crate::caches::people::{People, Resident, Standing};
use crate::os::homes::Homes;
use crate::os::snapshot::Snapshot;
use crate::os::{accounts, files};
use crate::settings::{Flags, Settings};
use crate::ui::arguments::switch;
use crate::ui::escape::{bytes, escaped};
use crate::ui::failure::Failure;
use crate::ui::report::{self, Column, ago, counted, grid};
use crate::workspace::record::Sources;

/// The version of what `--json` prints. Keys do not change, but new ones may appear.
const VERSION: u32 = 1;

/// A column by which rows can be sorted.
type Sort = (&'static str, fn(&Row, &Row) -> Ordering);

/// The largest, the longest unused, or the first in the alphabet comes on top.
const SORTS: [Sort; 4] = [
    ("size", |a, b| b.bytes.cmp(&a.bytes)),
    ("files", |a, b| b.files.cmp(&a.files)),
    ("used", |a, b| a.last_used.cmp(&b.last_used)),
    ("person", |a, b| a.person.cmp(&b.person)),
];

/// The verb's command line.
pub(crate) fn command() -> Command {
    Command::default()
        .about("Show who uses how much disk space, and for what")
        .long_about(
            "Shows each target directory with its size, what was built in it, when it was last used \
             and whether it is in use. As root it shows everybody's below the shared root, and \
             otherwise your own; other users' private directories are only listed. Creates nothing.",
        )
        .args([
            switch("json", "Print JSON, whose keys stay as they are"),
            switch("all-users", "As root, everybody's, which root sees anyway"),
            Arg::new("sort")
                .long("sort")
                .value_name("COLUMN")
                .value_parser(SORTS.map(|(name, _)| name))
                .default_value("size")
                .help("What the rows are sorted by"),
        ])
}

/// Runs the verb.
///
/// # Errors
/// Mistakes in the settings, and refusals if nothing else is left to show.
pub(crate) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    if verb.get_flag("all-users") && !accounts::is_root() {
        let failure = Failure::new("only root can see other users' directories");
        return Err(failure.help("sudo cargo-peruser usage").into());
    }
    let homes = Homes::new(snapshot);
    let settings = crate::settings::files::load(&homes, flags)?;
    let people = People::of(&settings, &homes, snapshot.uid, snapshot.gid);
    let survey = count(&people, &settings, &homes)?;
    let mut usage = Usage::of(&settings, &people, &survey);
    let column = verb.get_one::<String>("sort");
    let sort = SORTS.iter().find(|(name, _)| column.is_some_and(|column| column == name));
    usage.directories.sort_by(|a, b| {
        let by = sort.map_or(Ordering::Equal, |(_, compare)| compare(a, b));
        by.then(b.bytes.cmp(&a.bytes)).then_with(|| a.path.cmp(&b.path))
    });
    if verb.get_flag("json") {
        report::json(&usage)?;
    } else {
        let now = i64::try_from(snapshot.now() / 1000).unwrap_or_default();
        report::line(render(&usage, now, report::width()))?;
    }
    Ok(survey.tell_refused())
}

/// Everything that `usage` reports. Paths that are not UTF-8 are approximated.
#[derive(Debug, Serialize)]
struct Usage {
    version: u32,
    shared_root: Option<String>,
    /// The space that is free for an ordinary account on the shared root's file system, in bytes.
    free_bytes: Option<u64>,
    free_inodes: Option<u64>,
    total_bytes: u64,
    total_files: u64,
    people: Vec<Total>,
    directories: Vec<Row>,
}

/// What one person uses.
#[derive(Debug, Default, Serialize)]
struct Total {
    person: String,
    /// `null` if the caller may not enter the person's private directory.
    uid: Option<u32>,
    path: Option<String>,
    /// What is known about the owner, or `private`.
    state: &'static str,
    directories: u64,
    bytes: Option<u64>,
    files: Option<u64>,
}

/// One target directory.
#[derive(Debug, Serialize)]
struct Row {
    person: String,
    uid: u32,
    path: String,
    /// Its name below the private directory. It is `.` for everything that is not in a target directory.
    directory: String,
    kind: Option<&'static str>,
    workspace: Option<String>,
    bytes: u64,
    files: u64,
    incremental_bytes: u64,
    last_used: Option<i64>,
    states: Vec<&'static str>,
    is_partial: bool,
}

impl Usage {
    fn of(settings: &Settings, people: &People, survey: &Survey) -> Usage {
        let is_shown = |cache: &&Cache| cache.is_target() || cache.totals.bytes >= WORTH_A_ROW;
        let directories = survey.caches.iter().filter(is_shown);
        let totals = people.visible.iter().map(|person| total(person, survey));
        let hidden = people.hidden.iter().map(|name| Total {
            person: name.clone(),
            state: PRIVATE,
            ..Total::default()
        });
        let root = settings.shared_root().filter(|root| files::is_there(root));
        let free = root.map(Path::to_owned).or_else(|| Some(people.visible.first()?.path.clone()));
        let free = free.and_then(|path| rustix::fs::statvfs(&path).ok());
        Usage {
            version: VERSION,
            shared_root: root.map(|root| root.to_string_lossy().into_owned()),
            free_bytes: free.as_ref().map(|fs| fs.f_bavail.saturating_mul(fs.f_frsize)),
            free_inodes: free.map(|fs| fs.f_favail).filter(|inodes| *inodes > 0),
            total_bytes: survey.caches.iter().map(|cache| cache.totals.bytes).sum(),
            total_files: survey.caches.iter().map(|cache| cache.totals.files).sum(),
            people: totals.chain(hidden).collect(),
            directories: directories.map(|cache| row(cache, people)).collect(),
        }
    }
}

/// The state of a directory that only its owner may see.
const PRIVATE: &str = "private";

/// The size, in bytes, from which files outside target directories get a row. Records are smaller.
const WORTH_A_ROW: u64 = 1 << 20;

fn row(cache: &Cache, people: &People) -> Row {
    let (workspace, directory) = (cache.workspace(), cache.directory());
    Row {
        person: cache.person.name.clone(),
        uid: cache.person.account.uid,
        path: cache.path().to_string_lossy().into_owned(),
        directory: if directory.is_empty() { ".".into() } else { directory },
        kind: workspace.map(|workspace| workspace.kind.word()),
        workspace: workspace.map(|workspace| workspace.path.to_string_lossy().into_owned()),
        bytes: cache.totals.bytes,
        files: cache.totals.files,
        incremental_bytes: cache.totals.incremental,
        last_used: Some(cache.used()).filter(|used| *used > 0),
        states: states(cache, people),
        is_partial: cache.totals.is_partial,
    }
}

fn states(cache: &Cache, people: &People) -> Vec<&'static str> {
    let used = match cache.used_by.filter(|_| cache.is_target()) {
        Some(UsedBy::Building) => Some("building"),
        Some(UsedBy::Running(_)) => Some("running"),
        Some(UsedBy::Unreadable(_)) | None => None,
    };
    let sources = match cache.sources {
        Sources::Gone => Some("orphan"),
        Sources::Another => Some("replaced"),
        Sources::Present | Sources::Unknown => None,
    };
    let aside = cache.moved_aside().map(|_| "moved-aside");
    let second = people.is_second(&cache.person).then_some("own-cache");
    let standing = Some(cache.person.standing).filter(|it| *it != Standing::Known);
    [used, sources, aside, second, standing.map(Standing::word)].into_iter().flatten().collect()
}

fn total(person: &Resident, survey: &Survey) -> Total {
    let own = || survey.caches.iter().filter(|cache| cache.person.path == person.path);
    let is_refused = survey.refused.iter().any(|(refused, _)| refused.path == person.path);
    Total {
        person: person.name.clone(),
        uid: Some(person.account.uid),
        path: Some(person.path.to_string_lossy().into_owned()),
        state: person.standing.word(),
        directories: own().filter(|cache| cache.is_target()).count() as u64,
        bytes: (!is_refused).then(|| own().map(|cache| cache.totals.bytes).sum()),
        files: (!is_refused).then(|| own().map(|cache| cache.totals.files).sum()),
    }
}

/// The width of the bar, in columns.
const BAR: u64 = 10;

/// A table of directories, one of people, and what is free.
fn render(usage: &Usage, now: i64, width: Option<usize>) -> String {
    let mut parts = Vec::new();
    if !usage.directories.is_empty() {
        parts.push(directories(&usage.directories, now, width));
    }
    parts.push(people(usage, width));
    let root =
        usage.shared_root.as_ref().map_or(String::new(), |root| format!(" in {}", escaped(root)));
    if let Some(free) = usage.free_bytes {
        let inodes = usage.free_inodes.map_or(String::new(), |free| format!(", {free} inodes"));
        parts.push(format!("free{root}: {}{inodes}", bytes(free)));
    }
    parts.join("\n\n")
}

fn directories(rows: &[Row], now: i64, width: Option<usize>) -> String {
    use Column::{Number, SpareNumber, Text};
    let titles =
        ["person", "directory", "workspace", "size", "files", "incr", "last used", "state", ""];
    let mut table = vec![titles.map(str::to_owned).to_vec()];
    let largest = rows.iter().map(|row| row.bytes).max().unwrap_or(1).max(1);
    for row in rows {
        let percent = row.incremental_bytes * 100 / row.bytes.max(1);
        let more = if row.is_partial { "+" } else { "" };
        table.push(vec![
            escaped(&row.person).to_string(),
            escaped(&row.directory).to_string(),
            row.workspace.as_deref().map_or("–".into(), |path| escaped(path).to_string()),
            bytes(row.bytes) + more,
            row.files.to_string() + more,
            format!("{percent}%"),
            row.last_used.map_or("–".into(), |used| ago(now - used)),
            row.states.join(", "),
            "█".repeat(usize::try_from(row.bytes * BAR / largest).unwrap_or_default()),
        ]);
    }
    let columns =
        [Text, Column::Path, Column::Path, Number, SpareNumber, SpareNumber, Number, Text, Text];
    let all = grid(&table, &columns, None);
    let fits = |width: usize| all.lines().all(|line| line.chars().count() <= width);
    if width.is_none_or(fits) {
        return all;
    }
    // The bar only repeats the size.
    table.iter_mut().for_each(|row| drop(row.pop()));
    grid(&table, columns.split_last().map_or(&[], |(_, others)| others), width)
}

fn people(usage: &Usage, width: Option<usize>) -> String {
    let root = usage.shared_root.as_deref().map(Path::new);
    let row = |name: String, size: Option<u64>, files: Option<u64>, directories, what: String| {
        let in_directories = counted(directories, "directory", "directories");
        let of = size.map_or(String::new(), |_| in_directories);
        let files = files.map_or(String::new(), |files| counted(files, "file", "files"));
        vec![name, size.map_or(String::new(), bytes), files, of, what]
    };
    let mut table: Vec<Vec<String>> = Vec::new();
    for Total { person, directories, bytes, files, state, path, .. } in &usage.people {
        let elsewhere = path.as_ref().filter(|path| Path::new(path).parent() != root);
        let what = match elsewhere {
            Some(path) => format!("in {}", escaped(path)),
            None if *state == Standing::Known.word() => String::new(),
            None => (*state).to_owned(),
        };
        table.push(row(escaped(person).to_string(), *bytes, *files, *directories, what));
    }
    let directories = usage.people.iter().map(|person| person.directories).sum();
    let (size, files) = (Some(usage.total_bytes), Some(usage.total_files));
    table.push(row("total".into(), size, files, directories, String::new()));
    let columns = [Column::Text, Column::Number, Column::Number, Column::Number, Column::Path];
    grid(&table, &columns, width)
}
