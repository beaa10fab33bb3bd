//! The calls of rust-analyzer without a rust-analyzer.

use anyhow::Result;

use super::session::Ready;
use super::{Case, TargetDir};
use crate::machine::Channel;
use crate::stage::Person;
use crate::stage::child::Running;

/// The script that makes them; a round for each time that the server reads the workspace.
const CALLS: &str = include_str!("calls.sh");

/// Starts the calls of one server.
pub(super) fn start(
    case: &Case,
    channel: Channel,
    person: &Person<'_>,
    session: &Ready,
) -> Result<Running> {
    let manifest = person.stage.checkout.join("Cargo.toml");
    let below = match case.target_dir {
        TargetDir::Unset => "",
        TargetDir::Own => "rust-analyzer",
    };
    let words = [manifest.to_string_lossy().into_owned(), below.into(), channel.recorded()];
    session.run(person.shell(CALLS, words.iter().chain(&session.rounds)), person).start()
}
