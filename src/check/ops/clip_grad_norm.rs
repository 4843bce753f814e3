//! clip_grad_norm: gradients scaled down together; new_grad from grad.

use super::*;
use crate::ops::clip_grad_norm as kernels;
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
        let grad = rig.in_place("new_grad", "grad")?;
        kernels::clip(&mut rig.rec, &grad, max_norm)
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
