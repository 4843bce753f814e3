//! What the kernels of both layers cost.

use super::super::product_work;
use crate::check::Work;
use crate::ops::product::Product;
use crate::ops::tuned::dense_tile::{
    BACKWARD_INPUT, BACKWARD_INPUT_RELU, BACKWARD_PARAMETERS, FORWARD, FORWARD_RELU, PACK,
};
use crate::ops::{dense, relu};
use crate::reference::dense::DenseShape;

/// How many values each tensor holds, and the multiplications and additions of each layer's passes.
pub(super) struct Sizes {
    x: usize,
    weight: [usize; 2],
    bias: [usize; 2],
    hidden: usize,
    y: usize,
    flops: [usize; 2],
}

impl Sizes {
    pub fn new(layers: [DenseShape; 2]) -> Self {
        let [first, second] = layers;
        Self {
            x: first.n * first.i,
            weight: layers.map(|s| s.o * s.i),
            bias: layers.map(|s| s.o),
            hidden: first.n * first.o,
            y: second.n * second.o,
            flops: layers.map(|s| 2 * s.n * s.i * s.o),
        }
    }

    pub fn plain(&self) -> Vec<Work> {
        let Self { x, weight: [weight1, weight2], bias: [bias1, bias2], hidden, y, flops } = *self;
        vec![
            Work::new(&dense::FORWARD, flops[0], x + weight1 + bias1 + hidden),
            Work::new(&relu::FORWARD, hidden, 2 * hidden),
            Work::new(&dense::FORWARD, flops[1], hidden + weight2 + bias2 + y),
            Work::new(&dense::BACKWARD_WEIGHT, flops[1], hidden + y + weight2),
            Work::new(&dense::BACKWARD_BIAS, y, y + bias2),
            Work::new(&dense::BACKWARD_INPUT, flops[1], y + weight2 + hidden),
            Work::new(&relu::BACKWARD, hidden, 3 * hidden),
            Work::new(&dense::BACKWARD_WEIGHT, flops[0], x + hidden + weight1),
            Work::new(&dense::BACKWARD_BIAS, hidden, hidden + bias1),
            Work::new(&dense::BACKWARD_INPUT, flops[0], hidden + weight1 + x),
        ]
    }

    pub fn fused(&self) -> Vec<Work> {
        let Self { x, weight: [weight1, weight2], bias: [bias1, bias2], hidden, y, flops } = *self;
        vec![
            Work::new(&PACK, 0, 2 * x),
            Work::new(&PACK, 0, 2 * weight1),
            Work::new(&FORWARD_RELU, flops[0] + hidden, x + weight1 + bias1 + hidden),
            Work::new(&PACK, 0, 2 * weight2),
            Work::new(&FORWARD, flops[1], hidden + weight2 + bias2 + y),
            Work::new(&PACK, 0, 2 * y),
            Work::new(&BACKWARD_PARAMETERS, flops[1] + y, hidden + y + weight2 + bias2),
            Work::new(&BACKWARD_INPUT_RELU, flops[1] + hidden, y + weight2 + 2 * hidden),
            Work::new(&BACKWARD_PARAMETERS, flops[0] + hidden, x + hidden + weight1 + bias1),
            Work::new(&BACKWARD_INPUT, flops[0], hidden + weight1 + x),
        ]
    }

    /// The second layer goes back before the first.
    pub fn products(&self, products: &[Product; 2]) -> Vec<Work> {
        let Self { x, weight: [weight1, weight2], bias: [bias1, bias2], hidden, y, flops } = *self;
        let first = product_work(&products[0], flops[0], [x, weight1, bias1, hidden]);
        let second = product_work(&products[1], flops[1], [hidden, weight2, bias2, y]);
        [&first[..1], &second, &first[1..]].concat()
    }
}
