//! The seven rules, as a table that reads like the design.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{
    BUILD_BUILD_DIR, BUILD_TARGET_DIR, Choice, Decision, Door, Facts, Required, RootState, Rule,
    TARGET_DIR, Variables, decide,
};
use crate::core::account::Account;
use crate::core::build_dir::{Asked, ConfiguredBuildDir};
use crate::core::checkout::{Checkout, CheckoutKind};
use crate::core::invocation::Invocation;
use crate::core::settings::{ExplicitTargetDir, Missing, Scope, Settings};

const TARGET: &str = "/srv/root/alice/target";

/// A world in which alice builds `/srv/app` and rule 7 applies, to be changed row by row.
struct World {
    door: Door,
    is_bypassed: bool,
    settings: Settings,
    root: RootState,
    account: Account,
    words: Vec<OsString>,
    config_chooses: bool,
    checkout: Option<Checkout>,
    build_dir: Option<ConfiguredBuildDir>,
    variables: Variables,
}

fn world() -> World {
    World {
        door: Door::Shim,
        is_bypassed: false,
        settings: Settings { shared_root: Some("/srv/root".into()), ..Settings::default() },
        root: RootState::Usable,
        account: Account { uid: 1500, name: Some("alice".into()), ..Account::default() },
        words: vec!["build".into()],
        config_chooses: false,
        checkout: Some(Checkout { top: "/srv/app".into(), kind: CheckoutKind::Main }),
        build_dir: None,
        variables: Variables::default(),
    }
}

