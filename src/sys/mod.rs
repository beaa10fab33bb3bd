//! The only floor that touches the world: it reads what the decisions need and does what they say.

pub mod accounts;
pub mod acls;
pub mod cargo_config;
pub mod editors;
pub mod exec;
pub mod facts;
pub mod files;
pub mod fresh_shell;
pub mod homes;
pub mod installation;
pub mod interrupt;
pub mod lock;
pub mod private_dir;
pub mod provision;
pub mod real_cargo;
pub mod remove;
pub mod replace;
pub mod settings_files;
pub mod setup;
pub mod snapshot;
pub mod survey;
pub mod tag;
pub mod toolchain;
pub mod tools;
pub mod tree;
pub mod trust;
