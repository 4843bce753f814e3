//! How a data set is read.

use super::validation::Validation;
use super::wanted::Labels;
use crate::shape::Frame;

/// How a data set is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LoadOptions {
    /// To what size its images come, and how.
    pub frame: Frame,
    /// Whether labels are wanted.
    pub labels: Labels,
    /// Whether images that cannot be read are left out, and listed in [`Dataset::unread`](super::Dataset::unread), rather
    /// than being an error.
    pub skip_bad: bool,
    /// At most so many images, spread evenly over all; `None`: all of them.
    pub most: Option<usize>,
    /// What a folder of class folders sets aside where it has no test part.
    pub validation: Option<Validation>,
    /// Whether images in colour become grey ones.
    pub grey: bool,
    /// How many bytes of images may be in memory: of a folder that has more, they are read from the disk as they are needed.
    /// All images are in memory if nothing is said.
    pub memory: Option<u64>,
}

impl LoadOptions {
    /// An image that cannot be read is an error.
    pub const fn new(frame: Frame, labels: Labels) -> Self {
        Self { frame, labels, skip_bad: false, most: None, validation: None, grey: false, memory: None }
    }

    /// The same, with or without images that cannot be read left out.
    #[must_use]
    pub const fn skip_bad(self, skip_bad: bool) -> Self {
        Self { skip_bad, ..self }
    }

    /// The same, with at most so many images, spread evenly over all.
    #[must_use]
    pub const fn most(self, most: usize) -> Self {
        Self { most: Some(most), ..self }
    }

    /// Which of `count` images are wanted, if not all of them.
    pub(super) fn wanted(&self, count: usize) -> Option<impl Iterator<Item = usize> + Clone> {
        let most = self.most.filter(|&most| most < count)?;
        Some((0..most).map(move |place| place * count / most))
    }

    /// The same, with or without a share of the images set aside where a folder of class folders has no test part.
    #[must_use]
    pub const fn validation(self, validation: Option<Validation>) -> Self {
        Self { validation, ..self }
    }

    /// The same, with images in colour made grey or left as they are.
    #[must_use]
    pub const fn grey(self, grey: bool) -> Self {
        Self { grey, ..self }
    }

    /// The same, with so many bytes of images in memory at most.
    #[must_use]
    pub const fn memory(self, memory: Option<u64>) -> Self {
        Self { memory, ..self }
    }
}
