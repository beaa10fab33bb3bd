//! The seven rules, as a table that reads like the design.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Choice, Decision, EntryPoint, Facts, Required, RootState, Rule, decide};
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

/// What happens, and the changes to [`facts`] with which it does. In the text, `{own}` is the name of the
/// workspace's directory, `{private}` alice's directory in the shared root, and `{cache}` the one in her
/// cache.
type Row<'a> = (&'a str, &'a dyn Fn(&mut Facts));

fn check(rows: &[Row<'_>]) {
    for (number, (expected, change)) in rows.iter().enumerate() {
        let mut facts = facts();
        change(&mut facts);
        let expected = expected
            .replace("{own}", OWN)
            .replace("{private}", "/srv/root/alice")
            .replace("{cache}", "/home/alice/.cache/cargo-peruser");
        assert_eq!(outcome(&mut facts), expected, "row {number}");
    }
}

const REDIRECTED: &str = "7, target={private}/{own}, check {private}, make {own}";
const IN_CACHE: &str = "7, target={cache}/{own}, check {cache}, make {own}";

/// A variable's value, as it is gathered.
fn set(value: &str) -> Option<PathBuf> {
    let path = || lexical::absolute(Path::new("/srv/app"), Path::new(value));
    (!value.is_empty()).then(path)
}

fn target(value: &str) -> impl Fn(&mut Facts) {
    move |facts| facts.variables.target_dir = set(value)
}

fn weaker(value: &str) -> impl Fn(&mut Facts) {
    move |facts| facts.variables.build_target_dir = set(value)
}

fn build(value: &str) -> impl Fn(&mut Facts) {
    move |facts| facts.variables.build_build_dir = set(value)
}

fn typed_target(facts: &mut Facts) {
    facts.invocation = typed(&["build", "--target-dir=x"]);
}

fn service_account(facts: &mut Facts) {
    facts.account.shell = Some("/usr/sbin/nologin".into());
}

/// The first change, and then the second.
fn both(first: impl Fn(&mut Facts), second: impl Fn(&mut Facts)) -> impl Fn(&mut Facts) {
    move |facts| {
        first(facts);
        second(facts);
    }
}

fn root(state: RootState) -> impl Fn(&mut Facts) {
    move |facts| facts.root = state
}

fn by_name(facts: &mut Facts) {
    facts.entry_point = EntryPoint::ByName;
}

#[test]
fn a_root_that_was_the_private_directory_stays_that() {
    let in_it = |facts: &mut Facts| {
        choose(facts, Key::SharedRoot, "/home/alice/.cache/cargo-peruser");
        facts.root = RootState::IsPrivateDir;
    };
    check(&[
        (IN_CACHE, &in_it),
        (IN_CACHE, &both(in_it, target("/home/alice/.cache/cargo-peruser/target"))),
        ("5", &both(in_it, target("/elsewhere"))),
    ]);
}

#[test]
fn rule_1_steps_aside_when_asked() {
    let bypassed = |facts: &mut Facts| facts.is_bypassed = true;
    let without = "1, without CARGO_TARGET_DIR";
    check(&[
        ("1", &bypassed),
        (without, &both(bypassed, target(TARGET))),
        (without, &both(bypassed, target("/home/alice/.cache/cargo-peruser/target"))),
        ("1", &both(bypassed, target("/elsewhere"))),
    ]);
}

#[test]
fn rule_2_passes_through_without_a_shared_root() {
    let missing = both(root(RootState::Absent), build(BUILD));
    let unset = |facts: &mut Facts| {
        missing(facts);
        facts.settings = Settings::default();
    };
    check(&[
        ("2", &root(RootState::Absent)),
        (
            "2, without CARGO_TARGET_DIR, without CARGO_BUILD_BUILD_DIR",
            &both(&missing, target(TARGET)),
        ),
        ("2, without CARGO_BUILD_BUILD_DIR", &both(&missing, target("/elsewhere"))),
        ("2", &both(unset, target(TARGET))),
    ]);
}

#[test]
fn rule_2_gives_the_own_cache_directory_by_name() {
    let absent = both(by_name, root(RootState::Absent));
    check(&[
        (IN_CACHE, &absent),
        (REDIRECTED, &by_name),
        // Where there is no root, there is none to keep a service account out of.
        (IN_CACHE, &both(&absent, service_account)),
    ]);
}

#[test]
fn an_account_that_is_not_provisioned_builds_in_its_own_cache_directory() {
    let missing = root(RootState::NotProvisioned);
    check(&[
        (IN_CACHE, &missing),
        (IN_CACHE, &both(&missing, by_name)),
        (REDIRECTED, &both(&missing, |facts| choose(facts, Key::Missing, "refuse"))),
        ("3", &both(&missing, service_account)),
        // A value that a session exported before or after the account was provisioned is no choice.
        (IN_CACHE, &both(&missing, target(TARGET))),
        (REDIRECTED, &target("/home/alice/.cache/cargo-peruser/target")),
    ]);
}

#[test]
fn rule_3_passes_service_accounts_through_and_keeps_them_out_of_the_root() {
    let others = both(weaker("/srv/root/x"), build("/srv/../srv/root/x"));
    check(&[
        ("3", &service_account),
        ("3", &both(service_account, target("/elsewhere"))),
        ("3, without CARGO_TARGET_DIR", &both(service_account, target(TARGET))),
        ("3, without CARGO_TARGET_DIR", &both(service_account, target("/srv/root"))),
        (
            "3, without CARGO_BUILD_TARGET_DIR, without CARGO_BUILD_BUILD_DIR",
            &both(service_account, others),
        ),
    ]);
}

#[test]
fn rule_4_gives_a_nested_run_in_a_build_script_its_own_directory() {
    let nested = |facts: &mut Facts| facts.variables.out_dir = Some("/o".into());
    let configured = |facts: &mut Facts| {
        facts.configured_build_dir = Some(configured("/home/alice/build"));
    };
    let ours = both(nested, target(TARGET));
    check(&[
        ("4", &nested),
        ("4, target=/o/target/{own}", &ours),
        ("5", &both(nested, target("/elsewhere"))),
        // A configured build directory goes along, and ours even without our target directory.
        ("4, target=/o/target/{own}, build=/o/target/{own}", &both(&ours, configured)),
        ("4, build=/o/target/{own}", &both(nested, build(TARGET))),
        ("4", &both(nested, build("/elsewhere"))),
    ]);
}

#[test]
fn rule_5_honours_an_explicit_choice() {
    let config = |facts: &mut Facts| facts.config_chooses = true;
    check(&[
        ("5", &typed_target),
        ("5", &config),
        ("5", &target("/elsewhere")),
        ("5", &target("target")),
        ("5", &target("../x")),
        ("5", &target("/srv/rooted")),
        ("5", &target("/srv/root/../x")),
        ("5", &weaker("/elsewhere")),
        // A weaker choice wins over our own variable.
        ("5", &both(target(TARGET), typed_target)),
        ("5, without CARGO_TARGET_DIR", &both(target(TARGET), config)),
        ("5, without CARGO_TARGET_DIR", &both(target(TARGET), weaker("/elsewhere"))),
    ]);
}

#[test]
fn rule_5_asks_in_cargos_own_order() {
    let mut facts = facts();
    facts.invocation = typed(&["build", "--target-dir=x"]);
    facts.variables.target_dir = set("/variable");
    facts.variables.build_target_dir = set("/weaker");
    facts.config_chooses = true;
    let choice = |facts: &Facts| match decide(facts).rule {
        Rule::Explicit(choice) => choice,
        other => panic!("{other:?}"),
    };
    assert_eq!(choice(&facts), Choice::Flag);
    facts.invocation = typed(&["build"]);
    assert_eq!(choice(&facts), Choice::Variable);
    facts.variables.target_dir = None;
    assert_eq!(choice(&facts), Choice::Config);
    facts.config_chooses = false;
    assert_eq!(choice(&facts), Choice::BuildVariable);
}

#[test]
fn rule_5_is_turned_off_for_variables_by_override() {
    let overriding = |facts: &mut Facts| choose(facts, Key::ExplicitTargetDir, "override");
    let config = |facts: &mut Facts| facts.config_chooses = true;
    check(&[
        (REDIRECTED, &both(overriding, target("/elsewhere"))),
        (REDIRECTED, &both(overriding, weaker("/elsewhere"))),
        ("5", &both(overriding, typed_target)),
        ("5", &both(overriding, config)),
        ("5, without CARGO_TARGET_DIR", &both(overriding, both(config, target("/elsewhere")))),
    ]);
}

#[test]
fn rule_6_leaves_what_an_outer_run_chose() {
    for value in ["/srv/root/alice/mine", "/srv/root/alice/target/x/out/target"] {
        check(&[("6, check {private}", &target(value))]);
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
        check(&[(REDIRECTED, &target(value)), (REDIRECTED, &weaker("/srv/root/bob"))]);
    }
}

#[test]
fn the_scope_says_what_shares_a_directory() {
    let common = "7, target={private}/target, check {private}, make target";
    let by_user = |kind| {
        move |facts: &mut Facts| {
            choose(facts, Key::Scope, "user");
            facts.workspace = Some(workspace(kind));
        }
    };
    check(&[
        (common, &by_user(WorkspaceKind::Workspace)),
        (REDIRECTED, &by_user(WorkspaceKind::Script)),
        // `cargo install NAME` has no sources.
        (common, &|facts| facts.workspace = None),
    ]);
}

#[test]
fn a_session_has_one_target_directory_and_a_build_directory_for_each_workspace() {
    let session = |facts: &mut Facts| {
        facts.entry_point = EntryPoint::Session;
        facts.workspace = None;
    };
    let typed = |words: &'static [&str]| move |facts: &mut Facts| facts.invocation = typed(words);
    let template = format!("build={BUILD}, check {{private}}, make target");
    let template = format!("7, target={{private}}/target, {template}");
    let own = format!(
        "7, target={{private}}/{{own}}, build={OWN_BUILD}, check {{private}}, make {{own}}"
    );
    check(&[
        (&template, &session),
        // Evaluating it again must change nothing.
        (&template, &both(session, build(BUILD))),
        (&template, &both(session, configured_at("/shared/build"))),
        (
            "7, target={private}/target, check {private}, make target",
            &both(session, configured_at("/home/alice/build")),
        ),
        (&own, &typed(&["mutants"])),
        // Each commit of a repository is another workspace, and all share one target directory.
        (&own, &typed(&["install", "--git", "u"])),
    ]);
}

#[test]
fn a_shared_build_directory_becomes_the_workspaces_private_one() {
    let moved = format!(
        "7, target={{private}}/{{own}}, build={OWN_BUILD}, check {{private}}, make {{own}}"
    );
    let inherited = format!("6, build={OWN_BUILD}, check {{private}}");
    check(&[
        (&moved, &configured_at("/shared/build")),
        (REDIRECTED, &configured_at("/home/alice/build")),
        (REDIRECTED, &configured_at("/srv/root/alice/target")),
        (&inherited, &both(target("/srv/root/alice/w-1"), configured_at("/shared/build"))),
    ]);
}

#[test]
fn a_build_directory_that_is_ours_is_decided_anew() {
    let start = "7, target={private}/{own}";
    let without =
        format!("{start}, without CARGO_BUILD_BUILD_DIR, check {{private}}, make {{own}}");
    let moved = format!("{start}, build={OWN_BUILD}, check {{private}}, make {{own}}");
    for ours in [BUILD, "/srv/root/alice/app-1195476296a3495b", "/srv/root/alice/build/ab/cd"] {
        check(&[
            (&without, &build(ours)),
            (&without, &both(build(ours), configured_at("/home/alice/build"))),
            (&moved, &both(build(ours), configured_at("/shared/build"))),
            ("5, without CARGO_BUILD_BUILD_DIR", &both(build(ours), typed_target)),
        ]);
    }
    check(&[(REDIRECTED, &build("/srv/root/alice/intermediates"))]);
}

fn configured_at(path: &str) -> impl Fn(&mut Facts) {
    move |facts| facts.configured_build_dir = Some(configured(path))
}

fn configured(path: &str) -> ConfiguredBuildDir {
    let stays = path.starts_with("/home/alice/");
    ConfiguredBuildDir { path: path.into(), origin: "a file".into(), stays }
}
