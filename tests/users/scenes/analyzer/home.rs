//! A person's home as rustup leaves it, with a toolchain whose cargo writes down each call.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::machine::{Channel, places};
use crate::stage::{Person, make, project};

/// The name of the toolchain that everyone has by default.
const TOOLCHAIN: &str = "machine";

/// The variable with the file that calls are written down in.
pub(super) const RECORD: &str = "CARGO_CALLS";

/// Makes `~/.cargo`, `~/.rustup` and a directory for temporary files.
pub(super) fn settle_in(person: &Person<'_>, channel: Channel) -> Result<()> {
    let home = &person.home;
    for directory in [".cargo/bin", ".rustup/toolchains", "tmp"] {
        fs::create_dir_all(home.join(directory))?;
    }
    for name in ["cargo", "rustc", "rustfmt", "rustup"] {
        let proxy = home.join(".cargo/bin").join(name);
        make::link(&proxy, &Path::new(places::RUSTUP).join("rustup"), person.uid())?;
    }
    let toolchain = home.join(".rustup/toolchains").join(TOOLCHAIN);
    make::link(&toolchain, Path::new(&channel.recorded()), person.uid())?;
    let settings = format!("version = \"12\"\ndefault_toolchain = \"{TOOLCHAIN}\"\n");
    fs::write(home.join(".rustup/settings.toml"), settings)?;
    project::give(home, &format!("{0}:{0}", person.uid()))
}
