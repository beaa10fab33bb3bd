//! Pure: the reasons for a decision, as `explain` shows them.

use super::decide::{Choice, Rule};
use crate::settings::Scope;

impl Rule {
    /// The rule's number in the documentation, which is its position in the order in which rules are
    /// tried, and its name in `--json`, which never changes.
    pub fn number_and_name(&self) -> (u8, &'static str) {
        match self {
            Rule::Bypassed => (1, "bypassed"),
            Rule::NoSharedRoot => (2, "no-shared-root"),
            Rule::NoDirectory(_) => (3, "no-directory"),
            Rule::BuildScript => (4, "build-script"),
            Rule::Explicit(_) => (5, "explicit"),
            Rule::Inherited => (6, "inherited"),
            Rule::Redirected => (7, "redirected"),
        }
    }

    /// A warning about the directory that this rule gives.
    pub fn warning(&self, scope: Scope) -> Option<&'static str> {
        let is_common = *self == Rule::Redirected && scope == Scope::User;
        is_common.then_some(
            "`scope` is `user`: workspaces with packages of the same name can run each other's programs",
        )
    }

    /// Why the rule applies.
    pub fn reason(&self) -> String {
        match self {
            Rule::Bypassed => "CARGO_PERUSER=off disables cargo-peruser".into(),
            Rule::NoSharedRoot => "no shared root is configured, or it does not exist".into(),
            Rule::NoDirectory(reason) => reason.clone(),
            Rule::BuildScript => "this runs inside a build script".into(),
            Rule::Explicit(choice) => format!("{} chooses the target directory", choice.by()),
            Rule::Inherited => {
                "CARGO_TARGET_DIR names a directory inside the private one, set by an outer run"
                    .into()
            }
            Rule::Redirected => "nothing chooses another target directory".into(),
        }
    }
}

impl Choice {
    fn by(self) -> &'static str {
        match self {
            Choice::Flag => "--target-dir",
            Choice::Config => "--config build.target-dir",
            Choice::Variable => "CARGO_TARGET_DIR",
            Choice::BuildVariable => "CARGO_BUILD_TARGET_DIR",
        }
    }
}
