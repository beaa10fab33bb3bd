//! Every mistake that a user can make in the settings, with the exact message.

use std::ffi::OsString;
use std::path::Path;

use super::{Whose, from_file, from_flags, from_variables};
use crate::settings::gc_limits::Limit;
use crate::settings::{Key, Scope, Settings, StickyRoot, invalid_root};
use crate::ui::failure::Result;

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
[gc]
orphans = "2d"
departed = "off"
incremental = "1w"
older-than = "30d"
max-size = "50G"
max-total = "80%"
keep-free = "10%"
"#;

fn system(text: &str) -> Result<Settings> {
    from_file(Path::new("/etc/c.toml"), text, Whose::System)
}

fn person(text: &str) -> Result<Settings> {
    from_file(Path::new("/home/c.toml"), text, Whose::Person)
}

/// The error as it appears on a terminal.
fn words(result: Result<impl std::fmt::Debug>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.exit, 78);
    format!("{error}\n{}", error.help.as_deref().unwrap())
}

/// Each key, its value in a file, its value as a variable or flag, and the parsed value.
const KEYS: &[(Key, &str, &str, &str)] = &[
    (Key::SharedRoot, "'/srv/x'", "/srv/x", r#"Text("/srv/x")"#),
    (Key::Scope, "'user'", "user", r#"Text("user")"#),
    (Key::ExplicitTargetDir, "'override'", "override", r#"Text("override")"#),
    (Key::RealCargo, "'/x/cargo'", "/x/cargo", r#"Text("/x/cargo")"#),
    (Key::CompileCache, "'sccache'", "sccache", r#"Text("sccache")"#),
    (Key::ExcludeUsers, "['a', 'b']", "a,b", r#"Names(["a", "b"])"#),
    (Key::ExcludeGroups, "['a']", "a", r#"Names(["a"])"#),
    (Key::IncludeUsers, "[]", ",", "Names([])"),
    (Key::TrustedOwners, "['65534']", "65534", r#"Names(["65534"])"#),
    (Key::StickyRoot, "'accept'", "accept", r#"Text("accept")"#),
    (Key::Missing, "'refuse'", "refuse", r#"Text("refuse")"#),
    (Key::GcOrphans, "'2h'", "2h", r#"Text("2h")"#),
    (Key::GcDeparted, "'off'", "off", r#"Text("off")"#),
    (Key::GcIncremental, "'1min'", "1min", r#"Text("1min")"#),
    (Key::GcOlderThan, "'1h'", "1h", r#"Text("1h")"#),
    (Key::GcMaxSize, "'2K'", "2K", r#"Text("2K")"#),
    (Key::GcMaxTotal, "'80%'", "80%", r#"Text("80%")"#),
    (Key::GcKeepFree, "'1K'", "1K", r#"Text("1K")"#),
];

#[test]
fn every_key_is_read_from_every_source() {
    assert!(KEYS.iter().map(|(key, ..)| key).eq(Key::ALL), "each key has a row here");
    for (key, in_file, text, expected) in KEYS {
        let file = person(&format!("{} = {in_file}", key.name()));
        let file = (file, "`/home/c.toml` line 1".to_owned());
        let variable = variables(&[(&key.variable(), text)]);
        let variable = (variable, format!("the environment variable {}", key.variable()));
        let flag = from_flags(&[(*key, text.into())]);
        let flag = (flag, format!("the flag {}", key.flag()));
        for (settings, origin) in [file, variable, flag] {
            let settings = settings.unwrap();
            assert_eq!(format!("{:?}", settings.value(*key).unwrap()), *expected);
            assert_eq!(settings.origin(*key).unwrap().to_string(), origin);
        }
    }
}

#[test]
fn code_sees_types() {
    let settings = system(FULL).unwrap();
    assert_eq!(settings.shared_root(), Some(Path::new("/srv/cargo-target")));
    assert_eq!(settings.scope(), Scope::User);
    assert!(settings.overrides_variables());
    assert_eq!(settings.names(Key::ExcludeUsers), ["local-doorman", "local-design"]);
    assert_eq!(settings.names(Key::ExcludeGroups), ["service"]);
    assert_eq!(settings.names(Key::TrustedOwners), ["65534"]);
    assert_eq!(settings.real_cargo(), Some(Path::new("/opt/rust/bin/cargo")));
    assert_eq!(settings.sticky_root(), StickyRoot::Accept);
    assert!(settings.refuses_without_directory());
    assert_eq!(settings.limit(Key::GcMaxSize), Limit::Bytes(50 << 30));
    let built_in = Settings::default();
    assert_eq!((built_in.shared_root(), built_in.scope()), (None, Scope::Workspace));
    assert!(!built_in.overrides_variables() && !built_in.refuses_without_directory());
    assert_eq!(built_in.sticky_root(), StickyRoot::Refuse);
    assert_eq!(built_in.limit(Key::GcDeparted), Limit::Age(30 * 86_400));
}

#[test]
fn tables_and_dotted_keys_mean_the_same() {
    let dotted = person("exclude.users = ['a']").unwrap();
    let table = person("exclude = { users = ['a'] }").unwrap();
    assert_eq!(dotted.value(Key::ExcludeUsers), table.value(Key::ExcludeUsers));
    assert_eq!(dotted.names(Key::ExcludeUsers), ["a"]);
}

/// A user's own file, and the message about it.
const MISTAKES: &[(&str, &str)] = &[
    (
        "scope = user",
        "invalid settings in `/home/c.toml` line 1: string values must be quoted, expected literal string\n\
             correct the line; a text value needs quotes",
    ),
    (
        "\n\nshared_root = '/x'",
        "unknown setting `shared_root` in `/home/c.toml` line 3\ndid you mean `shared-root`?",
    ),
    (
        "[exclude]\nuser = ['a']",
        "unknown setting `exclude.user` in `/home/c.toml` line 2\ndid you mean `exclude.users`?",
    ),
    ("zzz = 1", "unknown setting `zzz` in `/home/c.toml` line 1\nthere are ALL, enforce"),
    (
        "scope = 'machine'",
        "invalid value for `scope` in `/home/c.toml` line 1: `machine`\nit takes `workspace` or `user`",
    ),
    (
        "scope = 3",
        "invalid value for `scope` in `/home/c.toml` line 1: integer\nit takes `workspace` or `user`",
    ),
    (
        "gc.older-than = '5 parsecs'",
        "invalid value for `gc.older-than` in `/home/c.toml` line 1: `5 parsecs`\nit takes an age such as `30d` (min, h, d, w), or `off`",
    ),
    (
        "[gc]\nolder = '5d'",
        "unknown setting `gc.older` in `/home/c.toml` line 2\ndid you mean `gc.older-than`?",
    ),
    (
        "gc.max-size = 5",
        "invalid value for `gc.max-size` in `/home/c.toml` line 1: integer\nit takes a size such as `50G` (K, M, G, T), or `off`",
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
        "invalid value for `shared-root` in `/home/c.toml` line 1: `srv` is not a plain absolute path, without `.`, `..` and `//`\n\
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
    let all: Vec<&str> = Key::ALL.iter().map(|key| key.name()).collect();
    for (text, expected) in MISTAKES {
        assert_eq!(words(person(text)), expected.replace("ALL", &all.join(", ")), "{text}");
    }
}

#[test]
fn a_shared_root_is_a_plain_absolute_path() {
    let (plain, bad) = ("is not a plain absolute path", "contains a `:`, a control character");
    for (path, cause) in [
        ("", plain),
        ("a/b", plain),
        ("/", "is the root of the file system"),
        ("//", plain),
        ("/a/../b", plain),
        ("/a/./b", plain),
        ("/a//b", plain),
        ("/a:b", bad),
        ("/a\\tb", bad),
    ] {
        let found = words(person(&format!("shared-root = \"{path}\"")));
        assert!(found.contains(cause), "{path}: {found}");
    }
    let slash = person("shared-root = '/srv/x/'").unwrap();
    let settings = Settings::settle([slash]).unwrap();
    assert_eq!(settings.shared_root(), Some(Path::new("/srv/x")));
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

/// The settings of variables.
fn variables(given: &[(&str, &str)]) -> Result<Settings> {
    from_variables(given.iter().map(|(name, text)| (name.into(), text.into())))
}

#[test]
fn the_stronger_source_wins() {
    let variables = variables(&[("CARGO_PERUSER_SCOPE", "workspace")]).unwrap();
    let flags = from_flags(&[(Key::SharedRoot, OsString::from("/flag"))]).unwrap();
    let sources = [system(FULL).unwrap(), person("scope = 'user'").unwrap(), variables];
    let settings = Settings::settle(sources).unwrap();
    assert_eq!(settings.scope(), Scope::Workspace);
    let settings = Settings::settle([person("shared-root = '/p'").unwrap(), flags]).unwrap();
    assert_eq!(settings.shared_root(), Some(Path::new("/flag")));
}

#[test]
fn nobody_overrides_what_is_enforced() {
    let settle = |other| Settings::settle([system(FULL).unwrap(), other]);
    let variables = |value| variables(&[("CARGO_PERUSER_SHARED_ROOT", value)]).unwrap();
    assert_eq!(
        words(settle(variables("/mine"))),
        "`shared-root` in the environment variable CARGO_PERUSER_SHARED_ROOT cannot override \
         `/etc/c.toml` line 5, which enforces it\n\
         unset CARGO_PERUSER_SHARED_ROOT, or ask the administrator"
    );
    assert!(settle(variables("/srv/cargo-target")).is_ok(), "saying the same is no change");
    let file = words(settle(person("exclude.users = []").unwrap()));
    assert!(file.starts_with("`exclude.users` in `/home/c.toml` line 1 cannot override"), "{file}");
    assert!(settle(person("scope = 'user'").unwrap()).is_ok());
}

#[test]
fn what_is_built_in_can_be_enforced_too() {
    let built_in = system("enforce = ['scope']").unwrap();
    let found = Settings::settle([built_in, person("scope = 'user'").unwrap()]);
    assert!(words(found).starts_with("`scope` in `/home/c.toml` line 1 cannot override"));
}

#[test]
fn an_empty_variable_counts_as_unset_and_lists_have_commas() {
    let empty = variables(&[("CARGO_PERUSER_SCOPE", ""), ("CARGO_PERUSER_SCOP", "")]);
    assert_eq!(empty.unwrap(), Settings::default());
    let settings = variables(&[("CARGO_PERUSER_EXCLUDE_USERS", " a, b ,,c ")]).unwrap();
    assert_eq!(settings.names(Key::ExcludeUsers), ["a", "b", "c"]);
}

#[test]
fn a_mistyped_variable_is_told() {
    let others = [("CARGO_PERUSER", "off"), ("CARGO_HOME", "x"), ("PERUSER_EXEC_TRAIL", "x")];
    assert_eq!(variables(&others).unwrap(), Settings::default());
    // Reported before an invalid value of a known setting.
    let found = variables(&[("CARGO_PERUSER_SCOPE", "x"), ("CARGO_PERUSER_SHARD_ROOT", "/x")]);
    assert_eq!(
        words(found),
        "unknown setting `CARGO_PERUSER_SHARD_ROOT` in the environment\n\
         did you mean `CARGO_PERUSER_SHARED_ROOT`?"
    );
}

#[test]
fn a_shared_root_behind_a_symlink() {
    let cause = "has a symlink in it, `/srv`";
    let error = invalid_root(Path::new("/srv/root"), &"`/etc/c.toml` line 1", cause);
    assert_eq!(
        words(Err::<(), _>(error)),
        "invalid value for `shared-root` in `/etc/c.toml` line 1: `/srv/root` has a symlink in it, \
         `/srv`\n\
         give the real absolute path, as `realpath` prints it"
    );
}
