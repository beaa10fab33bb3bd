//! Every mistake that a person can make in the settings, with the exact words that they get.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Whose, from_file, from_flags, from_variables, unknown_variable};
use crate::settings::{Key, Layer, Missing, Scope, Settings, StickyRoot};
use crate::ui::error::SettingsError;
use crate::ui::failure::Failure;

const FULL: &str = r#"
shared-root = "/srv/cargo-target"
scope = "user"
explicit-target-dir = "override"
enforce = ["shared-root", "exclude.users"]
real-cargo = "/opt/rust/bin/cargo"
trusted-owners = ["65534"]
sticky-root = "accept"
missing = "refuse"
[exclude]
users = ["local-doorman", "local-design"]
groups = ["service"]
[include]
users = []
"#;

fn system(text: &str) -> Result<Layer, SettingsError> {
    from_file(Path::new("/etc/c.toml"), text, Whose::System)
}

fn person(text: &str) -> Result<Layer, SettingsError> {
    from_file(Path::new("/home/c.toml"), text, Whose::Person)
}

/// The error as it appears on a terminal.
fn words(result: Result<impl std::fmt::Debug, SettingsError>) -> String {
    let error = Failure::from(result.unwrap_err());
    assert_eq!(error.exit, 78);
    format!("{error}\n{}", error.help.as_deref().unwrap())
}

#[test]
fn reads_every_key() {
    let settings = Settings::settle(vec![system(FULL).unwrap()]).unwrap();
    assert_eq!(settings.shared_root, Some(PathBuf::from("/srv/cargo-target")));
    assert_eq!(settings.scope, Scope::User);
    assert_eq!(settings.exclude_users, ["local-doorman", "local-design"]);
    assert_eq!(settings.exclude_groups, ["service"]);
    assert_eq!(settings.trusted_owners, ["65534"]);
    assert_eq!(settings.real_cargo, Some(PathBuf::from("/opt/rust/bin/cargo")));
    assert_eq!(settings.sticky_root, StickyRoot::Accept);
    assert_eq!(settings.missing, Missing::Refuse);
    assert_eq!(settings.origin(Key::Scope).unwrap().to_string(), "`/etc/c.toml` line 3");
    assert_eq!(settings.origins.len(), Key::ALL.len());
}

#[test]
fn tables_and_dotted_keys_mean_the_same() {
    let dotted = person("exclude.users = ['a']").unwrap();
    let table = person("exclude = { users = ['a'] }").unwrap();
    assert_eq!(dotted.entries[0].setting, table.entries[0].setting);
}

/// A file of the person's own, and what is said about it.
const MISTAKES: &[(&str, &str)] = &[
    (
        "scope = user",
        "invalid settings in `/home/c.toml` line 1: string values must be quoted, expected literal string\n\
             correct the line; a value with letters is quoted",
    ),
    (
        "\n\nshared_root = '/x'",
        "unknown setting `shared_root` in `/home/c.toml` line 3\ndid you mean `shared-root`?",
    ),
    (
        "[exclude]\nuser = ['a']",
        "unknown setting `exclude.user` in `/home/c.toml` line 2\ndid you mean `exclude.users`?",
    ),
    (
        "zzz = 1",
        "unknown setting `zzz` in `/home/c.toml` line 1\nthere are shared-root, scope, explicit-target-dir, real-cargo, exclude.users, exclude.groups, include.users, trusted-owners, sticky-root, missing, enforce",
    ),
    (
        "scope = 'machine'",
        "invalid value for `scope` in `/home/c.toml` line 1: `machine`\nit takes `workspace` or `user`",
    ),
    (
        "scope = 'checkout'",
        "invalid value for `scope` in `/home/c.toml` line 1: `checkout`\nit takes `workspace`, which is what `checkout` is called now, or `user`",
    ),
    (
        "scope = 3",
        "invalid value for `scope` in `/home/c.toml` line 1: integer\nit takes `workspace` or `user`",
    ),
    (
        "exclude.users = 'a'",
        "invalid value for `exclude.users` in `/home/c.toml` line 1: string\nit takes account names",
    ),
    (
        "exclude = 'a'",
        "unknown setting `exclude` in `/home/c.toml` line 1\ndid you mean `exclude.users`?",
    ),
    (
        "shared-root = 'srv'",
        "invalid value for `shared-root` in `/home/c.toml` line 1: `srv` is not absolute\n\
             give the real absolute path, as `realpath` prints it",
    ),
    (
        "enforce = ['scope']",
        "`enforce` in `/home/c.toml` line 1 has no effect outside the system's settings\n\
             only the administrator can enforce settings, in /etc/cargo-peruser/config.toml",
    ),
];

#[test]
fn each_mistake_in_a_file_has_its_line_and_a_next_step() {
    for (text, expected) in MISTAKES {
        assert_eq!(words(person(text)), *expected, "{text}");
    }
}

