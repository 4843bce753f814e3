//! The size of the images that a network takes, and how images of other sizes come to it.

use serde::{Deserialize, Serialize};

/// How an image of another size comes to the one that is wanted. Whatever is scaled is filtered first, so that no pattern
/// is there afterwards that was not before (antialiasing).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Fit {
    /// All of the image, each side scaled to the wanted one.
    #[default]
    Resize,
    /// The middle of the image at its own scale; a smaller one is scaled up, its proportions kept, until it covers.
    Crop,
    /// All of the image at its own scale in the middle of black; a larger one is scaled down, its proportions kept, until
    /// it fits in.
    Pad,
    /// The middle of the image, scaled until it just covers, its proportions kept.
    Scale,
    /// Nothing is scaled: larger images lose their edges, smaller ones are centred on black. What recipes mean that were
    /// written down before there was a choice.
    Centre,
}

/// The size that every image is brought to, and how.
///
/// ```
/// use dann::shape::{Fit, Frame};
///
/// let frame = Frame::new(28, 32);
/// assert_eq!((frame.height, frame.width, frame.fit), (28, 32, Fit::Resize));
/// assert_eq!(Frame::new(28, 32).fit(Fit::Crop).fit, Fit::Crop);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// H in pixels.
    pub height: usize,
    /// W in pixels.
    pub width: usize,
    /// How images of other sizes come to this one.
    pub fit: Fit,
    /// Rows that [`Fit::Resize`] and [`Fit::Scale`] bring images to, of which the middle is taken; the columns are in the
    /// frame's proportions. `None`: as many as the frame has.
    pub resize: Option<usize>,
}

impl Frame {
    /// So many pixels, to which images of other sizes are resized.
    pub const fn new(height: usize, width: usize) -> Self {
        Self { height, width, fit: Fit::Resize, resize: None }
    }

    /// The same size, to which images of other sizes come by `fit`.
    #[must_use]
    pub const fn fit(self, fit: Fit) -> Self {
        Self { fit, ..self }
    }

    /// The same size, of which images have had more rows before their middle was taken.
    #[must_use]
    pub const fn resize(self, rows: Option<usize>) -> Self {
        Self { resize: rows, ..self }
    }

    /// Rows and columns that images are brought to before their middle is taken.
    pub fn resized(self) -> (usize, usize) {
        let Some(rows) = self.resize.filter(|_| matches!(self.fit, Fit::Resize | Fit::Scale)) else {
            return (self.height, self.width);
        };
        (rows, (rows * self.width + self.height / 2) / self.height)
    }
}

#[cfg(any(feature = "data", feature = "embed"))]
impl Frame {
    /// To what an image of so many rows and columns is scaled before it is laid on the frame, middle on middle.
    pub(crate) fn scaling(self, height: usize, width: usize) -> Scaling {
        let resized = self.resized();
        let covers = height >= self.height && width >= self.width;
        let fits_in = height <= self.height && width <= self.width;
        let ((height, width), whole) = match self.fit {
            Fit::Resize => (resized, true),
            Fit::Scale => (resized, false),
            Fit::Crop if !covers => ((self.height, self.width), false),
            Fit::Pad if !fits_in => (self.largest_within(height, width), true),
            Fit::Crop | Fit::Pad | Fit::Centre => ((height, width), true),
        };
        Scaling { height, width, whole }
    }

    /// The largest size of the proportions of an image of so many rows and columns that fits into the frame.
    fn largest_within(self, height: usize, width: usize) -> (usize, usize) {
        let rounded = |length: usize, by: usize, over: usize| ((length * by + over / 2) / over).max(1);
        match width * self.height <= self.width * height {
            true => (self.height, rounded(width, self.height, height)),
            false => (rounded(height, self.width, width), self.width),
        }
    }
}

/// What is done to an image before it is laid on a frame.
#[cfg(any(feature = "data", feature = "embed"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scaling {
    /// Rows that it is scaled to.
    pub height: usize,
    /// Columns that it is scaled to.
    pub width: usize,
    /// All of the image, and not as large a middle of it as has these proportions.
    pub whole: bool,
}
