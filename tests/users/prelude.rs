//! The words of the tests; those of `tests/it` are the same where the thing is.

pub(crate) use std::fs;
pub(crate) use std::os::unix::fs::symlink;
pub(crate) use std::path::{Path, PathBuf};
pub(crate) use std::time::Duration;

pub(crate) use crate::machine::{Channel, Need, account, crowd, group, places};
pub(crate) use crate::shared::{Outcome, Running, Stop, context, is_empty};
pub(crate) use crate::stage::project::package;
pub(crate) use crate::stage::{
    Acl, Host, Invocation, PATH, Person, Photograph, Shell, Stage, acls, below, cache, do_as_root,
    look, make, private, project, steps, tagged, try_below, wait_until,
};
pub(crate) use crate::suite::{Test, number, test, tests};
