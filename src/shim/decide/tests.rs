//! The seven rules, as a table that reads like the design.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{
    BUILD_BUILD_DIR, BUILD_TARGET_DIR, Choice, Decision, EntryPoint, Facts, Required, RootState,
    Rule, TARGET_DIR, decide,
};
use crate::os::lexical;
use crate::os::passwd::Account;
use crate::settings::parse::from_flags;
use crate::settings::{Key, Settings};
use crate::shim::argv::Invocation;
use crate::shim::build_dir::ConfiguredBuildDir;
use crate::workspace::identity::WorkspaceIdentity;
use crate::workspace::{Workspace, WorkspaceKind};

/// The value that a session exports and outer runs pass down.
const TARGET: &str = "/srv/root/alice/target";
const BUILD: &str = "/srv/root/alice/build/{workspace-path-hash}";
/// The same for a known workspace.
const OWN_BUILD: &str = "/srv/root/alice/build/app-1195476296a3495b/{workspace-path-hash}";
/// The name of the directory for alice's workspace.
const OWN: &str = "app-1195476296a3495b";

/// Alice builds `/srv/app` and rule 7 applies; each row changes some facts.
fn facts() -> Facts {
    Facts {
        settings: from_flags(&[(Key::SharedRoot, "/srv/root".into())]).unwrap(),
        root: RootState::Usable,
        account: Account { uid: 1500, name: Some("alice".into()), ..Account::default() },
        own_cache: Some("/home/alice/.cache".into()),
        invocation: typed(&["build"]),
        working_directory: "/srv/app".into(),
        workspace: Some(workspace(WorkspaceKind::Workspace)),
        ..Facts::default()
    }
}

fn workspace(kind: WorkspaceKind) -> Workspace {
    let identity = WorkspaceIdentity { inode: 7, born: Some(Duration::new(1_700_000_000, 5)) };
    Workspace { kind, path: "/srv/app".into(), identity }
}

fn typed(words: &[&str]) -> Invocation {
    Invocation::read(&words.iter().map(OsString::from).collect::<Vec<_>>())
}

fn choose(facts: &mut Facts, key: Key, text: &str) {
    let chosen = from_flags(&[(key, text.into())]).unwrap();
    facts.settings = Settings::settle([facts.settings.clone(), chosen]).unwrap();
}

/// The number of the rule and what happens, in one line.
fn outcome(facts: &mut Facts) -> String {
    let variable = facts.variables.build_build_dir.as_ref();
    facts.build_dir_variable = variable.and_then(|path| Some(configured(path.to_str()?)));
    let Decision { rule, required, target_dir, build_dir, removed } = decide(facts);
    let mut words = vec![rule.explained().0.to_string()];
    words.extend(target_dir.map(|path| format!("target={}", path.display())));
    words.extend(build_dir.map(|moved| format!("build={}", moved.to.display())));
    words.extend(removed.iter().map(|name| format!("without {name}")));
    if let Some(Required { place, target }) = required {
        words.push(format!("check {}", place.private_dir().display()));
        words.extend(target.map(|name| format!("make {name}")));
    }
    words.join(", ")
}

/// A variable's value, as it is gathered.
fn set(value: &str) -> Option<PathBuf> {
    let path = || lexical::absolute(Path::new("/srv/app"), Path::new(value));
    (!value.is_empty()).then(path)
}

fn with(change: impl FnOnce(&mut Facts)) -> String {
    let mut facts = facts();
    change(&mut facts);
    outcome(&mut facts)
}

fn with_target_dir(value: &str) -> String {
    with(|facts| facts.variables.target_dir = set(value))
}

#[test]
fn a_root_that_was_the_private_directory_stays_that() {
    let own = "/home/alice/.cache/cargo-peruser";
    let in_it = |value: Option<&str>| {
        with(|facts| {
            choose(facts, Key::SharedRoot, own);
            facts.root = RootState::IsPrivateDir;
            facts.variables.target_dir = value.and_then(set);
        })
    };
    let expected = format!("7, target={own}/{OWN}, check {own}, make {OWN}");
    assert_eq!(in_it(None), expected);
    assert_eq!(in_it(Some(&format!("{own}/target"))), expected);
    assert_eq!(in_it(Some("/elsewhere")), "5");
}

fn redirected() -> String {
    format!("7, target=/srv/root/alice/{OWN}, check /srv/root/alice, make {OWN}")
}

