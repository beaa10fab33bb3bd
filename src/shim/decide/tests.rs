//! The seven rules, as a table that reads like the design.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{
    BUILD_BUILD_DIR, BUILD_TARGET_DIR, Choice, Decision, EntryPoint, Facts, OwnDirectory, Required,
    RootState, Rule, TARGET_DIR, Variables, decide,
};
use crate::os::passwd::Account;
use crate::settings::parse::from_flags;
use crate::settings::{Key, Settings};
use crate::shim::argv::Invocation;
use crate::shim::build_dir::{Asked, ConfiguredBuildDir};

/// What a session exports, and outer runs hand down.
const TARGET: &str = "/srv/root/alice/target";
const BUILD: &str = "/srv/root/alice/build/{workspace-path-hash}";
/// The same where the workspace is known.
const OWN_BUILD: &str = "/srv/root/alice/build/app-0123456789abcdef/{workspace-path-hash}";
/// What alice's workspace has.
const OWN: &str = "app-0123456789abcdef";

/// A world in which alice builds `/srv/app` and rule 7 applies, to be changed row by row.
struct World {
    entry_point: EntryPoint,
    is_bypassed: bool,
    settings: Settings,
    root: RootState,
    account: Account,
    words: Vec<OsString>,
    config_chooses: bool,
    own_directory: Option<OwnDirectory>,
    build_dir: Option<ConfiguredBuildDir>,
    variables: Variables,
}

fn world() -> World {
    World {
        entry_point: EntryPoint::Shim,
        is_bypassed: false,
        settings: from_flags(&[(Key::SharedRoot, "/srv/root".into())]).unwrap(),
        root: RootState::Usable,
        account: Account { uid: 1500, name: Some("alice".into()), ..Account::default() },
        words: vec!["build".into()],
        config_chooses: false,
        own_directory: Some(OwnDirectory { name: OWN.into(), is_script: false }),
        build_dir: None,
        variables: Variables::default(),
    }
}

impl World {
    fn choose(&mut self, key: Key, text: &str) {
        let chosen = from_flags(&[(key, text.into())]).unwrap();
        self.settings = Settings::settle([self.settings.clone(), chosen]).unwrap();
    }

    fn decide(&self) -> Decision {
        let variable = self.variables.build_build_dir.as_ref();
        let variable = variable.and_then(|path| Some(configured(path.to_str()?)));
        let own_places = [PathBuf::from("/home/alice"), PathBuf::from("/home/alice/.cargo")];
        decide(&Facts {
            entry_point: self.entry_point,
            is_bypassed: self.is_bypassed,
            settings: &self.settings,
            root: self.root,
            account: &self.account,
            own_cache: Some(Path::new("/home/alice/.cache")),
            invocation: &Invocation::read(&self.words),
            config_chooses: self.config_chooses,
            working_directory: Path::new("/srv/app"),
            own_directory: self.own_directory.as_ref(),
            configured_build_dir: self.build_dir.as_ref(),
            build_dir_variable: variable.as_ref(),
            own_places: &own_places,
            variables: &self.variables,
        })
    }

    /// The number of the rule and what happens, in one line.
    fn outcome(&self) -> String {
        let Decision { rule, required, target_dir, build_dir, removed } = self.decide();
        let mut words = vec![rule.number().to_string()];
        words.extend(target_dir.map(|path| format!("target={}", path.display())));
        words.extend(build_dir.map(|moved| format!("build={}", moved.to.display())));
        words.extend(removed.iter().map(|name| format!("without {name}")));
        if let Some(Required { place, target }) = required {
            words.push(format!("check {}", place.private_dir().display()));
            words.extend(target.map(|name| format!("make {name}")));
        }
        words.join(", ")
    }
}

/// As [`crate::os::snapshot::Snapshot::variable`] reads them.
fn set(value: &str) -> Option<OsString> {
    Some(OsString::from(value)).filter(|value| !value.is_empty())
}

