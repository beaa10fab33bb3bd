//! The site of an installation: a machine or one person, the prefix, and the shared root.

mod root;

use std::path::{Path, PathBuf};

use clap::{ArgMatches, ValueEnum};

use crate::completions;
use crate::man;
use crate::os::accounts;
use crate::os::files;
use crate::os::homes::Homes;
use crate::os::homes::no_home;
use crate::os::lexical;
use crate::os::marked::Blocks;
use crate::os::passwd::Account;
use crate::os::snapshot::Snapshot;
use crate::private_dir::provision::{Person, Provisioner};
use crate::private_dir::shared_root::is_system_directory;
use crate::private_dir::{Caller, examine_ancestors};
use crate::session::has_cargo;
use crate::settings;
use crate::settings::Flags;
use crate::settings::Settings;
use crate::setup::hooks::{
    environment_d, find_shell, has_generator, line_for, of_machine, of_person,
};
use crate::setup::pieces::timer;
use crate::setup::pieces::{Piece, PieceKind, Root, cannot_be_quoted};
use crate::setup::steps::{
    Step, assert_trusted, cannot_change, not_a_root, own_program, read_receipt, receipt_path,
};
use crate::shim::decide::{build_dir, session_target};
use crate::shim::gather::private_dir;
use crate::shim::installation::{Installation, PROGRAM, is_same_file};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result};
use crate::ui::report;

/// The site of an installation.
pub(crate) struct Site {
    /// Where the program is installed.
    pub(super) installation: Installation,
    /// The shared root afterwards.
    pub(super) shared_root: PathBuf,
    /// The caller's account.
    pub(super) account: Account,
    /// The caller's home.
    pub(super) home: PathBuf,
    /// The private directory in the caller's own cache directory.
    pub(super) own_cache: Option<PathBuf>,
    /// Whether this is an installation for a whole machine.
    pub(super) is_machine: bool,
    /// The settings file in which to name the root, and the block for it; `None` if lines other than
    /// ours name it already.
    settings: Option<(PathBuf, Blocks)>,
    /// How to create or change the root; `None` if it is the administrator's.
    root: Option<Root>,
    hooks: Vec<Piece>,
    /// Start-up files that cannot be changed, the reason, and the line to add to each.
    pub(super) by_hand: Vec<(PathBuf, Failure, String)>,
    /// The settings before this run.
    pub(super) settings_in_files: Settings,
}

