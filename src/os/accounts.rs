//! The system's account database, including LDAP and other services, through the name-service switch.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::ops::{ControlFlow, RangeInclusive};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use rustix::buffer::spare_capacity;
use users::os::unix::{GroupExt, UserExt};

use super::{files, user_namespace};
use crate::os::entry::UNMAPPED;
use crate::os::passwd::{self, Account};
use crate::ui::owner::Owner;

/// The effective uid of this process.
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether this process runs as root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The account with this uid. The database reports an unknown uid and a failed look-up in the same way;
/// in both cases the account has only its number.
pub fn account(uid: u32, excluded_groups: &[String]) -> Account {
    let Some(account) = from_files(uid).or_else(|| from_switch(uid)) else {
        return Account { uid, ..Account::default() };
    };
    let excluded = excluded_groups.iter().filter(|group| is_member(&account, group));
    let excluded_groups = excluded.cloned().collect();
    let home = account.home.filter(|home| home.is_absolute());
    Account { home, excluded_groups, ..account }
}

/// The answer that the name-service switch would give, without calling it.
fn from_files(uid: u32) -> Option<Account> {
    if !passwd::files_answer_first(&files::text_of_system("/etc/nsswitch.conf").ok()?) {
        return None;
    }
    in_passwd(File::open("/etc/passwd").ok()?, uid)
}

/// How much of `/etc/passwd` is read at once, in bytes; also the longest line that is accepted.
const CHUNK: usize = 64 << 10;

/// The first record for `uid`; `None` also if only the name-service switch can answer.
fn in_passwd(passwd: File, uid: u32) -> Option<Account> {
    let mut chunk = Vec::with_capacity(CHUNK);
    loop {
        let room = chunk.capacity() - chunk.len();
        let is_end = rustix::io::read(&passwd, spare_capacity(&mut chunk)).ok()? < room;
        let newline = || chunk.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
        let whole = if is_end { chunk.len() } else { newline()? };
        match passwd::find(chunk.get(..whole)?, uid) {
            ControlFlow::Break(found) => return found,
            ControlFlow::Continue(()) if is_end => return None,
            ControlFlow::Continue(()) => drop(chunk.drain(..whole)),
        }
    }
}

fn from_switch(uid: u32) -> Option<Account> {
    let user = users::get_user_by_uid(uid)?;
    Some(Account {
        uid,
        name: Some(user.name().to_owned()),
        gid: Some(user.primary_group_id()),
        home: Some(user.home_dir().to_owned()),
        shell: Some(user.shell().to_owned()),
        excluded_groups: Vec::new(),
    })
}

/// Whether the account is in a group: as its primary group, by the group's list of members, or by this
/// process's own groups, which directory services fill in even if they do not list members.
fn is_member(account: &Account, group: &str) -> bool {
    let Some(group) = users::get_group_by_name(group) else { return false };
    let is_listed = account.name.as_ref().is_some_and(|name| group.members().contains(name));
    let has_group = || {
        let own = rustix::process::getgroups().unwrap_or_default();
        own_uid() == account.uid && own.iter().any(|own| own.as_raw() == group.gid())
    };
    account.gid == Some(group.gid()) || is_listed || has_group()
}

/// The uid and primary group of every account that the database lists, each uid once. Directory
/// services often list none of their accounts, although they know each by name and uid.
pub fn all() -> Vec<(u32, u32)> {
    let listed = Command::new("/usr/bin/getent").arg("passwd").output();
    let mut found = match listed {
        Ok(output) if output.status.success() => passwd::numbers(&output.stdout).collect(),
        _ => local(),
    };
    found.sort_unstable();
    found.dedup_by_key(|(uid, _)| *uid);
    found
}

/// The uid and primary group of every account in `/etc/passwd`.
fn local() -> Vec<(u32, u32)> {
    passwd::numbers(&std::fs::read("/etc/passwd").unwrap_or_default()).collect()
}

/// The uids of ordinary accounts, from `UID_MIN` to `UID_MAX` of login.defs(5).
pub fn ordinary_uids() -> RangeInclusive<u32> {
    passwd::ordinary_uids(&std::fs::read_to_string("/etc/login.defs").unwrap_or_default())
}

/// An account as messages name it.
pub fn owner(uid: u32) -> Owner {
    Owner { uid, name: users::get_user_by_uid(uid).map(|user| user.name().to_owned()) }
}

