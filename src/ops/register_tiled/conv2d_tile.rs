//! Convolution in register tiles: alone, or with ReLU and 2×2 max-pooling behind it.

use super::super::{expect, u32_of};
use super::pooled::{Destination, Pooled};
use super::texels::Layout;
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Texels, Work, by};
use crate::ops::kernels::conv2d_tile as wgsl;
use crate::ops::kernels::map_params::MapParams;
use crate::shape::MapShape;

/// Rows and columns that a thread computes.
pub(super) const TILE: (usize, usize) = (2, 8);
/// Output channels that a thread computes.
pub(super) const TILE_OUTPUTS: usize = 16;

/// What the kernels read.
#[derive(Clone, Copy)]
pub struct Operands<'a> {
    /// With its border.
    pub x: (&'a Layout, &'a Texels),
    /// Of x.
    pub channels: usize,
    /// From [`super::weight_texels::forward`] or [`super::weight_texels::rotated`].
    pub weight: &'a Texels,
    /// (KH, KW)
    pub kernel: (usize, usize),
    /// (O)
    pub bias: &'a Tensor,
}

impl Operands<'_> {
    /// What `values` sums over all taps take, which give `rows` maps of y after `more` operations.
    fn work(&self, values: usize, (rows, y): (usize, MapShape), more: usize) -> Work {
        let (kh, kw) = self.kernel;
        let shape = format!("{}×{kh}×{kw} → {}", self.channels, by(&[rows, y.channels, y.height, y.width]));
        Work::new(2 * values * self.channels * kh * kw + more, shape)
    }

    fn params(&self, (rows, y): (usize, MapShape), pooled: Option<&Pooled<'_>>) -> Result<wgsl::Params> {
        const OP: &str = "conv2d_tile";
        let layout = self.x.0;
        expect(OP, "bias", self.bias, &[y.channels])?;
        Ok(wgsl::Params {
            rows: u32_of(OP, rows)?,
            in_groups: u32_of(OP, layout.groups)?,
            kernel_h: u32_of(OP, self.kernel.0)?,
            kernel_w: u32_of(OP, self.kernel.1)?,
            x_across: u32_of(OP, layout.across)?,
            x_width: u32_of(OP, layout.image_width)?,
            x_height: u32_of(OP, layout.image_height)?,
            channels: u32_of(OP, self.channels)?,
            map: pooled.map_or_else(|| MapParams::whole(OP, y), |to| MapParams::pooled(OP, y, to))?,
        })
    }
}

/// Rows and columns of x, border included, that the kernels read for a map of `height` × `width`.
pub(super) fn halo((height, width): (usize, usize), (kh, kw): (usize, usize)) -> (usize, usize) {
    (height.next_multiple_of(TILE.0) + kh - 1, width.next_multiple_of(TILE.1) + kw)
}

/// Records y (N, O, OH, OW).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn plain(rec: &mut Recording, operands: &Operands<'_>, y: &Tensor) -> Result<()> {
    let (rows, map) = (y.rows(), y.map());
    let tiles = rows * map.width.div_ceil(TILE.1);
    let tiles_of_pairs = rows.div_ceil(2) * map.width.div_ceil(TILE.1 / 2);
    let threads = |tiles: usize| tiles * map.height.div_ceil(TILE.0) * map.channels.div_ceil(TILE_OUTPUTS);
    let Operands { x: (_, x), weight, bias, .. } = *operands;
    let work = operands.work(y.len(), (rows, map), 0);
    let params = &operands.params((rows, map), None)?;
    if tiles_of_pairs < tiles {
        return rec.dispatch(wgsl::PlainPairs { params, x, weight, bias, y }, threads(tiles_of_pairs), work);
    }
    rec.dispatch(wgsl::Plain { params, x, weight, bias, y }, threads(tiles), work)
}

/// Records `rows` maps of y, the shape behind ReLU and pooling, and which values they are.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn pooled(
    rec: &mut Recording,
    operands: &Operands<'_>,
    (rows, map): (usize, MapShape),
    to: &Pooled<'_>,
) -> Result<()> {
    let tiles = map.height * (2 * map.width).div_ceil(TILE.1);
    let threads = rows * tiles * map.channels.div_ceil(TILE_OUTPUTS);
    let Operands { x: (_, x), weight, bias, .. } = *operands;
    // Of each window's four sums three comparisons, the bias and ReLU make one value.
    let work = operands.work(4 * rows * map.len(), (rows, map), 5 * rows * map.len());
    let params = operands.params((rows, map), Some(to))?;
    let argmax = to.argmax.1;
    match to.y {
        Destination::Tensor(y) => {
            rec.dispatch(wgsl::Pooled { params: &params, x, weight, bias, y, argmax }, threads, work)
        }
        Destination::Texels(_, y) => rec.dispatch(
            wgsl::PooledTexels { params: &params, x, weight, bias, argmax, y_texels: y },
            threads,
            work,
        ),
    }
}
