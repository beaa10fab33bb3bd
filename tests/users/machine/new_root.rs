//! The machine's file tree: a tmpfs with the system's programs bound into it, made the root.
//!
//! A root of its own, rather than a few files bound over the system's, because every directory on
//! the way to a shared root must belong to root *of the namespace*: in a user namespace the
//! system's own `/` belongs to nobody.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// Where things stand on the machine.
pub(crate) mod places {
    /// The shim, as `cargo`.
    pub(crate) const SHIM: &str = "/opt/shim";
    /// The same program under its own name.
    pub(crate) const BY_NAME: &str = "/opt/peruser";
    /// The stub that stands for cargo where nothing is to be compiled.
    pub(crate) const STUB: &str = "/opt/stub";
    /// rustup, under its own name and before anyone has set it up.
    pub(crate) const RUSTUP: &str = "/opt/rustup";
    /// sccache, in a directory of its own.
    pub(crate) const SCCACHE: &str = "/opt/sccache";
    /// Crates and index for `--offline` builds.
    pub(crate) const REGISTRY: &str = "/opt/registry";
    /// The system's settings of cargo-peruser; empty but in the tests that bind something over it.
    pub(crate) const SETTINGS: &str = "/etc/cargo-peruser";
    /// What a system without Rust has in `/usr/bin`, and a `cargo` that a package would bring.
    pub(crate) const PACKAGED: &str = "/opt/packaged";
    /// Where links to the system's programs lead.
    pub(crate) const ALL_PROGRAMS: &str = "/opt/usr-bin";
    /// What the system's shells read when they start.
    pub(crate) const START_UP: &str = "/opt/etc";
    /// The same under the name that makes it install itself.
    pub(crate) const RUSTUP_INIT: &str = "/opt/rustup/rustup-init";
    /// The programs of the system, for everybody's PATH.
    pub(crate) const PROGRAMS: &str = "/usr/local/bin:/usr/bin:/bin";
}

/// What is taken from the system as it is, where it exists.
const SYSTEM: &[&str] = &[
    "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix", "/dev", "/proc", "/sys",
];
/// Where setup installs for a machine.
const INSTALLED_BELOW: &[&str] = &["/usr", "/usr/local", "/usr/local/lib"];
/// What the loader and the compiler driver look up in `/etc`.
const SETTINGS: &[&str] = &["ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives"];
/// What shells read in `/etc` when they start, except for `profile.d`, where anything may stand;
/// Debian's names, and those of others. Some ask which system it is.
const START_UP: &[&str] = &[
    "profile",
    "bash.bashrc",
    "bashrc",
    "csh",
    "csh.cshrc",
    "csh.login",
    "zsh",
    "zshenv",
    "zshrc",
    "zprofile",
    "fish",
    "os-release",
];
/// What the machine has of its own, and the mode.
const OWN: &[(&str, u32)] = &[
    ("/etc", 0o755),
    (places::SETTINGS, 0o755),
    ("/home", 0o755),
    ("/opt", 0o755),
    (places::SHIM, 0o755),
    (places::BY_NAME, 0o755),
    (places::STUB, 0o755),
    (places::RUSTUP, 0o755),
    (places::SCCACHE, 0o755),
    (places::PACKAGED, 0o755),
    (places::START_UP, 0o755),
    ("/root", 0o700),
    ("/run", 0o755),
    // Where an ssh server keeps the part of itself that talks to strangers.
    ("/run/sshd", 0o755),
    ("/srv", 0o755),
    ("/tmp", 0o1777),
    ("/var", 0o755),
];

const STUB: &str = include_str!("../stage/stub-cargo.sh");

/// The tree while it is being made.
pub(super) struct NewRoot {
    at: PathBuf,
}

impl NewRoot {
    /// Mounts an empty tree at a place that hides nothing of what is still needed.
    pub(super) fn mount(needed: &[&Path]) -> Result<Self> {
        let hides_nothing = |place: &&str| {
            Path::new(place).is_dir() && !needed.iter().any(|path| path.starts_with(place))
        };
        let places = ["/mnt", "/srv", "/media", "/run", "/tmp"];
        let at = places.into_iter().find(hides_nothing).context("no place to mount it")?;
        system("mount", ["-t", "tmpfs", "-o", "mode=0755", "tmpfs", at])?;
        Ok(NewRoot { at: at.into() })
    }

    /// Where a place of the machine is as long as the tree is not the root yet.
    pub(super) fn inside(&self, place: &str) -> PathBuf {
        self.at.join(place.trim_start_matches('/'))
    }

