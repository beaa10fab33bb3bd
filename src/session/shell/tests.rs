//! Every value arrives unchanged, whatever it contains.

use super::{FileSyntax, ShellSyntax, commands, file};
use crate::shim::environment::Change;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

fn change(name: &'static str, value: Option<&str>) -> Change {
    Change { name, value: value.map(OsString::from) }
}

/// The changes below for each shell.
const EXPECTED: [(ShellSyntax, &str); 6] = [
    (
        ShellSyntax::Sh,
        "PATH='/shim:/usr/bin'; export PATH\n\
             CARGO_TARGET_DIR='/srv/it'\\''s \"$x\" \\/target'; export CARGO_TARGET_DIR\n\
             unset CARGO_BUILD_TARGET_DIR\n",
    ),
    (
        ShellSyntax::Fish,
        "set -gx PATH '/shim' '/usr/bin'\n\
             set -gx CARGO_TARGET_DIR '/srv/it\\'s \"$x\" \\\\/target'\n\
             set -e CARGO_BUILD_TARGET_DIR\n",
    ),
    (
        ShellSyntax::Nu,
        "$env.PATH = [\"/shim\", \"/usr/bin\"]\n\
             $env.CARGO_TARGET_DIR = \"/srv/it's \\\"$x\\\" \\\\/target\"\n\
             hide-env --ignore-errors CARGO_BUILD_TARGET_DIR\n",
    ),
    (
        ShellSyntax::Csh,
        "setenv PATH '/shim:/usr/bin';\n\
             setenv CARGO_TARGET_DIR '/srv/it'\\''s \"$x\" \\/target';\n\
             unsetenv CARGO_BUILD_TARGET_DIR;\n",
    ),
    (
        ShellSyntax::Elvish,
        "set-env PATH '/shim:/usr/bin'\n\
             set-env CARGO_TARGET_DIR '/srv/it''s \"$x\" \\/target'\n\
             unset-env CARGO_BUILD_TARGET_DIR\n",
    ),
    (
        ShellSyntax::PowerShell,
        "$env:PATH = '/shim:/usr/bin'\n\
             $env:CARGO_TARGET_DIR = '/srv/it''s \"$x\" \\/target'\n\
             Remove-Item -ErrorAction Ignore Env:CARGO_BUILD_TARGET_DIR\n",
    ),
];

const FILES: [(FileSyntax, &str); 2] = [
    (
        FileSyntax::Dotenv,
        "PATH=\"/shim:/usr/bin\"\n\
             CARGO_TARGET_DIR=\"/srv/it's \\\"\\$x\\\" \\\\/target\"\n",
    ),
    (
        FileSyntax::Json,
        "{\"CARGO_BUILD_TARGET_DIR\":null,\
             \"CARGO_TARGET_DIR\":\"/srv/it's \\\"$x\\\" \\\\/target\",\
             \"PATH\":\"/shim:/usr/bin\"}\n",
    ),
];

#[test]
fn says_the_same_to_every_reader() {
    let changes = [
        change("PATH", Some("/shim:/usr/bin")),
        change("CARGO_TARGET_DIR", Some("/srv/it's \"$x\" \\/target")),
        change("CARGO_BUILD_TARGET_DIR", None),
    ];
    for (shell, expected) in EXPECTED {
        let found = String::from_utf8(commands(&changes, shell).unwrap()).unwrap();
        assert_eq!(found, expected, "{shell:?}");
    }
    for (format, expected) in FILES {
        let found = String::from_utf8(file(&changes, format).unwrap()).unwrap();
        assert_eq!(found, expected, "{format:?}");
    }
}

#[test]
fn bytes_that_are_not_text_reach_the_shells_that_have_them() {
    let value = Some(OsString::from_vec(b"/a\xff".to_vec()));
    let changes = [Change { name: "PATH", value }];
    assert_eq!(commands(&changes, ShellSyntax::Sh).unwrap(), b"PATH='/a\xff'; export PATH\n");
    assert_eq!(file(&changes, FileSyntax::Json), Err("PATH"));
    assert_eq!(commands(&changes, ShellSyntax::Nu), Err("PATH"));
}

/// For PowerShell each of these quotes ends a string.
#[test]
fn quotes_and_control_characters_are_each_readers_own() {
    let changes = [change("CARGO_TARGET_DIR", Some("/it's ‘a’ ‚b‛ \u{1b}\n"))];
    for (shell, expected) in [
        (ShellSyntax::PowerShell, "$env:CARGO_TARGET_DIR = '/it''s ‘‘a’’ ‚‚b‛‛ \u{1b}\n'\n"),
        (ShellSyntax::Nu, "$env.CARGO_TARGET_DIR = \"/it's ‘a’ ‚b‛ \u{1b}\n\"\n"),
    ] {
        let found = String::from_utf8(commands(&changes, shell).unwrap()).unwrap();
        assert_eq!(found, expected, "{shell:?}");
    }
}
