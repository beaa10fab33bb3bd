//! Two accounts and their common group, in private copies of the account files.

use anyhow::Context;

/// The names that appear below the shared root.
pub(super) const PEOPLE: [&str; 2] = ["race-alice", "race-bob"];
const TEAM: &str = "race-team";

/// Ids that neither Debian's nor systemd's conventions give to anybody.
const UNASSIGNED: std::ops::RangeInclusive<u32> = 60_578..=61_183;

/// The ids of the two people and of their common group; a person's own group has the person's id.
#[derive(Debug, PartialEq)]
pub(super) struct Ids {
    pub(super) people: [u32; 2],
    pub(super) team: u32,
}

impl Ids {
    /// The first free ids of the unassigned range.
    pub(super) fn choose(is_free: impl Fn(u32) -> bool) -> anyhow::Result<Self> {
        let mut free = UNASSIGNED.filter(|&id| is_free(id));
        let mut next =
            || free.next().with_context(|| format!("all ids from {UNASSIGNED:?} are taken here"));
        Ok(Self { people: [next()?, next()?], team: next()? })
    }

    /// Lines for a copy of /etc/passwd. The shell is a real one: an account that cannot log in
    /// gets no directory from the shim.
    pub(super) fn passwd(&self) -> String {
        let line = |(name, id)| format!("{name}:x:{id}:{id}::/nonexistent:/bin/sh\n");
        PEOPLE.into_iter().zip(self.people).map(line).collect()
    }

    /// Lines for a copy of /etc/group.
    pub(super) fn group(&self) -> String {
        let own = PEOPLE.into_iter().zip(self.people).map(|(name, id)| format!("{name}:x:{id}:\n"));
        let team = format!("{TEAM}:x:{}:{}\n", self.team, PEOPLE.join(","));
        own.chain([team]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_ids_that_nobody_has() {
        let ids = Ids::choose(|id| id != 60_579).unwrap();
        assert_eq!(ids, Ids { people: [60_578, 60_580], team: 60_581 });
        assert!(Ids::choose(|_| false).is_err());
    }

    #[test]
    fn writes_lines_as_the_account_files_have_them() {
        let ids = Ids { people: [1, 2], team: 3 };
        assert_eq!(
            ids.passwd(),
            "race-alice:x:1:1::/nonexistent:/bin/sh\nrace-bob:x:2:2::/nonexistent:/bin/sh\n"
        );
        assert_eq!(
            ids.group(),
            "race-alice:x:1:\nrace-bob:x:2:\nrace-team:x:3:race-alice,race-bob\n"
        );
    }
}
