//! The system's account database, LDAP and the like included, through the name-service switch.

use std::ffi::OsStr;

use users::os::unix::{GroupExt, UserExt};

use crate::core::account::Account;
use crate::core::settings::Settings;
use crate::error::Owner;

/// The account of a uid. The database does not tell an unknown number from one that it could not
/// look up; both are called by their number.
pub fn account(uid: u32, settings: &Settings) -> Account {
    let Some(user) = users::get_user_by_uid(uid) else {
        return Account { uid, ..Account::default() };
    };
    let is_member = |group: &&String| is_member(&user, group);
    Account {
        uid,
        name: Some(user.name().to_owned()),
        shell: Some(user.shell().to_owned()),
        home: Some(user.home_dir().to_owned()).filter(|home| home.is_absolute()),
        excluded_groups: settings.exclude_groups.iter().filter(is_member).cloned().collect(),
    }
}

/// Whether the account is in a group: by its primary group, by the group's list of members, or by
/// this process's own groups, which directory services fill in where they do not list members.
fn is_member(user: &users::User, group: &str) -> bool {
    let Some(group) = users::get_group_by_name(group) else {
        return false;
    };
    let has_group = |gid: u32| {
        rustix::process::getgroups().is_ok_and(|groups| groups.iter().any(|g| g.as_raw() == gid))
    };
    user.primary_group_id() == group.gid()
        || group.members().iter().any(|member| member == user.name())
        || has_group(group.gid())
}

/// An account as messages name it.
pub fn owner(uid: u32) -> Owner {
    Owner { uid, name: users::get_user_by_uid(uid).map(|user| user.name().to_owned()) }
}

/// What `install -g` takes for a gid.
pub fn group_word(gid: u32) -> String {
    let name = users::get_group_by_gid(gid).map(|group| group.name().to_owned());
    name.as_deref().and_then(OsStr::to_str).map_or_else(|| gid.to_string(), crate::shown::quoted)
}

/// The uids behind account names and numbers; a name without an account trusts nobody.
pub fn uids(names: &[String]) -> Vec<u32> {
    let uid = |name: &String| {
        name.parse().ok().or_else(|| users::get_user_by_name(name).map(|user| user.uid()))
    };
    names.iter().filter_map(uid).collect()
}
