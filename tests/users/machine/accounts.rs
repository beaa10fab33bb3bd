//! The accounts of the machine, and the files that hold them.
//!
//! `alice` and `bob` build, `mallory` attacks; all three are in `devs`, the group that owns shared
//! roots. The others are there for their names and shells.

use std::fs;
use std::path::Path;

use anyhow::Result;

/// The group of everyone who builds.
const DEVS: u32 = 3000;
/// A group that settings exclude.
const SERVICE: u32 = 3001;

/// An account of the machine.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    /// The name, in bytes: account databases know no encoding.
    pub(crate) name: Vec<u8>,
    /// The user id, which is the id of the account's own group as well.
    pub(crate) uid: u32,
    shell: &'static str,
    groups: &'static [u32],
}

/// Name, uid, shell and groups besides the account's own.
type Row = (&'static [u8], u32, &'static str, &'static [u32]);

const ROWS: &[Row] = &[
    (b"root", 0, "/bin/sh", &[]),
    (b"alice", 2001, "/bin/sh", &[DEVS]),
    (b"bob", 2002, "/bin/sh", &[DEVS]),
    (b"mallory", 2003, "/bin/sh", &[DEVS]),
    (b"carol", 2004, "/bin/sh", &[DEVS]),
    // People log in to none of these two, and the third is only known by its group.
    (b"doorman", 2201, "/usr/sbin/nologin", &[]),
    (b"gate", 2202, "/bin/false", &[]),
    (b"robot", 2203, "/bin/sh", &[SERVICE]),
    // Names that are no plain directory names.
    (b"1st.user", 2301, "/bin/sh", &[]),
    (b"m\xc3\xbc", 2302, "/bin/sh", &[]),
    (b"m\xfc", 2303, "/bin/sh", &[]),
    (b"..", 2304, "/bin/sh", &[]),
    (b"uid-2001", 2305, "/bin/sh", &[]),
    (b"nobody", 65534, "/usr/sbin/nologin", &[]),
];

/// Twenty more people, for the crowd.
pub(crate) fn crowd() -> impl Iterator<Item = Account> {
    (1..=20).map(|number| Account {
        name: format!("user{number:02}").into_bytes(),
        uid: 2100 + number,
        shell: "/bin/sh",
        groups: &[DEVS],
    })
}

fn all() -> impl Iterator<Item = Account> {
    let named = ROWS.iter().map(|(name, uid, shell, groups)| Account {
        name: name.to_vec(),
        uid: *uid,
        shell,
        groups,
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

/// The group of that name.
pub(crate) fn group(name: &str) -> u32 {
    match name {
        "root" => 0,
        "devs" => DEVS,
        "service" => SERVICE,
        name => account(name).uid,
    }
}

impl Account {
    /// An id that no account has.
    pub(crate) fn nameless(uid: u32) -> Self {
        Account { name: Vec::new(), uid, shell: "", groups: &[] }
    }

    /// The home in the account database is nobody's: on each stage people have one of their own.
    fn passwd_line(&self) -> Vec<u8> {
        let Account { name, uid, shell, .. } = self;
        let rest = format!(":x:{uid}:{uid}::/home/{uid}:{shell}\n");
        [name.as_slice(), rest.as_bytes()].concat()
    }
}

/// Writes `passwd`, `group` and `nsswitch.conf`.
pub(super) fn write(etc: &Path) -> Result<()> {
    let passwd: Vec<u8> = all().flat_map(|account| account.passwd_line()).collect();
    fs::write(etc.join("passwd"), passwd)?;
    let own: Vec<u8> = all()
        .flat_map(|Account { name, uid, .. }| {
            [name.as_slice(), format!(":x:{uid}:\n").as_bytes()].concat()
        })
        .collect();
    let members = |group: u32| -> Vec<u8> {
        let names =
            all().filter(|account| account.groups.contains(&group)).map(|account| account.name);
        names.collect::<Vec<_>>().join(&b','.to_owned())
    };
    let line = |name: &str, group: u32| {
        [format!("{name}:x:{group}:").as_bytes(), &members(group), b"\n"].concat()
    };
    fs::write(etc.join("group"), [own, line("devs", DEVS), line("service", SERVICE)].concat())?;
    fs::write(etc.join("nsswitch.conf"), "passwd: files\ngroup: files\n")?;
    Ok(())
}
