//! What the kernels of a block cost.

use crate::check::Work;
use crate::ops::tuned::texels::{PACK, PACK_GRADIENT};
use crate::ops::tuned::weight_texels::{PACK_FORWARD, PACK_SPREAD};
use crate::ops::tuned::{conv2d_spread, conv2d_tile, conv2d_weight};
use crate::ops::{conv2d, max_pool2d, relu};
use crate::reference::conv2d::Conv2dShape;
use crate::reference::max_pool2d::MaxPool2dShape;

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
}

impl Sizes {
    pub fn new(s: Conv2dShape, pool: MaxPool2dShape) -> Self {
        let (pixels, windows) = (s.out_h() * s.out_w(), pool.out_h() * pool.out_w());
        let weight = s.o * s.c * s.kh * s.kw;
        Self {
            x: s.n * s.c * s.h * s.w,
            weight,
            bias: s.o,
            map: s.n * s.o * pixels,
            y: s.n * s.o * windows,
            flops: 2 * s.n * weight * pixels,
        }
    }

    pub fn plain(&self) -> Vec<Work> {
        let Self { x, weight, bias, map, y, flops } = *self;
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
}
