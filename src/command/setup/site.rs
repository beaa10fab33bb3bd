//! What is set up: a machine or one person, where, with which shared root.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::command::Flags;
use crate::core::account::Account;
use crate::core::placement::session_target;
use crate::core::settings::{Key, Setting};
use crate::core::settings_source::from_flags;
use crate::core::setup::{Piece, Root, Systemd, What, cannot_be_quoted, settings_block};
use crate::error::{Error, Result, SYSTEM_FILE, SetupError};
use crate::sys::homes::Homes;
use crate::sys::installation::Installation;
use crate::sys::private_dir::{Caller, examine_way};
use crate::sys::setup::{of_machine, of_person};
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
        let whose = if snapshot.uid == 0 { Whose::Machine } else { Whose::Person };
        let home = homes.home().ok_or(Error::NoHome { uid: snapshot.uid })?.to_owned();
        let default = match whose {
            Whose::Machine => PathBuf::from("/usr/local"),
            Whose::Person => home.join(".local"),
        };
        let prefix = verb.get_one::<PathBuf>("prefix").cloned();
        let prefix = prefix.map_or(default, |prefix| snapshot.cwd.join(prefix));
        assert_quotable(&prefix, "name another place with --prefix")?;
        let installation = Installation { prefix };
        let chosen = chosen_root(flags, verb)?;
        let (shared_root, settings) = settle_root(snapshot, &homes, whose, chosen)?;
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
        pieces.extend(self.hooks.iter().cloned());
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

/// The root that the verb's flag or the flag before it asks for.
fn chosen_root(flags: &Flags, verb: &ArgMatches) -> Result<Option<PathBuf>> {
    let own = verb.get_one::<OsString>("root").map(|text| (Key::SharedRoot, text.clone()));
    let before = flags.iter().find(|(key, _)| *key == Key::SharedRoot).cloned();
    let given: Flags = own.or(before).into_iter().collect();
    let layer = from_flags(&given)?;
    Ok(layer.entries.into_iter().find_map(|entry| match entry.setting {
        Setting::SharedRoot(path) => Some(path),
        _ => None,
    }))
}

/// The root in force, and the settings file that is to name it.
fn settle_root(
    snapshot: &Snapshot,
    homes: &Homes<'_>,
    whose: Whose,
    chosen: Option<PathBuf>,
) -> Result<(PathBuf, Option<PathBuf>)> {
    let own_file = match whose {
        Whose::Machine => PathBuf::from(SYSTEM_FILE),
        Whose::Person => {
            settings_files::person_file(homes).ok_or(Error::NoHome { uid: snapshot.uid })?
        }
    };
    let settings = match whose {
        Whose::Machine => settings_files::system()?,
        Whose::Person => settings_files::from_files(homes, snapshot)?,
    };
    let is_own_block = settings_block_names(&own_file)?;
    let named = settings.shared_root.clone();
    let root = match (chosen, named) {
        (Some(chosen), Some(named)) if chosen != named && !is_own_block => {
            let origin =
                settings.origin(Key::SharedRoot).map(ToString::to_string).unwrap_or_default();
            return Err(SetupError::OtherRoot { origin, found: named }.into());
        }
        (Some(root), _) => return Ok((root, Some(own_file))),
        (None, Some(named)) => return Ok((named, is_own_block.then_some(own_file))),
        (None, None) => match whose {
            Whose::Machine => PathBuf::from("/var/cache/cargo-peruser"),
            Whose::Person => {
                let cache = homes.cache().ok_or(Error::NoHome { uid: snapshot.uid })?;
                cache.join("cargo-peruser")
            }
        },
    };
    Ok((root, Some(own_file)))
}

/// Whether a block of ours in the settings file is what names the root.
fn settings_block_names(file: &Path) -> Result<bool> {
    let original = crate::sys::replace::Original::read(file)?;
    let text = original.text()?;
    let without = crate::core::marked::without_blocks(text).map_err(|unfinished| {
        SetupError::Unfinished { path: file.to_owned(), line: unfinished.line }
    })?;
    Ok(without != text)
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
