//! A person's home as rustup leaves it, with a toolchain whose cargo writes down each call.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::machine::{Channel, places};
use crate::stage::{Person, make, project};

/// The name of the toolchain that everyone has by default.
const TOOLCHAIN: &str = "machine";

/// The variable with the file that calls are written down in.
pub(crate) const RECORD: &str = "CARGO_CALLS";

/// What stands in `~/.cargo/bin`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxies {
    /// rustup's.
    Rustup,
    /// Scripts that do what editors rely on.
    StandIns,
}

impl Proxies {
    fn place(self) -> &'static Path {
        Path::new(match self {
            Proxies::Rustup => places::RUSTUP,
            Proxies::StandIns => places::STAND_IN,
        })
    }

    /// rustup's, if the machine has them.
    pub(crate) fn best() -> Self {
        let rustup = Proxies::Rustup;
        if rustup.place().join("rustup").exists() { rustup } else { Proxies::StandIns }
    }
}

/// Makes `~/.cargo`, `~/.rustup` and a directory for temporary files.
pub(crate) fn settle_in(person: &Person<'_>, proxies: Proxies, channel: Channel) -> Result<()> {
    let home = &person.home;
    for directory in [".cargo/bin", ".rustup/toolchains", "tmp"] {
        fs::create_dir_all(home.join(directory))?;
    }
    for name in ["cargo", "rustc", "rustfmt", "rustup"] {
        let proxy = home.join(".cargo/bin").join(name);
        make::link(&proxy, &proxies.place().join("rustup"), person.uid())?;
    }
    let toolchain = home.join(".rustup/toolchains").join(TOOLCHAIN);
    make::link(&toolchain, Path::new(&channel.recorded()), person.uid())?;
    let settings = format!("version = \"12\"\ndefault_toolchain = \"{TOOLCHAIN}\"\n");
    fs::write(home.join(".rustup/settings.toml"), settings)?;
    project::give(home, &format!("{0}:{0}", person.uid()))
}
