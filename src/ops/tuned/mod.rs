//! Faster ways to the same results, each checked against the plain kernels' twins.

pub mod conv2d_spread;
pub mod conv2d_tile;
pub mod conv2d_tiled;
pub mod conv2d_weight;
pub mod conv_block;
pub mod conv_chain;
mod convolution;
pub mod dense_chain;
pub mod dense_tile;
pub mod pooled;
pub mod texels;
pub mod weight_texels;
pub mod winograd;
pub mod winograd_gradient;
pub mod winograd_image;
pub mod winograd_product;
pub mod winograd_result;
pub mod winograd_transform;
pub mod winograd_weight;

pub use convolution::{Convolution, Gradients};

use super::max_pool2d::Window;
use crate::gpu::Tensor;

/// The parameters of a layer, or their gradients.
#[derive(Clone, Copy)]
pub struct Parameters<'a> {
    /// (O, I) or (O, C, KH, KW)
    pub weight: &'a Tensor,
    /// (O)
    pub bias: &'a Tensor,
}

/// The windows that tuned convolutions pool.
pub const WINDOW: Window = Window { kernel: (2, 2), stride: (2, 2) };

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
