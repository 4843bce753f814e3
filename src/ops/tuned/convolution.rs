//! A convolution as the tuned kernels see it.

use super::super::conv2d;
use super::{TAPS, WINDOW};
use crate::error::Result;
use crate::shape::MapShape;

/// The shapes of a convolution of stride 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convolution {
    /// (C, H, W)
    pub x: MapShape,
    /// O
    pub outputs: usize,
    /// (KH, KW)
    pub kernel: (usize, usize),
    /// Rows and columns of zeros around x.
    pub padding: (usize, usize),
}

impl Convolution {
    /// (O, OH/2, OW/2): the map behind 2×2 pooling.
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when kernel or window do not fit.
    pub fn pooled(&self) -> Result<MapShape> {
        let full = conv2d::out_size((self.x.height, self.x.width), self.kernel, self.padding)?;
        let (height, width) = WINDOW.out_size(full)?;
        Ok(MapShape::new(self.outputs, height, width))
    }

    /// (O, C, KH, KW)
    pub fn weight_dims(&self) -> [usize; 4] {
        [self.outputs, self.x.channels, self.kernel.0, self.kernel.1]
    }

    /// How many blocks of neighbouring taps hold a kernel row.
    pub(super) fn tap_blocks(&self) -> usize {
        self.kernel.1.div_ceil(TAPS)
    }
}
