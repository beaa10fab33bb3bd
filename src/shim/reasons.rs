//! Pure: the reasons for a decision, as `explain` shows them.

use super::decide::{Choice, Rule};
use crate::settings::Scope;

impl Rule {
    /// The rule's number in the documentation, which is its position in the order in which rules are
    /// tried; its name in `--json`, which never changes; and why it applies.
    pub fn explained(&self) -> (u8, &'static str, &str) {
        match self {
            Rule::Bypassed => (1, "bypassed", "CARGO_PERUSER=off disables cargo-peruser"),
            Rule::NoSharedRoot => {
                (2, "no-shared-root", "no shared root is configured, or it does not exist")
            }
            Rule::NoDirectory(reason) => (3, "no-directory", reason),
            Rule::BuildScript => (4, "build-script", "this runs inside a build script"),
            Rule::Explicit(choice) => (5, "explicit", choice.reason()),
            Rule::Inherited => {
                let reason = "CARGO_TARGET_DIR names a directory inside the private one, set by an \
                              outer run";
                (6, "inherited", reason)
            }
            Rule::Redirected => (7, "redirected", "nothing chooses another target directory"),
        }
    }

    /// Why the rule applies.
    pub fn reason(&self) -> &str {
        self.explained().2
    }

    /// A warning about the directory that this rule gives.
    pub fn warning(&self, scope: Scope) -> Option<&'static str> {
        let is_common = *self == Rule::Redirected && scope == Scope::User;
        is_common.then_some(
            "`scope` is `user`: workspaces with packages of the same name can run each other's programs",
        )
    }
}

impl Choice {
    fn reason(self) -> &'static str {
        match self {
            Choice::Flag => "--target-dir chooses the target directory",
            Choice::Config => "--config build.target-dir chooses the target directory",
            Choice::Variable => "CARGO_TARGET_DIR chooses the target directory",
            Choice::BuildVariable => "CARGO_BUILD_TARGET_DIR chooses the target directory",
        }
    }
}
