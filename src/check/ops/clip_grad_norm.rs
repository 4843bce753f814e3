//! clip_grad_norm: gradients scaled down together; new_grad from grad.
//!
//! SGD does the scaling: without momentum and weight decay its velocity is the scaled gradient.

use super::*;
use crate::gpu::Tensor;
use crate::ops::{Step, clip_grad_norm as kernels, sgd};
use crate::reference::clip_grad_norm as reference;

pub struct ClipGradNorm;

impl Op for ClipGradNorm {
    fn name(&self) -> &'static str {
        "clip_grad_norm"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["max_norm"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["grad"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let max_norm = rig.case.real("max_norm")?;
        let step = &rig.step(Step::default())?;
        let grad = &rig.input("grad")?;
        let scale = &kernels::factor(&mut rig.rec, grad, max_norm)?;
        let velocity = &rig.in_place("new_grad", "grad")?;
        let weight = &Tensor::zeros(rig.rec.gpu(), "weight", grad.dims())?;
        let faults = &rig.whole_scratch("faults", &[1])?;
        sgd::update(&mut rig.rec, sgd::Operands { step, grad, scale, velocity, weight, faults }, 0.0, 0.0)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let clipped = reference::clip(&case.reals("grad")?, case.real("max_norm")?.into());
        Ok(reals([("new_grad", &case.array("grad")?.dims, clipped)]))
    }

    /// The factor is that of a sum of as many squares as there are gradients, a root and a quotient.
    fn bounds(&self, case: &Case, outputs: &Arrays) -> Result<Bounds> {
        let values = crate::check::contract::real_output(outputs, "new_grad")?;
        let roundings = case.array("grad")?.len() + 5;
        Ok([("new_grad", Bound::rounding(&values, roundings))].into())
    }
}
