//! Faster ways to the same results, each checked against the plain kernels' twins.

pub(crate) mod conv2d_spread;
pub(crate) mod conv2d_tile;
pub mod conv2d_tiled;
pub(crate) mod conv2d_weight;
pub(crate) mod conv2d_weight_wide;
pub mod conv_block;
pub mod conv_chain;
mod convolution;
pub mod dense_chain;
pub(crate) mod dense_tile;
pub(crate) mod pooled;
pub(crate) mod texels;
pub(crate) mod weight_texels;
pub(crate) mod winograd;
pub(crate) mod winograd_domain;
pub(crate) mod winograd_gemm;
pub(crate) mod winograd_gradient;
pub(crate) mod winograd_image;
pub(crate) mod winograd_result;
pub(crate) mod winograd_transform;
pub(crate) mod winograd_weight;

pub use convolution::{Convolution, Gradients};

use super::max_pool2d::Window;
use crate::error::{Error, Result};
use crate::gpu::Tensor;

/// The parameters of a layer, or their gradients.
#[derive(Clone, Copy, Debug)]
pub struct Parameters<'a> {
    /// (O, I) or (O, C, KH, KW)
    pub weight: &'a Tensor,
    /// (O)
    pub bias: &'a Tensor,
}

/// The windows that register-tiled convolutions pool.
pub const WINDOW: Window = Window::new((2, 2), (2, 2));

/// Refuses what a forward pass left where it was another's, or over another number of rows.
pub(super) fn expect_saved<T: PartialEq>(op: &str, of: (&T, usize), by: (&T, usize)) -> Result<()> {
    if of == by {
        return Ok(());
    }
    let expected = format!("what a forward pass of the same shapes over {} rows left", by.1);
    Err(Error::input(op, expected, format!("another one, over {} rows", of.1)))
}

/// Neighbouring taps of a kernel row that a thread takes at once.
const TAPS: usize = 5;
/// Windows side by side that a thread takes at once.
const TILE_WINDOWS: usize = 4;

/// How many groups of four hold `channels`.
fn groups(channels: usize) -> usize {
    channels.div_ceil(4)
}

/// Groups of four that hold the gradient of `outputs` channels: kernels take them in pairs.
fn paired_groups(outputs: usize) -> usize {
    2 * outputs.div_ceil(8)
}
