//! A convolution as the tuned kernels see it.

use super::super::conv2d;
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
    /// (O, OH, OW)
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the kernel does not fit.
    pub fn y(&self) -> Result<MapShape> {
        let (h, w) = conv2d::out_size((self.x.height, self.x.width), self.kernel, self.padding)?;
        Ok(MapShape::new(self.outputs, h, w))
    }

    /// The convolution that leads from dy to dx; `None` if it would need negative padding.
    pub fn backward(&self) -> Option<Self> {
        let y = self.y().ok()?;
        let along = |kernel: usize, padding: usize| (kernel - 1).checked_sub(padding);
        let padding = along(self.kernel.0, self.padding.0).zip(along(self.kernel.1, self.padding.1))?;
        Some(Self { x: y, outputs: self.x.channels, kernel: self.kernel, padding })
    }
}
