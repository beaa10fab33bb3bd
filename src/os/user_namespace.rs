//! User namespaces: all accounts without a uid in the namespace appear as the same one.

/// Whether some account has no uid here. Then [`super::entry::UNMAPPED`] may stand for root or for any
/// account.
pub fn hides_owners() -> bool {
    let map = map("uid_map");
    !map.is_empty() && map != [[0, 0, u32::MAX]]
}

/// Whether this gid stands for exactly one group outside, as in a namespace that an unprivileged
/// account created. Then the group's name and members here mean nothing.
pub fn is_renamed_group(gid: u32) -> bool {
    map("gid_map").iter().any(|[inside, _, length]| (*inside, *length) == (gid, 1))
}

/// The lines of `/proc/self/{name}` (user_namespaces(7)): the first id inside, the first id outside,
/// and the number of ids. Empty if the system has no user namespaces.
fn map(name: &str) -> Vec<[u32; 3]> {
    let text = super::files::text_of_system(&format!("/proc/self/{name}")).unwrap_or_default();
    let numbers = |line: &str| {
        let words = line.split_ascii_whitespace();
        words.map(|word| word.parse().ok()).collect::<Option<Vec<u32>>>()?.try_into().ok()
    };
    text.lines().filter_map(numbers).collect()
}
