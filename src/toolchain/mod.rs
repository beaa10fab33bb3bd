//! `toolchain`: a toolchain directory for editors that have a setting for one.

mod directory;
mod links;
mod tools;

use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command, ValueHint, value_parser};

use crate::os::files;
use crate::os::homes::{Homes, no_place};
use crate::os::lexical;
use crate::os::snapshot::Snapshot;
use crate::private_dir::Caller;
use crate::settings::Flags;
use crate::settings::StickyRoot;
use crate::shim::Plan;
use crate::shim::decide::EntryPoint;
use crate::shim::exec;
use crate::shim::installation::Installation;
use crate::shim::real_cargo::is_executable;
use crate::shim::toolchain::{CARGO, RUSTC};
use crate::toolchain::links::{Link, RUSTUP};
use crate::ui::arguments::switch;
use crate::ui::escape::escaped;
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
    let entries = directory::look(&path, &shim, &caller)?;
    if verb.get_flag("remove") {
        let is_default = !verb.contains_id("directory");
        directory::remove(&path, entries, if is_default { OWN_PARENTS } else { 0 })?;
        return Ok(0);
    }
    let mut links = tools::find(snapshot, plan.settings(), &homes, &path);
    links.insert(0, Link { name: CARGO, to: shim.clone() });
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

/// Reports the tools that an editor will miss.
fn tell_missing(links: &[Link]) {
    let path = |name| links.iter().find(|link| link.name == name).map(|link| &link.to);
    let Some(rustc) = path(RUSTC) else {
        report::note(&"no rustc was found: without it editors do not accept the directory");
        return;
    };
    if !is_executable(&rustc.with_file_name(CARGO)) {
        report::note(&format!(
            "there is no cargo beside `{}`: the shim will execute the one on PATH",
            escaped(rustc)
        ));
    }
    if path(RUSTUP).is_none() {
        report::note(&"no rustup was found, so `cargo +<toolchain>` does not work through it");
    }
}
