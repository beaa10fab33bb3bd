//! The decisions, as pure functions over what `sys` has read.
//!
//! Nothing below this line touches the world: no environment, no file system, no process, no clock.
//! `cargo xtask tidy` holds that line. Tests are tables, because everything that matters is an
//! argument.

pub mod account;
pub mod alias;
pub mod build_dir;
pub mod candidate;
pub mod editor;
pub mod environment;
pub mod explanation;
pub mod fingerprint;
pub mod invocation;
pub mod lexical;
pub mod marked;
pub mod passwd;
pub mod placement;
pub mod safety;
pub mod search_path;
pub mod settings;
pub mod settings_source;
pub mod setup;
pub mod shell;
pub mod toolchain;
pub mod trail;
pub mod tree;
