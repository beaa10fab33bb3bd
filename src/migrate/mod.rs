//! `migrate`: moves an old target directory into a user's private directory, so that everything built in
//! it stays fresh.
//!
//! `preview` examines the source and shows what will be done. `carry` does everything after the question:
//! renamed or copied, the tree first arrives in the `staging` directory, is given to its new owner there,
//! and is then put in place. After an interruption, the next run goes on from what is in that directory.
//!
//! The rules, `journal` and `judge`, are pure. Directories are opened without following symlinks, and
//! checked once they are open; entries are reached from an open directory by a single name. Anyone who can
//! write to the source meanwhile can make the move fail, but cannot redirect it.

mod carry;
mod check;
mod copy;
mod destination;
mod give;
mod journal;
mod judge;
mod preview;
mod rebuild;
mod source;
mod staging;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args, Command, FromArgMatches};

use crate::os::interrupt;
use crate::os::snapshot::Snapshot;
use crate::settings::Flags;
use crate::shim::Plan;
use crate::shim::decide::EntryPoint;
use crate::ui::escape::escaped;
use crate::ui::failure::{Failure, reason};
use crate::ui::report;
use carry::Move;
use destination::Destination;
use journal::{Method, Next};
use preview::Preview;
use source::Source;
use staging::Staging;

/// The verb's command line.
pub(crate) fn command() -> Command {
    Request::augment_args(Command::default())
        .about("Move an old target directory into a user's private directory")
        .long_about(
            "Moves an old target directory, with everything built in it, to the path that \
             `cargo-peruser path` prints. On the same file system it is renamed, and owner, group and \
             mode are changed where they are not the new owner's. Otherwise it is copied, the copy is \
             checked and synced, and the source is removed. migrate waits for builds, shows what it \
             will do, and asks first. After an interruption, run the same command again.",
        )
}

/// Runs the verb.
///
/// # Errors
/// The reason why the target directory was not moved, and its state.
pub(crate) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    let mut request = Request::from_arg_matches(verb)?;
    // `join` does not change an absolute path.
    request.source = snapshot.cwd.join(request.source);
    request.checkout = request.checkout.map(|path| snapshot.cwd.join(path));
    let there = destination::view(snapshot, &request)?;
    let words = [OsString::from("build")];
    let plan = Plan::make(&there, EntryPoint::ByName, flags, &words)?;
    let source = Source::find(&request.source)?;
    request.source.clone_from(&source.path);
    let mut destination = Destination::of(&plan, snapshot, &request)?;
    let outcome = relocate(&source, &mut destination);
    if outcome.map_err(|error| with_state(error, &destination))? == Placement::InPlace {
        rebuild::after(&plan, &destination)?;
    }
    Ok(0)
}

/// The command line.
#[derive(Args, Debug)]
struct Request {
    /// The target directory or build directory to move
    source: PathBuf,
    /// The new owner; only root can name another user [default: you]
    #[arg(long, value_name = "USER")]
    to: Option<OsString>,
    /// The checkout that it belongs to; the next builds rebuild its own packages [default: the working
    /// directory, if that is a checkout]
    #[arg(long, value_name = "PATH")]
    checkout: Option<PathBuf>,
    /// Show what would be done, and do nothing
    #[arg(long = "dry-run")]
    is_dry: bool,
    /// Copy, even if it could be renamed
    #[arg(long = "copy")]
    is_copy: bool,
    /// Do not ask
    #[arg(long = "yes")]
    is_confirmed: bool,
    /// Move an existing destination aside
    #[arg(long = "replace")]
    is_replacing: bool,
}

impl Request {
    /// Asks whether to continue. Before that nothing is changed, and an interrupt ends the program. After
    /// it, an interrupt must first finish the current step.
    fn confirm(&self, question: &str) -> Result<(), Failure> {
        let cannot_ask = |cause| Failure::step("ask on", Path::new("/dev/tty"), cause);
        let answer = match self.is_confirmed {
            true => Some(true),
            false => report::ask(question).map_err(cannot_ask)?,
        };
        match answer {
            Some(true) => interrupt::watch().map_err(|cause| Failure::new(reason(&cause))),
            Some(false) => Err(Failure::new("not confirmed").help("nothing was changed")),
            None => Err(Failure::new("nothing was changed: there is no terminal to ask on")
                .help("--yes continues without asking, --dry-run changes nothing")),
        }
    }
}

/// The result of a migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Placement {
    /// The target directory is in place.
    InPlace,
    /// Nothing was moved.
    NotMoved,
}

/// Moves the source, or continues an interrupted move.
fn relocate(source: &Source, destination: &mut Destination<'_>) -> Result<Placement, Failure> {
    let (request, to) = (destination.request, destination.path());
    let interrupted = Staging::interrupted(destination)?;
    if source.path == to {
        return in_place(source, request);
    }
    let is_nested = to.starts_with(&source.path) || source.path.starts_with(&to);
    if is_nested && source.path != destination.private_dir {
        let (from, to) = (escaped(&source.path), escaped(&to));
        let text = format!("cannot move `{from}` to `{to}`: one is inside the other");
        return Err(Failure::new(text).help("name the old target directory itself"));
    }
    let Some((staging, journal)) = interrupted else { return begin(source, destination, None) };
    match staging.next(source, &journal)? {
        Next::Begin => begin(source, destination, Some(staging)),
        _ if request.is_dry => Ok(Placement::NotMoved),
        next => {
            request.confirm("Continue it?")?;
            // Its destination stays the one in the journal.
            destination.name.clone_from(&journal.name);
            Move { source, destination, staging: &staging }.go_on(&journal, next)?;
            Ok(Placement::InPlace)
        }
    }
}

/// Shows what would be done, asks, and moves the source. An interrupted run may have left a staging
/// directory with an incomplete copy.
fn begin(
    source: &Source,
    destination: &Destination<'_>,
    staging: Option<Staging>,
) -> Result<Placement, Failure> {
    let Preview { tree, method, text, obstacle } =
        Preview::take(source, destination, staging.is_some())?;
    say(&text, "nothing was changed")?;
    if let Some(obstacle) = obstacle {
        return Err(obstacle);
    }
    if destination.request.is_dry {
        return Ok(Placement::NotMoved);
    }
    destination.request.confirm(if method == Method::Copy { "Copy it?" } else { "Move it?" })?;
    let staging = &staging.map_or_else(|| Staging::make(destination), Ok)?;
    staging.discard()?;
    Move { source, destination, staging }.begin(&tree, method)?;
    Ok(Placement::InPlace)
}

/// The source is the destination: only a checkout's own packages may have to be rebuilt.
fn in_place(source: &Source, request: &Request) -> Result<Placement, Failure> {
    source.open("cargo-peruser path")?;
    if request.checkout.is_none() || request.is_dry {
        say(&format!("`{}` is where it belongs", escaped(&source.path)), "nothing was changed")?;
        return Ok(Placement::NotMoved);
    }
    Ok(Placement::InPlace)
}

/// Writes to stdout.
fn say(text: &str, state: &str) -> Result<(), Failure> {
    report::line(text).map_err(|cause| Failure::new(cause.to_string()).help(state))
}

/// Adds the state of the target directory to an error without a help line.
fn with_state(error: Failure, destination: &Destination<'_>) -> Failure {
    let journal = destination.private_dir.join(staging::NAME).join(staging::JOURNAL);
    let help = match crate::os::files::is_there(&journal) {
        true => "nothing is lost; run the same command again to continue",
        false => "the source is unchanged; fix the cause and run the same command again",
    };
    if error.help.is_none() { error.help(help) } else { error }
}
