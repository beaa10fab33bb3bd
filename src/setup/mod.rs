//! `setup`: installs the shim for a machine or for one person, shows the state of an installation, and
//! uninstalls it.
//!
//! It never asks a question, so that provisioning scripts can use it. `--dry-run` shows what it would
//! do.

mod advice;
mod fresh_shell;
mod hooks;
mod pieces;
mod proof;
mod site;
mod steps;
mod text;
mod uninstall;

pub(crate) use advice::of_login_shell;
pub(crate) use proof::{chosen, complaints_of_fresh, enter, other_cargo};
pub(crate) use site::Site;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process;

use clap::{Arg, ArgGroup, ArgMatches, Command, value_parser};

use super::editor;
use super::provision;
use crate::os::accounts;
use crate::os::homes::Homes;
use crate::os::snapshot::Snapshot;
use crate::private_dir::provision::Person;
use crate::settings::Flags;
use crate::setup::pieces::timer;
use crate::setup::steps::{
    PieceState, Step, assert_possible, install, read_receipt, receipt_path, steps,
};
use crate::ui::arguments::switch;
use crate::ui::escape::quoted;
use crate::ui::failure::Failure;
use crate::ui::report;

pub(super) fn command() -> Command {
    Command::default()
        .about("Install the shim for this machine (as root) or for yourself, or uninstall it")
        .long_about(
            "Installs the shim, so that every shell finds it before the real cargo: as root for the \
             whole machine, otherwise for yourself. This puts in place the program, the shim, a \
             shared root, the settings that name it, and a hook in the start-up files of each \
             installed shell. Then it starts fresh shells and shows which cargo they find. Run it \
             again to complete or update an installation. It asks nothing; --dry-run shows what it \
             would do.",
        )
        .args(places())
        .args([
            switch("dry-run", "Show what would be done, and do nothing"),
            switch("status", "Show the state of the installation; fails if something is missing"),
            switch("uninstall", "Remove what setup has installed, and restore what it has changed"),
            // Fresh shells are started in a new session; see `fresh_shell`.
            Arg::new("enter")
                .long(ENTER.trim_start_matches('-'))
                .hide(true)
                .num_args(1..)
                .allow_hyphen_values(true)
                .value_parser(value_parser!(OsString)),
        ])
        .group(ArgGroup::new("what").args(["status", "uninstall"]))
}

/// The arguments of an installation.
fn places() -> [Arg; 5] {
    [
        Arg::new("prefix")
            .long("prefix")
            .value_name("DIR")
            .value_parser(value_parser!(PathBuf))
            .help("Where to install [default: /usr/local, or ~/.local]"),
        Arg::new("root")
            .long("shared-root")
            .value_name("PATH")
            .value_parser(value_parser!(OsString))
            .help(
                "The shared root [default: what the settings name, or /var/cache/cargo-peruser, \
                 or ~/.cache/cargo-peruser]",
            ),
        Arg::new("group")
            .long("group")
            .value_name("NAME")
            .help("Let only members of this group use the shared root (mode 0750)"),
        Arg::new("scope")
            .long("scope")
            .value_name("workspace|user")
            .value_parser(value_parser!(OsString))
            .help("Write into the settings: one target directory for each workspace, or one for each user"),
        Arg::new("timer")
            .long("timer")
            .value_name("daily|weekly")
            .num_args(0..=1)
            .default_missing_value("daily")
            .value_parser(["daily", "weekly"])
            .hide_possible_values(true)
            .help("Let systemd run `gc --apply` daily, or weekly"),
    ]
}

/// The last line of a dry run.
const NOTHING_DONE: &str = "nothing was done, because of --dry-run";

/// The hidden flag with which this program starts a new session, as setsid(2) does.
const ENTER: &str = "--enter-session";