#[test]
fn rule_1_steps_aside_when_asked() {
    assert_eq!(with(|facts| facts.is_bypassed = true), "1");
    let inherits = |value: &str| {
        with(|facts| {
            facts.is_bypassed = true;
            facts.variables.target_dir = set(value);
        })
    };
    assert_eq!(inherits(TARGET), format!("1, without {TARGET_DIR}"));
    let own = "/home/alice/.cache/cargo-peruser/target";
    assert_eq!(inherits(own), format!("1, without {TARGET_DIR}"));
    assert_eq!(inherits("/elsewhere"), "1");
}

#[test]
fn rule_2_passes_through_without_a_shared_root() {
    assert_eq!(with(|facts| facts.root = RootState::Absent), "2");
    let inherits = |value: &str, root: Option<&str>| {
        with(|facts| {
            facts.root = RootState::Absent;
            facts.settings = Settings::default();
            root.into_iter().for_each(|root| choose(facts, Key::SharedRoot, root));
            facts.variables.target_dir = set(value);
            facts.variables.build_build_dir = set("/srv/root/alice/build/{workspace-path-hash}");
        })
    };
    let both = format!("2, without {TARGET_DIR}, without {BUILD_BUILD_DIR}");
    assert_eq!(inherits(TARGET, Some("/srv/root")), both);
    assert_eq!(inherits("/elsewhere", Some("/srv/root")), format!("2, without {BUILD_BUILD_DIR}"));
    assert_eq!(inherits(TARGET, None), "2");
}

#[test]
fn rule_2_gives_the_own_cache_directory_by_name() {
    let own = format!(
        "7, target=/home/alice/.cache/cargo-peruser/{OWN}, check /home/alice/.cache/cargo-peruser, \
         make {OWN}"
    );
    let by_name = |root| {
        with(|facts| {
            facts.entry_point = EntryPoint::ByName;
            facts.root = root;
        })
    };
    assert_eq!(by_name(RootState::Absent), own);
    assert_eq!(by_name(RootState::Usable), redirected());
    // Where there is no root, there is none to keep a service account out of.
    let service = with(|facts| {
        facts.entry_point = EntryPoint::ByName;
        facts.root = RootState::Absent;
        facts.account.shell = Some("/usr/sbin/nologin".into());
    });
    assert_eq!(service, own);
}

#[test]
fn an_account_that_is_not_provisioned_builds_in_its_own_cache_directory() {
    let own = format!(
        "7, target=/home/alice/.cache/cargo-peruser/{OWN}, check /home/alice/.cache/cargo-peruser, \
         make {OWN}"
    );
    let missing = |change: fn(&mut Facts)| {
        with(|facts| {
            facts.root = RootState::NotProvisioned;
            change(facts);
        })
    };
    assert_eq!(missing(|_| {}), own);
    assert_eq!(missing(|facts| facts.entry_point = EntryPoint::ByName), own);
    assert_eq!(missing(|facts| choose(facts, Key::Missing, "refuse")), redirected());
    assert_eq!(missing(|facts| facts.account.shell = Some("/bin/false".into())), "3");
    // A value that a session exported before or after the account was provisioned is not a choice.
    assert_eq!(missing(|facts| facts.variables.target_dir = set(TARGET)), own);
    let own = "/home/alice/.cache/cargo-peruser/target";
    assert_eq!(with_target_dir(own), redirected());
}

#[test]
fn rule_3_passes_service_accounts_through_and_keeps_them_out_of_the_root() {
    let service = |value: Option<&str>| {
        with(|facts| {
            facts.account.shell = Some("/usr/sbin/nologin".into());
            facts.variables.target_dir = value.and_then(set);
        })
    };
    assert_eq!(service(None), "3");
    assert_eq!(service(Some("")), "3");
    assert_eq!(service(Some("/elsewhere")), "3");
    assert_eq!(service(Some("/srv/root/alice/target")), format!("3, without {TARGET_DIR}"));
    assert_eq!(service(Some("/srv/root")), format!("3, without {TARGET_DIR}"));
    let all_three = with(|facts| {
        facts.account.shell = Some("/bin/false".into());
        facts.variables.build_target_dir = Some("/srv/root/x".into());
        facts.variables.build_build_dir = set("/srv/../srv/root/x");
    });
    assert_eq!(all_three, format!("3, without {BUILD_TARGET_DIR}, without {BUILD_BUILD_DIR}"));
}

#[test]
fn rule_4_gives_a_nested_run_in_a_build_script_its_own_directory() {
    let nested = |value: Option<&str>| {
        with(|facts| {
            facts.variables.out_dir = Some("/srv/root/alice/target/x/out".into());
            facts.variables.target_dir = value.and_then(set);
        })
    };
    assert_eq!(nested(None), "4");
    assert_eq!(nested(Some("")), "4");
    assert_eq!(
        nested(Some(TARGET)),
        format!("4, target=/srv/root/alice/target/x/out/target/{OWN}")
    );
    assert_eq!(nested(Some("/elsewhere")), "5");
}

