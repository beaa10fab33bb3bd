//! Every message, as a person reads it, with its exit code. `SNAPSHOTS=overwrite` rewrites them.

use std::io;
use std::path::PathBuf;

use snapbox::{assert_data_eq, str};

use super::{
    EditorError, Error, FileError, Flaw, Kind, Obstacle, ObstacleKind, Owner, Refusal, RootFault,
    SettingsError, SetupError, ToolchainError,
};

fn alice() -> Owner {
    Owner { uid: 1500, name: Some("alice".into()) }
}

fn mallory() -> Owner {
    Owner { uid: 1666, name: Some("mallory".into()) }
}

fn message(error: impl Into<Error>) -> String {
    let error = error.into();
    let help = error.help().map_or(String::new(), |help| format!("\nhelp: {help}"));
    format!("error: {error}{help}\nexit {}", error.exit_code())
}

fn refused(path: &str, owner: Owner, flaw: Flaw) -> String {
    message(Refusal { path: path.into(), owner, caller: alice(), flaw })
}

fn denied() -> io::Error {
    io::Error::from_raw_os_error(13)
}

#[test]
fn not_a_directory_of_somebody_else() {
    assert_data_eq!(
        refused("/srv/root/alice", mallory(), Flaw::NotADirectory(Kind::Symlink)),
        str![[r#"
error: refusing to use `/srv/root/alice`: it is a symlink, owned by mallory (uid 1666)
help: ask mallory (uid 1666) or the administrator to take it away: ls -ld /srv/root/alice
exit 77
"#]]
    );
}

#[test]
fn not_a_directory_of_ones_own() {
    assert_data_eq!(
        refused("/srv/root/alice", alice(), Flaw::NotADirectory(Kind::Fifo)),
        str![[r#"
error: refusing to use `/srv/root/alice`: it is a fifo, owned by alice (uid 1500)
help: if it is of no use to you: rm /srv/root/alice
exit 77
"#]]
    );
}

#[test]
fn foreign() {
    assert_data_eq!(
        refused("/srv/root/alice", mallory(), Flaw::Foreign),
        str![[r#"
error: refusing to use `/srv/root/alice`: it is owned by mallory (uid 1666), and you are alice (uid 1500)
help: ask mallory (uid 1666) or the administrator to take it away: ls -ld /srv/root/alice
exit 77
"#]]
    );
}

#[test]
fn foreign_without_an_account() {
    assert_data_eq!(
        refused("/srv/root/alice", Owner { uid: 7, name: None }, Flaw::Foreign),
        str![[r#"
error: refusing to use `/srv/root/alice`: it is owned by uid 7, and you are alice (uid 1500)
help: ask uid 7 or the administrator to take it away: ls -ld /srv/root/alice
exit 77
"#]]
    );
}

#[test]
fn writable_by_others() {
    assert_data_eq!(
        refused("/srv/root/alice", alice(), Flaw::WritableByOthers(0o775)),
        str![[r#"
error: refusing to use `/srv/root/alice`: others can write to it (mode 0775)
help: its contents cannot be trusted any more; put it aside, or let root do so: mv -T /srv/root/alice /srv/root/alice.untrusted-$(date +%s)
exit 77
"#]]
    );
}

#[test]
fn writable_inside() {
    let flaw = Flaw::WritableInside("target/debug/deps".into(), 0o775);
    assert_data_eq!(
        refused("/srv/root/alice", alice(), flaw),
        str![[r#"
error: refusing to use `/srv/root/alice`: others could read it until now, and write to `target/debug/deps` in it (mode 0775)
help: its contents cannot be trusted any more; put it aside, or let root do so: mv -T /srv/root/alice /srv/root/alice.untrusted-$(date +%s)
exit 77
"#]]
    );
}

#[test]
fn root_writable_for_its_owner() {
    assert_data_eq!(
        refused("/srv/root", alice(), Flaw::RootWritable(0o777)),
        str![[r#"
error: refusing to use the shared root `/srv/root`: others can create files in it that cargo and build tools read (mode 0777)
help: take away what others have put there, such as `.cargo`; then chmod go-w /srv/root
exit 77
"#]]
    );
}

#[test]
fn owner_bits_missing() {
    assert_data_eq!(
        refused("/srv/root/alice", alice(), Flaw::OwnerBitsMissing(0o500)),
        str![[r#"
error: refusing to use `/srv/root/alice`: its owner cannot use it (mode 0500)
help: chmod u+rwx /srv/root/alice
exit 77
"#]]
    );
}

#[test]
fn modes_ignored() {
    assert_data_eq!(
        refused("/srv/root/alice", alice(), Flaw::ModesIgnored(0o755)),
        str![[r#"
error: refusing to use `/srv/root/alice`: it was made with mode 0700 and has mode 0755 and belongs to alice (uid 1500), so this file system does not keep Unix permissions
help: choose a shared root on a file system with Unix permissions
exit 77
"#]]
    );
}

#[test]
fn root_replaceable() {
    assert_data_eq!(
        refused(
            "/srv/root",
            Owner { uid: 0, name: Some("root".into()) },
            Flaw::RootWritable(0o2775)
        ),
        str![[r#"
error: refusing to use the shared root `/srv/root`: others can create files in it that cargo and build tools read (mode 2775)
help: ask root (uid 0) to run: cargo-peruser setup --shared-root /srv/root
exit 77
"#]]
    );
}

#[test]
fn ancestor_writable() {
    assert_data_eq!(
        refused("/srv", Owner { uid: 0, name: Some("root".into()) }, Flaw::WayWritable(0o777)),
        str![[r#"
error: refusing to use what is below `/srv`: others can create files in it that cargo and build tools read (mode 0777)
help: take away what others have put there, such as `.cargo`; then ask root (uid 0) to run: chmod go-w /srv
exit 77
"#]]
    );
}

#[test]
fn way_foreign() {
    assert_data_eq!(
        refused("/srv", mallory(), Flaw::WayForeign),
        str![[r#"
error: refusing to use what is below `/srv`: it is owned by mallory (uid 1666), who could replace directories in it
help: choose a place that only you or root can change: namei -l /srv
exit 77
"#]]
    );
}

#[test]
fn way_unmapped() {
    assert_data_eq!(
        refused("/", Owner { uid: 65534, name: None }, Flaw::WayUnmapped),
        str![[r#"
error: refusing to use what is below `/`: its owner has no account here and appears as uid 65534
help: this user namespace hides the owner; if you trust it: CARGO_PERUSER_TRUSTED_OWNERS=65534
exit 77
"#]]
    );
}

#[test]
fn way_not_a_directory() {
    assert_data_eq!(
        refused("/srv/root", alice(), Flaw::WayNotADirectory(Kind::File)),
        str![[r#"
error: refusing to use what is below `/srv/root`: it is a file
help: choose another place
exit 77
"#]]
    );
}

#[test]
fn swapped() {
    assert_data_eq!(
        refused("/srv/root", alice(), Flaw::Swapped),
        str![[r#"
error: refusing to use `/srv/root`: it was replaced while it was being checked
help: run this again; if it stays, look for who replaces it
exit 77
"#]]
    );
}

#[test]
fn unreadable() {
    assert_data_eq!(
        refused("/srv/root", alice(), Flaw::Unreadable(denied())),
        str![[r#"
error: refusing to use `/srv/root`: it cannot be checked: permission denied (os error 13)
help: ls -ld /srv/root
exit 77
"#]]
    );
}

#[test]
fn members_only() {
    let root = Owner { uid: 0, name: Some("root".into()) };
    assert_data_eq!(
        refused("/srv/root", root, Flaw::MembersOnly("devs".into())),
        str![[r#"
error: refusing to use the shared root `/srv/root`: only members of the group devs have access, and you are alice (uid 1500)
help: ask the administrator to run: usermod -aG devs alice; or to list you under `exclude.users`
exit 77
"#]]
    );
}

fn root_fault(fault: RootFault) -> SetupError {
    SetupError::Root { path: "/srv/root".into(), fault }
}

#[test]
fn what_setup_does_not_understand() {
    let all = [
        SetupError::Unfinished { path: "/home/alice/.bashrc".into(), line: 7 },
        SetupError::Path { path: "/it's".into(), cause: "has a quote in it", help: "use --prefix" },
        root_fault(RootFault::Named { origin: "`/etc/x` line 3".into(), asked: "/srv/b".into() }),
        SetupError::Written { path: "/home/alice/.bashrc".into(), line: 7 },
        SetupError::OtherInstallation { path: "/home/alice/.bashrc".into() },
        SetupError::NoGroup { name: "devs".into() },
        SetupError::GroupOfOnesOwn,
        SetupError::Receipt { path: "/x/setup.json".into(), cause: "EOF at line 1".into() },
    ];
    assert_data_eq!(
        all.map(message).join("\n"),
        str![[r#"
error: the block of cargo-peruser in `/home/alice/.bashrc` line 7 has no last line
help: take the block out, or put its last line `# <<< cargo-peruser <<<` back: ${EDITOR:-vi} +7 /home/alice/.bashrc
exit 1
error: cannot install below `/it's`: it has a quote in it
help: use --prefix
exit 1
error: `shared-root` is set to `/srv/root` in `/etc/x` line 3
help: write /srv/b there, or leave --shared-root out
exit 1
error: the block of cargo-peruser in `/home/alice/.bashrc` line 7 holds lines that setup has not put there
help: move your lines out of the block: ${EDITOR:-vi} +7 /home/alice/.bashrc
exit 1
error: `/home/alice/.bashrc` belongs to another installation of cargo-peruser
help: take that one back first: cargo-peruser setup --uninstall --prefix …
exit 1
error: there is no group `devs`
help: groupadd devs
exit 1
error: --group is for a machine's shared root, which only root sets up
help: sudo cargo-peruser setup --group …
exit 1
error: cannot use the receipt `/x/setup.json`: EOF at line 1
help: ls -l /x/setup.json
exit 1
"#]]
    );
}

#[test]
fn places_that_setup_does_not_use() {
    let path = || PathBuf::from("/usr/local/bin");
    let all = [
        SetupError::Taken { path: path(), kind: Kind::Directory },
        SetupError::Prefix { path: path(), owner: mallory(), mode: 0o777 },
        root_fault(RootFault::Foreign(mallory())),
        root_fault(RootFault::InUse(vec!["/srv/root/.cargo".into(), "/srv/root/debug".into()])),
        root_fault(RootFault::TheSystems),
    ];
    assert_data_eq!(
        all.map(message).join("\n"),
        str![[r#"
error: cannot install `/usr/local/bin`: the place is taken by a directory that setup has not put there
help: look at it, and move it away: ls -ld /usr/local/bin
exit 1
error: refusing to install below `/usr/local/bin`: it is owned by mallory (uid 1666) and has mode 0777, so others could replace what everyone runs
help: name another place with --prefix, that only root can change: namei -l /usr/local/bin
exit 77
error: refusing to use `/srv/root` as shared root: it is owned by mallory (uid 1666)
help: name another directory with --shared-root, or none for the usual: ls -ld /srv/root
exit 77
error: refusing to use `/srv/root` as shared root: what is nobody's private directory is in it, and builds may read it: `/srv/root/.cargo`, `/srv/root/debug`
help: move them away, or name another directory with --shared-root
exit 77
error: refusing to use `/srv/root` as shared root: the system needs it
help: name a directory that serves nothing else with --shared-root
exit 77
"#]]
    );
}

#[test]
fn a_value_that_a_format_cannot_hold() {
    assert_data_eq!(
        message(Error::NotUtf8 { variable: "PATH" }),
        str![[r#"
error: the value of PATH is not UTF-8, which this format cannot hold
help: --shell sh prints any value
exit 1
"#]]
    );
}

#[test]
fn a_toolchain_directory_of_somebody_elses_making() {
    assert_data_eq!(
        message(ToolchainError::Foreign {
            directory: "/home/alice/my bin".into(),
            entry: "/home/alice/my bin/notes".into()
        }),
        str![[r#"
error: cannot use `/home/alice/my bin` as a toolchain directory: cargo-peruser has not made `/home/alice/my bin/notes`
help: name a directory that is empty or new: cargo-peruser toolchain '/home/alice/my bin/peruser'
exit 1
"#]]
    );
}

#[test]
fn no_home_for_a_toolchain_directory() {
    assert_data_eq!(
        message(ToolchainError::NoHome { uid: 7 }),
        str![[r#"
error: no place for a toolchain directory: uid 7 has no home directory of its own
help: name a directory: cargo-peruser toolchain <DIR>
exit 73
"#]]
    );
}

#[test]
fn a_rustup_toolchain_that_leads_back() {
    let linked = |toolchain: &str| {
        let cargo = "/home/alice/.cargo/bin/cargo".into();
        message(ToolchainError::Linked { toolchain: toolchain.into(), cargo })
    };
    assert_data_eq!(
        [linked("editors"), linked("/opt/editors")].join("\n"),
        str![[r#"
error: the toolchain `editors` is a link to a directory of cargo-peruser, which leads back to rustup: `/home/alice/.cargo/bin/cargo` handed the call back
help: rustup toolchain uninstall editors
exit 127
error: the toolchain `/opt/editors` is a link to a directory of cargo-peruser, which leads back to rustup: `/home/alice/.cargo/bin/cargo` handed the call back
help: unset RUSTUP_TOOLCHAIN
exit 127
"#]]
    );
}

#[test]
fn control_characters() {
    // Not as a snapshot, because those take a backslash for a slash.
    let message = refused("/srv/a\nb\u{1b}[2J", mallory(), Flaw::Foreign);
    assert!(message.contains(r"`/srv/a\nb\u{1b}[2J`"), "{message}");
}

#[test]
fn foreign_rights() {
    assert_data_eq!(
        message(Error::ForeignRights { ids: (1500, 0), what: "uid" }),
        str![[r#"
error: refusing to run with another account's rights: uid 1500 acts as 0
help: remove the set-id bit from cargo-peruser, it must run as its caller
exit 77
"#]]
    );
}

#[test]
fn create() {
    assert_data_eq!(
        message(Error::Create {
            doing: "create directory",
            path: "/srv/root/alice".into(),
            cause: denied(),
            help: Some("ask the administrator to run: sudo cargo-peruser provision alice".into())
        }),
        str![[r#"
error: failed to create directory `/srv/root/alice`: permission denied (os error 13)
help: ask the administrator to run: sudo cargo-peruser provision alice
exit 73
"#]]
    );
}

#[test]
fn no_home() {
    assert_data_eq!(
        message(Error::NoHome { uid: 7 }),
        str![[r#"
error: no place for a private directory: uid 7 has no home directory of its own
help: set XDG_CACHE_HOME to a directory of your own, or CARGO_PERUSER_SHARED_ROOT
exit 73
"#]]
    );
}

#[test]
fn exec() {
    assert_data_eq!(
        message(Error::Exec { path: "/opt/my rust/cargo".into(), cause: denied() }),
        str![[r#"
error: failed to execute `/opt/my rust/cargo`: permission denied (os error 13)
help: ls -lL '/opt/my rust/cargo'
exit 126
"#]]
    );
}

#[test]
fn no_real_cargo() {
    assert_data_eq!(
        message(Error::NoRealCargo {
            seen: vec![
                ("/opt/shim/cargo".into(), "it is cargo-peruser itself"),
                ("/tmp/cargo".into(), "everyone can write to its directory")
            ]
        }),
        str![[r#"
error: no cargo found to execute
  passed over `/opt/shim/cargo`: it is cargo-peruser itself
  passed over `/tmp/cargo`: everyone can write to its directory
help: install Rust, mend what is said above, or name the cargo to execute with `real-cargo` in the settings or CARGO_PERUSER_REAL_CARGO
exit 127
"#]]
    );
}

#[test]
fn no_real_cargo_anywhere() {
    assert_data_eq!(
        message(Error::NoRealCargo { seen: vec![] }),
        str![[r#"
error: no cargo found to execute
help: install Rust, mend what is said above, or name the cargo to execute with `real-cargo` in the settings or CARGO_PERUSER_REAL_CARGO
exit 127
"#]]
    );
}

#[test]
fn settings_file() {
    assert_data_eq!(
        message(SettingsError::File {
            origin: "`/etc/cargo-peruser/config.toml`".into(),
            cause: "others can write to it (mode 0666)".into(),
            help: "chmod go-w /etc/cargo-peruser/config.toml".into()
        }),
        str![[r#"
error: cannot use the settings in `/etc/cargo-peruser/config.toml`: others can write to it (mode 0666)
help: chmod go-w /etc/cargo-peruser/config.toml
exit 78
"#]]
    );
}

#[test]
fn exec_loop() {
    assert_data_eq!(
        message(Error::ExecLoop { hops: 24, last: Some("/opt/x/cargo".into()) }),
        str![[r#"
error: `/opt/x/cargo` has executed cargo-peruser again, 24 times inside one another
help: let the wrapper execute a cargo by its path, or name one with `real-cargo` in the settings
exit 127
"#]]
    );
}

#[test]
fn make_private() {
    assert_data_eq!(
        message(Error::Create {
            doing: "make private",
            path: "/srv/root/alice".into(),
            cause: denied(),
            help: None
        }),
        str![[r#"
error: failed to make private `/srv/root/alice`: permission denied (os error 13)
exit 73
"#]]
    );
}

#[test]
fn root_through_a_symlink() {
    assert_data_eq!(
        message(SettingsError::Root {
            origin: "`/etc/cargo-peruser/config.toml` line 1".into(),
            path: "/srv/root".into(),
            cause: "has a symlink in it, `/srv`".into()
        }),
        str![[r#"
error: invalid value for `shared-root` in `/etc/cargo-peruser/config.toml` line 1: `/srv/root` has a symlink in it, `/srv`
help: give the real absolute path, as `realpath` prints it
exit 78
"#]]
    );
}

#[test]
fn files_that_cannot_be_edited() {
    let path = || "/home/alice/.bashrc".into();
    let failed = FileError::Failed { doing: "write", path: path(), cause: denied() };
    let all = [
        FileError::NotAFile { path: path(), kind: Kind::Symlink },
        FileError::ReadOnly { path: path() },
        FileError::NotText { path: path() },
        FileError::Changed { path: path() },
        failed,
    ];
    assert_data_eq!(
        all.map(message).join("\n"),
        str![[r#"
error: cannot edit `/home/alice/.bashrc`: it is a symlink, not a file
help: ls -ld /home/alice/.bashrc
exit 1
error: cannot edit `/home/alice/.bashrc`: it is read-only
help: chmod u+w /home/alice/.bashrc
exit 1
error: cannot edit `/home/alice/.bashrc`: it is not UTF-8
help: file /home/alice/.bashrc
exit 1
error: `/home/alice/.bashrc` was changed by somebody else meanwhile
help: run the same command again
exit 1
error: failed to write `/home/alice/.bashrc`: permission denied (os error 13)
help: ls -ld /home/alice/.bashrc
exit 1
"#]]
    );
}

#[test]
fn files_that_would_lose_something() {
    let path = || "/home/alice/.bashrc".into();
    let name = || "system.posix_acl_access".into();
    let all = [
        FileError::Immutable { path: path() },
        FileError::Foreign { path: path(), owner: Owner { uid: 0, name: Some("root".into()) } },
        FileError::ForeignGroup { path: path(), group: "staff".into() },
        FileError::Linked { path: path(), names: 2 },
        FileError::Closed { path: path(), directory: "/home/alice".into() },
        FileError::Attribute { path: path(), name: name(), cause: denied() },
    ];
    assert_data_eq!(
        all.map(message).join("\n"),
        str![[r#"
error: cannot edit `/home/alice/.bashrc`: it is immutable
help: let root take the attribute away first: lsattr -d /home/alice/.bashrc
exit 1
error: cannot edit `/home/alice/.bashrc`: it is owned by root (uid 0)
help: put a file of your own in its place: ls -ld /home/alice/.bashrc
exit 1
error: cannot edit `/home/alice/.bashrc`: you are not in its group staff, which it would lose
help: give it to a group of yours first: ls -ld /home/alice/.bashrc
exit 1
error: cannot edit `/home/alice/.bashrc`: the file has 2 names, and only this one would change
help: make the other name a symlink, and find it with: find ~ -xdev -samefile /home/alice/.bashrc
exit 1
error: cannot edit `/home/alice/.bashrc`: its directory `/home/alice` is not writable
help: ls -ld /home/alice /home/alice/.bashrc
exit 1
error: cannot edit `/home/alice/.bashrc`: it would lose its attribute `system.posix_acl_access`: permission denied (os error 13)
help: change it by hand; what it has shows: getfattr -d -m - /home/alice/.bashrc
exit 1
"#]]
    );
}

fn obstacle(kind: ObstacleKind) -> String {
    let path = "/home/alice/.config/zed/settings.json".into();
    let obstacle = Obstacle { line: 7, kind };
    message(EditorError::Obstacle { editor: "zed", path, obstacle })
}

#[test]
fn settings_of_an_editor_that_cannot_be_changed() {
    let kinds = [
        ObstacleKind::Syntax("expected comma".into()),
        ObstacleKind::NotATable(Some("lsp".into())),
        ObstacleKind::NotATable(None),
        ObstacleKind::Twice("lsp".into()),
        ObstacleKind::Choice { name: "CARGO_TARGET_DIR".into(), value: "\"/tmp/x\"".into() },
        ObstacleKind::HalfABlock,
        ObstacleKind::NotOurs,
        ObstacleKind::Unsupported("other settings would change with it".into()),
    ];
    assert_data_eq!(
        kinds.map(obstacle).join("\n"),
        str![[r#"
error: cannot edit `/home/alice/.config/zed/settings.json`: line 7: expected comma
help: correct the line and run the same command again
exit 1
error: cannot edit `/home/alice/.config/zed/settings.json`: line 7: `lsp` holds no table
help: put in by hand what `cargo-peruser editor zed` prints
exit 1
error: cannot edit `/home/alice/.config/zed/settings.json`: line 7: it holds no table of settings
help: put in by hand what `cargo-peruser editor zed` prints
exit 1
error: cannot edit `/home/alice/.config/zed/settings.json`: line 7: `lsp` stands there twice
help: correct the line and run the same command again
exit 1
error: cannot edit `/home/alice/.config/zed/settings.json`: line 7: `CARGO_TARGET_DIR` is set to "/tmp/x" already
help: leave it, since your own choice stays in force, or take `CARGO_TARGET_DIR` out and run the same command again
exit 1
error: cannot edit `/home/alice/.config/zed/settings.json`: line 7: the block of cargo-peruser that begins here has lost its end
help: end the block again, or take what is left of it out
exit 1
error: cannot edit `/home/alice/.config/zed/settings.json`: line 7: it was not written by cargo-peruser
help: give the file another name
exit 1
error: cannot edit `/home/alice/.config/zed/settings.json`: line 7: it is written in a way that cannot be changed: other settings would change with it
help: put in by hand what `cargo-peruser editor zed` prints
exit 1
"#]]
    );
}

#[test]
fn an_editor_that_cannot_be_told() {
    let all = [
        EditorError::NoFile { editor: "rustrover", title: "RustRover" },
        EditorError::NotUtf8 { path: "/srv/x".into() },
        EditorError::NoHome { uid: 1500 },
    ];
    assert_data_eq!(
        all.map(message).join("\n"),
        str![[r#"
error: RustRover has no settings file that another program could write
help: `cargo-peruser editor rustrover` prints the steps
exit 1
error: editors cannot be told of `/srv/x`: the path is not UTF-8
help: let the administrator choose a shared root whose path is UTF-8
exit 1
error: no place for settings: uid 1500 has no home directory of its own
help: set XDG_CONFIG_HOME to a directory of your own
exit 1
"#]]
    );
}

/// Between reading and pasting, others can put a symlink where a command leads; and what seems to be
/// another's may be one's own.
#[test]
fn no_help_removes_or_gives_away() {
    for line in include_str!("tests.rs").lines().filter(|line| line.starts_with("help: ")) {
        for command in ["chown ", "chgrp ", "install -d", "rm -rf", "sudo rm", "chattr "] {
            assert!(!line.contains(command), "{line}");
        }
    }
}
