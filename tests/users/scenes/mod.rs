//! The tests, one file for each chapter of the threat model.

mod above;
mod analyzer;
mod ancestors;
mod attacks;
mod belief;
mod between;
mod build_dirs;
mod callers;
mod cargo;
mod choices;
mod compile_cache;
mod crowd;
mod doctor;
mod editors;
mod full;
mod gc;
mod hidden_owners;
mod inherited;
mod migrate;
mod odd_roots;
mod planting;
mod private_dir;
mod provision;
mod race;
mod replaced;
mod rights;
mod root;
mod sessions;
mod signals;
mod system_settings;
mod together;
mod toolchain;
mod toolchain_attacks;
mod tools;
mod usage;
mod workspaces;

use crate::suite::Test;

/// The chapters. The long ones stand first and last, so that the short ones fill the time beside them.
const CHAPTERS: &[fn() -> Vec<Test>] = &[
    together::on_stable,
    compile_cache::tests,
    attacks::tests,
    above::tests,
    provision::tests,
    belief::tests,
    between::tests,
    planting::tests,
    race::tests,
    root::tests,
    odd_roots::tests,
    ancestors::tests,
    full::tests,
    private_dir::tests,
    callers::tests,
    choices::tests,
    rights::tests,
    signals::tests,
    hidden_owners::tests,
    inherited::tests,
    editors::tests,
    replaced::tests,
    sessions::tests,
    migrate::tests,
    usage::tests,
    gc::tests,
    system_settings::tests,
    toolchain::tests,
    toolchain_attacks::tests,
    crowd::tests,
    cargo::tests,
    tools::tests,
    build_dirs::tests,
    doctor::tests,
    workspaces::tests,
    analyzer::tests,
    together::on_nightly,
];

/// All tests.
pub(crate) fn all() -> Vec<Test> {
    CHAPTERS.iter().flat_map(|tests| tests()).collect()
}
