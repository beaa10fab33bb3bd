//! The system's account database, LDAP and the like included, through the name-service switch.

use std::ffi::OsStr;
use std::ops::RangeInclusive;
use std::process::Command;

use users::os::unix::{GroupExt, UserExt};

use super::{files, user_namespace};
use crate::os::passwd::{self, Account, Record};
use crate::ui::owner::Owner;

/// The uid that this process acts with.
pub fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Whether this process acts as root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The account of a uid. The database does not tell an unknown number from one that it could not
/// look up; both are called by their number.
pub fn account(uid: u32, excluded_groups: &[String]) -> Account {
    let Some(record) = from_files(uid).or_else(|| from_switch(uid)) else {
        return Account { uid, ..Account::default() };
    };
    let excluded = excluded_groups.iter().filter(|group| is_member(uid, &record, group));
    Account {
        uid,
        excluded_groups: excluded.cloned().collect(),
        name: Some(record.name),
        shell: Some(record.shell),
        home: Some(record.home).filter(|home| home.is_absolute()),
    }
}

/// The answer that the name-service switch would give, without starting it.
fn from_files(uid: u32) -> Option<Record> {
    let text = |path| files::text_of_system(path).ok();
    if !passwd::files_answer_first(&text("/etc/nsswitch.conf")?) {
        return None;
    }
    passwd::find(&text("/etc/passwd")?, uid)
}

fn from_switch(uid: u32) -> Option<Record> {
    let user = users::get_user_by_uid(uid)?;
    Some(Record {
        name: user.name().to_owned(),
        gid: user.primary_group_id(),
        home: user.home_dir().to_owned(),
        shell: user.shell().to_owned(),
    })
}

/// Whether the account is in a group: by its primary group, by the group's list of members, or by
/// this process's own groups, which directory services fill in where they do not list members.
fn is_member(uid: u32, account: &Record, group: &str) -> bool {
    let Some(group) = users::get_group_by_name(group) else { return false };
    let has_group = |gid: u32| {
        rustix::process::getgroups().is_ok_and(|groups| groups.iter().any(|g| g.as_raw() == gid))
    };
    let has_group = |gid| own_uid() == uid && has_group(gid);
    account.gid == group.gid() || group.members().contains(&account.name) || has_group(group.gid())
}

/// The number and the primary group of every account that the database lists, each number once.
/// Directory services often list none; their accounts are known by name and number all the same.
pub fn all() -> Vec<(u32, u32)> {
    let listed = Command::new("/usr/bin/getent").arg("passwd").output();
    let text = match listed {
        Ok(output) if output.status.success() => output.stdout,
        _ => std::fs::read("/etc/passwd").unwrap_or_default(),
    };
    let mut found: Vec<(u32, u32)> =
        text.split(|byte| *byte == b'\n').filter_map(passwd::numbers).collect();
    found.sort_unstable();
    found.dedup_by_key(|(uid, _)| *uid);
    found
}

/// The uids of ordinary accounts, from `UID_MIN` to `UID_MAX` of login.defs(5).
pub fn ordinary_uids() -> RangeInclusive<u32> {
    passwd::ordinary_uids(&std::fs::read_to_string("/etc/login.defs").unwrap_or_default())
}

/// Whether an account is in a group, by its primary group or the group's list of members.
pub fn is_in_group(uid: u32, primary: u32, gid: u32) -> bool {
    let user = users::get_user_by_uid(uid);
    let groups = user.and_then(|user| users::get_user_groups(user.name(), primary));
    primary == gid || groups.is_some_and(|groups| groups.iter().any(|group| group.gid() == gid))
}

/// An account as messages name it.
pub fn owner(uid: u32) -> Owner {
    Owner { uid, name: users::get_user_by_uid(uid).map(|user| user.name().to_owned()) }
}

/// The account's primary group, if it is the account's alone: called like it, without members besides
/// it, nobody else's primary group, and no other group outside of this user namespace. Directory services do not list all their accounts; those that
/// `/etc/passwd` has are looked through.
pub fn private_group(uid: u32) -> Option<u32> {
    let user = users::get_user_by_uid(uid)?;
    let group = users::get_group_by_gid(user.primary_group_id())?;
    let is_alone = group.members().iter().all(|member| member == user.name());
    let has_others = || {
        let passwd = std::fs::read("/etc/passwd").unwrap_or_default();
        passwd::is_group_of_others(&passwd, group.gid(), uid)
    };
    let is_renamed = || user_namespace::is_renamed_group(group.gid());
    let is_private = group.name() == user.name() && is_alone && !has_others() && !is_renamed();
    is_private.then(|| group.gid())
}

/// The number of a group, by its name or by its number.
pub fn group(name: &str) -> Option<u32> {
    let by_name = users::get_group_by_name(name).map(|group| group.gid());
    by_name.or_else(|| name.parse().ok())
}

/// The number and the primary group of an account, by its name or number.
pub fn find(name: &OsStr) -> Option<(u32, u32)> {
    let by_number = || users::get_user_by_uid(name.to_str()?.parse().ok()?);
    let user = users::get_user_by_name(name).or_else(by_number)?;
    Some((user.uid(), user.primary_group_id()))
}

/// The primary group of an account.
pub fn primary_group(uid: u32) -> Option<u32> {
    Some(users::get_user_by_uid(uid)?.primary_group_id())
}

/// The groups that an account has once it has logged in, of which `gid` is one.
pub fn groups(uid: u32, gid: u32) -> Vec<u32> {
    let user = users::get_user_by_uid(uid);
    let groups = user.and_then(|user| users::get_user_groups(user.name(), gid));
    groups.unwrap_or_default().iter().map(users::Group::gid).chain([gid]).collect()
}

/// What `install -g` takes for a gid.
pub fn group_word(gid: u32) -> String {
    let name = users::get_group_by_gid(gid).map(|group| group.name().to_owned());
    name.as_deref()
        .and_then(OsStr::to_str)
        .map_or_else(|| gid.to_string(), crate::ui::escape::quoted)
}

/// The uids behind account names and numbers; a name without an account trusts nobody.
pub fn uids(names: &[String]) -> Vec<u32> {
    let uid = |name: &String| {
        name.parse().ok().or_else(|| users::get_user_by_name(name).map(|user| user.uid()))
    };
    names.iter().filter_map(uid).collect()
}
