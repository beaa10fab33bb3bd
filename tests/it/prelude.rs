//! The words of the tests; those of `tests/users` are the same where the thing is.

pub(crate) use std::fs;
pub(crate) use std::os::unix::fs::symlink;
pub(crate) use std::path::{Path, PathBuf};
pub(crate) use std::time::Duration;

pub(crate) use libtest_mimic::Trial;

pub(crate) use crate::harness::{
    Invocation, PERUSER, ROOT, World, bytes, chmod, closed_pipe, keys, mode, not_as_root, person,
};
pub(crate) use crate::runner::{list, test, tests};
pub(crate) use crate::shared::{Call, Outcome, Stop, context, is_empty, skip};
