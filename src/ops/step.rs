//! What changes from one training step to the next.

pub use super::kernels::step::Step;

use crate::error::Result;
use crate::gpu::{Gpu, Tensor};

impl Step {
    /// How many four-byte values a step takes.
    pub(crate) const WORDS: usize = size_of::<Self>() / 4;

    /// A tensor for `count` steps.
    pub(crate) fn table(gpu: &Gpu, label: &str, count: usize) -> Result<Tensor> {
        Tensor::zeros(gpu, label, &[count, Self::WORDS])
    }
}