#[test]
fn a_shared_root_is_a_plain_absolute_path() {
    for (path, cause) in [
        ("", "is empty"),
        ("a/b", "is not absolute"),
        ("/", "is the root of the file system"),
        ("//", "has `.`, `..` or `//` in it"),
        ("/a/../b", "has `.`, `..` or `//` in it"),
        ("/a/./b", "has `.`, `..` or `//` in it"),
        ("/a//b", "has `.`, `..` or `//` in it"),
        ("/a:b", "has a `:` or a control character in it, which breaks search paths"),
        ("/a\\tb", "has a `:` or a control character in it, which breaks search paths"),
    ] {
        let found = words(person(&format!("shared-root = \"{path}\"")));
        assert!(found.contains(cause), "{path}: {found}");
    }
    let slash = person("shared-root = '/srv/x/'").unwrap();
    let settings = Settings::settle(vec![slash]).unwrap();
    assert_eq!(settings.shared_root, Some(PathBuf::from("/srv/x")));
}

#[test]
fn only_known_keys_can_be_enforced() {
    assert_eq!(
        words(system("enforce = ['scop']")),
        "unknown setting `scop` in `/etc/c.toml` line 1\ndid you mean `scope`?"
    );
    assert_eq!(
        words(system("enforce = 'scope'")),
        "invalid value for `enforce` in `/etc/c.toml` line 1: string\nit takes an array of keys"
    );
}

#[test]
fn the_stronger_source_wins() {
    let variables =
        from_variables(|name| (name == "CARGO_PERUSER_SCOPE").then(|| "workspace".into())).unwrap();
    let flags = from_flags(&[(Key::SharedRoot, OsString::from("/flag"))]).unwrap();
    let layers = vec![system(FULL).unwrap(), person("scope = 'user'").unwrap(), variables];
    let settings = Settings::settle(layers).unwrap();
    assert_eq!(settings.scope, Scope::Workspace);
    let settings = Settings::settle(vec![person("shared-root = '/p'").unwrap(), flags]).unwrap();
    assert_eq!(settings.shared_root, Some(PathBuf::from("/flag")));
}

#[test]
fn nobody_overrides_what_is_enforced() {
    let settle = |other: Layer| Settings::settle(vec![system(FULL).unwrap(), other]);
    let variables = |value: &'static str| {
        let only = move |name| (name == "CARGO_PERUSER_SHARED_ROOT").then(|| value.into());
        from_variables(only).unwrap()
    };
    assert_eq!(
        words(settle(variables("/mine"))),
        "`shared-root` in the environment variable CARGO_PERUSER_SHARED_ROOT cannot override \
         `/etc/c.toml` line 5, which enforces it\n\
         take it out of the environment variable CARGO_PERUSER_SHARED_ROOT, or ask the administrator"
    );
    assert!(settle(variables("/srv/cargo-target")).is_ok(), "saying the same is no change");
    let file = words(settle(person("exclude.users = []").unwrap()));
    assert!(file.starts_with("`exclude.users` in `/home/c.toml` line 1 cannot override"), "{file}");
    assert!(settle(person("scope = 'user'").unwrap()).is_ok());
}

#[test]
fn what_is_built_in_can_be_enforced_too() {
    let built_in = system("enforce = ['scope']").unwrap();
    let found = Settings::settle(vec![built_in, person("scope = 'user'").unwrap()]);
    assert!(words(found).starts_with("`scope` in `/home/c.toml` line 1 cannot override"));
}

#[test]
fn an_empty_variable_counts_as_unset_and_lists_have_commas() {
    assert_eq!(from_variables(|_| Some(OsString::new())).unwrap(), Layer::default());
    let names = |name| (name == "CARGO_PERUSER_EXCLUDE_USERS").then(|| " a, b ,,c ".into());
    let settings = Settings::settle(vec![from_variables(names).unwrap()]).unwrap();
    assert_eq!(settings.exclude_users, ["a", "b", "c"]);
}

#[test]
fn a_mistyped_variable_is_told() {
    let unknown = |names: &[&str]| {
        let error = unknown_variable(names.iter().map(OsString::from));
        error.map(|error| words(Err::<(), _>(error)))
    };
    let known = Key::ALL.map(|key| key.info().variable);
    assert_eq!(unknown(&known), None);
    assert_eq!(unknown(&["CARGO_PERUSER", "CARGO_HOME", "PERUSER_EXEC_TRAIL"]), None);
    assert_eq!(
        unknown(&["CARGO_PERUSER_SCOPE", "CARGO_PERUSER_SHARD_ROOT"]).unwrap(),
        "unknown setting `CARGO_PERUSER_SHARD_ROOT` in the environment\n\
         did you mean `CARGO_PERUSER_SHARED_ROOT`?"
    );
}
