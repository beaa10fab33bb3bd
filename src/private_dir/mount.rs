//! Finds out who mounted a file system: FUSE can report any owner and mode for its files.

use std::path::Path;

use crate::os::files;

/// Whether root mounted the file system whose mount point is exactly `path`, by the kernel's table
/// (proc(5), `mountinfo`). Ordinary accounts can only mount FUSE, and then `user_id=` names them.
pub(super) fn is_roots(path: &Path) -> bool {
    let table = std::fs::File::open("/proc/self/mountinfo").and_then(|file| files::text(&file));
    table.is_ok_and(|table| is_roots_in(&table, path))
}

fn is_roots_in(table: &str, path: &Path) -> bool {
    // Of several mounts at one place, the last one is visible.
    let mount = table.lines().rev().find_map(|line| {
        let (place, file_system) = line.split_once(" - ")?;
        let point = place.split(' ').nth(4)?;
        (path.to_str() == Some(point)).then_some(file_system)
    });
    let Some(mount) = mount else { return false };
    let mut fields = mount.split(' ');
    let (kind, options) = (fields.next().unwrap_or_default(), fields.nth(1).unwrap_or_default());
    !kind.starts_with("fuse") || options.split(',').any(|option| option == "user_id=0")
}

#[cfg(test)]
mod tests {
    use super::is_roots_in;
    use std::path::Path;

    #[test]
    fn tells_who_mounted() {
        let table = "\
21 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
30 21 8:2 / /r/alice rw shared:1 - ext4 /dev/sdb1 rw\n\
31 21 0:50 / /r/bob rw - fuse.sshfs bob@host: rw,user_id=2003,group_id=2003,allow_other\n\
32 21 0:51 / /r/carol rw - fuseblk /dev/sdc1 rw,user_id=0,group_id=0,allow_other\n\
33 21 8:3 / /r/dave rw - ext4 /dev/sdd1 rw\n\
34 21 0:52 / /r/dave rw - fuse.evil evil rw,user_id=2003,group_id=0\n";
        for (path, expected) in [
            ("/r/alice", true),
            ("/r/bob", false),
            ("/r/carol", true),
            ("/r/dave", false),
            ("/r/erin", false),
        ] {
            assert_eq!(is_roots_in(table, Path::new(path)), expected, "{path}");
        }
    }
}
