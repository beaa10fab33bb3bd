//! `migrate`: moves an old target directory into a user's private directory, so that everything built in
//! it stays fresh.
//!
//! `preview` examines the source and shows what will be done. `carry` does everything after the question.
//! `resume` continues or undoes an interrupted run. The rules, `journal` and `judge`, are pure. Directories
//! are opened without following symlinks, and checked once they are open; entries are reached from an open
//! directory by a single name. Anyone who can write to the source meanwhile can make the move fail, but
//! cannot redirect it.

mod carry;
mod check;
mod copy;
mod destination;
mod give;
mod journal;
mod judge;
mod preview;
mod rebuild;
mod resume;
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
use journal::Method;
use preview::Preview;
use resume::Progress;
use source::Source;

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
    let mut destination = Destination::of(&plan, snapshot, &request, &source.path)?;
    let outcome = relocate(&mut request, &source, &mut destination);
    if outcome.map_err(|error| with_state(error, &destination))? == Progress::Moved {
        rebuild::after(&plan, &request, &destination)?;
    }
    Ok(0)
}

/// The command line.
#[derive(Args, Clone, Debug)]
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
    /// Asks whether to continue, once. Before that nothing is changed, and an interrupt ends the program.
    /// After it, an interrupt must first finish the current step.
    fn confirm(&mut self, question: &str) -> Result<(), Failure> {
        let cannot_ask = |cause| Failure::step("ask on", Path::new("/dev/tty"), cause);
        if !self.is_confirmed {
            self.is_confirmed = report::ask(question).map_err(cannot_ask)?.ok_or_else(|| {
                Failure::new("nothing was changed: there is no terminal to ask on")
                    .help("--yes continues without asking, --dry-run changes nothing")
            })?;
        }
        if !self.is_confirmed {
            return Err(Failure::new("not confirmed").help("nothing was changed"));
        }
        interrupt::watch().map_err(|cause| Failure::new(reason(&cause)))
    }
}

/// Moves the source, or continues an interrupted move.
fn relocate(
    request: &mut Request,
    source: &Source,
    destination: &mut Destination<'_>,
) -> Result<Progress, Failure> {
    let to = destination.path();
    let mut staging = destination.staging()?;
    let journal = staging.as_ref().map(|staging| staging.journal()).transpose()?.flatten();
    if source.path == to {
        // After an interrupted move, this may be another directory than the one that was moved.
        return match &journal {
            Some(journal) => Err(destination.unfinished(journal)),
            None => in_place(request, source),
        };
    }
    let is_nested = to.starts_with(&source.path) || source.path.starts_with(&to);
    if is_nested && source.path != destination.private_dir {
        let (from, to) = (escaped(&source.path), escaped(&to));
        let text = format!("cannot move `{from}` to `{to}`: one is inside the other");
        return Err(Failure::new(text).help("name the old target directory itself"));
    }
    if let (Some(found), Some(journal)) = (&staging, &journal) {
        match resume::resume(request, source, destination, found, journal)? {
            Progress::Begin => {}
            outcome => return Ok(outcome),
        }
    } else if !request.is_dry
        && let Some(found) = staging.take()
    {
        // An earlier run was stopped before its first step or after its last one.
        found.dismiss();
    }
    let preview = Preview::take(request, source, destination)?;
    let Preview { tree, method, keeps_source, text, obstacle } = preview;
    say(&text, "nothing was changed")?;
    if let Some(obstacle) = obstacle {
        return Err(obstacle);
    }
    if request.is_dry {
        return Ok(Progress::NotMoved);
    }
    request.confirm(if method == Method::Copy { "Copy it?" } else { "Move it?" })?;
    let staging = &staging.map_or_else(|| destination.make_staging(), Ok)?;
    let moving = Move { source, destination, staging, is_replacing: request.is_replacing };
    moving.begin(&tree, method, keeps_source)?;
    Ok(Progress::Moved)
}

/// The source is the destination: only a checkout's own packages may have to be rebuilt.
fn in_place(request: &Request, source: &Source) -> Result<Progress, Failure> {
    source.open("cargo-peruser path")?;
    if request.checkout.is_none() || request.is_dry {
        say(&format!("`{}` is where it belongs", escaped(&source.path)), "nothing was changed")?;
        return Ok(Progress::NotMoved);
    }
    Ok(Progress::Moved)
}

/// Writes to stdout.
fn say(text: &str, state: &str) -> Result<(), Failure> {
    let stdout_failed = |cause: std::io::Error| {
        Failure::new(format!("failed to write to stdout: {}", reason(&cause))).help(state)
    };
    report::line(text).map_err(stdout_failed)
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
