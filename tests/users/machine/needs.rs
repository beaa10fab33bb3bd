//! What some tests need besides the machine, and how it is found out whether it is there.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::{Channel, places};
use crate::stage::{Acl, make};

/// Something that not every system has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// A stable toolchain and a linker.
    Cargo,
    /// A nightly toolchain.
    Nightly,
    /// rustup.
    Rustup,
    /// The crates that the tests' projects depend on.
    Registry,
    /// trybuild, and all that it names.
    Trybuild,
    /// cargo-nextest.
    Nextest,
    /// git.
    Git,
    /// flock(1).
    Flock,
    /// Access control lists on a tmpfs.
    Acls,
    /// setfacl.
    Setfacl,
    /// The immutable attribute, and the right to set it.
    Immutable,
    /// Every id of the system, as a user namespace does not have them.
    AllIds,
    /// User namespaces for ordinary accounts.
    UserNamespaces,
    /// bwrap, with a user namespace.
    Bubblewrap,
    /// fakeroot.
    Fakeroot,
    /// A file system without Unix permissions.
    Vfat,
    /// bash.
    Bash,
    /// dash.
    Dash,
    /// zsh.
    Zsh,
    /// fish.
    Fish,
    /// tcsh.
    Tcsh,
    /// yash.
    Yash,
    /// elvish.
    Elvish,
    /// sudo, and a kernel that lets it become root.
    Sudo,
    /// su and script, as util-linux has them.
    Su,
    /// An ssh server and a client.
    Ssh,
    /// strace, which kills at a chosen system call.
    Strace,
    /// script(1), which gives a program a terminal.
    Terminal,
    /// File systems in files, one of them with reflinks.
    Images,
    /// FUSE, and bindfs, which shows files as another account's.
    Fuse,
    /// systemd-analyze, which reads units.
    Systemd,
    /// sccache, in a version that listens on a socket.
    Sccache,
    /// A Redis server.
    Redis,
}

/// How each of them is probed; the error is the reason that an ignored test is shown with.
type Probe = fn() -> Result<()>;

pub(super) const PROBES: &[(Need, Probe)] = &[
    (Need::Cargo, || {
        toolchain(Channel::Stable).context("no stable toolchain")?;
        works("cc", &["--version"]).context("no linker")
    }),
    (Need::Nightly, || toolchain(Channel::Nightly).context("no nightly toolchain")),
    (Need::Rustup, || {
        works(&format!("{}/rustup", places::RUSTUP), &["--version"]).context("no rustup on PATH")
    }),
    (Need::Nextest, || works("cargo-nextest", &["nextest", "--version"]).context("no nextest")),
    (Need::Git, || works("git", &["--version"]).context("no git")),
    (Need::Flock, || works("flock", &["--version"]).context("no flock")),
    (Need::Acls, || {
        on_a_directory("acls", |directory| Ok(Acl::Default.try_grant(directory, 2003, 0o7)?))
            .context("no ACLs on tmpfs")
    }),
    (Need::Setfacl, || works("setfacl", &["--version"]).context("no setfacl")),
    (Need::Immutable, || {
        on_a_directory("immutable", immutable).context("no immutable directories")
    }),
    (Need::AllIds, || {
        let map = fs::read_to_string("/proc/self/uid_map")?;
        ensure!(map.split_whitespace().eq(["0", "0", "4294967295"]), "this needs root itself");
        Ok(())
    }),
    (Need::UserNamespaces, || {
        works("setpriv", &NAMESPACE_OF_ALICE).context("no user namespaces for ordinary accounts")
    }),
    (Need::Bubblewrap, || works("setpriv", &SANDBOX_OF_ALICE).context("no bubblewrap")),
    (Need::Fakeroot, || works("fakeroot", &["true"]).context("no fakeroot")),
    (Need::Vfat, || vfat().context("no vfat")),
    (Need::Bash, || shell("bash")),
    (Need::Dash, || shell("dash")),
    (Need::Zsh, || shell("zsh")),
    (Need::Fish, || shell("fish")),
    (Need::Tcsh, || shell("tcsh")),
    (Need::Yash, || shell("yash")),
    (Need::Elvish, || shell("elvish")),
    (Need::Sudo, || works("sudo", &["--help"]).context("no sudo")),
    (Need::Su, || su().context("no su and script")),
    (Need::Ssh, || ssh().context("no ssh server and client")),
    (Need::Strace, || strace().context("no strace")),
    (Need::Terminal, || works("script", &["-qec", "true", "/dev/null"]).context("no script")),
    (Need::Images, || images().context("no file systems in files")),
    (Need::Fuse, fuse),
    (Need::Systemd, || works("systemd-analyze", &["--version"]).context("no systemd-analyze")),
    (Need::Sccache, || sccache().context("sccache is not installed")),
    (Need::Redis, || works("redis-server", &["--version"]).context("no Redis server")),
];

