//! What some tests need besides the machine, and how it is found out whether it is there.

use std::collections::BTreeMap;
use std::process::Command;

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
    /// Access control lists on a tmpfs, and setfacl.
    Acls,
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

/// The reason that an ignored test is shown with, and a script that fails where the need is not met. It
/// runs in `/opt` as the machine's root, and leaves nothing behind. What is no module of the kernel yet is
/// not asked for: it would outlive the machine.
const PROBES: &[(Need, &str, &str)] = &[
    (Need::Cargo, "no stable toolchain and linker", "stable/bin/cargo --version; cc --version"),
    (Need::Nightly, "no nightly toolchain", "nightly/bin/cargo --version"),
    (Need::Rustup, "no rustup on PATH", "rustup/rustup --version"),
    (Need::Registry, "no crates in CARGO_HOME", "ls registry/cache/*/anyhow-*.crate"),
    (Need::Nextest, "no nextest", "cargo-nextest nextest --version"),
    (Need::Git, "no git", "git --version"),
    (Need::Flock, "no flock", "flock --version"),
    (Need::Acls, "no ACLs on tmpfs", "mkdir acls; setfacl -d -m u:2003:7 acls; rmdir acls"),
    (Need::Immutable, "no immutable directories", IMMUTABLE),
    (Need::AllIds, "this needs root itself", "grep '^ *0 *0 *4294967295$' /proc/self/uid_map"),
    (
        Need::UserNamespaces,
        "no user namespaces for ordinary accounts",
        "setpriv --reuid=2001 --regid=2001 --clear-groups unshare --user --map-current-user -- true",
    ),
    (
        Need::Bubblewrap,
        "no bubblewrap",
        "setpriv --reuid=2001 --regid=2001 --clear-groups \
         bwrap --unshare-user --uid 4711 --dev-bind / / true",
    ),
    (Need::Fakeroot, "no fakeroot", "fakeroot true"),
    (Need::Vfat, "no vfat", "grep -w vfat /proc/filesystems; mkfs.vfat --help"),
    (Need::Bash, "no bash", "bash -c echo"),
    (Need::Dash, "no dash", "dash -c echo"),
    (Need::Zsh, "no zsh", "zsh -c echo"),
    (Need::Fish, "no fish", "fish -c echo"),
    (Need::Tcsh, "no tcsh", "tcsh -c echo"),
    (Need::Yash, "no yash", "yash -c echo"),
    (Need::Elvish, "no elvish", "elvish -c echo"),
    (Need::Sudo, "no sudo", "sudo --help"),
    (Need::Su, "no su and script", "su --version; script --version"),
    (Need::Ssh, "no ssh server and client", "ls /usr/sbin/sshd; ssh -V"),
    (Need::Strace, "no strace", "strace --quiet --output=/dev/null true"),
    (Need::Terminal, "no script", "script -qec true /dev/null"),
    (Need::Images, "no file systems in files", IMAGES),
    (Need::Fuse, "no FUSE and bindfs", FUSE),
    (Need::Systemd, "no systemd-analyze", "systemd-analyze --version"),
    (Need::Sccache, "sccache is not installed", "sccache/sccache --version"),
    (Need::Redis, "no Redis server", "redis-server --version"),
];

const IMMUTABLE: &str = "
    mkdir immutable
    chattr +i immutable
    if mkdir immutable/child; then exit 1; fi
    chattr -i immutable
    rmdir immutable";

/// One of each kind that the tests use, mounted and let go again.
const IMAGES: &str = "
    mkdir image
    for kind in ext4 xfs; do
        grep -w $kind /proc/filesystems
        truncate --size 320M image.img
        mkfs.$kind -q image.img
        mount -o loop image.img image
        umount image
        rm image.img
    done
    rmdir image";

/// Lets everybody use it, and show others what they mount, as on most machines. This stays.
const FUSE: &str = "
    fusermount3 --version
    bindfs --version
    mknod -m 0666 fuse c 10 229
    mount --bind fuse /dev/fuse
    echo user_allow_other >/etc/fuse.conf";

/// What the machine lacks, and why.
pub(super) fn lacking() -> BTreeMap<Need, String> {
    let lacks = |&(need, reason, script): &(Need, &str, &str)| {
        let mut shell = Command::new("sh");
        let output = shell.args(["-ec", script]).current_dir("/opt").output();
        let said = match output {
            Ok(output) if output.status.success() => return None,
            Ok(output) => output.stderr,
            Err(error) => error.to_string().into(),
        };
        let said = String::from_utf8_lossy(&said);
        // What failed is the last that was said.
        let said = said.lines().rfind(|line| !line.trim().is_empty());
        let said = said.map(|line| format!(": {line}")).unwrap_or_default();
        Some((need, format!("{reason}{said}")))
    };
    PROBES.iter().filter_map(lacks).collect()
}
