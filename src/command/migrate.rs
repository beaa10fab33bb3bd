//! `migrate`: an old target directory becomes one person's, still warm.
//!
//! First it looks and says what it will do; everything after the question is in [`carry`]. What an
//! earlier run has left is continued or undone by [`resume`].

mod carry;
mod copying;
mod cure;
mod judging;
mod locking;
mod named;
mod preview;
mod resume;
mod target;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::Flags;
use crate::core::placement::Door;
use crate::core::relocation::{Position, position};
use crate::error::{Error, MigrateError};
use crate::report;
use crate::shim::Plan;
use crate::sys::interrupt;
use crate::sys::relocate::candidates;
use crate::sys::relocate::place::Replace;
use crate::sys::relocate::source::Site;
use crate::sys::relocate::workplace::Workplace;
use crate::sys::snapshot::Snapshot;
use preview::Preview;
use target::Target;

pub(super) fn command() -> Command {
    let path = |name: &'static str, value: &'static str| {
        Arg::new(name).value_name(value).value_parser(value_parser!(PathBuf))
    };
    let flag = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    Command::default()
        .about("Make an old target directory one person's, still warm")
        .long_about(
            "Moves an old target directory, with all that is built in it, to the private one that \
             `cargo-peruser path` names. On one file system it is renamed; elsewhere it is copied, \
             and the source goes away once the copy is verified. Says what it will do and asks \
             first. Interrupted, it is continued or undone by the next run.",
        )
        .arg(path("source", "SOURCE").required(true).help("The target directory, or build directory"))
        .arg(
            Arg::new("to")
                .long("to")
                .value_name("USER")
                .value_parser(value_parser!(OsString))
                .help("Whose it becomes; for others as root [default: you]"),
        )
        .arg(path("checkout", "PATH").long("checkout").help(
            "The checkout it is for; its own units are rebuilt afterwards [default: the working directory's]",
        ))
        .arg(flag("dry-run").help("Only say what would be done"))
        .arg(flag("copy").help("Copy even where it could be renamed"))
        .arg(flag("yes").help("Do not ask"))
        .arg(flag("replace").help("Move aside what the destination holds"))
        .arg(flag("build").requires("checkout").help(
            "Build the checkout once afterwards and count what was fresh",
        ))
}

pub(super) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    let request = Request::read(verb);
    let there = target::view(snapshot, &request)?;
    let words = [OsString::from("build")];
    let plan = Plan::make(&there, Door::ByName, flags, &words)?;
    let site = Site::find(&request.source, &snapshot.cwd)?;
    let target = Target::of(&plan, snapshot, &request, &site.path)?;
    match position(&site.path, &target.private_dir, &target.name) {
        Position::Same => in_place(&plan, &request, &site, &target)?,
        Position::SourceAbove | Position::SourceBelow => {
            let holds = site.tree()?.as_ref().map(candidates::within).unwrap_or_default();
            let (source, destination) = (site.path, target.path());
            return Err(Error::from(MigrateError::Nested { source, destination, holds }).into());
        }
        position => {
            if position == Position::PrivateDir {
                named::assert_closed(&site, &target)?;
            }
            if !relocate(request.clone(), &site, &target, position)? {
                return Ok(0);
            }
            cure::after(&plan, &request, &target)?;
        }
    }
    Ok(0)
}

/// What was asked for.
#[derive(Clone, Debug)]
struct Request {
    source: PathBuf,
    to: Option<OsString>,
    checkout: Option<PathBuf>,
    is_dry: bool,
    is_copy: bool,
    is_confirmed: bool,
    replace: Replace,
    builds: bool,
}

impl Request {
    fn read(verb: &ArgMatches) -> Request {
        let path = |name| verb.get_one::<PathBuf>(name).cloned();
        let replace = if verb.get_flag("replace") { Replace::Aside } else { Replace::Never };
        Request {
            source: path("source").unwrap_or_default(),
            to: verb.get_one("to").cloned(),
            checkout: path("checkout"),
            is_dry: verb.get_flag("dry-run"),
            is_copy: verb.get_flag("copy"),
            is_confirmed: verb.get_flag("yes"),
            replace,
            builds: verb.get_flag("build"),
        }
    }

    /// Whether to go ahead. Until then nothing is changed, and whoever interrupts the question ends it;
    /// from then on there is something to put in order.
    fn confirm(&self, question: &str) -> anyhow::Result<()> {
        let answer = if self.is_confirmed { Some(true) } else { report::ask(question)? };
        match answer {
            Some(true) => Ok(interrupt::watch()?),
            Some(false) => Err(Error::from(MigrateError::Declined).into()),
            None => Err(Error::from(MigrateError::NotAsked).into()),
        }
    }
}

/// The cache is where it belongs, so that only a checkout's own units are left to cure.
fn in_place(
    plan: &Plan<'_>,
    request: &Request,
    site: &Site,
    target: &Target<'_>,
) -> anyhow::Result<()> {
    if let Some(workplace) = target.workplace()?
        && let Some(journal) = workplace.journal()?
    {
        // What is to be cured may be waiting there, and what stands here another one.
        return Err(target.unfinished(journal.source()).into());
    }
    site.existing()?;
    if request.checkout.is_none() || request.is_dry {
        let path = target.path();
        return Ok(say(format!("`{}` is where it belongs", crate::shown::shown(&path)), &path)?);
    }
    interrupt::watch()?;
    cure::after(plan, request, target)
}

/// Says something once the cache is in its place.
fn say(text: String, cache: &Path) -> Result<(), Error> {
    let unsaid = |cause| MigrateError::Unsaid { cause, cache: Some(cache.to_owned()) };
    Ok(report::line(text).map_err(unsaid)?)
}

/// Moves the cache; `false` where it was only looked at.
fn relocate(
    mut request: Request,
    site: &Site,
    target: &Target<'_>,
    position: Position,
) -> anyhow::Result<bool> {
    let mut workplace = target.workplace()?;
    let unfinished = workplace.as_ref().map(Workplace::journal).transpose()?.flatten();
    if unfinished.is_none() && !request.is_dry {
        // It was stopped before its first step or after its last.
        workplace.take().into_iter().for_each(Workplace::dismiss);
    }
    if let (Some(workplace), Some(journal)) = (&workplace, &unfinished) {
        match resume::resume(&request, site, target, workplace, journal)? {
            resume::Outcome::Begin => {}
            // Nobody is asked twice.
            resume::Outcome::Again => request.is_confirmed = true,
            resume::Outcome::Ended(done) => return Ok(done),
            resume::Outcome::Returned(path) => {
                workplace.try_clone()?.dismiss();
                let site = Site::find(&path, Path::new("/"))?;
                let request = Request { is_confirmed: true, ..request };
                return relocate(request, &site, target, Position::Apart);
            }
        }
    }
    let preview = Preview::take(&request, site, target, position)?;
    report::line(preview.render())
        .map_err(|cause| Error::from(MigrateError::Unsaid { cause, cache: None }))?;
    if request.is_dry {
        locking::report_busy(&preview)?;
        preview.refuse()?;
        return Ok(false);
    }
    preview.refuse()?;
    request.confirm("Move it?")?;
    // Asking takes as long as it takes: others may have worked here meanwhile.
    let workplace = match workplace {
        Some(workplace) => workplace,
        None => target.make_workplace()?,
    };
    carry::begin(&request, site, target, preview, workplace)?;
    Ok(true)
}

/// A path that was typed, from the working directory on.
fn absolute(snapshot: &Snapshot, path: &Path) -> PathBuf {
    snapshot.cwd.join(path)
}
