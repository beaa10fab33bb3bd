//! Arbitrary worlds: arguments, paths, settings, accounts and variables, hostile ones included.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use cargo_peruser::os::passwd::Account;
use cargo_peruser::settings::Key;
use cargo_peruser::settings::Settings;
use cargo_peruser::settings::parse::from_flags;
use cargo_peruser::shim::argv::Invocation;
use cargo_peruser::shim::build_dir::ConfiguredBuildDir;
use cargo_peruser::shim::decide::EntryPoint;
use cargo_peruser::shim::decide::Facts;
use cargo_peruser::shim::decide::RootState;
use cargo_peruser::shim::decide::Variables;
use cargo_peruser::workspace::Workspace;
use cargo_peruser::workspace::WorkspaceKind;
use cargo_peruser::workspace::identity::WorkspaceIdentity;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::prelude::*;

/// Bytes that an argument or a variable can contain.
fn raw() -> impl Strategy<Value = OsString> + Clone {
    vec(1..=255_u8, 0..12).prop_map(OsString::from_vec)
}

/// Words that cargo or we know, and some that a careless wrapper would not pass on.
const KNOWN: &[&str] = &[
    "build",
    "run",
    "clean",
    "test",
    "path",
    "explain",
    "peruser",
    "--",
    "-",
    "",
    "+nightly",
    "+",
    "-C",
    "-Cx",
    "--target-dir",
    "--target-dir=",
    "--target-dir=/x",
    "--manifest-path",
    "--manifest-path=a/Cargo.toml",
    "--config",
    "--config=build.target-dir='x'",
    "--help",
    "-V",
    "--version",
    "--color",
    "-Z",
    "-p",
    "/srv/root",
    "..",
    "--shared-root",
    "--scope=user",
    "--config=[broken",
    "--json",
    "-h",
    "nowhere",
    "CARGO_TARGET_DIR=x",
    "a name with spaces",
    "line\nbreak\ttab\r",
    "$HOME`id`\"'\\*~",
    "ä\u{202e}é\x1b[2J",
];

/// Words that are known or not.
fn word() -> impl Strategy<Value = OsString> {
    let known = prop::sample::select(KNOWN);
    prop_oneof![3 => known.prop_map(OsString::from), 1 => raw()]
}

pub(super) fn words() -> impl Strategy<Value = Vec<OsString>> {
    vec(word(), 0..10)
}

/// Paths around the shared root, and any others.
fn path() -> impl Strategy<Value = OsString> + Clone {
    let part =
        prop::sample::select(vec!["root", "alice", "target", "bob", "..", ".", "", "uid-7", "x"]);
    let near = vec(part, 0..6).prop_map(|parts| format!("/srv/{}", parts.join("/")).into());
    prop_oneof![3 => near, 1 => raw(), 1 => Just(OsString::from("../root/bob"))]
}

fn settings() -> impl Strategy<Value = Settings> {
    let of = |key: Key, texts: Vec<&'static str>| {
        option::weighted(0.8, prop::sample::select(texts).prop_map(move |text| (key, text.into())))
    };
    let users = vec!["alice", "bob", "alice,uid-7", ""];
    let flags = (
        of(Key::SharedRoot, vec!["/srv/root", "/srv", "/srv/root/alice", "/x y/ä"]),
        of(Key::Scope, vec!["workspace", "user"]),
        of(Key::ExplicitTargetDir, vec!["honour", "override"]),
        of(Key::Missing, vec!["own-cache", "refuse"]),
        of(Key::ExcludeUsers, users.clone()),
        of(Key::IncludeUsers, users),
    );
    flags.prop_map(|(root, scope, explicit, missing, exclude, include)| {
        let flags = [root, scope, explicit, missing, exclude, include];
        from_flags(&Vec::from_iter(flags.into_iter().flatten())).unwrap()
    })
}

fn account() -> impl Strategy<Value = Account> {
    let hostile =
        prop::sample::select(vec!["alice", "..", ".", "", "a/b", "/", "uid-0", "target", "-"]);
    let name = prop_oneof![hostile.prop_map(OsString::from), raw()];
    let shell = prop::sample::select(vec!["/bin/sh", "/usr/sbin/nologin", ""]);
    (0..10_u32, option::of(name), shell).prop_map(|(uid, name, shell)| Account {
        uid,
        name,
        shell: Some(shell.into()),
        ..Account::default()
    })
}

fn variables() -> impl Strategy<Value = Variables> {
    let absolute = || path().prop_map(|value| Path::new("/cwd").join(value));
    let of = || option::of(absolute());
    (of(), of(), of(), option::weighted(0.2, absolute())).prop_map(
        |(target, weaker, build, out_dir)| Variables {
            target_dir: target,
            build_target_dir: weaker,
            build_build_dir: build,
            out_dir,
        },
    )
}

fn build_dir() -> impl Strategy<Value = ConfiguredBuildDir> {
    (path(), any::<bool>()).prop_map(|(path, stays)| ConfiguredBuildDir {
        path: path.into(),
        origin: "a file".into(),
        stays,
    })
}

pub(super) fn facts() -> impl Strategy<Value = Facts> {
    let entry_point =
        prop::sample::select(vec![EntryPoint::Shim, EntryPoint::ByName, EntryPoint::Session]);
    let kind = prop::sample::select(vec![WorkspaceKind::Workspace, WorkspaceKind::Script]);
    let workspace = (path(), any::<u64>(), kind).prop_map(|(path, inode, kind)| {
        let identity = WorkspaceIdentity { inode, born: None };
        Workspace { kind, path: path.into(), identity }
    });
    let root = prop::sample::select(vec![
        RootState::Absent,
        RootState::Usable,
        RootState::Usable,
        RootState::NotProvisioned,
    ]);
    let flags = (entry_point, prop::bool::weighted(0.1), root, any::<bool>());
    let build_dirs = [option::of(build_dir()), option::of(build_dir())];
    let places = (path(), option::of(workspace), build_dirs);
    (flags, settings(), account(), words(), places, variables()).prop_map(
        |(flags, settings, account, words, (cwd, workspace, build_dirs), variables)| {
            let (entry_point, is_bypassed, root, config_chooses) = flags;
            let [configured_build_dir, build_dir_variable] = build_dirs;
            Facts {
                entry_point,
                is_bypassed,
                settings,
                root,
                account,
                own_cache: Some("/home/alice/.cache".into()),
                invocation: Invocation::read(&words),
                config_chooses,
                working_directory: Path::new("/").join(cwd),
                workspace,
                configured_build_dir,
                build_dir_variable,
                variables,
                ..Facts::default()
            }
        },
    )
}
