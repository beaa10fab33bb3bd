//! Failures of the settings and of `setup`, whose texts stand together.

mod settings;
mod setup;

pub use settings::{SYSTEM_FILE, SettingsError};
pub use setup::{RootFault, SetupError};

use super::failure::Failure;

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Failure {
        Failure::new(error.to_string()).help(error.help()).exit(78)
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Failure {
        Failure::new(error.to_string()).help(error.help()).exit(error.exit_code())
    }
}
