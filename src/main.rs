//! The `dann` command line program.
#![deny(missing_docs)]

mod cli;

use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let started = Instant::now();
    cli::start_log();
    match cli::run(started) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => match e.downcast_ref::<cli::Interrupted>() {
            Some(interrupted) => {
                log::warn!("{interrupted}");
                ExitCode::from(cli::Interrupted::STATUS)
            }
            None => {
                log::error!("{}", cli::told(&e));
                ExitCode::FAILURE
            }
        },
    }
}
