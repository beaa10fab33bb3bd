//! What people read: messages, tables, names made safe for display.

pub mod arguments;
pub mod escape;
pub mod failure;
pub mod look;
pub mod owner;
pub mod report;
