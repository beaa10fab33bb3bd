//! Machines, each broken in one way.
//!
//! Commands can use `$S`, the shared root, `$C`, the checkout, `$H`, alice's home, and `$D`, their
//! parent directory.

/// One machine: what is broken, what doctor finds, and what repairs it.
pub(super) struct Scene {
    pub(super) name: &'static str,
    pub(super) needs: &'static [Need],
    /// The command with which root breaks a working machine.
    pub(super) how: &'static str,
    /// The first lines of the session.
    pub(super) session: &'static str,
    /// The user who runs doctor, and the flags.
    pub(super) asks: (&'static str, &'static [&'static str]),
    /// All findings: the beginning of the line, and a part of it.
    pub(super) finds: &'static [(&'static str, &'static str)],
    /// The repairs, one after the other, until nothing is found.
    pub(super) remedies: &'static [Remedy],
}

/// The action in a help line.
pub(super) enum Remedy {
    /// This user runs the command with this beginning.
    Run(&'static str, &'static str),
    /// The user who ran doctor runs it in their session.
    Here(&'static str),
    /// The help line is a sentence; this user runs a command for it.
    Words(&'static str, &'static str, &'static str),
    /// The same for the session.
    HereWords(&'static str, &'static str),
}

use Remedy::Here;
use Remedy::HereWords;
use Remedy::Run;
use Remedy::Words;

use crate::prelude::*;

const ALICE: Scene = Scene {
    name: "",
    needs: &[],
    how: "",
    session: "",
    asks: ("alice", &[]),
    finds: &[],
    remedies: &[],
};

const ROOT: Scene = Scene { asks: ("root", &["--all-users"]), ..ALICE };

/// The shared root.
pub(super) const SHARED_ROOT: &[Scene] = &[
    Scene {
        name: "a_root_that_its_group_can_write_to",
        how: "chown alice:devs $S; chmod 2775 $S",
        finds: &[("fail[root]", "others can create files in it")],
        remedies: &[Run("alice", "chmod go-w")],
        ..ALICE
    },
    Scene {
        name: "a_directory_above_the_root_that_everyone_can_write_to",
        how: "chmod 0777 $D",
        finds: &[("fail[root]", "refusing to build below")],
        remedies: &[Run("root", "chmod go-w")],
        ..ALICE
    },
    Scene {
        name: "a_root_on_a_file_system_that_is_noexec_and_read_only",
        how: "mount --bind $S $S; mount -o remount,bind,noexec,ro $S",
        finds: &[("fail[root]", "mounted read-only and noexec")],
        remedies: &[Run("root", "mount -o remount,rw,exec")],
        ..ALICE
    },
    Scene {
        name: "a_root_without_room",
        how: "mount -t tmpfs -o mode=755,size=513m tmpfs $S; cargo-peruser provision --all; \
              orphan; as_alice 'dd if=/dev/zero of=$T/file bs=1M count=2 2>&-'; age",
        finds: &[
            ("note[root]", "on a tmpfs"),
            ("warn[root]", "only 5"),
            ("note[records]", "is gone"),
        ],
        remedies: &[
            Run("alice", "cargo-peruser gc --apply"),
            Words("root", "choose a shared root on a local disk", "umount $S"),
        ],
        ..ALICE
    },
    Scene {
        name: "a_root_without_inodes",
        how: "mount -t tmpfs -o mode=755,size=1g,nr_inodes=1000 tmpfs $S; \
              cargo-peruser provision --all; orphan; \
              as_alice 'while touch $T/$((n += 1)) 2>&-; do :; done; rm $T/[1-5]'; age",
        finds: &[
            ("note[root]", "on a tmpfs"),
            ("warn[root]", "only 5 inodes are free"),
            ("note[records]", "is gone"),
        ],
        remedies: &[
            Run("alice", "cargo-peruser gc --apply"),
            Words("root", "choose a shared root on a local disk", "umount $S"),
        ],
        ..ALICE
    },
    Scene {
        name: "a_root_that_a_strict_umask_has_made",
        how: "chmod 750 $S",
        finds: &[("warn[private-dir]", "you have no private directory")],
        // What setup does is shown on a computer of its own.
        remedies: &[Words("root", "cargo-peruser setup --shared-root", "chmod 755 $S")],
        ..ALICE
    },
    Scene {
        name: "a_root_with_a_default_acl",
        needs: &[Need::Acls],
        how: "setfacl -d -m u:bob:rwx $S",
        finds: &[("note[root]", "has a default ACL")],
        remedies: &[Run("root", "setfacl -k")],
        ..ALICE
    },
    Scene {
        name: "a_root_below_a_checkout_that_its_group_can_write_to",
        how: "mkdir $C/builds; chown alice:alice $C/builds; chown alice:devs $C; chmod 2775 $C",
        session: "export CARGO_PERUSER_SHARED_ROOT=$C/builds",
        finds: &[("note[root]", "so its builds are not refused")],
        remedies: &[Run("alice", "chmod go-w")],
        ..ALICE
    },
    Scene {
        name: "a_root_that_is_gone",
        session: "export CARGO_PERUSER_SHARED_ROOT=$D/none CARGO_TARGET_DIR=$D/none/alice/target",
        finds: &[
            ("warn[root]", "does not exist"),
            ("warn[stale-session]", "in a shared root that does not exist"),
        ],
        remedies: &[
            Here("unset CARGO_TARGET_DIR"),
            // Setup is tested on a separate computer.
            Words("root", "cargo-peruser setup --shared-root", "umask 022; mkdir -p $D/none/alice"),
            Words("root", "remove it", "chown alice:alice $D/none/alice"),
            Run("alice", "chmod 0700"),
        ],
        ..ALICE
    },
];

/// Private directories.
pub(super) const PRIVATE_DIRS: &[Scene] = &[
    Scene {
        name: "a_private_directory_that_its_owner_cannot_use",
        how: "chmod 500 $S/alice",
        finds: &[("fail[private-dir]", "its owner cannot use it")],
        remedies: &[Run("alice", "chmod u+rwx")],
        ..ALICE
    },
    Scene {
        name: "a_private_directory_that_others_can_write_to",
        how: "chmod 775 $S/alice",
        finds: &[("fail[private-dir]", "others can write to it (mode 0775)")],
        remedies: &[Run("root", "mv -T"), Run("root", "cargo-peruser provision alice")],
        ..ALICE
    },
    Scene {
        name: "a_private_directory_on_a_noexec_file_system",
        how: "mount --bind $S/alice $S/alice; mount -o remount,bind,noexec $S/alice",
        finds: &[("fail[private-dir]", "mounted noexec")],
        remedies: &[Run("root", "mount -o remount,exec")],
        ..ALICE
    },
    Scene {
        name: "somebody_elses_directory_under_ones_name",
        how: "chown -R mallory $S/alice",
        finds: &[("fail[private-dir]", "owned by mallory")],
        remedies: &[
            Words("root", "ask mallory (uid 2003) or the administrator", "rm -r $S/alice"),
            Run("root", "cargo-peruser provision alice"),
        ],
        ..ALICE
    },
    Scene {
        name: "what_is_wrong_with_everybodys_private_directories",
        how: "chmod 755 $S/bob; rmdir $S/carol; chown mallory $S/user01; \
              chown 4001 $S/user02; \
              mkdir -m 700 $S/eve $S/doorman $S/former $S/uid-4002; chown 4001 $S/eve; \
              chown doorman $S/doorman; chown mallory $S/former; chown 4002 $S/uid-4002; \
              as_alice 'cargo build'; rm $S/alice/*-*/CACHEDIR.TAG",
        finds: &[
            ("warn[private-dir]: bob", "others can look into"),
            ("warn[private-dir]: carol", "there is no"),
            ("fail[private-dir]: user01", "owned by mallory (uid 2003)"),
            ("fail[private-dir]: user02", "owned by uid 4001"),
            ("note[private-dir]: uid-4001", "which has no account"),
            ("note[private-dir]: doorman", "which gets none: this account's shell is"),
            ("warn[private-dir]: mallory", "is not called like that account"),
            ("warn[private-dir]: alice", "has no valid CACHEDIR.TAG"),
        ],
        remedies: &[
            Run("bob", "chmod 0700"),
            Run("root", "cargo-peruser provision carol"),
            Words("root", "ask mallory (uid 2003) or the administrator", "rm -r $S/user01"),
            Run("root", "cargo-peruser provision user01"),
            // Nothing of it is removed: it may be a mistake, or a directory service does not list all
            // accounts.
            Words("root", "ask uid 4001 or the administrator to remove it", "rm -r $S/user02"),
            Run("root", "cargo-peruser provision user02"),
            Run("root", "rm -rf --one-file-system"),
            Words("root", "remove it, if nothing of it is needed", "rmdir $S/doorman"),
            Words("root", "remove it, if nothing of it is needed", "rmdir $S/former"),
            Run("alice", "echo 'Signature: "),
        ],
        ..ROOT
    },
    Scene {
        name: "roots_own_directory_when_root_looks_at_everybodys",
        how: "cargo-peruser provision root; chmod 755 $S/root",
        finds: &[("warn[private-dir]: ", "others can look into")],
        remedies: &[Run("root", "chmod 0700")],
        ..ROOT
    },
    Scene {
        name: "an_account_database_that_knows_nobody",
        how: "for uid in $(seq 4001 4099); do mkdir $S/gone$uid; chown $uid $S/gone$uid; done",
        finds: &[("warn[private-dir]", "more than half of the owners have no account")],
        remedies: &[Words("root", "getent passwd", "rmdir $S/gone*")],
        ..ROOT
    },
];

/// Files that others own or can change.
pub(super) const OTHERS: &[Scene] = &[
    Scene {
        name: "files_of_root_in_target_directories_and_the_homes_of_tools",
        how: "T=$S/alice/app-0123456789abcdef; as_alice \"mkdir -p $T/debug\"; touch $T/debug/app; \
              as_alice \"$TARGET\"; touch $C/target/debug/program; \
              as_alice 'mkdir ~/elsewhere; ln -s elsewhere ~/.cargo'; mkdir $H/elsewhere/registry; \
              mkdir -m 700 $H/.rustup $H/.rustup/toolchains",
        finds: &[
            ("fail[foreign-owned]", "/debug/app` belongs to root (uid 0)"),
            ("fail[foreign-owned]", "/elsewhere/registry` belongs to root (uid 0)"),
            ("fail[foreign-owned]", "/.rustup` belongs to root (uid 0)"),
            ("fail[foreign-owned]", "/target/debug/program` belongs to root (uid 0)"),
            ("warn[left-behind]", "left from earlier builds"),
        ],
        remedies: &[
            Run("root", "chown -RhP alice:"),
            Run("root", "chown -RhP alice:"),
            Run("root", "chown -RhP alice:"),
            Run("root", "chown -RhP alice:"),
            Run("alice", "cargo-peruser migrate"),
        ],
        ..ALICE
    },
    Scene {
        name: "by_deep_what_is_far_down",
        how: "as_alice 'mkdir -p ~/.cargo/a/b/c/d ~/.rustup/a/b; touch ~/.rustup/a/b/c; \
              chmod 666 ~/.rustup/a/b/c'; touch $H/.cargo/a/b/c/d/e",
        asks: ("alice", &["--deep"]),
        finds: &[
            ("fail[foreign-owned]", "/a/b/c/d/e` belongs to root (uid 0)"),
            ("warn[foreign-owned]", "/a/b/c` can be written to by other accounts"),
        ],
        remedies: &[Run("root", "chown -RhP alice:"), Run("alice", "chmod -R go-w")],
        ..ALICE
    },
    Scene {
        name: "homes_of_rustup_and_cargo_that_others_have_too",
        how: "as_alice 'mkdir -m 777 ~/.rustup'; mkdir $D/cargo; chown bob $D/cargo",
        session: "export CARGO_HOME=$D/cargo",
        finds: &[
            ("warn[shared-homes]", "several accounts can write to"),
            ("warn[shared-homes]", "belongs to bob (uid 2002)"),
        ],
        remedies: &[Run("alice", "chmod go-w"), Here("unset CARGO_HOME")],
        ..ALICE
    },
    Scene {
        name: "by_deep_files_of_root_in_a_cache_of_somebodys",
        how: "mkdir -p $S/bob/a/b/c/d; touch $S/bob/a/b/c/d/e; chown bob: $S/bob/a $S/bob/a/b \
              $S/bob/a/b/c",
        asks: ("root", &["--all-users", "--deep"]),
        finds: &[("fail[foreign-owned]: bob", "/a/b/c/d` belongs to root")],
        remedies: &[Run("root", "chown -RhP bob:")],
        ..ALICE
    },
];

/// The workspace in the working directory.
pub(super) const WORKSPACES: &[Scene] = &[
    Scene {
        name: "an_old_target_directory_of_bobs_with_a_store_of_nextest",
        how: "chown alice:devs $C; chmod 2775 $C; mkdir -p $C/target/nextest; \
              touch $C/target/.rustc_info.json; chown -R bob $C/target",
        finds: &[
            ("warn[left-behind]", "left from earlier builds"),
            ("warn[checkout]", "belongs to bob (uid 2002), and nextest fails"),
        ],
        remedies: &[
            Words("bob", "ask bob (uid 2002) to remove it, or keep", "rmdir $C/target/nextest"),
            Words("bob", "ask bob (uid 2002) to remove it; to look", "rm -r $C/target"),
        ],
        ..ALICE
    },
    Scene {
        name: "what_is_wrong_with_a_checkout_for_a_group",
        how: "chown alice:devs $C; chmod 775 $C; touch $C/Cargo.lock; chown bob:bob $C/Cargo.lock; \
              chmod 644 $C/Cargo.lock",
        session: "umask 022",
        finds: &[
            ("warn[checkout]", "set-group-id bit is missing"),
            ("note[checkout]", "because of your umask"),
            ("warn[checkout]", "cannot be written by the group devs (mode 0644)"),
        ],
        remedies: &[Run("alice", "chmod g+s"), Here("umask 002"), Run("bob", "chgrp devs")],
        ..ALICE
    },
    Scene {
        name: "a_build_directory_that_is_everybodys",
        how: "mkdir -m 1777 $D/common; mkdir $C/.cargo; chown alice $C/.cargo; \
              echo \"build.build-dir = '$D/common/{workspace-path-hash}'\" >$C/.cargo/config.toml; \
              chown alice $C/.cargo/config.toml",
        finds: &[("note[build-dir]", "config.toml")],
        remedies: &[Words(
            "alice",
            "build-dir = \"{cargo-cache-home}/build/{workspace-path-hash}\"",
            "sed -i \"s|'.*'|'{cargo-cache-home}/build/{workspace-path-hash}'|\" .cargo/config.toml",
        )],
        ..ALICE
    },
];

/// The variables of a session, and the entries of its PATH.
pub(super) const SESSIONS: &[Scene] = &[
    Scene {
        name: "directories_of_bobs_and_of_everybody",
        how: "mkdir -m 1777 $D/common",
        session: "export CARGO_TARGET_DIR=$S/bob/target CARGO_BUILD_TARGET_DIR=$D/common \
                  CARGO_BUILD_BUILD_DIR=$D/home/2002/x",
        finds: &[
            ("fail[stale-session]: CARGO_TARGET_DIR", "outside of your private directory"),
            ("warn[stale-session]: CARGO_BUILD_TARGET_DIR", "which others can write to"),
            ("fail[stale-session]: CARGO_BUILD_BUILD_DIR", "which belongs to bob (uid 2002)"),
        ],
        remedies: &[
            Here("unset CARGO_TARGET_DIR"),
            Here("unset CARGO_BUILD_TARGET_DIR"),
            Here("unset CARGO_BUILD_BUILD_DIR"),
        ],
        ..ALICE
    },
    Scene {
        name: "a_directory_of_ones_own_choice",
        session: "export CARGO_TARGET_DIR=$H/mine",
        finds: &[("note[stale-session]", "this session builds where CARGO_TARGET_DIR says")],
        remedies: &[Here("unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR")],
        ..ALICE
    },
    Scene {
        name: "a_variable_that_is_unknown",
        session: "export CARGO_PERUSER_SCOP=user",
        finds: &[("fail[settings]", "unknown setting `CARGO_PERUSER_SCOP`")],
        remedies: &[HereWords("did you mean `CARGO_PERUSER_SCOPE`?", "unset CARGO_PERUSER_SCOP")],
        ..ALICE
    },
    Scene {
        name: "outdated_settings_of_an_editor",
        how: "as_alice 'cargo-peruser editor helix --write >/dev/null'; \
              sed -i s,/alice/target,/alice/old, $H/.config/helix/languages.toml",
        finds: &[("warn[editor]", "the settings of helix name another directory")],
        remedies: &[Run("alice", "cargo-peruser editor")],
        ..ALICE
    },
    Scene {
        name: "no_real_cargo",
        session: "PATH=/opt/shim:/opt/peruser",
        finds: &[("fail[toolchain]", "no cargo found to execute")],
        remedies: &[HereWords("install Rust", "PATH=$PATH:/opt/stub")],
        ..ALICE
    },
    Scene {
        name: "what_is_wrong_with_the_tools_on_path_and_the_switch_off",
        how: "mkdir -m 777 $D/open; program $D/one/rustup 1; program $D/two/rustup 2; \
              program $D/new/cargo cargo 1.98.0; program $D/old/cargo cargo 1.63.0; \
              program $D/.asdf/shims/cargo 1",
        session: "PATH=$D/.asdf/shims:$PATH:$D/open:$D/one:$D/two:$D/new:$D/old; \
                  export CARGO_PERUSER=off",
        finds: &[
            ("warn[settings]", "the shim changes nothing here"),
            ("fail[path-order]", "/.asdf/shims/cargo` and not the shim"),
            ("warn[toolchain]", "everyone can write to it (mode 0777)"),
            ("note[toolchain]", "there are two rustups"),
            ("note[toolchain]", "/old/cargo` is cargo 1.63, beside 1.98 in"),
        ],
        remedies: &[
            Here("unset CARGO_PERUSER"),
            // Setup is tested on a separate computer.
            HereWords("ask root (uid 0) to run: cargo-peruser setup", "PATH=${PATH#*:}"),
            Run("root", "chmod o-w"),
            Words("root", "uninstall one of them", "rm $D/two/rustup"),
            Words("root", "uninstall the old one", "rm $D/old/cargo"),
        ],
        ..ALICE
    },
    Scene {
        name: "sccache_by_a_variable_and_by_configuration",
        how: "as_alice 'mkdir ~/.cargo; echo \"build.rustc-wrapper = \\\"sccache\\\"\" \
              >~/.cargo/config.toml'",
        // A port without a server: somebody may run their own server on this machine.
        session: "export RUSTC_WRAPPER=sccache SCCACHE_SERVER_PORT=1",
        finds: &[("note[sccache]", "sccache's keys contain CARGO_TARGET_DIR")],
        remedies: &[
            HereWords("let `compile-cache` in the settings", "unset RUSTC_WRAPPER"),
            Words("alice", "let `compile-cache` in the settings", "rm ~/.cargo/config.toml"),
        ],
        ..ALICE
    },
    Scene {
        name: "a_compile_cache_that_is_not_there",
        session: "export CARGO_PERUSER_COMPILE_CACHE=no-such-sccache",
        finds: &[("warn[sccache]", "dependencies are compiled without a cache")],
        remedies: &[HereWords("to compile without it", "export CARGO_PERUSER_COMPILE_CACHE=off")],
        ..ALICE
    },
];
