//! Who may do what with an entry, as the kernel decides it: by owner, group and mode, and by an
//! access control list where there is one.
//!
//! Where there is a list, the mode's group bits are its mask: they may show more than the group has,
//! or less than an account that the list names.

use super::Node;

/// Reading a file.
pub const READ: u32 = 4;
/// Going through a directory.
pub const SEARCH: u32 = 1;

/// How a list begins; the entries follow, of eight bytes each: kind, permissions, id.
const VERSION: [u8; 4] = 2_u32.to_le_bytes();
const USER: u16 = 0x02;
const OWNING_GROUP: u16 = 0x04;
const GROUP: u16 = 0x08;
const MASK: u16 = 0x10;
const OTHERS: u16 = 0x20;

/// An account as the kernel knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The user id.
    pub uid: u32,
    /// All its groups.
    pub groups: Vec<u32>,
}

/// An access control list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessList(Vec<Entry>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    kind: u16,
    allowed: u32,
    id: u32,
}

/// What is known of an entry's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listed {
    /// There is none.
    Nothing,
    /// This one.
    As(AccessList),
    /// It could not be read.
    Unknown,
}

impl AccessList {
    /// From the attribute `system.posix_acl_access`; `None` for what is no list.
    pub fn parse(value: &[u8]) -> Option<AccessList> {
        let entries = value.strip_prefix(&VERSION)?.chunks(8).map(|entry| match *entry {
            [k0, k1, p0, p1, i0, i1, i2, i3] => Some(Entry {
                kind: u16::from_le_bytes([k0, k1]),
                allowed: u16::from_le_bytes([p0, p1]).into(),
                id: u32::from_le_bytes([i0, i1, i2, i3]),
            }),
            _ => None,
        });
        entries.collect::<Option<_>>().map(AccessList)
    }

    /// What somebody may who is not the owner. An account that is named has its entry and no other;
    /// who is in one of the groups has what these allow, and not what others have.
    fn allows(&self, group: u32, subject: &Subject, wanted: u32) -> bool {
        let AccessList(entries) = self;
        let of = |kind: u16| entries.iter().filter(move |entry| entry.kind == kind);
        let mask = of(MASK).next().map_or(7, |mask| mask.allowed);
        let grants = |entry: &Entry, mask: u32| entry.allowed & mask & wanted == wanted;
        if let Some(named) = of(USER).find(|entry| entry.id == subject.uid) {
            return grants(named, mask);
        }
        let is_in = |entry: &&Entry| {
            let id = if entry.kind == OWNING_GROUP { group } else { entry.id };
            subject.groups.contains(&id)
        };
        let mut groups = of(OWNING_GROUP).chain(of(GROUP)).filter(is_in).peekable();
        if groups.peek().is_some() {
            return groups.any(|entry| grants(entry, mask));
        }
        of(OTHERS).any(|entry| grants(entry, 7))
    }
}

impl Node {
    /// Whether an account may do something with the entry, or may allow itself to. The list is only
    /// asked for where it can matter: one whose mask is empty is no list to the kernel.
    pub fn allows(&self, subject: &Subject, wanted: u32, list: impl FnOnce() -> Listed) -> bool {
        if [0, self.uid].contains(&subject.uid) {
            return true;
        }
        if self.mode & 0o070 != 0 {
            match list() {
                Listed::Nothing => {}
                Listed::As(list) => return list.allows(self.gid, subject, wanted),
                Listed::Unknown => return false,
            }
        }
        let bits = if subject.groups.contains(&self.gid) { self.mode >> 3 } else { self.mode };
        bits & wanted == wanted
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::node;
    use super::{AccessList, Listed, READ, SEARCH, Subject};
    use crate::core::relocation::tree::Node;
    use crate::error::Kind;

    const ALICE: u32 = 1500;
    const BOB: u32 = 1501;
    const DEVS: u32 = 3000;

    fn alice() -> Subject {
        Subject { uid: ALICE, groups: vec![ALICE, DEVS] }
    }

    fn file(uid: u32, gid: u32, mode: u32) -> Node {
        Node { uid, gid, mode, ..node(None, "", Kind::File, 1) }
    }

    /// As `getfacl -n` has them, in the kernel's bytes.
    fn list(entries: &[(u16, u16, u32)]) -> Listed {
        let mut value = 2_u32.to_le_bytes().to_vec();
        for (kind, allowed, id) in entries {
            value.extend(kind.to_le_bytes());
            value.extend(allowed.to_le_bytes());
            value.extend(id.to_le_bytes());
        }
        AccessList::parse(&value).map_or(Listed::Unknown, Listed::As)
    }

    #[test]
    fn the_first_class_that_an_account_is_in_decides() {
        for (uid, gid, mode, expected) in [
            (BOB, BOB, 0o644, true),
            (BOB, BOB, 0o640, false),
            (BOB, DEVS, 0o640, true),
            (BOB, DEVS, 0o604, false),
            (BOB, BOB, 0o600, false),
            // She could allow herself to.
            (ALICE, ALICE, 0o000, true),
            (0, 0, 0o600, false),
        ] {
            let found = file(uid, gid, mode).allows(&alice(), READ, || Listed::Nothing);
            assert_eq!(found, expected, "{uid} {gid} {mode:o}");
        }
        let root = Subject { uid: 0, groups: vec![0] };
        assert!(file(BOB, BOB, 0o000).allows(&root, READ, || Listed::Nothing));
        assert!(!file(BOB, DEVS, 0o740).allows(&alice(), SEARCH, || Listed::Nothing));
    }

    #[test]
    fn a_list_says_more_than_the_mode() {
        let (owner, other) = ((0x01, 6, u32::MAX), |allowed| (0x20, allowed, u32::MAX));
        let group = |allowed| (0x04, allowed, u32::MAX);
        let mask = |allowed| (0x10, allowed, u32::MAX);
        for (mode, entries, expected) in [
            // Somebody else's entry shows as the group's bits.
            (0o640, vec![owner, (0x02, 4, BOB), group(0), mask(4), other(0)], false),
            (0o640, vec![owner, (0x02, 4, ALICE), group(0), mask(4), other(0)], true),
            (0o640, vec![owner, (0x08, 4, DEVS), group(0), mask(4), other(0)], true),
            // What is named is denied what all others may.
            (0o644, vec![owner, (0x02, 0, ALICE), group(4), mask(4), other(4)], false),
            (0o644, vec![owner, (0x08, 0, DEVS), (0x08, 4, 7), group(4), mask(4), other(4)], false),
            (0o614, vec![owner, (0x02, 4, ALICE), group(4), mask(1), other(4)], false),
            (0o644, vec![owner, (0x02, 0, 7), group(0), mask(4), other(4)], true),
        ] {
            // The owning group is not hers.
            let found = file(BOB, BOB, mode).allows(&alice(), READ, || list(&entries));
            assert_eq!(found, expected, "{mode:o} {entries:?}");
        }
        let entries = [owner, (0x02, 4, BOB), group(0), mask(4), other(4)];
        assert!(!file(BOB, DEVS, 0o644).allows(&alice(), READ, || list(&entries)));
        assert!(!file(BOB, BOB, 0o644).allows(&alice(), READ, || Listed::Unknown));
        // An empty mask is no list to the kernel.
        assert!(file(BOB, BOB, 0o604).allows(&alice(), READ, || unreachable!()));
    }

    #[test]
    fn what_is_no_list_is_not_taken_for_one() {
        for value in [&b""[..], b"\x02\0\0", b"\x03\0\0\0", b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff"] {
            assert_eq!(AccessList::parse(value), None, "{value:?}");
        }
    }
}
