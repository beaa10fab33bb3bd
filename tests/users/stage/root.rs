//! The shared root in every state that an administrator, or somebody else, can have left it in.

use std::fs;
use std::path::PathBuf;

use super::{Stage, make};
use crate::machine::{account, group};

/// A shared root, still to be made: owned by `root:root` with mode 0755 until said otherwise.
pub(crate) struct Root<'s> {
    stage: &'s Stage,
    owner: &'static str,
    group: &'static str,
    mode: u32,
}

impl<'s> Root<'s> {
    pub(super) fn of(stage: &'s Stage) -> Self {
        Root { stage, owner: "root", group: "root", mode: 0o755 }
    }

    /// Mode 1777, like `/tmp`, and accepted: everyone may make a directory, nobody may take another's.
    pub(crate) fn sticky(self) -> Self {
        self.mode(0o1777).accepted()
    }

    /// Everybody on this stage accepts a root in which others can create files, if it is sticky.
    pub(crate) fn accepted(self) -> Self {
        self.stage.accept_sticky_root();
        self
    }

    /// Makes it as `setup` does: only root writes to it, and everybody who builds has a private
    /// directory.
    pub(crate) fn provisioned(self) -> PathBuf {
        let stage = self.stage;
        let root = self.make();
        stage.person("root").by_name(["provision", "--all"]).run().ok();
        root
    }

    /// The exact mode.
    pub(crate) fn mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }

    /// The owner.
    pub(crate) fn owned_by(self, owner: &'static str) -> Self {
        Self { owner, ..self }
    }

    /// The group.
    pub(crate) fn group(self, group: &'static str) -> Self {
        Self { group, ..self }
    }

    /// Makes it, and what is missing on the way to it; what is there gets owner and mode.
    pub(crate) fn make(self) -> PathBuf {
        let root = self.stage.root.clone();
        fs::create_dir_all(&root).unwrap();
        make::own(&root, account(self.owner).uid, group(self.group), self.mode);
        root
    }
}
