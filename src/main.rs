//! The program; all its code is in the library.

use std::process::ExitCode;

use cargo_peruser::{run, ui::failure::Failure, ui::report};

fn main() -> ExitCode {
    match run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report::error(&error);
            ExitCode::from(error.downcast_ref().map_or(1, |failure: &Failure| failure.exit))
        }
    }
}