/// The account's primary group, if it is private: it has the account's name, no other member, is no
/// other account's primary group, and stands for itself outside of this user namespace. Only the
/// accounts in `/etc/passwd` are searched, because directory services do not list all of theirs.
///
/// With umask 002 it is asked about every directory on a path, so the answer is remembered.
pub fn private_group(uid: u32) -> Option<u32> {
    static KNOWN: Mutex<BTreeMap<u32, Option<u32>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    *known.entry(uid).or_insert_with(|| look_up_private_group(uid))
}

fn look_up_private_group(uid: u32) -> Option<u32> {
    if uid == UNMAPPED {
        return None;
    }
    let user = users::get_user_by_uid(uid)?;
    let group = users::get_group_by_gid(user.primary_group_id())?;
    let is_alone = group.members().iter().all(|member| member == user.name());
    let is_others = |(number, gid): &(u32, u32)| *number != uid && *gid == group.gid();
    let has_others = || local().iter().any(is_others);
    let is_renamed = || user_namespace::is_renamed_group(group.gid());
    let is_private = group.name() == user.name() && is_alone && !has_others() && !is_renamed();
    is_private.then(|| group.gid())
}

/// The gid of a group, by its name or its number.
pub fn group(name: &str) -> Option<u32> {
    let by_name = users::get_group_by_name(name).map(|group| group.gid());
    by_name.or_else(|| name.parse().ok())
}

/// The uid and primary group of an account, by its name or uid.
pub fn find(name: &OsStr) -> Option<(u32, u32)> {
    let by_number = || users::get_user_by_uid(name.to_str()?.parse().ok()?);
    let user = users::get_user_by_name(name).or_else(by_number)?;
    Some((user.uid(), user.primary_group_id()))
}

/// The account's groups after a login, including `gid`.
pub fn groups(uid: u32, gid: u32) -> Vec<u32> {
    let user = users::get_user_by_uid(uid);
    let groups = user.and_then(|user| users::get_user_groups(user.name(), gid));
    groups.unwrap_or_default().iter().map(users::Group::gid).chain([gid]).collect()
}

/// A group as `install -g` takes it.
pub fn group_word(gid: u32) -> String {
    let name = users::get_group_by_gid(gid).map(|group| group.name().to_owned());
    name.as_deref()
        .and_then(OsStr::to_str)
        .map_or_else(|| gid.to_string(), crate::ui::escape::quoted)
}

/// The uids for account names and numbers; names without an account are left out.
pub fn uids(names: &[String]) -> Vec<u32> {
    let by_name = |name: &String| Some(find(OsStr::new(name))?.0);
    names.iter().filter_map(|name| name.parse().ok().or_else(|| by_name(name))).collect()
}

/// Whether the account is in `/etc/passwd`.
pub fn is_local(uid: u32) -> bool {
    local().iter().any(|(number, _)| *number == uid)
}

/// Whether the name-service switch asks anything but the system's own files for accounts.
pub fn has_directory_service() -> bool {
    let text = files::text_of_system("/etc/nsswitch.conf").unwrap_or_default();
    passwd::asks_directory_service(&text)
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, in_passwd};
    use std::fs::File;

    #[test]
    fn a_record_is_found_wherever_it_stands() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("passwd");
        let alice = "alice:x:77:100::/home/alice:/bin/sh";
        let long = |length: usize| format!("u:x:1:1:{}::\n", "n".repeat(length - 11));
        let others = |length: usize| {
            let line = "user:x:5000:100:Somebody:/home/user:/bin/sh\n";
            let mut text = line.repeat(length / line.len() - 1);
            text.push_str(&long(length - text.len()));
            text
        };
        for (text, is_found) in [
            (alice.to_owned(), true),
            (format!("{alice}\n"), true),
            (others(CHUNK) + alice, true),
            // The record crosses two chunks, in every possible way.
            (others(CHUNK - 1) + alice, true),
            (others(CHUNK - alice.len()) + alice, true),
            (others(CHUNK - alice.len()) + alice + "\n", true),
            (others(CHUNK - alice.len() - 1) + alice + "\n", true),
            (others(5 * CHUNK + 10) + alice + "\n" + &others(100), true),
            (long(CHUNK) + alice, true),
            // Longer than the longest line: left to the name-service switch.
            (long(CHUNK + 1) + alice, false),
            (others(3 * CHUNK), false),
            (String::new(), false),
        ] {
            std::fs::write(&file, &text).unwrap();
            let found = in_passwd(File::open(&file).unwrap(), 77);
            let name = found.and_then(|account| account.name);
            assert_eq!(name, is_found.then(|| "alice".into()), "{}", text.len());
        }
    }
}
