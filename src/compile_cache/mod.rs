//! Makes sccache work with private target directories: dependencies that one workspace has compiled are
//! copied into the next.
//!
//! sccache's keys contain every variable whose name begins with `CARGO_`, and its server compiles for
//! anyone who reaches its port. So cargo gets a wrapper, which is this program, and a socket that only
//! its owner can reach:
//!
//! - [`choose`]: whether a build or a session uses the cache;
//! - [`wrapper`]: what cargo calls instead of the compiler;
//! - [`server`]: the server; it is asked whether it answers before anything depends on it.
//!
//! No build fails because of it: if sccache does not answer or fails, the compiler itself runs. Cargo
//! stores what a wrapper writes to stderr and shows it again in every later build, so the wrapper is
//! silent, and the shim reports the failure at the start of the next build.

pub(crate) mod choose;
mod server;
pub(crate) mod wrapper;
