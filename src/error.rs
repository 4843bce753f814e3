//! The library's one error type.

use std::path::{Path, PathBuf};

/// What can go wrong, worded for the person who has to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something handed in (a file, a flag, a configuration key, a shape) is not what was needed.
    #[error("{subject}: expected {expected}, found {found}")]
    Input {
        /// The file, flag, key or layer at fault.
        subject: String,
        /// What would have been right.
        expected: String,
        /// What was there instead.
        found: String,
    },
    /// The operating system refused to read or write something.
    #[error("{}: cannot {action}: {cause}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was being done, as a verb phrase ("read", "create the directory").
        action: &'static str,
        /// The operating system's answer. Not called `source`: the message says it, and would say it twice with its
        /// sources printed behind it.
        cause: std::io::Error,
    },
    /// No adapter on this machine can run the kernels.
    #[error("no GPU adapter found: {0}")]
    NoAdapter(String),
    /// The graphics device or its driver reported a fault.
    #[error("GPU: {0}")]
    Gpu(String),
    /// Training has come to numbers that are not finite, and would not come back from them.
    #[error("training diverged at {0}")]
    Diverged(String),
    /// Something could not be fetched from any of its sources.
    #[error("could not fetch {what}: {reasons}")]
    Fetch {
        /// The data set asked for.
        what: String,
        /// One reason per source tried.
        reasons: String,
    },
}

/// The library's result type.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An [`Error::Input`]: `subject` was expected to be `expected` but was `found`.
    pub fn input(
        subject: impl std::fmt::Display,
        expected: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) -> Self {
        Self::Input { subject: subject.to_string(), expected: expected.to_string(), found: found.to_string() }
    }

    /// An [`Error::Input`] about a file.
    pub fn file(path: &Path, expected: impl std::fmt::Display, found: impl std::fmt::Display) -> Self {
        Self::input(path.display(), expected, found)
    }

    /// Turns an I/O error into an [`Error::Io`]; for `map_err`.
    pub fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |cause| Self::Io { path, action, cause }
    }
}
