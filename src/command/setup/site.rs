//! What is set up: a machine or one person, where, with which shared root.

mod root;

use std::path::{Path, PathBuf};

use clap::{ArgMatches, ValueEnum};

use crate::command::{Flags, completions, man};
use crate::core::account::Account;
use crate::core::lexical;
use crate::core::placement::session_target;
use crate::core::setup::{Piece, Root, Systemd, What, cannot_be_quoted, settings_block};
use crate::error::{Error, FileError, Result, SetupError};
use crate::sys::homes::Homes;
use crate::sys::installation::Installation;
use crate::sys::private_dir::{Caller, examine_way};
use crate::sys::setup::{find_shell, of_machine, of_person, read_receipt, receipt_path};
use crate::sys::snapshot::Snapshot;
use crate::sys::{accounts, files, settings_files};

/// What is set up.
pub(super) struct Site {
    /// Where the program goes.
    pub(super) installation: Installation,
    /// The shared root that is in force afterwards.
    pub(super) shared_root: PathBuf,
    /// Who asks.
    pub(super) account: Account,
    /// The caller's home.
    pub(super) home: PathBuf,
    whose: Whose,
    /// The settings file to name the root in; `None` where one names it already.
    settings: Option<PathBuf>,
    /// What becomes of the root; `None` where it is the administrator's.
    root: Option<Root>,
    hooks: Vec<Piece>,
}

/// For whom.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Everyone on the machine.
    Machine,
    /// One person.
    Person,
}

