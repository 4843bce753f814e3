//! What the kernels of a block cost.

use super::super::product_work;
use crate::check::Work;
use crate::ops::product::Product;
use crate::ops::tuned::texels::{PACK, PACK_GRADIENT};
use crate::ops::tuned::weight_texels::{PACK_FORWARD, PACK_SPREAD};
use crate::ops::tuned::{conv2d_spread, conv2d_tile, conv2d_weight, pixels};
use crate::ops::tuned::{
    winograd_gradient, winograd_product, winograd_result, winograd_transform, winograd_weight,
};
use crate::ops::{conv2d, max_pool2d, relu};
use crate::reference::conv2d::Conv2dShape;
use crate::reference::max_pool2d::MaxPool2dShape;

/// Of Winograd's domain, for each tile.
const POINTS: usize = 64;

/// How many values each tensor holds, without what the inner layout fills up.
pub(super) struct Sizes {
    x: usize,
    weight: usize,
    bias: usize,
    /// Before pooling.
    map: usize,
    y: usize,
    /// Of the convolution, and of each of its gradients.
    flops: usize,
    /// Winograd's tiles of all channels of x, and of y.
    x_tiles: usize,
    y_tiles: usize,
}

impl Sizes {
    pub fn new(s: Conv2dShape, pool: MaxPool2dShape) -> Self {
        let (pixels, windows) = (s.out_h() * s.out_w(), pool.out_h() * pool.out_w());
        let weight = s.o * s.c * s.kh * s.kw;
        let tiles = s.n * pool.out_h().div_ceil(2) * pool.out_w().div_ceil(2);
        Self {
            x: s.n * s.c * s.h * s.w,
            weight,
            bias: s.o,
            map: s.n * s.o * pixels,
            y: s.n * s.o * windows,
            flops: 2 * s.n * weight * pixels,
            x_tiles: tiles * s.c,
            y_tiles: tiles * s.o,
        }
    }

    pub fn plain(&self) -> Vec<Work> {
        let Self { x, weight, bias, map, y, flops, .. } = *self;
        vec![
            Work::new(&conv2d::FORWARD, flops, x + weight + bias + map),
            Work::new(&relu::FORWARD, map, 2 * map),
            Work::new(&max_pool2d::FORWARD, 4 * y, map + 2 * y),
            Work::new(&max_pool2d::BACKWARD, y, 2 * y + map),
            Work::new(&relu::BACKWARD, map, 3 * map),
            Work::new(&conv2d::BACKWARD_INPUT, flops, map + weight + x),
            Work::new(&conv2d::BACKWARD_WEIGHT, flops, x + map + weight),
            Work::new(&conv2d::BACKWARD_BIAS, map, map + bias),
        ]
    }

    /// Behind pooling a quarter of the map has a gradient.
    pub fn fused(&self) -> Vec<Work> {
        let Self { x, weight, bias, y, flops, .. } = *self;
        let (winner, sparse) = (y / 4, flops / 4); // a byte a value
        vec![
            Work::new(&PACK, 0, 2 * x),
            Work::new(&PACK_FORWARD, 0, 2 * weight),
            Work::new(&conv2d_tile::POOLED, flops + 5 * y, x + weight + bias + y + winner),
            Work::new(&PACK_GRADIENT, 0, 3 * y),
            Work::new(&conv2d_weight::POOLED_SUMS, sparse, x + y + winner + weight),
            Work::new(&conv2d_weight::REDUCE, 0, 2 * weight),
            Work::new(&conv2d_weight::BIAS, y, y + bias),
            Work::new(&PACK_SPREAD, 0, 2 * weight),
            Work::new(&conv2d_spread::SPREAD, sparse, y + winner + weight + x),
            Work::new(&conv2d_spread::JOIN, 0, 2 * x),
        ]
    }

    /// The product goes back to the full map, most of whose gradients are 0.
    pub fn product(&self, product: &Product) -> Vec<Work> {
        let Self { x, weight, bias, y, flops, .. } = *self;
        product_work(product, flops, [x, weight, bias, 2 * y])
    }

    /// For each of 64 points a product of matrices. The maps into the domain and out of it are stated as so many
    /// operations on each row of a tile's values, and on each column of what that gives.
    pub fn winograd(&self) -> Vec<Work> {
        let Self { x, weight, bias, y, x_tiles, y_tiles, .. } = *self;
        let [of_x, of_y, of_weight] = [x_tiles, y_tiles, weight / 25].map(|maps| POINTS * maps);
        let product = 2 * POINTS * x_tiles * self.bias;
        let (winner, join) = (y / 4, of_x);
        vec![
            Work::new(&pixels::PACK, 0, 2 * x),
            Work::new(&winograd_transform::INPUT, x_tiles * 16 * 38, x + of_x),
            Work::new(&winograd_weight::FORWARD, of_weight / POINTS * 13 * 29, weight + of_weight),
            Work::new(&winograd_product::SUM_CHANNELS, product, of_x + of_weight + of_y),
            Work::new(&winograd_result::POOLED, y_tiles * 12 * 22 + 5 * y, of_y + bias + y + winner),
            Work::new(&PACK_GRADIENT, 0, 3 * y),
            Work::new(&winograd_transform::GRADIENT_POOLED, y_tiles * 12 * 18, y + winner + of_y),
            Work::new(&winograd_product::SUM_TILES, product, of_x + of_y + of_weight),
            Work::new(&winograd_weight::GRADIENT, of_weight / POINTS * 13 * 31, of_weight + weight),
            Work::new(&conv2d_weight::BIAS, y, y + bias),
            Work::new(&winograd_weight::TURNED, of_weight / POINTS * 13 * 29, weight + of_weight),
            Work::new(&winograd_product::SUM_CHANNELS, product, of_y + of_weight + of_x),
            Work::new(&winograd_gradient::TILES_OF_DX, x_tiles * 16 * 39, 2 * of_x),
            Work::new(&winograd_gradient::JOIN, join, join + x),
        ]
    }
}
