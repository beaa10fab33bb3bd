//! Another account's rights to files, for one thread: root becomes the owner before it enters a
//! person's directory, so that whatever they put there in between is no more than they could do
//! themselves.
//!
//! Real and saved ids stay root's, so that the person can send the process no signal, trace it or be
//! asked by it through a FUSE file system of theirs, and so that the thread can come back.

use std::io;

use crate::ui::failure::{Failure, reason};
use rustix::io::Errno;

/// An account by its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The uid.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
    /// All groups.
    pub groups: Vec<u32>,
}

impl Credentials {
    /// An account with the groups that it has once it has logged in.
    pub fn of(uid: u32, gid: u32) -> Credentials {
        Credentials { uid, gid, groups: super::accounts::groups(uid, gid) }
    }
}

/// Whose rights this thread has. Has to be dropped on the thread that made it.
#[derive(Debug, Default)]
pub struct Rights {
    acting: Option<u32>,
    /// The groups that the thread had before.
    groups: Vec<u32>,
}

impl Rights {
    /// Gives this thread an account's rights. For one's own account nothing changes.
    ///
    /// # Errors
    /// Any I/O error; then the rights may be half changed, and the thread must not go on.
    pub fn become_account(&mut self, account: &Credentials) -> io::Result<()> {
        if self.acting == Some(account.uid) {
            return Ok(());
        }
        self.come_back()?;
        if super::accounts::own_uid() == account.uid {
            return Ok(());
        }
        let groups = rustix::process::getgroups()?;
        self.groups = groups.into_iter().map(|group| group.as_raw()).collect();
        self.acting = Some(account.uid);
        take(account)
    }

    /// Gives this thread the rights back that the process has.
    ///
    /// # Errors
    /// As [`Rights::become_account`].
    pub fn come_back(&mut self) -> io::Result<()> {
        if self.acting.take().is_some() { give_back(&self.groups) } else { Ok(()) }
    }
}

impl Drop for Rights {
    fn drop(&mut self) {
        // The thread ends here, or goes on with fewer rights than it could have.
        let _ = self.come_back();
    }
}

/// What ends everything where a thread cannot get the rights that it should have (exit 77).
pub fn failed(cause: &io::Error) -> Failure {
    let text = format!("failed to act as the owner of a private directory: {}", reason(cause));
    Failure::new(text).exit(77)
}

#[cfg(target_os = "linux")]
fn take(account: &Credentials) -> io::Result<()> {
    use rustix::fs::{Gid, Uid};
    use rustix::thread::{capabilities, set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    let groups: Vec<Gid> = account.groups.iter().copied().map(Gid::from_raw).collect();
    set_thread_groups(&groups)?;
    set_thread_res_gid(None, Gid::from_raw(account.gid), None)?;
    set_thread_res_uid(None, Uid::from_raw(account.uid), None)?;
    // The kernel takes root's capabilities away with that, unless somebody has told it not to.
    if capabilities(None)?.effective.is_empty() { Ok(()) } else { Err(Errno::PERM.into()) }
}

#[cfg(target_os = "linux")]
fn give_back(groups: &[u32]) -> io::Result<()> {
    use rustix::fs::{Gid, Uid};
    use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    set_thread_res_uid(None, Uid::ROOT, None)?;
    set_thread_res_gid(None, Gid::ROOT, None)?;
    let groups: Vec<Gid> = groups.iter().copied().map(Gid::from_raw).collect();
    Ok(set_thread_groups(&groups)?)
}

/// Only on Linux has each thread rights of its own: elsewhere root does nothing for others.
#[cfg(not(target_os = "linux"))]
fn take(_: &Credentials) -> io::Result<()> {
    Err(Errno::NOTSUP.into())
}

#[cfg(not(target_os = "linux"))]
fn give_back(_: &[u32]) -> io::Result<()> {
    Ok(())
}