#[test]
fn rule_4_takes_a_configured_build_directory_along() {
    let nested = with(|facts| {
        facts.variables.out_dir = Some("/o".into());
        facts.variables.target_dir = Some(TARGET.into());
        facts.configured_build_dir = Some(configured("/home/alice/build"));
    });
    assert_eq!(nested, format!("4, target=/o/target/{OWN}, build=/o/target/{OWN}"));
}

#[test]
fn rule_4_replaces_our_build_directory_even_without_our_target_directory() {
    let nested = |value: &'static str| {
        with(|facts| {
            facts.variables.out_dir = Some("/o".into());
            facts.variables.build_build_dir = Some(value.into());
        })
    };
    assert_eq!(nested(TARGET), format!("4, build=/o/target/{OWN}"));
    assert_eq!(nested("/elsewhere"), "4");
}

#[test]
fn rule_5_honours_an_explicit_choice() {
    assert_eq!(with(|facts| facts.invocation = typed(&["build", "--target-dir=x"])), "5");
    assert_eq!(with(|facts| facts.config_chooses = true), "5");
    for value in ["/elsewhere", "target", "../x", "/srv/rooted", "/srv/root/../x"] {
        assert_eq!(with_target_dir(value), "5", "{value}");
    }
    assert_eq!(with(|facts| facts.variables.build_target_dir = Some("/elsewhere".into())), "5");
}

#[test]
fn rule_5_lets_a_weaker_choice_win_over_our_own_variable() {
    let exported = |change: fn(&mut Facts)| {
        with(|facts| {
            facts.variables.target_dir = Some(TARGET.into());
            change(facts);
        })
    };
    let without = format!("5, without {TARGET_DIR}");
    assert_eq!(exported(|facts| facts.config_chooses = true), without);
    assert_eq!(
        exported(|facts| facts.variables.build_target_dir = Some("/elsewhere".into())),
        without
    );
    assert_eq!(exported(|facts| facts.invocation = typed(&["build", "--target-dir=x"])), "5");
}

