//! Errors that say what to do next.

use std::fmt::Display;

/// An error with advice behind it.
#[derive(Debug)]
struct Hinted {
    error: anyhow::Error,
    hint: String,
}

impl Display for Hinted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}\nhint: {}", self.error, self.hint)
    }
}

impl std::error::Error for Hinted {}

/// Adds advice to whatever went wrong.
pub trait Hint<T> {
    /// `hint` is what the user may try, as one clause.
    fn hint(self, hint: impl Display) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Hint<T> for Result<T, E> {
    fn hint(self, hint: impl Display) -> anyhow::Result<T> {
        self.map_err(|error| anyhow::Error::new(Hinted { error: error.into(), hint: hint.to_string() }))
    }
}
