//! `toolchain`: a toolchain directory for editors that have a setting for one.

mod directory;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgMatches, Command, ValueHint, value_parser};

use crate::os::files;
use crate::os::homes::{Homes, no_place};
use crate::os::lexical;
use crate::os::snapshot::Snapshot;
use crate::private_dir::Caller;
use crate::settings::{Flags, Settings, StickyRoot};
use crate::shim::Plan;
use crate::shim::decide::EntryPoint;
use crate::shim::exec;
use crate::shim::installation::{Installation, is_same_file};
use crate::shim::real_cargo::{holds_programs, is_executable};
use crate::shim::toolchain::{CARGO, RUSTC};
use crate::toolchain::directory::{Links, RUSTUP, TOOLS};
use crate::ui::arguments::switch;
use crate::ui::failure::Result;
use crate::ui::report;

pub(super) fn command() -> Command {
    Command::default()
        .about("Create a toolchain directory for editors, with the shim as its cargo")
        .long_about(
            "Creates a directory to use as the toolchain location in an editor's settings, and prints \
             its path. Its cargo is the shim; rustc, rustup and the other tools are links to your \
             own. Run it again to update the links.",
        )
        .args([
            Arg::new("directory")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .value_hint(ValueHint::DirPath)
                .help(
                    "The directory [default: cargo-peruser/toolchain/bin in $XDG_DATA_HOME or \
                     ~/.local/share]",
                ),
            switch("remove", "Remove the directory"),
        ])
}

pub(super) fn run(snapshot: &Snapshot, flags: &Flags, verb: &ArgMatches) -> anyhow::Result<u8> {
    let plan = Plan::make(snapshot, EntryPoint::ByName, flags, &[])?;
    let homes = Homes::new(snapshot);
    let path = place(snapshot, &homes, verb.get_one::<PathBuf>("directory"))?;
    let shim = shim()?;
    let caller = Caller {
        homes: Some(&homes),
        sticky_root: StickyRoot::Refuse,
        root_origin: "the command line".into(),
        ..Caller::of(plan.settings(), snapshot.uid, snapshot.gid, snapshot.acting)
    };
    let found = directory::look(&path, &shim, &caller)?;
    if verb.get_flag("remove") {
        let is_default = !verb.contains_id("directory");
        directory::remove(&path, &found, if is_default { OWN_PARENTS } else { 0 })?;
        return Ok(0);
    }
    let mut links = tools(snapshot, plan.settings(), &homes, &path);
    links.insert(CARGO.into(), shim.clone());
    directory::hold(&path, &shim, &links, &caller)?;
    report::raw_line(path.as_os_str().as_encoded_bytes())?;
    tell_missing(&links);
    Ok(0)
}

/// How many directories above the default one are created only for it.
const OWN_PARENTS: usize = 2;

/// The absolute path of the directory. Symlinks in it are resolved, so that their targets are checked.
fn place(snapshot: &Snapshot, homes: &Homes<'_>, named: Option<&PathBuf>) -> Result<PathBuf> {
    let path = match named {
        Some(path) => lexical::absolute(&snapshot.cwd, path),
        None => {
            let no_place = || {
                no_place("a toolchain directory", snapshot.uid)
                    .help("name a directory: cargo-peruser toolchain <DIR>")
                    .exit(73)
            };
            let data = homes.data().ok_or_else(no_place)?;
            data.join("cargo-peruser").join("toolchain").join("bin")
        }
    };
    Ok(files::without_symlinks(&path))
}

/// The target of the directory's `cargo`: the installed shim, or else this program itself.
fn shim() -> Result<PathBuf> {
    if let Some(installation) = Installation::of_this_program() {
        return Ok(installation.shim());
    }
    std::env::current_exe().map_err(|cause| exec::failed("/proc/self/exe".as_ref(), cause))
}

/// The user's own Rust tools, as they would be executed without the shim. Those beside the first `rustc`
/// are preferred. Symlinks are not resolved: rustup's proxies are one program under many names.
///
/// Searches beside the cargo that the settings name, on PATH, and where rustup puts them. Skips
/// `without`, the directory whose links are to be created.
fn tools(snapshot: &Snapshot, settings: &Settings, homes: &Homes<'_>, without: &Path) -> Links {
    let named = settings.real_cargo().and_then(Path::parent).map(Path::to_owned);
    let on_path = snapshot.directories_on_path();
    let cargo_home = homes.cargo().filter(|home| homes.is_own(home));
    let default = homes.home().map(|home| home.join(".cargo"));
    let in_homes = cargo_home.into_iter().chain(default).map(|home| home.join("bin"));
    let program = std::env::current_exe();
    let is_ours = |place: &Path| {
        let is_shim = |program| is_same_file(&place.join(CARGO), program);
        is_same_file(place, without) || program.as_deref().is_ok_and(is_shim)
    };
    let mut places: Vec<PathBuf> = named.into_iter().chain(on_path).chain(in_homes).collect();
    places.retain(|place| holds_programs(place) && !is_ours(place));
    if let Some(at) = places.iter().position(|place| is_executable(&place.join(RUSTC))) {
        let best = places.remove(at);
        places.insert(0, best);
    }
    let find = |name: &str| {
        let mut paths = places.iter().map(|place| place.join(name));
        Some((name.into(), paths.find(|path| is_executable(path))?))
    };
    TOOLS.into_iter().filter_map(find).collect()
}

/// Reports the tools that an editor will miss.
fn tell_missing(links: &Links) {
    let has = |name: &str| links.contains_key(OsStr::new(name));
    if !has(RUSTC) {
        report::note(&"no rustc was found: without it editors do not accept the directory");
    } else if !has(RUSTUP) {
        report::note(&"no rustup was found, so `cargo +<toolchain>` does not work through it");
    }
}
