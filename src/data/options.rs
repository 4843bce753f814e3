//! How a data set is read.

use super::wanted::Labels;
use crate::shape::Frame;

/// How a data set is read.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LoadOptions {
    /// To what size its images come, and how.
    pub frame: Frame,
    /// Whether labels are wanted.
    pub labels: Labels,
    /// Whether images that cannot be read are left out, and listed in [`Dataset::unread`](super::Dataset::unread), rather
    /// than being an error.
    pub skip_bad: bool,
}

impl LoadOptions {
    /// An image that cannot be read is an error.
    pub const fn new(frame: Frame, labels: Labels) -> Self {
        Self { frame, labels, skip_bad: false }
    }

    /// The same, with or without images that cannot be read left out.
    #[must_use]
    pub const fn skip_bad(self, skip_bad: bool) -> Self {
        Self { skip_bad, ..self }
    }
}
