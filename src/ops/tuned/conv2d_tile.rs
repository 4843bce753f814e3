//! Convolution in register tiles: alone, or with ReLU and 2×2 max-pooling behind it.

use super::super::{expect, u32_of};
use super::texels::Layout;
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Texels, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    outputs: u32,
    height: u32,
    width: u32,
    in_groups: u32,
    kernel_h: u32,
    kernel_w: u32,
    x_across: u32,
    x_width: u32,
    x_height: u32,
    winner_across: u32,
    winner_width: u32,
    winner_height: u32,
    winner_groups: u32,
    channels: u32,
    reserved: u32,
}

const KERNEL: Kernel = Kernel {
    label: "conv2d_tile",
    source: include_str!("../../../shaders/tuned/conv2d_tile.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// y from x, weight and bias.
pub const PLAIN: Kernel = Kernel {
    label: "conv2d_tile.plain",
    entry_point: "plain",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read_texels(1),
        Binding::read_texels(2),
        Binding::read(3),
        Binding::write(4),
    ],
    ..KERNEL
};

/// y and winner behind ReLU and pooling.
pub const POOLED: Kernel = Kernel {
    label: "conv2d_tile.pooled",
    entry_point: "pooled",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read_texels(1),
        Binding::read_texels(2),
        Binding::read(3),
        Binding::write(4),
        Binding::write_words(5),
    ],
    ..KERNEL
};

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
    /// From [`super::weight_texels::forward`] or [`super::weight_texels::turned`].
    pub weight: &'a Texels,
    /// (KH, KW)
    pub kernel: (usize, usize),
    /// (O)
    pub bias: &'a Tensor,
}

impl Operands<'_> {
    /// What `values` sums over all taps take, which give y after `more` operations.
    fn work(&self, values: usize, y: &Tensor, more: usize) -> Work {
        let (kh, kw) = self.kernel;
        let shape = format!("{}×{kh}×{kw} → {}", self.channels, by(y.dims()));
        Work::new(2 * values * self.channels * kh * kw + more, shape)
    }

    /// `winner` is the layout of what is written beside y.
    fn params(&self, y: &Tensor, winner: Option<&Layout>) -> Result<Params> {
        const OP: &str = "conv2d_tile";
        let (layout, map) = (self.x.0, y.map());
        expect(OP, "bias", self.bias, &[map.channels])?;
        let of_winner = |value: fn(&Layout) -> usize| u32_of(OP, winner.map_or(0, value));
        Ok(Params {
            rows: u32_of(OP, y.rows())?,
            outputs: u32_of(OP, map.channels)?,
            height: u32_of(OP, map.height)?,
            width: u32_of(OP, map.width)?,
            in_groups: u32_of(OP, layout.groups)?,
            kernel_h: u32_of(OP, self.kernel.0)?,
            kernel_w: u32_of(OP, self.kernel.1)?,
            x_across: u32_of(OP, layout.across)?,
            x_width: u32_of(OP, layout.image_width)?,
            x_height: u32_of(OP, layout.image_height)?,
            winner_across: of_winner(|layout| layout.across)?,
            winner_width: of_winner(|layout| layout.image_width)?,
            winner_height: of_winner(|layout| layout.image_height)?,
            winner_groups: of_winner(|layout| layout.groups)?,
            channels: u32_of(OP, self.channels)?,
            reserved: 0,
        })
    }
}

/// Rows and columns of x, border included, that the kernels read for a map of `height` × `width`.
pub(super) fn reach((height, width): (usize, usize), (kh, kw): (usize, usize)) -> (usize, usize) {
    (height.next_multiple_of(TILE.0) + kh - 1, width.next_multiple_of(TILE.1) + kw)
}

/// Records y (N, O, OH, OW).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn plain(rec: &mut Recording, operands: &Operands<'_>, y: &Tensor) -> Result<()> {
    let map = y.map();
    let tiles = map.height.div_ceil(TILE.0) * map.width.div_ceil(TILE.1);
    let threads = y.rows() * tiles * map.channels.div_ceil(TILE_OUTPUTS);
    let Operands { x: (_, x), weight, bias, .. } = *operands;
    let work = operands.work(y.len(), y, 0);
    rec.dispatch(&PLAIN, &operands.params(y, None)?, &[x, weight, bias, y], threads, work)
}

/// Records y (N, O, OH/2, OW/2) and winner, a byte a channel: which of its window y is.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn pooled(
    rec: &mut Recording,
    operands: &Operands<'_>,
    y: &Tensor,
    (layout, winner): (&Layout, &Texels),
) -> Result<()> {
    let map = y.map();
    let tiles = map.height * (2 * map.width).div_ceil(TILE.1);
    let threads = y.rows() * tiles * map.channels.div_ceil(TILE_OUTPUTS);
    let Operands { x: (_, x), weight, bias, .. } = *operands;
    // Of each window's four sums three comparisons, the bias and ReLU make one value.
    let work = operands.work(4 * y.len(), y, 5 * y.len());
    rec.dispatch(&POOLED, &operands.params(y, Some(layout))?, &[x, weight, bias, y, winner], threads, work)
}
