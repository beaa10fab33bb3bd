//! Lets one thread act as another account: root switches to a user's credentials before it enters that
//! user's directory. Whatever the user puts there meanwhile, they gain nothing that they could not do
//! themselves.
//!
//! The real and saved ids stay root's. So the user cannot signal or trace the process, their FUSE file
//! systems refuse it, and the thread can switch back.

use std::io;

use crate::ui::failure::{Failure, reason};

/// An account's ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The uid.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
    /// All groups, including the primary one.
    pub groups: Vec<u32>,
}

impl Credentials {
    /// An account with its groups after a login.
    pub fn of(uid: u32, gid: u32) -> Credentials {
        Credentials { uid, gid, groups: super::accounts::groups(uid, gid) }
    }
}

/// Switches this thread's credentials. Drop it on the thread that created it.
#[derive(Debug, Default)]
pub struct Rights {
    /// The account that it acts as.
    acting: Option<u32>,
    /// The thread's previous groups.
    groups: Vec<u32>,
}

impl Rights {
    /// Switches this thread to an account's credentials. Does nothing for the process's own account.
    ///
    /// # Errors
    /// Any I/O error. The credentials may then be half changed, and the thread must not continue.
    pub fn become_account(&mut self, account: &Credentials) -> io::Result<()> {
        if self.acting == Some(account.uid) || super::accounts::own_uid() == account.uid {
            return Ok(());
        }
        self.switch_back()?;
        let groups = rustix::process::getgroups()?;
        self.groups = groups.into_iter().map(|group| group.as_raw()).collect();
        self.acting = Some(account.uid);
        switch(account)
    }

    /// Switches this thread back to the process's credentials.
    ///
    /// # Errors
    /// The same as [`Rights::become_account`].
    pub fn switch_back(&mut self) -> io::Result<()> {
        let root = Credentials { uid: 0, gid: 0, groups: self.groups.clone() };
        if self.acting.take().is_some() { switch(&root) } else { Ok(()) }
    }
}

impl Drop for Rights {
    fn drop(&mut self) {
        // Either the thread ends here, or it goes on with fewer rights than before.
        let _ = self.switch_back();
    }
}

/// The failure if a thread cannot switch its credentials (exit 77); it ends the whole command.
pub fn failed(cause: &io::Error) -> Failure {
    let text = format!("failed to act as the owner of a private directory: {}", reason(cause));
    Failure::new(text).exit(77)
}

/// Root's own rights are needed to change the groups, so a switch away from root gives them up last, and
/// a switch back takes them first.
#[cfg(target_os = "linux")]
fn switch(to: &Credentials) -> io::Result<()> {
    use rustix::fs::{Gid, Uid};
    use rustix::thread::{capabilities, set_thread_groups, set_thread_res_gid, set_thread_res_uid};
    if to.uid == 0 {
        set_thread_res_uid(None, Uid::ROOT, None)?;
    }
    let groups: Vec<Gid> = to.groups.iter().copied().map(Gid::from_raw).collect();
    set_thread_groups(&groups)?;
    set_thread_res_gid(None, Gid::from_raw(to.gid), None)?;
    set_thread_res_uid(None, Uid::from_raw(to.uid), None)?;
    // The kernel drops root's capabilities with this switch, unless it was told not to.
    let is_bare = to.uid == 0 || capabilities(None)?.effective.is_empty();
    if is_bare { Ok(()) } else { Err(rustix::io::Errno::PERM.into()) }
}

/// Only Linux has credentials for each thread. On other systems root does nothing for other users.
#[cfg(not(target_os = "linux"))]
fn switch(_: &Credentials) -> io::Result<()> {
    Err(rustix::io::Errno::NOTSUP.into())
}
