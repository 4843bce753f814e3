//! A convolution as the register-tiled kernels see it.

use super::super::conv2d;
use super::texels::Layout;
use super::{Parameters, TAPS, conv2d_tile, groups};
use crate::error::Result;
use crate::gpu::{Gpu, Tensor, Work, by};
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

/// Where the gradients go that are wanted.
#[derive(Clone, Copy, Debug)]
pub struct Gradients<'a> {
    /// Those of (O, C, KH, KW) and (O).
    pub parameters: Option<Parameters<'a>>,
    /// (N, C, H, W)
    pub dx: Option<&'a Tensor>,
}

impl Convolution {
    /// (O, OH, OW)
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the kernel does not fit.
    pub fn y(&self) -> Result<MapShape> {
        let (height, width) = conv2d::out_size((self.x.height, self.x.width), self.kernel, self.padding)?;
        Ok(MapShape::new(self.outputs, height, width))
    }

    /// (N, C, H, W) over a batch of `rows`.
    pub fn x_dims(&self, rows: usize) -> [usize; 4] {
        [rows, self.x.channels, self.x.height, self.x.width]
    }

    /// (O, C, KH, KW)
    pub fn weight_dims(&self) -> [usize; 4] {
        [self.outputs, self.x.channels, self.kernel.0, self.kernel.1]
    }

    /// What a pass takes over `rows` maps of y of `size`: a multiplication and an addition for each tap of each value.
    pub(in crate::ops) fn work(&self, rows: usize, size: (usize, usize)) -> Work {
        let weight: usize = self.weight_dims().iter().product();
        Work::new(2 * rows * size.0 * size.1 * weight, self.shape(rows))
    }

    /// For people.
    pub(super) fn shape(&self, rows: usize) -> String {
        format!("{} * {}", by(&self.x_dims(rows)), by(&self.weight_dims()))
    }

    /// How many blocks of neighbouring taps hold a kernel row.
    pub(super) fn tap_blocks(&self) -> usize {
        self.kernel.1.div_ceil(TAPS)
    }

    /// How `rows` images of x lie in a texture, with their padding and as far beyond as tiles and blocks of taps read, and
    /// others, which read `halo` rows and columns.
    pub(super) fn x_layout(&self, gpu: &Gpu, rows: usize, halo: (usize, usize)) -> Result<Layout> {
        let y = self.y()?;
        let (height, width) = conv2d_tile::halo((y.height, y.width), self.kernel);
        // Two pooling windows at a time, beyond an odd last one.
        let width = width.max(y.width.next_multiple_of(4) + self.tap_blocks() * TAPS);
        self.layout(gpu, rows, (height.max(halo.0), width.max(halo.1)))
    }

    /// How `rows` images of x lie in a texture, with their padding; kernels read `halo` rows and columns of each.
    pub(super) fn layout(&self, gpu: &Gpu, rows: usize, halo: (usize, usize)) -> Result<Layout> {
        let height = halo.0.max(self.x.height + 2 * self.padding.0);
        let width = halo.1.max(self.x.width + 2 * self.padding.1);
        Layout::new(gpu, rows, groups(self.x.channels), (height, width), self.padding)
    }
}
