//! The tests, one file for each chapter of the threat model.

mod analyzer;
mod ancestors;
mod build_dirs;
mod bypass;
mod caller_accounts;
mod caller_rights;
mod cargo_clean;
mod compile_cache;
mod doctor;
mod edited_files;
mod editors;
mod files_above_targets;
mod full_disks;
mod gc;
mod hidden_owners;
mod inherited_variables;
mod many_first_runs;
mod migrate;
mod other_tools;
mod past_attacks;
mod planted_private_dir;
mod private_dir;
mod provision;
mod race_for_private_dir;
mod sessions;
mod shared_root;
mod signals_of_the_suite;
mod swapped_between_steps;
mod system_settings;
mod toolchain;
mod toolchain_attacks;
mod trusted_files;
mod two_people;
mod usage;
mod workspaces;

use crate::suite::Test;

/// The chapters. The long ones are first and last, so that the short ones run beside them.
const CHAPTERS: &[fn() -> Vec<Test>] = &[
    two_people::on_stable,
    compile_cache::tests,
    past_attacks::tests,
    files_above_targets::tests,
    provision::tests,
    trusted_files::tests,
    swapped_between_steps::tests,
    planted_private_dir::tests,
    race_for_private_dir::tests,
    shared_root::tests,
    ancestors::tests,
    full_disks::tests,
    private_dir::tests,
    caller_accounts::tests,
    bypass::tests,
    caller_rights::tests,
    signals_of_the_suite::tests,
    hidden_owners::tests,
    inherited_variables::tests,
    editors::tests,
    edited_files::tests,
    sessions::tests,
    migrate::tests,
    usage::tests,
    gc::tests,
    system_settings::tests,
    toolchain::tests,
    toolchain_attacks::tests,
    many_first_runs::tests,
    cargo_clean::tests,
    other_tools::tests,
    build_dirs::tests,
    doctor::tests,
    workspaces::tests,
    analyzer::tests,
    two_people::on_nightly,
];

/// All tests.
pub(crate) fn all() -> Vec<Test> {
    CHAPTERS.iter().flat_map(|tests| tests()).collect()
}
