//! Shapes of images, feature maps and tensors; row-major, NCHW. And how images come to a size.
//!
//! ```
//! use dann::shape::MapShape;
//!
//! let colour = MapShape::new(3, 28, 28);
//! assert_eq!((colour.len(), colour.to_string().as_str()), (2352, "3×28×28"));
//! ```

mod frame;

#[cfg(any(feature = "data", feature = "embed"))]
pub(crate) use frame::Scaling;
pub use frame::{Fit, Frame};

use std::fmt;

/// The shape of one row of a batch: C channels of H×W values. A dense layer's output is (O, 1, 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapShape {
    /// C, the number of channels.
    pub channels: usize,
    /// H, the height in pixels.
    pub height: usize,
    /// W, the width in pixels.
    pub width: usize,
}

impl MapShape {
    /// (C, H, W).
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }

    /// C·H·W, the number of values in a row.
    pub const fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether a row holds no value at all.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for MapShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}", self.channels, self.height, self.width)
    }
}
