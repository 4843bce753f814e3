//! The own cases: ragged and unequal sizes, the extremes of each op, and the sizes of the paper's network.

mod classification;
mod convolutions;
mod layers;
mod training;

use super::Case;

/// The seed of all own cases.
const SEED: u64 = 1;

/// Every own case, drawn when its turn comes.
pub fn cases() -> impl Iterator<Item = Case> {
    const LISTS: [fn() -> Vec<Case>; 19] = [
        convolutions::conv2d,
        convolutions::conv_block,
        convolutions::conv_chain,
        layers::dense,
        layers::dense_relu_dense,
        layers::relu,
        layers::max_pool2d,
        layers::batch_norm2d,
        layers::dropout,
        training::softmax_cross_entropy,
        training::gradient_reversal,
        training::sgd,
        training::clip_grad_norm,
        training::gather_batch,
        training::augment,
        training::metrics,
        classification::softmax,
        classification::image_texture,
        classification::image_values,
    ];
    LISTS.into_iter().flat_map(|list| list())
}