#[test]
fn rule_5_asks_in_cargos_own_order() {
    let chosen = |change: fn(&mut Facts)| {
        let mut facts = facts();
        facts.variables.target_dir = Some("/variable".into());
        facts.variables.build_target_dir = Some("/weaker".into());
        facts.config_chooses = true;
        change(&mut facts);
        match decide(&facts).rule {
            Rule::Explicit(choice) => choice,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        chosen(|facts| facts.invocation = typed(&["build", "--target-dir=x"])),
        Choice::Flag
    );
    assert_eq!(chosen(|_| {}), Choice::Variable);
    assert_eq!(chosen(|facts| facts.variables.target_dir = None), Choice::Config);
    let weakest = |facts: &mut Facts| {
        facts.variables.target_dir = None;
        facts.config_chooses = false;
    };
    assert_eq!(chosen(weakest), Choice::BuildVariable);
}

#[test]
fn rule_5_is_turned_off_for_variables_by_override() {
    let overriding = |change: fn(&mut Facts)| {
        with(|facts| {
            choose(facts, Key::ExplicitTargetDir, "override");
            change(facts);
        })
    };
    let variable = |facts: &mut Facts| facts.variables.target_dir = Some("/elsewhere".into());
    assert_eq!(overriding(variable), redirected());
    let weaker = |facts: &mut Facts| facts.variables.build_target_dir = Some("/elsewhere".into());
    assert_eq!(overriding(weaker), redirected());
    assert_eq!(overriding(|facts| facts.invocation = typed(&["build", "--target-dir=x"])), "5");
    assert_eq!(overriding(|facts| facts.config_chooses = true), "5");
    let config_beside_variable = overriding(|facts| {
        facts.variables.target_dir = Some("/elsewhere".into());
        facts.config_chooses = true;
    });
    assert_eq!(config_beside_variable, format!("5, without {TARGET_DIR}"));
}

#[test]
fn rule_6_leaves_what_an_outer_run_chose() {
    for value in ["/srv/root/alice/mine", "/srv/root/alice/target/x/out/target"] {
        assert_eq!(with_target_dir(value), "6, check /srv/root/alice", "{value}");
    }
}

#[test]
fn rule_7_redirects_everything_else() {
    for value in [
        "",
        "/srv/root",
        "/srv/root/",
        "/srv/root/bob/target",
        "/srv/root/alice",
        "/srv/root/alice/",
        "/srv/root/alice/target",
        "/srv/root/alice/../bob/x",
        "../root/bob",
        // Set by an outer run; this run may be in another workspace.
        "/srv/root/alice/other-0123456789abcdef",
    ] {
        assert_eq!(with_target_dir(value), redirected(), "{value}");
    }
    let weaker = with(|facts| facts.variables.build_target_dir = Some("/srv/root/bob".into()));
    assert_eq!(weaker, redirected());
}

#[test]
fn the_scope_says_what_shares_a_directory() {
    let common = "7, target=/srv/root/alice/target, check /srv/root/alice, make target";
    let by_user = |kind| {
        with(|facts| {
            choose(facts, Key::Scope, "user");
            facts.workspace = Some(workspace(kind));
        })
    };
    assert_eq!(by_user(WorkspaceKind::Workspace), common);
    assert_eq!(by_user(WorkspaceKind::Script), redirected());
    // `cargo install NAME` has no sources.
    assert_eq!(with(|facts| facts.workspace = None), common);
}

#[test]
fn a_session_has_one_target_directory_and_a_build_directory_for_each_workspace() {
    let session = |change: fn(&mut Facts)| {
        with(|facts| {
            facts.entry_point = EntryPoint::Session;
            facts.workspace = None;
            change(facts);
        })
    };
    let both = format!("7, target={TARGET}, build={BUILD}, check /srv/root/alice, make target");
    assert_eq!(session(|_| {}), both);
    // Evaluating it again must change nothing.
    assert_eq!(session(|facts| facts.variables.build_build_dir = set(BUILD)), both);
    assert_eq!(
        session(|facts| facts.configured_build_dir = Some(configured("/shared/build"))),
        both
    );
    let copies = with(|facts| facts.invocation = typed(&["mutants"]));
    let own =
        format!("/srv/root/alice/{OWN}, build={OWN_BUILD}, check /srv/root/alice, make {OWN}");
    assert_eq!(copies, format!("7, target={own}"));
    // Each commit of a repository is another workspace, and all share one target directory.
    let fetched = with(|facts| facts.invocation = typed(&["install", "--git", "u"]));
    assert_eq!(fetched, format!("7, target={own}"));
    let own = session(|facts| facts.configured_build_dir = Some(configured("/home/alice/build")));
    assert_eq!(own, format!("7, target={TARGET}, check /srv/root/alice, make target"));
}

#[test]
fn a_shared_build_directory_becomes_the_workspaces_private_one() {
    let configured_at =
        |path: &str| with(|facts| facts.configured_build_dir = Some(configured(path)));
    let moved = format!(
        "7, target=/srv/root/alice/{OWN}, build={OWN_BUILD}, check /srv/root/alice, make {OWN}"
    );
    assert_eq!(configured_at("/shared/build"), moved);
    assert_eq!(configured_at("/home/alice/build"), redirected());
    assert_eq!(configured_at("/srv/root/alice/target"), redirected());
    let inherited = with(|facts| {
        facts.variables.target_dir = Some("/srv/root/alice/w-1".into());
        facts.configured_build_dir = Some(configured("/shared/build"));
    });
    assert_eq!(inherited, format!("6, build={OWN_BUILD}, check /srv/root/alice"));
}

#[test]
fn a_build_directory_that_is_ours_is_decided_anew() {
    for ours in [BUILD, "/srv/root/alice/app-1195476296a3495b", "/srv/root/alice/build/ab/cd"] {
        let nested = |own: Option<&'static str>| {
            with(|facts| {
                facts.variables.build_build_dir = Some(ours.into());
                facts.configured_build_dir = own.map(configured);
            })
        };
        let target = format!("7, target=/srv/root/alice/{OWN}");
        let end = format!("check /srv/root/alice, make {OWN}");
        let without = format!("{target}, without {BUILD_BUILD_DIR}, {end}");
        assert_eq!(nested(None), without);
        assert_eq!(nested(Some("/home/alice/build")), without);
        assert_eq!(nested(Some("/shared/build")), format!("{target}, build={OWN_BUILD}, {end}"));
        let explicit = with(|facts| {
            facts.variables.build_build_dir = Some(ours.into());
            facts.invocation = typed(&["build", "--target-dir=x"]);
        });
        assert_eq!(explicit, format!("5, without {BUILD_BUILD_DIR}"));
    }
    let ones_own = with(|facts| {
        facts.variables.build_build_dir = Some("/srv/root/alice/intermediates".into());
    });
    assert_eq!(ones_own, redirected());
}

fn configured(path: &str) -> ConfiguredBuildDir {
    let stays = path.starts_with("/home/alice/");
    ConfiguredBuildDir { path: path.into(), origin: "a file".into(), stays }
}
