//! `doctor`: reports what is wrong on this machine for its users' builds, and the command that helps.
//!
//! Each check looks for one problem that somebody has had, and changes nothing. If a build would be
//! refused, the check uses the words of that refusal. All findings are collected in one report, which is
//! printed as text or as JSON.

mod checkout;
mod finding;
mod homes;
mod installed;
mod machine;
mod private;
mod root;
mod session;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgMatches, Command};

use crate::os::accounts;
use crate::os::homes::Homes;
use crate::os::node::MAX_DEPTH;
use crate::os::snapshot::Snapshot;
use crate::private_dir::provision::Provisioner;
use crate::settings::Flags;
use crate::shim::Plan;
use crate::shim::decide::EntryPoint;
use crate::ui::arguments::switch;
use crate::ui::failure::Failure;
use crate::ui::report::{self, coloured, counted, row, table};
use finding::{Checked, Finding, Report, Severity};
use machine::{Machine, name_of};

/// One check: its name on the command line and in JSON, which never changes, and what it looks for.
type Check = (&'static str, &'static str, fn(&Machine<'_>) -> Checked);

/// All checks. Those that others depend on come first.
const CHECKS: [Check; 15] = [
    (SETTINGS, "mistakes, CARGO_PERUSER=off, installations that differ", installed::settings),
    ("root", "who can write to the shared root and above it; its file system", root::root),
    (
        "private-dir",
        "your private directory, or with --all-users everybody's",
        private::private_dir,
    ),
    ("path-order", "another cargo before the shim, here or in fresh sessions", session::path_order),
    ("stale-session", "variables that lead to a wrong directory", session::stale_session),
    (
        "toolchain",
        "no real cargo, an old one, two rustups; who can write to PATH",
        installed::toolchain,
    ),
    ("foreign-owned", "other accounts' files in your directories", homes::foreign_owned),
    ("left-behind", "an old `target`, whose programs are not updated", checkout::left_behind),
    ("login-shell", "a login shell that reads no file with a hook", session::login_shell),
    ("checkout", "what hinders people who share this checkout", checkout::checkout),
    ("build-dir", "a build directory outside your own directories", checkout::build_dir),
    ("editor", "outdated settings of editors; editors that bypass the shim", session::editor),
    ("shared-homes", "a CARGO_HOME or RUSTUP_HOME that others can change", homes::shared_homes),
    ("sccache", "another account's sccache server; what it cannot share", session::sccache),
    ("records", "target directories of workspaces that are gone", private::records),
];

/// The check that is made even if the settings cannot be used.
const SETTINGS: &str = "settings";

pub(super) fn command() -> Command {
    Command::default()
        .about("Say what is wrong on this machine, and the command that helps")
        .long_about(
            "Looks for what makes builds fail, go elsewhere than people think, or unsafe: in the \
             settings, the shared root, your private directory, this session, cargo's and rustup's \
             homes, and the workspace in the working directory. Prints what it finds, each with the \
             command that helps and who is to run it. Changes nothing and uses no network. Exits \
             with 1 if something fails.",
        )
        .args([
            Arg::new("check")
                .value_name("CHECK")
                .num_args(0..)
                .value_parser(PossibleValuesParser::new(CHECKS.iter().map(|(id, ..)| id)))
                .hide_possible_values(true)
                .help("Make only these checks [default: all]"),
            switch("list", "List the checks"),
            switch("json", "Print JSON, with keys that stay the same"),
            switch("strict", "Exit with 1 for warnings too"),
            switch("all-users", "Look at everybody's directories (as root)"),
            switch("deep", "Look through all of your directories, not only their upper levels"),
        ])
}

pub(super) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    if verb.get_flag("list") {
        let rows: Vec<_> = CHECKS.iter().map(|(id, about, _)| row(id, about)).collect();
        report::line(table(&rows))?;
        return Ok(0);
    }
    if verb.get_flag("all-users") && !accounts::is_root() {
        let failure = Failure::new("only root can look at everybody's directories");
        return Err(failure.help("sudo cargo-peruser doctor --all-users").into());
    }
    let found = examine(snapshot, flags, verb);
    let limit = if verb.get_flag("strict") { Severity::Warn } else { Severity::Fail };
    if verb.get_flag("json") {
        report::json(&found)?;
    } else {
        print(&found, &name_of(snapshot.uid))?;
    }
    Ok(found.exit(limit))
}

/// Makes the named checks, or all of them if none is named.
fn examine(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> Report {
    let own_name = name_of(snapshot.uid);
    let wanted: Vec<&String> = verb.get_many("check").into_iter().flatten().collect();
    let is_wanted = |id: &str| wanted.is_empty() || wanted.iter().any(|name| *name == id);
    let checks = CHECKS.iter().filter(|(id, ..)| is_wanted(id));
    let mut report = Report::new();
    let (fresh, words) = (machine::without_choices(snapshot), [OsString::from("build")]);
    match Plan::make(&fresh, EntryPoint::ByName, flags, &words) {
        Ok(plan) => {
            let (plan, homes) = (&plan, Homes::new(snapshot));
            let depth = if verb.get_flag("deep") { MAX_DEPTH } else { homes::UPPER };
            let mut machine = Machine { snapshot, flags, homes, plan, everybody: None, depth };
            if let Some(root) = machine.root().filter(|_| verb.get_flag("all-users")) {
                machine.everybody = Provisioner::new(root, plan.settings(), None).ok();
            }
            checks.for_each(|(id, _, make)| report.add(id, make(&machine), &own_name));
        }
        Err(failure) => checks.for_each(|(id, ..)| {
            let checked = match *id {
                SETTINGS => Ok(vec![Finding::of(&failure)]),
                _ if failure.exit == 78 => Err("the settings cannot be used"),
                _ => Err("it is unknown where this account builds"),
            };
            report.add(id, checked, &own_name);
        }),
    }
    report
}

/// Prints only findings, or one line if there are none.
fn print(found: &Report, own_name: &OsStr) -> std::io::Result<()> {
    for finding in &found.findings {
        let about = match OsStr::new(&finding.subject) == own_name {
            true => String::new(),
            false => format!("{}: ", finding.subject),
        };
        let severity = coloured(finding.severity.word());
        report::line(format!("{severity}[{}]: {about}{}", finding.id, finding.text))?;
        if let Some(help) = &finding.help {
            report::line(format!("  {}: {help}", coloured("help")))?;
        }
    }
    let not_made = found.not_made.len();
    if found.findings.is_empty() {
        let made = counted(found.made.len() as u64, "check", "checks");
        report::line(format!(
            "no problem found: {made} made, {not_made} not possible for this account"
        ))?;
    }
    let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for check in &found.not_made {
        reasons.entry(check.reason).or_default().push(format!("`{}`", check.id));
    }
    for (reason, checks) in reasons {
        report::note(&format!("not checked, because {reason}: {}", checks.join(", ")));
    }
    Ok(())
}