impl Site {
    /// Determines the site from the flags and the caller.
    ///
    /// # Errors
    /// Paths and groups that cannot be used, and mistakes in the settings files.
    pub(super) fn choose(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> Result<Site> {
        let homes = Homes::new(snapshot);
        let home = homes.home().ok_or_else(|| no_home(snapshot.uid))?.to_owned();
        let own = own_installation(snapshot, &home, verb)?;
        let machines = machines(verb, &own)?;
        let is_machine = snapshot.uid == 0 || machines.is_some();
        let installation = machines.unwrap_or(own);
        let asked = root::asked(flags, verb)?;
        let (chosen, scope) = (asked.shared_root().map(Path::to_owned), root::scope_of(&asked));
        let (shared_root, settings) = root::settle(snapshot, &homes, is_machine, chosen, scope)?;
        if is_system_directory(&shared_root) {
            return Err(not_a_root(&shared_root, "the system needs it")
                .help("name a directory that serves nothing else with --shared-root"));
        }
        let group = group(is_machine, verb)?;
        let settings_in_files = settings::files::from_files(&homes)?;
        let is_ours = settings.is_some() || shared_root.starts_with(&home);
        let root = match is_machine {
            true => Some(group.map_or(Root::EVERYONE, Root::group)),
            false => is_ours.then_some(Root::OWN),
        };
        let root = root.map(|root| Root { sticky: settings_in_files.sticky_root(), ..root });
        let site = Site {
            installation,
            shared_root,
            account: settings_in_files.account(snapshot.uid),
            own_cache: homes.cache().map(|cache| cache.join(PROGRAM)),
            home,
            is_machine,
            settings,
            root,
            hooks: Vec::new(),
            by_hand: Vec::new(),
            settings_in_files,
        };
        let hooks = [site.find_hooks(snapshot, &homes), site.timer(&homes, verb)?].concat();
        site.with_hooks(hooks)
    }

    /// Separates the start-up files that cannot be changed, so that they do not stop the rest.
    fn with_hooks(mut self, hooks: Vec<Piece>) -> Result<Site> {
        let receipt = read_receipt(&receipt_path(&self.installation))?;
        let program = self.installation.binary();
        for piece in hooks {
            let is_block = matches!(piece.what, PieceKind::Blocks(_));
            let Some(error) = is_block.then(|| cannot_change(&piece, &receipt)).flatten() else {
                self.hooks.push(piece);
                continue;
            };
            let text = files::read_regular(&piece.path).unwrap_or_default();
            if !text.contains(PROGRAM) {
                let line = line_for(&piece.path, &program);
                self.by_hand.push((piece.path, error, line));
            }
        }
        Ok(self)
    }

    /// The pieces that put the shim first in sessions.
    fn find_hooks(&self, snapshot: &Snapshot, homes: &Homes<'_>) -> Vec<Piece> {
        let program = self.installation.binary();
        if self.is_machine {
            return of_machine(&program);
        }
        let mut hooks = of_person(snapshot, homes, &self.home, &self.account, &program);
        // This file holds constants, so the conditions are checked now. A program could check them each
        // time.
        if self.account.no_directory(&self.settings_in_files).is_none()
            && has_cargo(&self.settings_in_files, homes)
        {
            hooks.extend(self.environment_d(homes));
        }
        hooks
    }

    /// The environment.d(5) file, if systemd runs people's services here and the machine has no
    /// generator that does the same.
    fn environment_d(&self, homes: &Homes<'_>) -> Option<Piece> {
        let private_dir = private_dir(&self.shared_root, &self.account);
        let target_dir = session_target(&private_dir);
        let is_quotable = |path: &PathBuf| cannot_be_quoted(path).is_none();
        if !has_systemd() || has_generator() || !is_quotable(&target_dir) {
            return None;
        }
        let mut first = vec![self.installation.shim_dir()];
        first.extend(homes.cargo_bin().filter(is_quotable));
        let build_dir = build_dir(&private_dir, None);
        let directory = homes.config()?.join("environment.d");
        Some(environment_d(&directory, &first, &target_dir, &build_dir))
    }

    /// Reports the start-up files that cannot be changed.
    pub(super) fn tell_by_hand(&self) {
        for (_, cause, line) in &self.by_hand {
            let help = format!("add this line to it, or to what it is made from: {line}");
            report::warning(cause, &help);
        }
    }

    /// The units that run `gc` regularly, if they are requested.
    fn timer(&self, homes: &Homes<'_>, verb: &ArgMatches) -> Result<Vec<Piece>> {
        let Some(every) = verb.get_one::<String>("timer") else { return Ok(Vec::new()) };
        let config = homes.config().filter(|_| !self.is_machine);
        let (units, root) = match &config {
            Some(config) => (config.join("systemd/user"), None),
            None => ("/etc/systemd/system".into(), Some(&*self.shared_root)),
        };
        if !has_systemd() {
            let who = if self.is_machine { " --all-users" } else { "" };
            return Err(Failure::new("there is no systemd here to run a timer")
                .help(format!("let cron run: cargo-peruser gc --apply{who}")));
        }
        Ok(timer::pieces(&units, every, root, &self.installation.binary()))
    }

    /// All pieces, in order. Hooks are last, so that what they call is already in place.
    ///
    /// # Errors
    /// Any error of rendering the pages.
    pub(super) fn pieces(&self) -> Result<Vec<Piece>> {
        let Site { installation, shared_root, .. } = self;
        let root =
            self.root.map(|root| Piece::new(shared_root, PieceKind::Root(root), "the shared root"));
        let mut pieces = Vec::from_iter(root);
        if let Some((path, blocks)) = &self.settings {
            pieces.push(Piece::new(path, PieceKind::Blocks(blocks.clone()), "the settings"));
        }
        let (program, binary) = (own_program()?, installation.binary());
        let program =
            std::fs::read(&program).map_err(|cause| Failure::file("read", &program, cause))?;
        pieces.push(Piece::new(&binary, PieceKind::File(program, 0o755), "this program"));
        // Beside the shim, so that cargo finds its subcommand wherever the shim is found.
        let beside = installation.shim_dir().join(PROGRAM);
        let links = [
            (beside, "this program, on PATH"),
            (installation.shim(), "the shim"),
            (installation.rustc_wrapper(), "the wrapper for a compile cache"),
        ];
        let link = |(path, purpose)| Piece::new(path, PieceKind::Link(binary.clone()), purpose);
        pieces.extend(links.map(link));
        pieces.extend(self.pages()?);
        pieces.extend(self.hooks.iter().cloned());
        Ok(pieces)
    }

    /// The man pages, and completion scripts in the places where the installed shells look by
    /// themselves.
    fn pages(&self) -> Result<Vec<Piece>> {
        let share = self.installation.prefix.join("share");
        let failed = |cause| Failure::file("render what belongs below", &share, cause);
        let file = |text: String| PieceKind::File(text.into_bytes(), 0o644);
        let mut pieces = Vec::new();
        for (place, page) in man::pages() {
            let path = share.join("man").join(place);
            pieces.push(Piece::new(path, file(page), "man page"));
        }
        for &shell in completions::Shell::value_variants() {
            let name = shell.to_possible_value();
            if name.is_some_and(|name| find_shell(name.get_name()).is_some()) {
                let script = completions::script(shell).map_err(failed)?;
                // fish looks below `/usr/local/share` only in sessions with `XDG_DATA_DIRS`.
                let (path, purpose) = match (shell, self.is_machine) {
                    (completions::Shell::Fish, true) => {
                        (FISH_COMPLETIONS.into(), "fish completion")
                    }
                    _ => (share.join(shell.place()), "completion"),
                };
                pieces.push(Piece::new(path, file(script), purpose));
            }
        }
        // Pieces below `share` are together, because the plan names the directory that several have in
        // common.
        pieces.sort_by_key(|piece| !piece.path.starts_with(&share));
        Ok(pieces)
    }

    /// Creates private directories, if this is a machine whose shared root setup manages.
    ///
    /// # Errors
    /// The root cannot be examined.
    pub(super) fn provisioner(&self) -> Result<Option<Provisioner<'_>>> {
        let root = self.root.filter(|_| self.is_machine);
        let new =
            |root: Root| Provisioner::new(&self.shared_root, &self.settings_in_files, root.group);
        root.map(new).transpose()
    }

