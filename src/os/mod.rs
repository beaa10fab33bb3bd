//! Safe operations on accounts, files, directory trees by descriptor, and locks, without any feature's
//! types.

pub mod accounts;
pub mod acls;
pub mod entry;
pub mod facts;
pub mod files;
pub mod homes;
pub mod interrupt;
pub mod lexical;
pub mod lock;
pub mod marked;
pub mod node;
pub mod passwd;
pub mod process;
pub mod remove;
pub mod replace;
pub mod rights;
pub mod snapshot;
pub mod tag;
pub mod tree;
pub mod trust;
pub mod user_namespace;
