//! Faster ways to the same results, each checked against the plain kernels' twins.
//!
//! The maps inside are channels last, four channels to a vec4: a tensor of shape (N, H, W, C rounded up to 4).

pub mod channels_last;
pub mod conv2d_tile;
pub mod conv2d_weight;
pub mod conv_block;
mod convolution;
pub mod dense_tile;

pub use convolution::Convolution;

use crate::shape::MapShape;

/// How many groups of four hold `channels`.
fn groups(channels: usize) -> usize {
    channels.div_ceil(4)
}

/// Groups of four output channels, rounded up to the pairs that a tile computes.
fn paired_groups(channels: usize) -> usize {
    groups(channels).next_multiple_of(2)
}

/// The shape of `rows` maps of `map`, channels last.
fn packed_dims(rows: usize, map: MapShape) -> [usize; 4] {
    [rows, map.height, map.width, 4 * groups(map.channels)]
}
