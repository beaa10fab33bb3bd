//! sccache, made to work with target directories of one's own: dependencies that one workspace has
//! compiled are copied into the next.
//!
//! sccache's keys contain every variable whose name begins with `CARGO_`, and its server compiles for
//! whoever reaches its port. So cargo is told of a wrapper, which is this program, and of a socket that
//! only its owner can reach:
//!
//! - [`choose`]: what a build or a session is told;
//! - [`wrapper`]: what cargo calls in front of the compiler;
//! - [`server`]: the server, asked whether it answers before anything depends on it.
//!
//! No build fails for it: where sccache does not answer or fails, the compiler itself runs. Cargo keeps
//! what a wrapper writes to stderr and shows it again in every later build, so the wrapper is silent, and
//! the shim tells of the failure when the next build begins.

pub(crate) mod choose;
mod server;
pub(crate) mod wrapper;
