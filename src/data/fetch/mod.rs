//! Fetches public data sets. Every byte is checked against pinned hashes before it is put in place.

mod bsds500;
mod download;
mod mnist;
mod npm;
mod resumable;
#[cfg(test)]
mod tests;
mod usps;
mod weights;

pub use bsds500::fetch_bsds500;
pub use mnist::fetch_mnist;
pub use usps::fetch_usps;
pub use weights::{Weights, fetch_weights};

use super::digest::{Digest, Fault};
use crate::error::{Error, Result};
use std::path::Path;

/// Why one place does not have what is wanted.
enum Failure {
    /// It is not there, or stopped talking: asking it for another file is a waste of time.
    Silent(String),
    /// It answered, but not with what is wanted.
    Unusable(String),
    /// The fault is on this side, and no other place can help.
    Local(Error),
}

/// What an attempt at one place gives.
type Attempt<T> = std::result::Result<T, Failure>;

impl Failure {
    /// What a request came to.
    fn of(error: ureq::Error) -> Self {
        match error {
            ureq::Error::StatusCode(code) => Self::Unusable(format!("HTTP status {code}")),
            error => Self::Silent(error.to_string()),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Read(_) => Self::Silent(fault.to_string()),
            Fault::Mismatch { .. } => Self::Unusable(fault.to_string()),
            Fault::Write(error) => Self::Local(error),
        }
    }
}

/// Whether the file `name` that `plain` describes is in `directory`, as it is or compressed by whomever; one that is there and is
/// another is an error, as it may be someone's own.
fn is_there(directory: &Path, name: &str, plain: &Digest) -> Result<bool> {
    let (path, gzip) = (directory.join(name), directory.join(format!("{name}.gz")));
    let (path, checked) = match (path.exists(), gzip.exists()) {
        (true, _) => (&path, plain.check(&path)),
        (false, true) => (&gzip, plain.check_gzip(&gzip)),
        (false, false) => return Ok(false),
    };
    checked.map_err(in_the_way)?;
    log::info!("{}: already there", path.display());
    Ok(true)
}

/// The error about a file that is there and is another one, with what to do about it.
fn in_the_way(error: Error) -> Error {
    match error {
        Error::Input { subject, expected, found } => {
            Error::input(subject, expected, format!("{found}; move it away and fetch again"))
        }
        other => other,
    }
}

/// The error when every place has been tried.
fn fetched_nowhere<T>(what: &str, reasons: &[String]) -> Result<T> {
    Err(Error::Fetch { what: what.to_owned(), reasons: reasons.join("; ") })
}
