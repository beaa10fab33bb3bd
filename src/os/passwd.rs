//! Pure: the account database's own files, for the one look-up that every cargo command waits for.
//!
//! Asking the name-service switch costs a tenth of the shim's time, nearly all of it in starting
//! the switch. Where `/etc/nsswitch.conf` says that `/etc/passwd` answers first, the answer that
//! stands there *is* the switch's. Anything else, and anything doubtful, is left to the switch.

use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// An account, as the system's account database has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The effective uid of this process.
    pub uid: u32,
    /// The name, or `None` for a number without an account.
    pub name: Option<OsString>,
    /// The login shell, where there is an account.
    pub shell: Option<PathBuf>,
    /// The home directory, where there is an account.
    pub home: Option<PathBuf>,
    /// The excluded groups that the account is a member of.
    pub excluded_groups: Vec<String>,
}

/// One account's line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The account's name.
    pub name: OsString,
    /// Its primary group.
    pub gid: u32,
    /// Its home directory.
    pub home: PathBuf,
    /// Its login shell.
    pub shell: PathBuf,
}

/// Whether `/etc/passwd` answers first and alone for the accounts that it has, by the text of
/// `/etc/nsswitch.conf`. An action in brackets behind `files` could change that.
pub fn files_answer_first(nsswitch: &str) -> bool {
    let lines = nsswitch.lines().map(|line| line.split('#').next().unwrap_or_default());
    let mut sources = lines.filter_map(|line| line.trim_start().strip_prefix("passwd:"));
    match (sources.next(), sources.next()) {
        (Some(sources), None) => {
            let mut words = sources.split_ascii_whitespace();
            words.next() == Some("files") && !words.next().is_some_and(|word| word.starts_with('['))
        }
        _ => false,
    }
}

/// The first line for `uid` in the text of `/etc/passwd`.
///
/// `None` also for a text with lines that are not plain records; what they mean is the switch's
/// business.
pub fn find(passwd: &str, uid: u32) -> Option<Record> {
    for line in passwd.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(':').collect();
        let &[name, _, number, gid, _, home, shell] = fields.as_slice() else { return None };
        let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if name.is_empty() || name.starts_with(['+', '-', ' ', '\t']) || !is_plain(number) {
            return None;
        }
        if number.parse() == Ok(uid) {
            let gid = gid.parse().ok()?;
            return Some(Record { name: name.into(), gid, home: home.into(), shell: shell.into() });
        }
    }
    None
}

/// The uid and gid in one line of passwd(5).
pub fn numbers(line: &[u8]) -> Option<(u32, u32)> {
    let mut fields = line.split(|byte| *byte == b':').skip(2);
    let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse().ok();
    Some((number()?, number()?))
}

/// `UID_MIN` to `UID_MAX` in the text of `/etc/login.defs`, by default 1000 to 60000.
pub fn ordinary_uids(login_defs: &str) -> RangeInclusive<u32> {
    let value = |name: &str, otherwise: u32| {
        let mut lines = login_defs.lines().map(str::split_ascii_whitespace);
        let found = lines.find_map(|mut words| {
            if words.next() == Some(name) { words.next()?.parse().ok() } else { None }
        });
        found.unwrap_or(otherwise)
    };
    value("UID_MIN", 1000)..=value("UID_MAX", 60_000)
}

/// Whether an account with another number than `uid` has `gid` as its primary group, by the text of
/// `/etc/passwd`.
pub fn is_group_of_others(passwd: &[u8], gid: u32, uid: u32) -> bool {
    let mut accounts = passwd.split(|byte| *byte == b'\n').filter_map(numbers);
    accounts.any(|(number, group)| number != uid && group == gid)
}

#[cfg(test)]
mod tests {
    use super::{files_answer_first, find, is_group_of_others, numbers, ordinary_uids};
    use std::path::Path;

    #[test]
    fn trusts_the_file_only_where_it_answers_first() {
        for (text, expected) in [
            ("passwd: files", true),
            ("passwd:\t\tfiles systemd # local\ngroup: db", true),
            ("  passwd: files sss", true),
            ("passwd: sss files", false),
            ("passwd: files [NOTFOUND=return] sss", false),
            ("passwd: compat", false),
            ("passwd:", false),
            ("# passwd: files", false),
            ("passwd: files\npasswd: sss", false),
            ("passwd_compat: files", false),
            ("", false),
        ] {
            assert_eq!(files_answer_first(text), expected, "{text}");
        }
    }

    #[test]
    fn finds_the_first_plain_record_of_a_number() {
        let text = "# people\nroot:x:0:0:root:/root:/bin/bash\n\nalice:x:1500:100:A, B:/home/alice:\n\
                    alias:x:1500:7::/:/bin/sh\n";
        let alice = find(text, 1500).unwrap();
        assert_eq!((alice.name.to_str(), alice.gid), (Some("alice"), 100));
        assert_eq!(
            (alice.home.as_path(), alice.shell.as_path()),
            (Path::new("/home/alice"), Path::new(""))
        );
        assert_eq!(find(text, 1), None);
    }

    #[test]
    fn a_group_is_private_only_if_nobody_else_has_it() {
        let text = "alice:x:1500:1500::/:\nalso:x:1500:1500::/:\nbob:x:1501:100::/:\n";
        assert!(!is_group_of_others(text.as_bytes(), 1500, 1500));
        assert!(is_group_of_others(format!("{text}eve:x:1666:1500::/:\n").as_bytes(), 1500, 1500));
        assert!(!is_group_of_others(b"nonsense\n:::\n", 1500, 1500));
    }

    #[test]
    fn leaves_doubtful_files_to_the_switch() {
        for line in
            ["+::::::", "-bob::::::", "x:x:1500", " bob:x:1:1:::", "bob:x::1:::", "bob:x:0x1:1:::"]
        {
            let text = format!("{line}\nalice:x:1500:100::/home/alice:/bin/sh\n");
            assert_eq!(find(&text, 1500), None, "{line}");
        }
    }

    #[test]
    fn reads_numbers_out_of_any_line() {
        assert_eq!(numbers(b"m\xfc:x:2303:100::/home/2303:/bin/sh"), Some((2303, 100)));
        for line in [&b""[..], b"+::::::", b"a:x:-1:0:::", b"a:x:1"] {
            assert_eq!(numbers(line), None, "{line:?}");
        }
    }

    #[test]
    fn ordinary_accounts_are_those_of_login_defs() {
        let text = "# UID_MIN 1\nUID_MIN\t\t 500\nSYS_UID_MIN 100\n";
        assert_eq!(ordinary_uids(text), 500..=60_000);
        assert_eq!(ordinary_uids(""), 1000..=60_000);
    }
}
