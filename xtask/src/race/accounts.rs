//! Two accounts and their common group, in private copies of the account files.

/// The names that appear below the shared root, with user ids that neither Debian's nor systemd's
/// conventions give to anybody; each is the id of the person's own group as well.
pub(super) const PEOPLE: [(&str, u32); 2] = [("race-alice", 60_578), ("race-bob", 60_579)];

/// The id of the group that both are in.
pub(super) const TEAM: u32 = 60_580;

/// Lines for a copy of /etc/passwd. The shell is a real one: an account that cannot log in gets no
/// directory from the shim.
pub(super) fn passwd() -> String {
    PEOPLE.map(|(name, id)| format!("{name}:x:{id}:{id}::/nonexistent:/bin/sh\n")).concat()
}

/// Lines for a copy of /etc/group.
pub(super) fn group() -> String {
    let own = PEOPLE.map(|(name, id)| format!("{name}:x:{id}:\n")).concat();
    format!("{own}race-team:x:{TEAM}:{}\n", PEOPLE.map(|(name, _)| name).join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_lines_as_the_account_files_have_them() {
        assert_eq!(
            passwd(),
            "race-alice:x:60578:60578::/nonexistent:/bin/sh\n\
             race-bob:x:60579:60579::/nonexistent:/bin/sh\n"
        );
        assert_eq!(
            group(),
            "race-alice:x:60578:\nrace-bob:x:60579:\nrace-team:x:60580:race-alice,race-bob\n"
        );
    }
}
