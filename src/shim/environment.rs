//! Pure: the changes to the environment of the executed cargo, and of a session.

use std::ffi::OsString;
use std::path::Path;

use super::trail::{self, Trail};
use crate::shim::decide::{BUILD_BUILD_DIR, Decision, TARGET_DIR};

/// A change to one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The variable.
    pub name: &'static str,
    /// Its new value; `None` removes it.
    pub value: Option<OsString>,
}

/// The changes for a decision.
pub fn changes(decision: &Decision) -> Vec<Change> {
    let set = |name, path: &Path| Change { name, value: Some(path.as_os_str().to_owned()) };
    let mut changes: Vec<Change> =
        decision.removed.iter().map(|name| Change { name, value: None }).collect();
    changes.extend(decision.target_dir.iter().map(|path| set(TARGET_DIR, path)));
    changes.extend(decision.build_dir.iter().map(|moved| set(BUILD_BUILD_DIR, &moved.to)));
    changes
}

/// The marker against exec loops, which is set for every execution.
pub fn marker(trail: &Trail) -> Change {
    Change { name: trail::VARIABLE, value: Some(trail.to_value()) }
}

#[cfg(test)]
mod tests {
    use super::{Change, changes};
    use crate::shim::build_dir::Moved;
    use crate::shim::decide::{Decision, Rule};

    #[test]
    fn says_what_is_set_and_what_is_taken_away() {
        let decision = Decision {
            rule: Rule::Redirected,
            required: None,
            target_dir: Some("/r/alice/target".into()),
            build_dir: Some(Moved { to: "/r/alice/target".into(), instead_of: "a file".into() }),
            removed: vec!["CARGO_BUILD_TARGET_DIR"],
        };
        let set = |name| Change { name, value: Some("/r/alice/target".into()) };
        assert_eq!(
            changes(&decision),
            [
                Change { name: "CARGO_BUILD_TARGET_DIR", value: None },
                set("CARGO_TARGET_DIR"),
                set("CARGO_BUILD_BUILD_DIR"),
            ]
        );
    }
}
