//! The site of an installation: a machine or one person, the prefix, and the shared root.

mod root;

use std::path::{Path, PathBuf};

use clap::{ArgMatches, ValueEnum};

use super::hooks;
use crate::completions;
use crate::man;
use crate::os::accounts;
use crate::os::files;
use crate::os::homes::{Homes, no_home};
use crate::os::lexical;
use crate::os::marked::Blocks;
use crate::os::passwd::Account;
use crate::os::snapshot::Snapshot;
use crate::private_dir::provision::{Person, Provisioner};
use crate::private_dir::shared_root::is_system_directory;
use crate::private_dir::{Caller, examine_ancestors};
use crate::settings::{self, Flags, Settings};
use crate::setup::pieces::{Piece, PieceKind, cannot_be_quoted, timer};
use crate::setup::steps::{
    Receipt, Root, Step, assert_trusted, not_a_root, own_program, read_receipt, receipt_path,
};
use crate::shim::installation::{Installation, PROGRAM, is_same_file};
use crate::ui::escape::{escaped, quoted};
use crate::ui::failure::{Failure, Result};

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
        let (installation, is_machine) = installation(snapshot, &home, verb)?;
        let (shared_root, settings) = root::settle(snapshot, &homes, is_machine, flags, verb)?;
        if is_system_directory(&shared_root) {
            return Err(not_a_root(&shared_root, "the system needs it")
                .help("name a directory that serves nothing else with --shared-root"));
        }
        let group = group(is_machine, verb)?;
        let settings_in_files = settings::files::from_files(&homes)?;
        let is_ours = settings.is_some() || shared_root.starts_with(&home);
        let mode = match (is_machine, group) {
            (false, _) => 0o700,
            (true, None) => 0o755,
            (true, Some(_)) => 0o750,
        };
        let root = Root { mode, group, sticky: settings_in_files.sticky_root() };
        Ok(Site {
            installation,
            shared_root,
            account: settings_in_files.account(snapshot.uid),
            own_cache: homes.cache().map(|cache| cache.join(PROGRAM)),
            home,
            is_machine,
            settings,
            root: (is_machine || is_ours).then_some(root),
            settings_in_files,
        })
    }

    /// The units that run `gc` regularly, if they are requested.
    fn timer(&self, homes: &Homes<'_>, verb: &ArgMatches) -> Result<Vec<Piece>> {
        let Some(every) = verb.get_one::<String>("timer") else { return Ok(Vec::new()) };
        let config = homes.config().filter(|_| !self.is_machine);
        let (units, root) = match &config {
            Some(config) => (config.join("systemd/user"), None),
            None => ("/etc/systemd/system".into(), Some(&*self.shared_root)),
        };
        if !hooks::has_systemd() {
            let who = if self.is_machine { " --all-users" } else { "" };
            return Err(Failure::new("there is no systemd here to run a timer")
                .help(format!("let cron run: cargo-peruser gc --apply{who}")));
        }
        Ok(timer::pieces(&units, every, root, &self.installation.binary()))
    }

    /// All pieces, in order. Hooks are last, so that what they call is already in place. Reports the
    /// start-up files that cannot be changed, and returns these help lines.
    ///
    /// # Errors
    /// Any error of rendering the pages, and a timer without systemd.
    pub(super) fn pieces(
        &self,
        snapshot: &Snapshot,
        verb: &ArgMatches,
        receipt: &Receipt,
    ) -> Result<(Vec<Piece>, Vec<String>)> {
        let homes = Homes::new(snapshot);
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
        let mut hooks = hooks::all(self, snapshot, &homes);
        let mut told = Vec::new();
        hooks.retain(|hook| hooks::is_changeable(hook, &binary, receipt, &mut told));
        pieces.extend(hooks);
        pieces.extend(self.timer(&homes, verb)?);
        Ok((pieces, told))
    }

    /// The man pages, and completion scripts in the places where the installed shells look by
    /// themselves.
    fn pages(&self) -> Result<Vec<Piece>> {
        let share = self.installation.prefix.join("share");
        let failed = |cause| Failure::file("render what belongs below", &share, cause);
        let page = |(place, page)| {
            Piece::new(share.join("man").join(place), PieceKind::text(page), "man page")
        };
        let mut pieces: Vec<Piece> = man::pages().into_iter().map(page).collect();
        let is_installed = |shell: &&completions::Shell| {
            shell.to_possible_value().is_some_and(|it| hooks::find_shell(it.get_name()).is_some())
        };
        for &shell in completions::Shell::value_variants().iter().filter(is_installed) {
            let script = PieceKind::text(completions::script(shell).map_err(failed)?);
            pieces.push(match (shell, self.is_machine) {
                // fish looks below `/usr/local/share` only in sessions with `XDG_DATA_DIRS`.
                (completions::Shell::Fish, true) => {
                    Piece::new(FISH_COMPLETIONS, script, "fish completion")
                }
                _ => Piece::new(share.join(shell.place()), script, "completion"),
            });
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

/// Where fish looks for an administrator's completions.
const FISH_COMPLETIONS: &str = "/etc/fish/completions/cargo-peruser.fish";

/// The installation, and whether it is a machine's: the one below --prefix; else the one that this
/// program belongs to, if the caller has set it up, or asks for its status and has set up nothing; else
/// the one in the default place.
fn installation(
    snapshot: &Snapshot,
    home: &Path,
    verb: &ArgMatches,
) -> Result<(Installation, bool)> {
    let is_root = snapshot.uid == 0;
    let given = verb.get_one::<PathBuf>("prefix");
    let prefix = match given {
        Some(prefix) => lexical::absolute(&snapshot.cwd, prefix),
        None if is_root => "/usr/local".into(),
        None => home.join(".local"),
    };
    let default = Installation { prefix };
    if let (None, Some(this)) = (given, Installation::of_this_program())
        && let Ok(receipt) = files::entry(&receipt_path(&this))
    {
        let is_own = receipt.uid == snapshot.uid;
        if is_own || (verb.get_flag("status") && !receipt_path(&default).exists()) {
            return Ok((as_written(this)?, is_root || !is_own));
        }
    }
    match cannot_be_quoted(&default.prefix) {
        Some(cause) => {
            let text = format!("cannot install below `{}`: it {cause}", escaped(&default.prefix));
            Err(Failure::new(text).help("name another place with --prefix"))
        }
        None => Ok((default, is_root)),
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