/// As alice, in a namespace in which only alice has a number.
const NAMESPACE_OF_ALICE: [&str; 8] = [
    "--reuid=2001",
    "--regid=2001",
    "--clear-groups",
    "unshare",
    "--user",
    "--map-current-user",
    "--",
    "true",
];

/// The same with a number of its own choice.
const SANDBOX_OF_ALICE: [&str; 11] = [
    "--reuid=2001",
    "--regid=2001",
    "--clear-groups",
    "bwrap",
    "--unshare-user",
    "--uid",
    "4711",
    "--dev-bind",
    "/",
    "/",
    "true",
];

fn sccache() -> Result<()> {
    works(&format!("{}/sccache", places::SCCACHE), &["--version"])
}

fn strace() -> Result<()> {
    works("strace", &["--quiet", "--output=/dev/null", "true"])
}

fn su() -> Result<()> {
    works("su", &["--version"])?;
    works("script", &["--version"])
}

fn ssh() -> Result<()> {
    ensure!(Path::new("/usr/sbin/sshd").exists(), "no /usr/sbin/sshd");
    works("ssh", &["-V"])
}

fn fuse() -> Result<()> {
    ensure!(Path::new("/dev/fuse").exists(), "no FUSE: there is no /dev/fuse");
    works("mknod", &["/run/probe", "c", "10", "229"]).context("no FUSE device for everybody")?;
    fs::remove_file("/run/probe")?;
    works("fusermount3", &["--version"]).context("no fusermount3")?;
    works("bindfs", &["--version"]).context("no bindfs")
}

fn toolchain(channel: Channel) -> Result<()> {
    let cargo = Path::new(channel.place()).join("bin/cargo");
    ensure!(cargo.exists(), "none is installed beside the one that runs the tests");
    works(&cargo.to_string_lossy(), &["--version"])
}

fn shell(name: &str) -> Result<()> {
    works(name, &["-c", "echo"]).with_context(|| format!("no {name}"))
}

fn works(program: &str, args: &[&str]) -> Result<()> {
    let output = Command::new(program).args(args).output().with_context(|| program.to_owned())?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{}", said.lines().next().unwrap_or("it fails"));
    }
    Ok(())
}

fn on_a_directory(name: &str, check: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let directory = Path::new("/run").join(name);
    make::directory(&directory, 0, 0, 0o755);
    let checked = check(&directory);
    fs::remove_dir(&directory)?;
    checked
}

fn immutable(directory: &Path) -> Result<()> {
    let path = directory.to_string_lossy();
    works("chattr", &["+i", &path])?;
    let refused = fs::create_dir(directory.join("child")).is_err();
    works("chattr", &["-i", &path])?;
    ensure!(refused, "the attribute has no effect");
    Ok(())
}

/// One of each kind that the tests use, mounted and let go again.
fn images() -> Result<()> {
    for kind in make::Image::ALL {
        let known = fs::read_to_string("/proc/filesystems").unwrap_or_default();
        let known = known.lines().any(|line| line.trim() == kind.name());
        ensure!(known, "the kernel has not loaded {}", kind.name());
        let directory = Path::new("/run").join(kind.name());
        make::image(&directory, kind).map_err(|said| {
            // What mount says is the last line.
            let line = said.lines().rfind(|line| !line.trim().is_empty());
            anyhow::anyhow!("{}", line.unwrap_or_default())
        })?;
        works("umount", &[&directory.to_string_lossy()])?;
        fs::remove_dir(&directory)?;
        fs::remove_file(directory.with_extension("img"))?;
    }
    Ok(())
}

/// Asks no more than what is loaded already: a module would outlive the machine.
fn vfat() -> Result<()> {
    let known = fs::read_to_string("/proc/filesystems").unwrap_or_default();
    let known = known.lines().any(|line| line.trim() == "vfat");
    ensure!(known, "the kernel has not loaded it");
    works("mkfs.vfat", &["--help"])
}
