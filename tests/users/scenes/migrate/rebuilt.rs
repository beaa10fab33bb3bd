//! How a workspace's own packages are rebuilt after a move, by times alone.

use super::*;
use crate::stage::project::Tree;

tests![
    test!("the_working_directorys_workspace_without_being_named", unnamed).needs(&[Need::Cargo]),
];

const PROJECT: Tree<'_> = &[
    ("Cargo.toml", package!("b", "[dependencies]\nplain = { path = \"../plain\" }\n")),
    ("build.rs", "fn main() {}\n"),
    ("src/main.rs", "fn main() {}\n"),
    ("tests/works.rs", "#[test]\nfn works() {}\n"),
];

const PLAIN: Tree<'_> = &[("Cargo.toml", package!("plain")), ("src/lib.rs", "")];

/// As in the shim's note: `cargo-peruser migrate target` in the checkout.
fn unnamed(stage: &Stage) {
    let alice = stage.person("alice");
    stage.shared_root().sticky().make();
    project::write(&stage.checkout, PROJECT, &alice);
    project::write(&stage.at("plain"), PLAIN, &alice);
    let build =
        || alice.cargo(["build"]).with(Channel::Stable).env("CARGO_PERUSER_SCOPE", "workspace");
    build().env("CARGO_PERUSER", "off").run().ok();
    let old = stage.checkout.join("target");
    let move_it = migrate(&alice, &old).arg("--yes").with(Channel::Stable);
    let moved = move_it.env("CARGO_PERUSER_SCOPE", "workspace").run();
    moved.ok().prints("the times of 3 source files").never_says("rebuild them");
    build().run().ok().mentions("Compiling b v").never_says("Compiling plain v");
}