    /// Brings in the system's programs, the machine's own directories and the binary under test.
    pub(super) fn furnish(&self) -> Result<()> {
        for place in SYSTEM.iter().map(Path::new) {
            if let Ok(target) = fs::read_link(place) {
                symlink(target, self.inside(&place.to_string_lossy()))?;
            } else if place.is_dir() {
                self.show(place)?;
            }
        }
        for (place, mode) in OWN {
            fs::create_dir(self.inside(place))?;
            fs::set_permissions(self.inside(place), fs::Permissions::from_mode(*mode))?;
        }
        self.take(SETTINGS, "/etc")?;
        self.take(SETTINGS, places::START_UP)?;
        self.take(START_UP, places::START_UP)?;
        let (shim, by_name) = (self.inside(places::SHIM), self.inside(places::BY_NAME));
        let (shim, by_name) = (shim.join("cargo"), by_name.join("cargo-peruser"));
        fs::copy(env!("CARGO_BIN_EXE_cargo-peruser"), &shim)?;
        // Setup copies and reads it many times, and three quarters of it are for debuggers. Where there
        // is no `strip`, its tests take longer.
        let _ = system("strip", ["--strip-debug".as_ref(), shim.as_os_str()]);
        fs::copy(shim, by_name)?;
        self.link_programs()?;
        for place in [places::STUB, places::PACKAGED] {
            self.program(&format!("{place}/cargo"), STUB.as_bytes())?;
        }
        Ok(())
    }

    /// Makes the `/usr/bin` of a system whose only Rust is the one that a package would bring: which cargo
    /// a session finds must not depend on what the system that runs these tests has installed. So its
    /// programs are shown through links, without those of Rust; a link of the system's stays as it is,
    /// since it is seen in its old place.
    fn link_programs(&self) -> Result<()> {
        self.bind(Path::new("/usr/bin"), places::ALL_PROGRAMS)?;
        for entry in fs::read_dir("/usr/bin")? {
            let entry = entry?;
            let name = entry.file_name();
            if ["cargo", "rust"].iter().any(|rusts| name.to_string_lossy().starts_with(rusts)) {
                continue;
            }
            let leads_to = fs::read_link(entry.path());
            let leads_to = leads_to.unwrap_or_else(|_| Path::new(places::ALL_PROGRAMS).join(&name));
            symlink(leads_to, self.inside(places::PACKAGED).join(&name))?;
        }
        Ok(())
    }

    /// Shows one of the system's directories. In a user namespace they belong to nobody, and setup
    /// refuses to install below such, so where it installs only the entries are the system's.
    fn show(&self, place: &Path) -> Result<()> {
        let is_above = INSTALLED_BELOW.iter().any(|above| place == Path::new(above));
        if !is_above || fs::metadata(place)?.uid() == 0 {
            return self.bind(place, &place.to_string_lossy());
        }
        fs::create_dir(self.inside(&place.to_string_lossy()))?;
        for entry in fs::read_dir(place)? {
            let entry = entry?.path();
            match fs::read_link(&entry) {
                Ok(target) => symlink(target, self.inside(&entry.to_string_lossy()))?,
                Err(_) if entry.is_dir() => self.show(&entry)?,
                Err(_) => {}
            }
        }
        Ok(())
    }

    /// Copies what exists of the system's `/etc`; it becomes root's.
    fn take(&self, names: &[&str], place: &str) -> Result<()> {
        let to = self.inside(place);
        let words = ["-RP", "--preserve=mode"].map(OsStr::new);
        for from in names.iter().map(|name| Path::new("/etc").join(name)).filter(|it| it.exists()) {
            system("cp", words.into_iter().chain([from.as_os_str(), to.as_os_str()]))?;
        }
        Ok(())
    }

    /// A program that everyone may execute.
    pub(super) fn program(&self, place: &str, content: &[u8]) -> Result<()> {
        fs::write(self.inside(place), content)?;
        fs::set_permissions(self.inside(place), fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    /// Shows a directory of the system, and what is mounted below it, at a place of the machine.
    pub(super) fn bind(&self, from: &Path, place: &str) -> Result<()> {
        let to = self.inside(place);
        fs::create_dir_all(&to)?;
        system("mount", [OsStr::new("--rbind"), from.as_os_str(), to.as_os_str()])
    }

    /// Makes the tree the root and lets go of the system's.
    pub(super) fn enter(self) -> Result<()> {
        let old = self.inside("/old");
        fs::create_dir(&old)?;
        rustix::process::pivot_root(&self.at, &old).context("pivot_root")?;
        std::env::set_current_dir("/")?;
        system("umount", ["--lazy", "/old"])?;
        fs::remove_dir("/old")?;
        ensure!(!Path::new("/old").exists(), "the system's tree is still there");
        Ok(())
    }
}

fn system<S: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = S>) -> Result<()> {
    let mut command = Command::new(program);
    command.args(args);
    let output = command.output().with_context(|| format!("{command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}
