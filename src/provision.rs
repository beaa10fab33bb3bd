//! `provision`: creates accounts' private directories in the shared root.

use std::ffi::OsString;

use clap::{Arg, ArgGroup, ArgMatches, Command, value_parser};

use crate::os::accounts;
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::snapshot::Snapshot;
use crate::private_dir::State;
use crate::private_dir::provision::{Person, Provisioner};
use crate::private_dir::shared_root::remedy;
use crate::settings::{self, Flags, Key};
use crate::ui::arguments::switch;
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result};
use crate::ui::report::{self, row, table};

pub(super) fn command() -> Command {
    Command::default()
        .about("Create private directories in the shared root (as root)")
        .long_about(
            "Creates the private directory, mode 0700, of each named account. --all means every \
             account that people log in to and that the settings do not exclude: accounts with an \
             ordinary account's uid or, if the shared root is for a group, the members of that group. \
             An existing directory stays as it is; one that belongs to another user is refused.",
        )
        .args([
            Arg::new("user")
                .value_name("USER")
                .num_args(0..)
                .value_parser(value_parser!(OsString))
                .help("The accounts"),
            switch("all", "Every account"),
            Arg::new("uid")
                .long("uid")
                .value_name("NUMBER")
                // The last number means "no uid".
                .value_parser(value_parser!(u32).range(..i64::from(u32::MAX)))
                .help("One account by uid; does nothing if it gets no directory"),
            switch("dry-run", "Show what would be done, and do nothing"),
        ])
        .group(ArgGroup::new("who").args(["user", "all", "uid"]).required(true))
}

pub(super) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    if !accounts::is_root() {
        let again: Vec<_> = snapshot.args.iter().map(quoted).collect();
        let failure = Failure::new("only root can create private directories for other users");
        return Err(failure.help(format!("sudo cargo-peruser {}", again.join(" "))).into());
    }
    let settings = settings::files::load(&Homes::new(snapshot), flags)?;
    let Some(root) = settings.shared_root() else {
        let failure = Failure::new("no shared root is configured");
        return Err(failure.help("cargo-peruser setup").into());
    };
    if !files::is_there(root) {
        let origin = settings.origin(Key::SharedRoot).unwrap_or_default();
        let help = remedy(root, origin, str::to_owned);
        let text = format!("the shared root `{}` does not exist", escaped(root));
        return Err(Failure::new(text).help(help).into());
    }
    let provisioner = Provisioner::new(root, &settings, None)?;
    let people = match (verb.get_one::<u32>("uid"), verb.get_flag("all")) {
        (Some(uid), _) => by_number(*uid, &provisioner),
        (None, true) => provisioner.everybody(),
        (None, false) => {
            let names = verb.get_many::<OsString>("user").into_iter().flatten();
            names.map(|name| by_name(name, &provisioner)).collect::<Result<_>>()?
        }
    };
    let is_dry = verb.get_flag("dry-run");
    let exit = provision(&provisioner, &people, is_dry)?;
    if is_dry {
        report::note(&"nothing was done, because of --dry-run");
    }
    Ok(exit)
}

/// Creates the missing directories and reports each person's. A refusal does not stop the others; the
/// exit code is then 77.
///
/// # Errors
/// A failure to write to stdout.
pub(super) fn provision(
    provisioner: &Provisioner<'_>,
    people: &[Person],
    is_dry: bool,
) -> anyhow::Result<u8> {
    let mut rows = Vec::new();
    let mut exit = 0;
    for person in people {
        let path = provisioner.place(person).private_dir();
        let result = provisioner.look(person).and_then(|state| match state {
            State::Missing if is_dry => Ok("create"),
            State::Missing => provisioner.make(person).map(|()| "created"),
            State::Private => Ok("in place"),
            State::Readable => Ok("readable by others until its owner's next build"),
        });
        match result {
            Ok(word) => rows.push(row(escaped(&path), word)),
            Err(error) => {
                exit = exit.max(error.exit);
                report::error(&error.into());
            }
        }
    }
    if !rows.is_empty() {
        report::line(table(&rows))?;
    }
    Ok(exit)
}

/// The account of a login session, if it gets a directory. If not, a login must not fail.
fn by_number(uid: u32, provisioner: &Provisioner<'_>) -> Vec<Person> {
    let person = Person { uid, gid: accounts::account(uid, &[]).gid.unwrap_or(uid) };
    Vec::from_iter(provisioner.objection(&person).is_none().then_some(person))
}

/// An account named on the command line. It is an error if it gets no directory.
fn by_name(name: &OsString, provisioner: &Provisioner<'_>) -> Result<Person> {
    let Some((uid, gid)) = accounts::find(name) else {
        let text = format!("there is no account `{}`", escaped(name));
        return Err(Failure::new(text).help("getent passwd"));
    };
    let person = Person { uid, gid };
    if let Some((reason, help)) = provisioner.objection(&person) {
        let text = format!("`{}` gets no private directory: {reason}", escaped(name));
        return Err(Failure::new(text).help(help));
    }
    Ok(person)
}