    /// The people whose sessions are concerned: the caller or, if root runs setup for a machine whose
    /// shared root it manages, everybody who gets a private directory.
    ///
    /// # Errors
    /// The root cannot be examined.
    pub(super) fn people(&self) -> Result<Vec<Person>> {
        let provisioner = self.provisioner()?.filter(|_| accounts::is_root());
        let own = Person { uid: self.account.uid, gid: rustix::process::getegid().as_raw() };
        Ok(provisioner.map_or_else(|| vec![own], |it| it.everybody()))
    }

    /// Checks that no other user can replace what is about to be installed and used.
    ///
    /// # Errors
    /// The same as [`assert_trusted`], and the refusals of the shared root's ancestors.
    pub(super) fn examine(&self, steps: &[Step], homes: &Homes<'_>) -> Result<()> {
        let (uid, gid) = (self.account.uid, rustix::process::getegid().as_raw());
        let caller = Caller {
            homes: Some(homes),
            root_origin: "--shared-root".into(),
            ..Caller::of(&Settings::default(), uid, gid, uid)
        };
        // The shared root's ancestors have rules of their own.
        examine_ancestors(&self.shared_root, &caller)?;
        let places = steps.iter().map(|step| step.piece.path.as_path());
        assert_trusted(places.filter(|path| !self.shared_root.starts_with(path)))
    }
}

/// Whether systemd runs services here.
fn has_systemd() -> bool {
    ["/etc/systemd", "/usr/lib/systemd"].iter().any(|path| Path::new(path).is_dir())
}

/// Where fish looks for an administrator's completions.
const FISH_COMPLETIONS: &str = "/etc/fish/completions/cargo-peruser.fish";

/// The caller's installation: the one below --prefix; else the one that this program belongs to, if the
/// caller has set it up; else the one in the default place.
fn own_installation(snapshot: &Snapshot, home: &Path, verb: &ArgMatches) -> Result<Installation> {
    if let Some(prefix) = verb.get_one::<PathBuf>("prefix") {
        let prefix = lexical::absolute(&snapshot.cwd, prefix);
        assert_quotable(&prefix)?;
        return Ok(Installation { prefix });
    }
    let is_own = |installation: &Installation| {
        files::entry(&receipt_path(installation)).is_ok_and(|entry| entry.uid == snapshot.uid)
    };
    if let Some(installation) = Installation::of_this_program().filter(is_own) {
        return as_written(installation);
    }
    let prefix = if snapshot.uid == 0 { "/usr/local".into() } else { home.join(".local") };
    assert_quotable(&prefix)?;
    Ok(Installation { prefix })
}

/// The machine's installation, if the status of that one is meant: the caller has set up nothing, and
/// this program belongs to it.
fn machines(verb: &ArgMatches, own: &Installation) -> Result<Option<Installation>> {
    let is_set_up = |installation: &Installation| -> Result<bool> {
        Ok(!read_receipt(&receipt_path(installation))?.entries.is_empty())
    };
    if !verb.get_flag("status") || verb.contains_id("prefix") || is_set_up(own)? {
        return Ok(None);
    }
    match Installation::of_this_program() {
        Some(other) if is_set_up(&other)? => as_written(other).map(Some),
        _ => Ok(None),
    }
}

/// The installation with its prefix as it was given. A running program knows where symlinks point to,
/// but not that there are any.
fn as_written(installation: Installation) -> Result<Installation> {
    let written = read_receipt(&receipt_path(&installation))?.prefix;
    let written = written.map(|prefix| Installation { prefix });
    let is_the_same = |it: &Installation| is_same_file(&it.own_dir(), &installation.own_dir());
    Ok(written.filter(is_the_same).unwrap_or(installation))
}

fn group(is_machine: bool, verb: &ArgMatches) -> Result<Option<u32>> {
    let Some(name) = verb.get_one::<String>("group") else { return Ok(None) };
    if !is_machine {
        let text = "--group is for a machine's shared root, which only root sets up";
        return Err(Failure::new(text).help("sudo cargo-peruser setup --group …"));
    }
    let unknown = || {
        Failure::new(format!("there is no group `{}`", escaped(name)))
            .help(format!("groupadd {}", quoted(name)))
    };
    accounts::group(name).ok_or_else(unknown).map(Some)
}

fn assert_quotable(path: &Path) -> Result<()> {
    match cannot_be_quoted(path) {
        Some(cause) => {
            let text = format!("cannot install below `{}`: it {cause}", escaped(path));
            Err(Failure::new(text).help("name another place with --prefix"))
        }
        None => Ok(()),
    }
}
