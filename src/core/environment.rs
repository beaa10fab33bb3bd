//! What changes in the environment of the cargo that we execute: one function for every sink.

use std::ffi::OsString;

use super::placement::{BUILD_BUILD_DIR, Decision, TARGET_DIR};
use super::trail::{self, Trail};

/// One change to one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The variable.
    pub name: &'static str,
    /// Its new value; `None` removes it.
    pub value: Option<OsString>,
}

/// The changes that a decision asks for.
pub fn changes(decision: &Decision) -> Vec<Change> {
    let set = |name, value: &Option<std::path::PathBuf>| {
        value.clone().map(|path| Change { name, value: Some(path.into_os_string()) })
    };
    let mut changes: Vec<Change> =
        decision.removed.iter().map(|name| Change { name, value: None }).collect();
    changes.extend(set(TARGET_DIR, &decision.target_dir));
    changes.extend(set(BUILD_BUILD_DIR, &decision.build_dir));
    changes
}

/// The marker against exec loops, which goes along with every execution.
pub fn marker(trail: &Trail) -> Change {
    Change { name: trail::VARIABLE, value: Some(trail.to_value()) }
}
