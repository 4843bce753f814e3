//! What one asks for when loading a data set.

use crate::shape::{Frame, MapShape};
use std::fmt;

/// Which part of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The images to learn from.
    Train,
    /// The images to judge by.
    Test,
}

impl Part {
    /// "train" or "test", as folders are called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether labels are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Labels {
    /// A data set without labels is an error.
    Required,
    /// Files of labels are not even opened, as for a target domain in training.
    Ignored,
}

/// The size of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageSize {
    /// H in pixels.
    pub height: usize,
    /// W in pixels.
    pub width: usize,
}

impl From<Frame> for ImageSize {
    fn from(frame: Frame) -> Self {
        Self { height: frame.height, width: frame.width }
    }
}

impl From<MapShape> for ImageSize {
    fn from(MapShape { height, width, .. }: MapShape) -> Self {
        Self { height, width }
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.height, self.width)
    }
}