impl Site {
    /// Makes of the flags what they mean for this caller.
    ///
    /// # Errors
    /// Paths and groups that cannot be used, and mistakes in the settings files.
    pub(super) fn choose(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> Result<Site> {
        let homes = Homes::new(snapshot);
        let machines = machines(verb, &homes)?;
        let is_machine = snapshot.uid == 0 || machines.is_some();
        let whose = if is_machine { Whose::Machine } else { Whose::Person };
        let home = homes.home().ok_or(Error::NoHome { uid: snapshot.uid })?.to_owned();
        let installation = match machines {
            Some(installation) => installation,
            None => Installation { prefix: prefix(snapshot, whose, &home, verb)? },
        };
        let chosen = root::chosen(flags, verb)?;
        let (shared_root, settings) = root::settle(snapshot, &homes, whose, chosen)?;
        let group = group(whose, verb)?;
        let root = match whose {
            Whose::Machine => Some(group.map_or(Root::EVERYONE, Root::group)),
            Whose::Person if settings.is_some() || shared_root.starts_with(&home) => {
                Some(Root::OWN)
            }
            Whose::Person => None,
        };
        let account =
            accounts::account(snapshot.uid, &settings_files::from_files(&homes, snapshot)?);
        let program = installation.binary();
        let hooks = match whose {
            Whose::Machine => of_machine().pieces(&program),
            Whose::Person => {
                let mut person = of_person(snapshot, &homes, &home);
                person.systemd =
                    systemd(&homes, &installation, &session_target(&shared_root, &account));
                person.pieces(&program)
            }
        };
        Ok(Site { installation, shared_root, account, home, whose, settings, root, hooks })
    }

    /// Everything that is put in its place, in order: hooks come last, when what they call is there.
    ///
    /// # Errors
    /// Those of rendering the pages.
    pub(super) fn pieces(&self) -> Result<Vec<Piece>> {
        let Site { installation, shared_root, .. } = self;
        let mut pieces = Vec::new();
        let root = self.root.iter();
        pieces
            .extend(root.map(|root| Piece::new(shared_root, What::Root(*root), "the shared root")));
        let settings = self.settings.iter();
        pieces.extend(
            settings.map(|path| Piece::block(path, settings_block(shared_root), "the settings")),
        );
        let binary = installation.binary();
        pieces.push(Piece::new(&binary, What::Program, "this program"));
        pieces.push(Piece::new(installation.shim(), What::Link(binary), "the shim"));
        pieces.extend(self.pages()?);
        pieces.extend(self.hooks.iter().cloned());
        Ok(pieces)
    }

    /// Man pages, and completion scripts where shells that are installed look for them by themselves.
    fn pages(&self) -> Result<Vec<Piece>> {
        let share = self.installation.prefix.join("share");
        let failed = |cause| FileError::failed("render what belongs below", &share, cause);
        let file = |text: String| What::File(text.into_bytes(), 0o644);
        let mut pieces = Vec::new();
        for (name, page) in man::pages().map_err(failed)? {
            let path = share.join("man/man1").join(name);
            pieces.push(Piece::new(path, file(page), "a man page"));
        }
        for shell in completions::Shell::ALL {
            let name = shell.to_possible_value().map(|value| value.get_name().to_owned());
            let is_installed = name.is_some_and(|name| find_shell(&name).is_some());
            if let Some(place) = shell.place().filter(|_| is_installed) {
                let script = completions::script(shell).map_err(failed)?;
                pieces.push(Piece::new(share.join(place), file(script), "completion"));
            }
        }
        Ok(pieces)
    }

    /// Makes sure that nobody else can replace what is about to be installed and used.
    ///
    /// # Errors
    /// [`SetupError::Prefix`], and the refusals of the way to the shared root.
    pub(super) fn examine(&self) -> Result<()> {
        let own = self.account.uid;
        let Installation { prefix } = &self.installation;
        let places = [self.installation.binary(), self.installation.shim()];
        for directory in places.iter().flat_map(|place| place.ancestors().skip(1)) {
            let Ok(entry) = files::entry(directory) else { continue };
            let is_foreign = entry.uid != 0 && entry.uid != own;
            let is_open = entry.mode & 0o002 != 0 && entry.mode & 0o1000 == 0;
            if is_foreign || is_open {
                let owner = accounts::owner(entry.uid);
                let mode = entry.mode;
                let path = if directory.starts_with(prefix) { directory } else { prefix };
                return Err(SetupError::Prefix { path: path.to_owned(), owner, mode }.into());
            }
        }
        let caller = Caller {
            uid: own,
            gid: own,
            trusted: Vec::new(),
            checkout: None,
            root_origin: "--shared-root".into(),
        };
        examine_way(&self.shared_root, &caller)
    }

    /// Whether it is a whole machine.
    pub(super) fn is_machine(&self) -> bool {
        self.whose == Whose::Machine
    }
}

/// The installation that a person means who has set up nothing and asks how things stand: the
/// machine's, whose program this is.
fn machines(verb: &ArgMatches, homes: &Homes<'_>) -> Result<Option<Installation>> {
    if !verb.get_flag("status") || verb.contains_id("prefix") {
        return Ok(None);
    }
    let is_set_up = |installation: &Installation| -> Result<bool> {
        Ok(!read_receipt(&receipt_path(installation))?.entries.is_empty())
    };
    let own = homes.home().map(|home| Installation { prefix: home.join(".local") });
    match (own, Installation::of_this_program()) {
        (Some(own), Some(other)) if own != other && !is_set_up(&own)? => {
            Ok(if is_set_up(&other)? { Some(other) } else { None })
        }
        _ => Ok(None),
    }
}

/// Where the program goes.
fn prefix(snapshot: &Snapshot, whose: Whose, home: &Path, verb: &ArgMatches) -> Result<PathBuf> {
    let default = match whose {
        Whose::Machine => PathBuf::from("/usr/local"),
        Whose::Person => home.join(".local"),
    };
    let given = verb.get_one::<PathBuf>("prefix");
    let prefix = given.map_or(default, |prefix| lexical::absolute(&snapshot.cwd, prefix));
    assert_quotable(&prefix, "name another place with --prefix")?;
    Ok(prefix)
}

fn group(whose: Whose, verb: &ArgMatches) -> Result<Option<u32>> {
    let Some(name) = verb.get_one::<String>("group") else { return Ok(None) };
    if whose == Whose::Person {
        return Err(SetupError::GroupOfOnesOwn.into());
    }
    let gid = accounts::group(name).ok_or_else(|| SetupError::NoGroup { name: name.clone() })?;
    Ok(Some(gid))
}

/// What systemd is told, where it runs people's services.
fn systemd(homes: &Homes<'_>, installation: &Installation, target: &Path) -> Option<Systemd> {
    let cargo_bin = homes.cargo()?.join("bin");
    let is_there =
        Path::new("/etc/systemd").is_dir() || Path::new("/usr/lib/systemd/system").is_dir();
    let is_quotable = cannot_be_quoted(&cargo_bin).or(cannot_be_quoted(target)).is_none();
    (is_there && is_quotable).then_some(Systemd {
        environment_d: homes.config()?.join("environment.d"),
        shim_dir: installation.shim_dir(),
        cargo_bin,
        target_dir: target.to_owned(),
    })
}

fn assert_quotable(path: &Path, help: &'static str) -> Result<()> {
    match cannot_be_quoted(path) {
        Some(cause) => Err(SetupError::Path { path: path.to_owned(), cause, help }.into()),
        None => Ok(()),
    }
}
