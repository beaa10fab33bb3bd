//! Failures of the settings, whose texts stand together.

mod settings;

pub use settings::{SYSTEM_FILE, SettingsError};

use super::failure::Failure;

impl From<SettingsError> for Failure {
    fn from(error: SettingsError) -> Failure {
        Failure::new(error.to_string()).help(error.help()).exit(78)
    }
}
