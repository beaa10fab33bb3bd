//! Pure: the name of an account's private directory, and whether the account gets one.
//!
//! The effective uid decides. `$USER` is wrong after `su -c`, in cron and under `env -i`, so it is
//! never used here.

use std::ffi::OsStr;
use std::path::Path;

use crate::os::passwd::Account;
use crate::settings::{Key, Settings};
use crate::ui::escape::escaped;

impl Account {
    /// The name of the private directory below the shared root.
    ///
    /// A `:` in a name breaks search paths, and a name that is not UTF-8 makes build scripts panic. An
    /// account without a plain name is therefore called `uid-<number>`; an account with such a name
    /// cannot claim another's directory.
    pub fn directory_name(&self) -> String {
        match self.name.as_deref().and_then(OsStr::to_str) {
            Some(name) if is_plain(name) && !is_number_form(name) => name.to_owned(),
            _ => format!("uid-{}", self.uid),
        }
    }

    /// Whether the account gets no directory below the shared root, and why.
    pub fn no_directory(&self, settings: &Settings) -> Option<String> {
        let directory = self.directory_name();
        let named = |names: &[String]| {
            names.iter().any(|name| {
                *name == directory || self.name.as_deref() == Some(OsStr::new(name.as_str()))
            })
        };
        if named(settings.names(Key::IncludeUsers)) {
            return None;
        }
        if named(settings.names(Key::ExcludeUsers)) {
            return Some("this account is listed under `exclude.users`".into());
        }
        if let Some(group) = self.excluded_groups.first() {
            let group = escaped(group);
            return Some(format!(
                "this account is a member of `{group}`, listed under `exclude.groups`"
            ));
        }
        let shell = self.shell.as_deref().filter(|shell| refuses_logins(shell))?;
        Some(format!("this account's shell is `{}`, so it allows no logins", escaped(shell)))
    }
}

fn refuses_logins(shell: &Path) -> bool {
    matches!(shell.file_name().and_then(OsStr::to_str), Some("nologin" | "false"))
}

/// `[A-Za-z_][A-Za-z0-9._-]*`
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

fn is_number_form(name: &str) -> bool {
    name.strip_prefix("uid-").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::Account;
    use crate::settings::parse::from_flags;
    use crate::settings::{Key, Settings};
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    fn account(name: &[u8], shell: &str) -> Account {
        Account {
            uid: 1500,
            name: Some(OsString::from_vec(name.to_vec())),
            shell: Some(shell.into()),
            ..Account::default()
        }
    }

    #[test]
    fn names_the_directory_by_account_or_by_number() {
        for (name, expected) in [
            (&b"alice"[..], "alice"),
            (b"_apt", "_apt"),
            (b"a.b-c_9", "a.b-c_9"),
            (b"1st", "uid-1500"),
            (b"..", "uid-1500"),
            (b".hidden", "uid-1500"),
            (b"a/b", "uid-1500"),
            (b"a:b", "uid-1500"),
            (b"DOMAIN\\alice", "uid-1500"),
            (b"alice@example.org", "uid-1500"),
            (b"m\xfc", "uid-1500"),
            (b"", "uid-1500"),
            (b"uid-7", "uid-1500"),
            (b"uid-x", "uid-x"),
        ] {
            assert_eq!(account(name, "/bin/sh").directory_name(), expected);
        }
        assert_eq!(Account { uid: 7, ..Account::default() }.directory_name(), "uid-7");
    }

    #[test]
    fn leaves_out_service_accounts_unless_they_are_included() {
        let exclude = (Key::ExcludeUsers, "doorman".into());
        let include = (Key::IncludeUsers, "doorman".into());
        let excluding = from_flags(std::slice::from_ref(&exclude)).unwrap();
        let including = from_flags(&[exclude, include]).unwrap();
        let built_in = Settings::default();
        for (name, shell, settings, expected) in [
            ("alice", "/bin/bash", &built_in, None),
            ("alice", "", &built_in, None),
            ("www", "/usr/sbin/nologin", &built_in, Some("shell is `/usr/sbin/nologin`")),
            ("svc", "/bin/false", &built_in, Some("shell is `/bin/false`")),
            ("doorman", "/bin/bash", &excluding, Some("`exclude.users`")),
            ("doorman", "/sbin/nologin", &including, None),
        ] {
            let why = account(name.as_bytes(), shell).no_directory(settings);
            assert_eq!(why.is_some(), expected.is_some(), "{name}: {why:?}");
            assert!(why.unwrap_or_default().contains(expected.unwrap_or_default()), "{name}");
        }
    }

    #[test]
    fn leaves_out_members_of_an_excluded_group() {
        let member =
            Account { excluded_groups: vec!["service".into()], ..account(b"bot", "/bin/sh") };
        let why = member.no_directory(&Settings::default()).unwrap();
        assert!(why.contains("`service`, listed under `exclude.groups`"), "{why}");
    }
}
