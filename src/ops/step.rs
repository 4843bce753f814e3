//! What changes from one training step to the next.

pub use super::kernels::step::Step;

use crate::error::Result;
use crate::gpu::{Element, Gpu, Tensor, Value, sealed};

impl Step {
    /// How many four-byte values a step takes.
    pub const WORDS: usize = size_of::<Self>() / 4;

    /// A tensor for `count` steps.
    pub(crate) fn table(gpu: &Gpu, label: &str, count: usize) -> Result<Tensor> {
        Tensor::zeros_of::<Self>(gpu, label, &[count, Self::WORDS])
    }
}

impl sealed::Sealed for Step {}

impl Value for Step {
    const ELEMENT: Element = Element::Step;
}
