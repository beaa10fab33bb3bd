//! Pure: the account database's own files, for the one look-up in every cargo command.
//!
//! Calling the name-service switch takes a tenth of the shim's time, nearly all of it to load the
//! switch. If `/etc/nsswitch.conf` says that `/etc/passwd` answers first, a record in that file *is*
//! the switch's answer. Everything else, and every doubtful case, is left to the switch.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::ops::{ControlFlow, RangeInclusive};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// An account in the system's account database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// The effective uid of this process.
    pub uid: u32,
    /// The name; `None` if there is no account with this uid.
    pub name: Option<OsString>,
    /// The primary group, if there is an account.
    pub gid: Option<u32>,
    /// The login shell, if there is an account.
    pub shell: Option<PathBuf>,
    /// The home directory, if there is an account.
    pub home: Option<PathBuf>,
    /// The excluded groups that the account is a member of.
    pub excluded_groups: Vec<String>,
}

impl Account {
    /// The name of the login shell's program; empty if the account has none.
    pub fn shell_name(&self) -> Cow<'_, str> {
        let name = self.shell.as_deref().and_then(Path::file_name);
        name.unwrap_or_default().to_string_lossy()
    }
}

/// Whether `/etc/passwd` is asked first, and alone for the accounts in it, by the text of
/// `/etc/nsswitch.conf`. An action in brackets after `files` could change that.
pub fn files_answer_first(nsswitch: &str) -> bool {
    let mut sources = sources(nsswitch);
    match (sources.next(), sources.next()) {
        (Some(sources), None) => {
            let mut words = sources.split_ascii_whitespace();
            words.next() == Some("files") && !words.next().is_some_and(|word| word.starts_with('['))
        }
        _ => false,
    }
}

/// The value of each `passwd` line in the text of `/etc/nsswitch.conf`.
fn sources(nsswitch: &str) -> impl Iterator<Item = &str> {
    let lines = nsswitch.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.filter_map(|line| line.trim_start().strip_prefix("passwd:"))
}

/// Searches whole lines of `/etc/passwd` for the first record for a uid. Stops with `None` at a line
/// that may be for it but is not a plain record, because only the switch knows its meaning. Only lines
/// with the uid in a field matter, written as every tool writes it.
pub fn find(lines: &[u8], uid: u32) -> ControlFlow<Option<Account>> {
    let field = format!(":{uid}:");
    for at in memchr::memmem::find_iter(lines, field.as_bytes()) {
        let line_break = |byte: &u8| *byte == b'\n';
        let (before, after) = lines.split_at(at);
        let start = before.iter().rposition(line_break).map_or(0, |at| at + 1);
        let end = after.iter().position(line_break).map_or(lines.len(), |length| at + length);
        let line = lines.get(start..end).unwrap_or_default();
        if line.starts_with(b"#") {
            continue;
        }
        match record(line) {
            Some(account) if account.uid != uid => {}
            found => return ControlFlow::Break(found),
        }
    }
    ControlFlow::Continue(())
}

/// A plain record.
fn record(line: &[u8]) -> Option<Account> {
    let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
    let [name, _, uid, gid, _, home, shell] = *fields else { return None };
    if name.first().is_none_or(|first| b"+- \t".contains(first)) {
        return None;
    }
    let text = OsStr::from_bytes;
    Some(Account {
        uid: number(uid)?,
        name: Some(text(name).to_owned()),
        gid: Some(number(gid)?),
        home: Some(text(home).into()),
        shell: Some(text(shell).into()),
        excluded_groups: Vec::new(),
    })
}

fn number(digits: &[u8]) -> Option<u32> {
    let is_plain = digits.iter().all(u8::is_ascii_digit)
        && (digits.len() == 1 || digits.first() != Some(&b'0'));
    std::str::from_utf8(digits).ok().filter(|_| is_plain)?.parse().ok()
}

/// Whether accounts may come from another source than this machine's files, by the text of
/// `/etc/nsswitch.conf`.
pub fn asks_directory_service(nsswitch: &str) -> bool {
    let is_local = |source: &str| {
        source.starts_with('[')
            || ["files", "compat", "systemd", "db", "mymachines"].contains(&source)
    };
    sources(nsswitch).flat_map(str::split_ascii_whitespace).any(|source| !is_local(source))
}

/// The uid and gid in each line of passwd(5) that has both, plain record or not.
pub fn numbers(text: &[u8]) -> impl Iterator<Item = (u32, u32)> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let mut fields = line.split(|byte| *byte == b':').skip(2);
        let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse().ok();
        Some((number()?, number()?))
    })
}

/// `UID_MIN` to `UID_MAX` in the text of `/etc/login.defs`; by default 1000 to 60000.
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

#[cfg(test)]
mod tests {
    use super::{files_answer_first, find, numbers, ordinary_uids};

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

    fn name_of(text: &str, uid: u32) -> Option<String> {
        Some(find(text.as_bytes(), uid).break_value()??.name?.into_string().unwrap())
    }

    #[test]
    fn finds_the_first_plain_record_of_a_number() {
        let text = "# people\nroot:x:0:0:root:/root:/bin/bash\n\nalice:x:1500:100:A, B:/home/alice:\n\
                    alias:x:1500:7::/:/bin/sh";
        let alice = find(text.as_bytes(), 1500).break_value().flatten().unwrap();
        assert_eq!((alice.name, alice.gid), (Some("alice".into()), Some(100)));
        assert_eq!((alice.home, alice.shell), (Some("/home/alice".into()), Some("".into())));
        assert_eq!(name_of(text, 0).as_deref(), Some("root"));
        assert_eq!(name_of("last:x:7:7::/:", 7).as_deref(), Some("last"));
        for uid in [1, 15, 500, 100] {
            assert_eq!(name_of(text, uid), None, "{uid}");
        }
    }

    #[test]
    fn leaves_doubtful_lines_to_the_switch() {
        for (line, expected) in [
            // Not for this uid, or not an account at all: NIS entries mean nothing to `files`.
            ("+::::::", "alice"),
            ("-bob::::::", "alice"),
            ("x:x:1500", "alice"),
            ("bob:x::1500:::", ""),
            ("bob:x:0x1:1:::", "alice"),
            ("#bob:x:1500:1:::", "alice"),
            ("+bob:x:1500:1:::", ""),
            ("bob:x:1500:1", ""),
            ("bob:x: 1500:1:::", "alice"),
            ("bob:x:01500:1:::", "alice"),
            (" bob:x:1500:1:::", ""),
            (":x:1500:1:::", ""),
            ("bob:x:1500:1:::::", ""),
        ] {
            let text = format!("{line}\nalice:x:1500:100::/home/alice:/bin/sh\n");
            assert_eq!(name_of(&text, 1500).unwrap_or_default(), expected, "{line}");
        }
    }

    #[test]
    fn reads_numbers_out_of_any_line() {
        let text = b"m\xfc:x:2303:100::/home/2303:/bin/sh\n\n+::::::\na:x:-1:0:::\na:x:1\nb:x:1:2";
        assert_eq!(numbers(text).collect::<Vec<_>>(), [(2303, 100), (1, 2)]);
    }

    #[test]
    fn ordinary_accounts_are_those_of_login_defs() {
        let text = "# UID_MIN 1\nUID_MIN\t\t 500\nSYS_UID_MIN 100\n";
        assert_eq!(ordinary_uids(text), 500..=60_000);
        assert_eq!(ordinary_uids(""), 1000..=60_000);
    }
}
