//! Odd shared roots: another user's, unreadable, or on a file system that inherits or drops permissions.

use crate::prelude::*;

tests![
    test!("refuses_a_root_of_another_ordinary_account", foreign),
    test!("builds_elsewhere_when_the_root_cannot_be_entered", closed),
    test!("another_disk_takes_a_shared_root_of_ones_own", another_disk),
    test!("strips_what_a_default_acl_on_the_root_would_hand_down", default_acl,)
        .needs(&[Need::Acls]),
    test!("refuses_a_file_system_without_unix_modes", vfat).needs(&[Need::Vfat]),
];

fn foreign(stage: &Stage) {
    let root = stage.shared_root().owned_by("mallory").sticky().make();
    let run = stage.person("alice").cargo(["build"]).run();
    run.refused().blames(root.to_string_lossy()).blames("mallory").blames("2003");
    assert!(look(&root.join("alice")).is_none(), "a directory was made all the same");
}

fn closed(stage: &Stage) {
    let root = stage.shared_root().mode(0o700).make();
    // It cannot be known whether she has a directory in it, so she builds in her own cache directory.
    let alice = stage.person("alice");
    let run = alice.cargo(["build"]).run();
    let mends = format!("sudo cargo-peruser setup --shared-root {}", root.display());
    run.ok().notes(mends).never_says("usermod");
    run.builds_in(alice.home.join(".cache/cargo-peruser/target"));
    let run = alice.cargo(["build"]).env("CARGO_PERUSER_MISSING", "refuse").run();
    run.fails().never_says("stub:").blames(root.to_string_lossy());
}

/// We follow no symlink to it, but a directory there can be a user's shared root.
fn another_disk(stage: &Stage) {
    let (root, alice) = stage.provisioned();
    let disk = stage.at("disk");
    make::tmpfs(&disk, "mode=0755");
    make::directory(&disk.join("alice"), alice.uid(), alice.uid(), 0o755);
    make::link(&root.join("alice/target"), &disk.join("alice"), alice.uid());
    alice.cargo(["build"]).run().refused().blames("symlink").helps("shared-root");
    let config = alice.home.join(".config/cargo-peruser/config.toml");
    let text = format!("shared-root = \"{}\"\n", disk.join("alice").display());
    let write = "mkdir -p \"${2%/*}\" && printf %s \"$1\" >\"$2\"";
    alice.shell(write, [text.as_ref(), config.as_os_str()]).run().ok();
    let run = alice.cargo(["build"]).unset("CARGO_PERUSER_SHARED_ROOT").run();
    run.silently().builds_in(disk.join("alice/alice/target"));
    private(&disk.join("alice/alice"), alice.uid());
}

fn default_acl(stage: &Stage) {
    let root = stage.shared_root().sticky().make();
    Acl::Default.grant(&root, 2003, 0o7);
    let probe = root.join("probe");
    fs::create_dir(&probe).unwrap();
    assert!(acls(&probe) == [Acl::Access, Acl::Default], "new directories do not inherit the ACL");
    let alice = stage.person("alice");
    alice.cargo(["build"]).run().silently();
    private(&root.join("alice"), alice.uid());
    private(&root.join("alice/target"), alice.uid());
}

fn vfat(stage: &Stage) {
    let image = stage.at("image");
    fs::File::create(&image).unwrap().set_len(16 << 20).unwrap();
    let path = |path: &Path| path.to_str().map(str::to_owned).expect("a plain path");
    do_as_root("mkfs.vfat", [path(&image)]);
    let root = stage.shared_root().sticky().make();
    do_as_root("mount", ["-o", "loop,uid=2001,umask=0022", &path(&image), &path(&root)]);
    stage.person("alice").cargo(["build"]).run().refused().blames(root.to_string_lossy());
}
