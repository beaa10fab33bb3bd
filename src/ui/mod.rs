//! What users read: messages, tables, escaped names.

pub mod arguments;
pub mod escape;
pub mod failure;
pub mod look;
pub mod owner;
pub mod report;
