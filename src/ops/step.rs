//! What changes from one training step to the next.

use crate::error::Result;
use crate::gpu::{Element, Gpu, Tensor, Value, sealed};

/// The values of one step. The host fills a table of them, an epoch at a time; before each step one row is
/// copied to where the kernels read it, so that a recording can be replayed unchanged.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Step {
    /// The row of the metrics table that the step writes.
    pub index: u32,
    /// Where the step's source rows start in the source order.
    pub source_start: u32,
    /// Where the step's target rows start in the target order.
    pub target_start: u32,
    /// The seed of the step's dropout masks.
    pub seed: u32,
    /// λ of the gradient reversal.
    pub lambda: f32,
    /// The step size of SGD.
    pub learning_rate: f32,
    /// Uniform blocks come in multiples of 16 bytes.
    pub reserved: [u32; 2],
}

impl Step {
    /// How many four-byte values a step takes.
    pub(crate) const WORDS: usize = size_of::<Self>() / 4;

    /// A tensor for `count` steps.
    pub(crate) fn table(gpu: &Gpu, label: &str, count: usize) -> Result<Tensor> {
        Tensor::zeros_of::<Self>(gpu, label, &[count, Self::WORDS])
    }
}

impl sealed::Sealed for Step {}

impl Value for Step {
    const ELEMENT: Element = Element::Step;
}