fn with(change: impl FnOnce(&mut World)) -> String {
    let mut world = world();
    change(&mut world);
    world.outcome()
}

fn with_target_dir(value: &str) -> String {
    with(|world| world.variables.target_dir = set(value))
}

fn redirected() -> String {
    format!("7, target=/srv/root/alice/{OWN}, check /srv/root/alice, make {OWN}")
}

#[test]
fn rule_1_steps_aside_when_asked() {
    assert_eq!(with(|world| world.is_bypassed = true), "1");
    let inherits = |value: &str| {
        with(|world| {
            world.is_bypassed = true;
            world.variables.target_dir = set(value);
        })
    };
    assert_eq!(inherits(TARGET), format!("1, without {TARGET_DIR}"));
    let own = "/home/alice/.cache/cargo-peruser/target";
    assert_eq!(inherits(own), format!("1, without {TARGET_DIR}"));
    assert_eq!(inherits("/elsewhere"), "1");
}

#[test]
fn rule_2_passes_through_without_a_shared_root() {
    assert_eq!(with(|world| world.root = RootState::Absent), "2");
    let inherits = |value: &str, root: Option<&str>| {
        with(|world| {
            world.root = RootState::Absent;
            world.settings = Settings::default();
            root.into_iter().for_each(|root| world.choose(Key::SharedRoot, root));
            world.variables.target_dir = set(value);
            world.variables.build_build_dir = set("/srv/root/alice/build/{workspace-path-hash}");
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
        with(|world| {
            world.entry_point = EntryPoint::ByName;
            world.root = root;
        })
    };
    assert_eq!(by_name(RootState::Absent), own);
    assert_eq!(by_name(RootState::Usable), redirected());
}

#[test]
fn an_account_that_is_not_provisioned_builds_in_its_own_cache_directory() {
    let own = format!(
        "7, target=/home/alice/.cache/cargo-peruser/{OWN}, check /home/alice/.cache/cargo-peruser, \
         make {OWN}"
    );
    let missing = |change: fn(&mut World)| {
        with(|world| {
            world.root = RootState::NotProvisioned;
            change(world);
        })
    };
    assert_eq!(missing(|_| {}), own);
    assert_eq!(missing(|world| world.entry_point = EntryPoint::ByName), own);
    assert_eq!(missing(|world| world.choose(Key::Missing, "refuse")), redirected());
    assert_eq!(missing(|world| world.account.shell = Some("/bin/false".into())), "3");
    // What a session exported before the account was provisioned, or after, is no choice.
    assert_eq!(missing(|world| world.variables.target_dir = set(TARGET)), own);
    let own = "/home/alice/.cache/cargo-peruser/target";
    assert_eq!(with_target_dir(own), redirected());
}

#[test]
fn rule_3_passes_service_accounts_through_and_keeps_them_out_of_the_root() {
    let service = |value: Option<&str>| {
        with(|world| {
            world.account.shell = Some("/usr/sbin/nologin".into());
            world.variables.target_dir = value.and_then(set);
        })
    };
    assert_eq!(service(None), "3");
    assert_eq!(service(Some("")), "3");
    assert_eq!(service(Some("/elsewhere")), "3");
    assert_eq!(service(Some("/srv/root/alice/target")), format!("3, without {TARGET_DIR}"));
    assert_eq!(service(Some("/srv/root")), format!("3, without {TARGET_DIR}"));
    let all_three = with(|world| {
        world.account.shell = Some("/bin/false".into());
        world.variables.build_target_dir = Some("/srv/root/x".into());
        world.variables.build_build_dir = Some("/srv/../srv/root/x".into());
    });
    assert_eq!(all_three, format!("3, without {BUILD_TARGET_DIR}, without {BUILD_BUILD_DIR}"));
}

#[test]
fn rule_4_gives_a_nested_run_in_a_build_script_its_own_directory() {
    let nested = |value: Option<&str>| {
        with(|world| {
            world.variables.out_dir = Some("/srv/root/alice/target/x/out".into());
            world.variables.target_dir = value.and_then(set);
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
    let nested = with(|world| {
        world.variables.out_dir = Some("/o".into());
        world.variables.target_dir = Some(TARGET.into());
        world.build_dir = Some(configured("/home/alice/build"));
    });
    assert_eq!(nested, format!("4, target=/o/target/{OWN}, build=/o/target/{OWN}"));
}

#[test]
fn rule_4_replaces_our_build_directory_even_without_our_target_directory() {
    let nested = |value: &'static str| {
        with(|world| {
            world.variables.out_dir = Some("/o".into());
            world.variables.build_build_dir = Some(value.into());
        })
    };
    assert_eq!(nested(TARGET), format!("4, build=/o/target/{OWN}"));
    assert_eq!(nested("/elsewhere"), "4");
}

#[test]
fn rule_5_honours_an_explicit_choice() {
    assert_eq!(with(|world| world.words = vec!["build".into(), "--target-dir=x".into()]), "5");
    assert_eq!(with(|world| world.config_chooses = true), "5");
    for value in ["/elsewhere", "target", "../x", "/srv/rooted", "/srv/root/../x"] {
        assert_eq!(with_target_dir(value), "5", "{value}");
    }
    assert_eq!(with(|world| world.variables.build_target_dir = Some("/elsewhere".into())), "5");
}

#[test]
fn rule_5_lets_a_weaker_choice_win_over_our_own_variable() {
    let exported = |change: fn(&mut World)| {
        with(|world| {
            world.variables.target_dir = Some(TARGET.into());
            change(world);
        })
    };
    let without = format!("5, without {TARGET_DIR}");
    assert_eq!(exported(|world| world.config_chooses = true), without);
    assert_eq!(
        exported(|world| world.variables.build_target_dir = Some("/elsewhere".into())),
        without
    );
    assert_eq!(exported(|world| world.words.push("--target-dir=x".into())), "5");
}

#[test]
fn rule_5_asks_in_cargos_own_order() {
    let chosen = |change: fn(&mut World)| {
        let mut world = world();
        world.variables.target_dir = Some("/variable".into());
        world.variables.build_target_dir = Some("/weaker".into());
        world.config_chooses = true;
        change(&mut world);
        match world.decide().rule {
            Rule::Explicit(choice) => choice,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(chosen(|world| world.words.push("--target-dir=x".into())), Choice::Flag);
    assert_eq!(chosen(|_| {}), Choice::Variable);
    assert_eq!(chosen(|world| world.variables.target_dir = None), Choice::Config);
    let weakest = |world: &mut World| {
        world.variables.target_dir = None;
        world.config_chooses = false;
    };
    assert_eq!(chosen(weakest), Choice::BuildVariable);
}

#[test]
fn rule_5_is_turned_off_for_variables_by_override() {
    let overriding = |change: fn(&mut World)| {
        with(|world| {
            world.choose(Key::ExplicitTargetDir, "override");
            change(world);
        })
    };
    let variable = |world: &mut World| world.variables.target_dir = Some("/elsewhere".into());
    assert_eq!(overriding(variable), redirected());
    let weaker = |world: &mut World| world.variables.build_target_dir = Some("/elsewhere".into());
    assert_eq!(overriding(weaker), redirected());
    assert_eq!(overriding(|world| world.words.push("--target-dir=x".into())), "5");
    assert_eq!(overriding(|world| world.config_chooses = true), "5");
    let config_beside_variable = overriding(|world| {
        world.variables.target_dir = Some("/elsewhere".into());
        world.config_chooses = true;
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
        // An outer run: this one may be in another workspace.
        "/srv/root/alice/other-0123456789abcdef",
    ] {
        assert_eq!(with_target_dir(value), redirected(), "{value}");
    }
    let weaker = with(|world| world.variables.build_target_dir = Some("/srv/root/bob".into()));
    assert_eq!(weaker, redirected());
}

#[test]
fn the_scope_says_what_shares_a_directory() {
    let common = "7, target=/srv/root/alice/target, check /srv/root/alice, make target";
    let by_user = |is_script| {
        with(|world| {
            world.choose(Key::Scope, "user");
            world.own_directory = Some(OwnDirectory { name: OWN.into(), is_script });
        })
    };
    assert_eq!(by_user(false), common);
    assert_eq!(by_user(true), redirected());
    // `cargo install NAME`: there are no sources.
    assert_eq!(with(|world| world.own_directory = None), common);
}

#[test]
fn a_session_has_one_target_directory_and_a_build_directory_for_each_workspace() {
    let session = |change: fn(&mut World)| {
        with(|world| {
            world.entry_point = EntryPoint::Session;
            world.own_directory = None;
            change(world);
        })
    };
    let both = format!("7, target={TARGET}, build={BUILD}, check /srv/root/alice, make target");
    assert_eq!(session(|_| {}), both);
    // Evaluated again it changes nothing.
    assert_eq!(session(|world| world.variables.build_build_dir = set(BUILD)), both);
    assert_eq!(session(|world| world.build_dir = Some(configured("/shared/build"))), both);
    let copies = with(|world| world.words = vec!["mutants".into()]);
    let own =
        format!("/srv/root/alice/{OWN}, build={OWN_BUILD}, check /srv/root/alice, make {OWN}");
    assert_eq!(copies, format!("7, target={own}"));
    // Each commit of a repository is another workspace, and all have one target directory.
    let fetched = with(|world| world.words = ["install", "--git", "u"].map(Into::into).into());
    assert_eq!(fetched, format!("7, target={own}"));
    let own = session(|world| world.build_dir = Some(configured("/home/alice/build")));
    assert_eq!(own, format!("7, target={TARGET}, check /srv/root/alice, make target"));
}

#[test]
fn a_shared_build_directory_becomes_the_workspaces_private_one() {
    let configured_at = |path: &str| with(|world| world.build_dir = Some(configured(path)));
    let moved = format!(
        "7, target=/srv/root/alice/{OWN}, build={OWN_BUILD}, check /srv/root/alice, make {OWN}"
    );
    assert_eq!(configured_at("/shared/build"), moved);
    assert_eq!(configured_at("/home/alice/build"), redirected());
    assert_eq!(configured_at("/srv/root/alice/target"), redirected());
    let inherited = with(|world| {
        world.variables.target_dir = Some("/srv/root/alice/w-1".into());
        world.build_dir = Some(configured("/shared/build"));
    });
    assert_eq!(inherited, format!("6, build={OWN_BUILD}, check /srv/root/alice"));
}

#[test]
fn a_build_directory_that_is_ours_is_decided_anew() {
    for ours in [BUILD, "/srv/root/alice/app-0123456789abcdef", "/srv/root/alice/build/ab/cd"] {
        let nested = |own: Option<&'static str>| {
            with(|world| {
                world.variables.build_build_dir = Some(ours.into());
                world.build_dir = own.map(configured);
            })
        };
        let target = format!("7, target=/srv/root/alice/{OWN}");
        let end = format!("check /srv/root/alice, make {OWN}");
        let without = format!("{target}, without {BUILD_BUILD_DIR}, {end}");
        assert_eq!(nested(None), without);
        assert_eq!(nested(Some("/home/alice/build")), without);
        assert_eq!(nested(Some("/shared/build")), format!("{target}, build={OWN_BUILD}, {end}"));
        let explicit = with(|world| {
            world.variables.build_build_dir = Some(ours.into());
            world.words.push("--target-dir=x".into());
        });
        assert_eq!(explicit, format!("5, without {BUILD_BUILD_DIR}"));
    }
    let ones_own = with(|world| {
        world.variables.build_build_dir = Some("/srv/root/alice/intermediates".into());
    });
    assert_eq!(ones_own, redirected());
}

fn configured(path: &str) -> ConfiguredBuildDir {
    ConfiguredBuildDir { path: path.into(), origin: "a file".into(), asked: Asked::ByConfiguration }
}
