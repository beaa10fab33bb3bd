//! The accounts of the machine, and the files that hold them.
//!
//! `alice` and `bob` build, `mallory` attacks; all three are in `devs`, the group that owns shared
//! roots. The others are there for their names and shells.

use std::fs;
use std::path::Path;

use anyhow::Result;

/// The group of everyone who builds, and one that settings exclude.
const GROUPS: [(&str, u32); 2] = [("devs", 3000), ("service", 3001)];

/// An account of the machine.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The name, in bytes: account databases know no encoding.
    pub(crate) name: Vec<u8>,
    /// The user id, which is the id of the account's own group as well.
    pub(crate) uid: u32,
    shell: &'static str,
    /// Besides the account's own.
    group: Option<&'static str>,
}

/// Name, uid, shell and group besides the account's own.
type Row = (&'static [u8], u32, &'static str, Option<&'static str>);

const ROWS: &[Row] = &[
    (b"root", 0, "/bin/sh", None),
    (b"alice", 2001, "/bin/sh", Some("devs")),
    (b"bob", 2002, "/bin/sh", Some("devs")),
    (b"mallory", 2003, "/bin/sh", Some("devs")),
    (b"carol", 2004, "/bin/sh", Some("devs")),
    // People log in to none of these two, and the third is only known by its group.
    (b"doorman", 2201, "/usr/sbin/nologin", None),
    (b"gate", 2202, "/bin/false", None),
    (b"robot", 2203, "/bin/sh", Some("service")),
    // Names that are no plain directory names.
    (b"1st.user", 2301, "/bin/sh", None),
    (b"m\xc3\xbc", 2302, "/bin/sh", None),
    (b"m\xfc", 2303, "/bin/sh", None),
    (b"..", 2304, "/bin/sh", None),
    (b"uid-2001", 2305, "/bin/sh", None),
    (b"nobody", 65534, "/usr/sbin/nologin", None),
];

/// Twenty more people, for the crowd.
pub(crate) fn crowd() -> impl Iterator<Item = Account> {
    (1..=20).map(|number| {
        let name = format!("user{number:02}").into_bytes();
        Account { name, uid: 2100 + number, shell: "/bin/sh", group: Some("devs") }
    })
}

fn all() -> impl Iterator<Item = Account> {
    let named = ROWS.iter().map(|&(name, uid, shell, group)| {
        let name = name.to_vec();
        Account { name, uid, shell, group }
    });
    named.chain(crowd())
}

/// The account of that name.
#[track_caller]
pub(crate) fn account(name: impl AsRef<[u8]>) -> Account {
    let name = name.as_ref();
    let found = all().find(|account| account.name == name);
    found.unwrap_or_else(|| panic!("no account `{}`", String::from_utf8_lossy(name)))
}

/// The group of that name; each account has one of its own.
pub(crate) fn group(name: &str) -> u32 {
    let found = GROUPS.iter().find(|(known, _)| *known == name);
    found.map_or_else(|| account(name).uid, |(_, id)| *id)
}

impl Account {
    /// An id that no account has.
    pub(crate) fn nameless(uid: u32) -> Self {
        Account { name: Vec::new(), uid, shell: "", group: None }
    }
}

/// Writes `passwd`, `group` and `nsswitch.conf`.
pub(super) fn write(etc: &Path) -> Result<()> {
    let (mut passwd, mut groups) = (Vec::new(), Vec::new());
    for Account { name, uid, shell, .. } in all() {
        // This home is nobody's: on each stage people have one of their own.
        let rest = format!(":x:{uid}:{uid}::/home/{uid}:{shell}\n");
        passwd.extend([&name[..], rest.as_bytes()].concat());
        groups.extend([&name[..], format!(":x:{uid}:\n").as_bytes()].concat());
    }
    for (name, id) in GROUPS {
        let members = all().filter(|account| account.group == Some(name));
        let members = members.map(|account| account.name).collect::<Vec<_>>().join(&b',');
        groups.extend([format!("{name}:x:{id}:").as_bytes(), &members, b"\n"].concat());
    }
    fs::write(etc.join("passwd"), passwd)?;
    fs::write(etc.join("group"), groups)?;
    fs::write(etc.join("nsswitch.conf"), "passwd: files\ngroup: files\n")?;
    Ok(())
}
