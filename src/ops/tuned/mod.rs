//! Faster ways to the same results, each checked against the plain kernels' twins.

pub mod conv2d_pooled;
pub mod conv2d_pooled_input;
pub mod conv2d_pooled_weight;
pub mod conv_block;
mod convolution;
pub mod dense_chain;
pub mod dense_tile;
pub mod texels;
pub mod weight_texels;

pub use convolution::Convolution;

use super::max_pool2d::Window;

/// The windows that tuned convolutions pool.
pub const WINDOW: Window = Window { kernel: (2, 2), stride: (2, 2) };

/// Neighbouring taps of a kernel row that a thread takes at once.
const TAPS: usize = 5;

/// How many groups of four hold `channels`.
fn groups(channels: usize) -> usize {
    channels.div_ceil(4)
}
