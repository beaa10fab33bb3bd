//! The preview for people: what is moved, whose it is, where it goes and how, and what comes after.

use super::Preview;
use crate::command::rows::{row, table};
use crate::core::relocation::{Method, Reason};
use crate::error::Kind;
use crate::shown::{bytes, shown};
use crate::sys::accounts;

impl Preview<'_> {
    /// What will be done, for people.
    pub(in crate::command::migrate) fn render(&self) -> String {
        let Preview { inventory, target, .. } = self;
        let (files, links) = (inventory.count(Kind::File), inventory.count(Kind::Symlink));
        let directories = inventory.count(Kind::Directory);
        let links = if links == 0 { String::new() } else { format!(", {links} symlinks") };
        let size = bytes(inventory.bytes().0);
        let owners = inventory.owners().into_iter();
        let owners = owners.map(|(uid, count)| format!("{} {count}", accounts::owner(uid)));
        let mut rows = vec![
            row("source", shown(&self.tree.path)),
            row("  holds", format!("{size} in {files} files, {directories} directories{links}")),
            row("  entries of", owners.collect::<Vec<_>>().join(", ")),
            row("destination", format!("{} for {}", shown(&target.path()), target.owner)),
        ];
        if self.is_occupied {
            rows.push(row("  now there", "content, which is moved aside with --replace only"));
        }
        rows.extend(self.how());
        rows.extend(self.afterwards());
        table(&rows)
    }

    fn how(&self) -> Vec<(String, String)> {
        let Preview { inventory, target, .. } = self;
        let given = inventory.to_be_given(target.person.uid, target.person.gid);
        let changes = format!("{given} entries change owner, group or mode");
        match self.method {
            Method::Rename => vec![row("how", format!("renamed, {changes}"))],
            Method::Gather => vec![row("how", format!("moved one level down, {changes}"))],
            Method::Copy => {
                let why = self.reason.map_or("", why);
                let source = if self.keeps_source {
                    "stays: it is not yours alone to remove"
                } else {
                    "removed once the copy is verified"
                };
                let room = format!("{} at most, {} free", bytes(self.needed()), bytes(self.free));
                vec![
                    row("how", format!("copied, {why}")),
                    row("  needs", room),
                    row("  the source", source),
                ]
            }
        }
    }

    fn afterwards(&self) -> Vec<(String, String)> {
        let mut rows = vec![
            row(
                "afterwards",
                "dependencies stay fresh where they were built with the same CARGO_HOME",
            ),
            row(
                "",
                "a workspace's own units are rebuilt: the old place's paths are built into them",
            ),
        ];
        rows.push(row(
            "",
            "a dependency that reads its build script's files when it runs wants `cargo clean -p NAME`",
        ));
        if self.is_open {
            rows.push(row(
                "",
                "others can make the old place again, and what still looks there would find theirs",
            ));
        }
        let others = self.inventory.nodes.iter().any(|node| {
            let is_open = node.kind != Kind::Symlink && node.mode & 0o022 != 0;
            is_open || ![self.target.person.uid, 0].contains(&node.uid)
        });
        if others {
            rows.push(row(
                "trust",
                "others could write to this cache, and what they built is kept as it is",
            ));
            rows.push(row(
                "",
                "if you do not trust them all: start empty instead, or `cargo clean` afterwards",
            ));
        }
        rows
    }
}

fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::Asked => "as asked for",
        Reason::OtherFileSystem => "since the destination is on another file system or mount",
        Reason::Foreign => "since only root can give you other accounts' files",
        Reason::MountPoint => "since the source is a mount point",
        Reason::FixedParent => {
            "since the directory that the source stands in is not yours to change"
        }
        Reason::LinkedElsewhere => {
            "since files in it have other names outside, which stay as they are"
        }
    }
}