pub(super) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    if let Some(words) = verb.get_many::<OsString>("enter") {
        fresh_shell::keep(&words.cloned().collect::<Vec<_>>())?;
        return Ok(0);
    }
    let site = Site::choose(snapshot, flags, verb)?;
    let is_dry = verb.get_flag("dry-run");
    if verb.get_flag("uninstall") {
        return uninstall::run(&site, is_dry, &editor::written(snapshot, flags));
    }
    let receipt = read_receipt(&receipt_path(&site.installation))?;
    let (pieces, told) = site.pieces(snapshot, verb, &receipt)?;
    let steps = steps(pieces, &receipt)?;
    let prove = || proof::show(&site, snapshot, flags, &told);
    if verb.get_flag("status") {
        return status(&site, &steps, snapshot, prove);
    }
    site.examine(&steps, &Homes::new(snapshot))?;
    steps.iter().try_for_each(assert_possible)?;
    report::line(text::planned(&steps, &receipt_path(&site.installation)))?;
    if !is_dry {
        install(&site.installation, &steps, receipt)?;
        reload_systemd();
        verb.contains_id("timer").then(|| tell_of_timer(&site));
    }
    let everybody = site.people()?;
    let exit = provision_all(&site, &everybody, is_dry)?;
    advice::tell(&site, &everybody);
    if is_dry {
        report::note(&NOTHING_DONE);
    } else {
        prove()?;
        if proof::is_under_sudo(snapshot) || proof::other_cargo(snapshot).is_some() {
            report::note(&"open a new shell to use the shim");
        }
    }
    Ok(exit)
}

fn provision_all(site: &Site, everybody: &[Person], is_dry: bool) -> anyhow::Result<u8> {
    match site.provisioner()? {
        None => Ok(0),
        Some(provisioner) if is_dry && !provisioner.is_ready() => {
            report::line(text::to_be_provisioned(everybody))?;
            Ok(0)
        }
        Some(provisioner) => provision::provision(&provisioner, everybody, is_dry),
    }
}

/// Reports how to start the timer. Setup does not start it in a running systemd: the person may want to
/// look at it first.
fn tell_of_timer(site: &Site) {
    let user = if site.is_machine { "" } else { "--user " };
    let help = format!("systemctl {user}start {}", timer::NAME);
    report::advice(&"the timer begins when systemd starts the next time", &help);
}

/// The site that `--status` reports on, if the shim is installed.
///
/// # Errors
/// The same as [`Site::choose`].
pub(crate) fn installed(snapshot: &Snapshot, flags: &Flags) -> Result<Option<Site>, Failure> {
    let status = command().no_binary_name(true).try_get_matches_from(["--status"]);
    let verb = status.map_err(|error| Failure::new(error.to_string()))?;
    let site = Site::choose(snapshot, flags, &verb)?;
    Ok(Some(site).filter(|site| site.installation.shim().exists()))
}

/// Makes a running systemd read the addition to `user@.service`.
fn reload_systemd() {
    if accounts::is_root() && Path::new("/run/systemd/system").exists() {
        let done = process::Command::new("systemctl").arg("daemon-reload").status();
        if !done.is_ok_and(|status| status.success()) {
            report::warning(&"systemd could not be told of the change", &"systemctl daemon-reload");
        }
    }
}

/// Shows the state of the installation. It fails if something is missing, outdated or has wrong
/// permissions, or if another cargo comes first in a session.
fn status(
    site: &Site,
    steps: &[Step],
    snapshot: &Snapshot,
    prove: impl FnOnce() -> anyhow::Result<bool>,
) -> anyhow::Result<u8> {
    report::line(text::state(steps))?;
    if !site.installation.shim().exists() {
        let help = format!("{} setup", quoted(&snapshot.name));
        report::warning(&"the shim is not installed, so no shell was asked", &help);
        return Ok(1);
    }
    let is_complete = steps.iter().all(|step| step.state == PieceState::InPlace);
    let wins = prove()?;
    advice::tell(site, &site.people()?);
    Ok(if is_complete && wins { 0 } else { 1 })
}