impl World {
    fn decide(&self) -> Decision {
        let variable = self.variables.build_build_dir.as_ref();
        let variable = variable.and_then(|path| Some(configured(path.to_str()?)));
        let own_places = [PathBuf::from("/home/alice"), PathBuf::from("/home/alice/.cargo")];
        decide(&Facts {
            door: self.door,
            is_bypassed: self.is_bypassed,
            settings: &self.settings,
            root: self.root,
            account: &self.account,
            own_cache: Some(Path::new("/home/alice/.cache")),
            invocation: &Invocation::read(&self.words),
            config_chooses: self.config_chooses,
            working_directory: Path::new("/srv/app"),
            checkout: self.checkout.as_ref(),
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

/// As [`crate::sys::snapshot::Snapshot::variable`] reads them.
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
    format!("7, target={TARGET}, check /srv/root/alice, make target")
}

#[test]
fn rule_1_steps_aside_when_asked() {
    assert_eq!(with(|world| world.is_bypassed = true), "1");
}

#[test]
fn rule_2_passes_through_without_a_shared_root() {
    assert_eq!(with(|world| world.root = RootState::Absent), "2");
}

#[test]
fn rule_2_gives_the_own_cache_directory_by_name() {
    let own = "7, target=/home/alice/.cache/cargo-peruser/target, \
               check /home/alice/.cache/cargo-peruser, make target";
    let by_name = |root| {
        with(|world| {
            world.door = Door::ByName;
            world.root = root;
        })
    };
    assert_eq!(by_name(RootState::Absent), own);
    assert_eq!(by_name(RootState::Usable), redirected());
}

#[test]
fn an_account_that_is_not_provisioned_builds_in_its_own_cache_directory() {
    let own = "7, target=/home/alice/.cache/cargo-peruser/target, \
               check /home/alice/.cache/cargo-peruser, make target";
    let missing = |change: fn(&mut World)| {
        with(|world| {
            world.root = RootState::NotProvisioned;
            change(world);
        })
    };
    assert_eq!(missing(|_| {}), own);
    assert_eq!(missing(|world| world.door = Door::ByName), own);
    assert_eq!(missing(|world| world.settings.missing = Missing::Refuse), redirected());
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
    assert_eq!(nested(Some(TARGET)), "4, target=/srv/root/alice/target/x/out/target");
    assert_eq!(nested(Some("/elsewhere")), "5");
}

#[test]
fn rule_4_takes_a_configured_build_directory_along() {
    let nested = with(|world| {
        world.variables.out_dir = Some("/o".into());
        world.variables.target_dir = Some(TARGET.into());
        world.build_dir = Some(configured("/home/alice/build"));
    });
    assert_eq!(nested, "4, target=/o/target, build=/o/target");
}

#[test]
fn rule_4_replaces_our_build_directory_even_without_our_target_directory() {
    let nested = |value: &'static str| {
        with(|world| {
            world.variables.out_dir = Some("/o".into());
            world.variables.build_build_dir = Some(value.into());
        })
    };
    assert_eq!(nested(TARGET), "4, build=/o/target");
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
            world.settings.explicit_target_dir = ExplicitTargetDir::Override;
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
        // An outer run in a worktree: this one may be in another checkout.
        "/srv/root/alice/app-0123456789abcdef",
    ] {
        assert_eq!(with_target_dir(value), redirected(), "{value}");
    }
    let weaker = with(|world| world.variables.build_target_dir = Some("/srv/root/bob".into()));
    assert_eq!(weaker, redirected());
}

#[test]
fn worktrees_and_by_setting_checkouts_have_their_own() {
    let name = Checkout { top: "/srv/app".into(), kind: CheckoutKind::Main }.directory_name();
    let own = format!("7, target=/srv/root/alice/{name}, check /srv/root/alice, make {name}");
    let worktree = |world: &mut World| {
        world.checkout =
            Some(Checkout { top: "/srv/app".into(), kind: CheckoutKind::LinkedWorktree });
    };
    assert_eq!(with(worktree), own);
    let script = |world: &mut World| {
        world.checkout = Some(Checkout { top: "/srv/app".into(), kind: CheckoutKind::Script });
    };
    assert_eq!(with(script), own);
    assert_eq!(with(|world| world.settings.scope = Scope::Checkout), own);
    let nowhere = with(|world| {
        world.settings.scope = Scope::Checkout;
        world.checkout = None;
    });
    assert_eq!(nowhere, redirected());
}

#[test]
fn a_shared_build_directory_follows_the_target_directory() {
    let configured_at = |path: &str| with(|world| world.build_dir = Some(configured(path)));
    assert_eq!(
        configured_at("/shared/build"),
        format!("7, target={TARGET}, build={TARGET}, check /srv/root/alice, make target")
    );
    assert_eq!(configured_at("/home/alice/build"), redirected());
    assert_eq!(configured_at("/srv/root/alice/target"), redirected());
    let inherited = with(|world| {
        world.variables.target_dir = Some("/srv/root/alice/w-1".into());
        world.build_dir = Some(configured("/shared/build"));
    });
    assert_eq!(inherited, "6, build=/srv/root/alice/w-1, check /srv/root/alice");
}

#[test]
fn a_build_directory_that_an_outer_run_has_set_is_decided_anew() {
    let nested = |own: Option<&'static str>| {
        with(|world| {
            world.variables.build_build_dir = Some("/srv/root/alice/app-0123456789abcdef".into());
            world.build_dir = own.map(configured);
        })
    };
    let without = format!(
        "7, target={TARGET}, without {BUILD_BUILD_DIR}, check /srv/root/alice, make target"
    );
    assert_eq!(nested(None), without);
    assert_eq!(nested(Some("/home/alice/build")), without);
    assert_eq!(
        nested(Some("/shared/build")),
        format!("7, target={TARGET}, build={TARGET}, check /srv/root/alice, make target")
    );
    let explicit = with(|world| {
        world.variables.build_build_dir = Some("/srv/root/alice/app-0123456789abcdef".into());
        world.words.push("--target-dir=x".into());
    });
    assert_eq!(explicit, format!("5, without {BUILD_BUILD_DIR}"));
    let ones_own = with(|world| {
        world.variables.build_build_dir = Some("/srv/root/alice/intermediates".into());
    });
    assert_eq!(ones_own, redirected());
}

fn configured(path: &str) -> ConfiguredBuildDir {
    ConfiguredBuildDir { path: path.into(), origin: "a file".into(), asked: Asked::ByConfiguration }
}
