//! What a user namespace hides: accounts that have no number in it all appear as one.

/// Whether some account has no number here, so that what belongs to [`super::entry::UNMAPPED`] may be
/// root's or anybody's.
pub fn hides_owners() -> bool {
    let map = map("uid_map");
    !map.is_empty() && map != [Range { inside: 0, outside: 0, length: u32::MAX }]
}

/// Whether this number stands for one group outside, as an account without rights maps its own: what
/// the group is called here, and who is in it, says nothing then.
pub fn is_renamed_group(gid: u32) -> bool {
    map("gid_map").iter().any(|range| range.length == 1 && range.inside == gid)
}

/// One line of user_namespaces(7).
#[derive(Clone, Copy, PartialEq, Eq)]
struct Range {
    inside: u32,
    outside: u32,
    length: u32,
}

/// Empty where the system has no user namespaces.
fn map(name: &str) -> Vec<Range> {
    let text = super::files::text_of_system(&format!("/proc/self/{name}")).unwrap_or_default();
    let numbers = |line: &str| {
        let mut words = line.split_ascii_whitespace().map(|word| word.parse().ok());
        let mut number = || words.next().flatten();
        Some(Range { inside: number()?, outside: number()?, length: number()? })
    };
    text.lines().filter_map(numbers).collect()
}
