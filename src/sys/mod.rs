//! The only floor that touches the world: it reads what the decisions need and does what they say.

pub mod accounts;
pub mod cargo_config;
pub mod checkouts;
pub mod exec;
pub mod files;
pub mod homes;
pub mod interrupt;
pub mod lock;
pub mod private_dir;
pub mod real_cargo;
pub mod relocate;
pub mod remove;
pub mod settings_files;
pub mod snapshot;
pub mod survey;
pub mod tag;
