//! What a user namespace hides: accounts that have no number in it all appear as one.

/// Whether some account has no number here, so that what belongs to [`super::entry::UNMAPPED`] may be
/// root's or anybody's.
pub fn hides_owners() -> bool {
    let map = map("uid_map");
    !map.is_empty() && map != [[0, 0, u32::MAX]]
}

/// Whether this number stands for one group outside, as an account without rights maps its own: what
/// the group is called here, and who is in it, says nothing then.
pub fn is_renamed_group(gid: u32) -> bool {
    map("gid_map").iter().any(|[inside, _, length]| (*inside, *length) == (gid, 1))
}

/// The lines of user_namespaces(7): the first number inside, the first one outside, and how many there
/// are. None where the system has no user namespaces.
fn map(name: &str) -> Vec<[u32; 3]> {
    let text = super::files::text_of_system(&format!("/proc/self/{name}")).unwrap_or_default();
    let numbers = |line: &str| {
        let words = line.split_ascii_whitespace();
        words.map(|word| word.parse().ok()).collect::<Option<Vec<u32>>>()?.try_into().ok()
    };
    text.lines().filter_map(numbers).collect()
}
