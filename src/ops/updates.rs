//! What the proofs of the optimisers share: several updates of one weight, one behind the other.

use super::Step;
use super::optimizer::{Operands, Optimizer, Settings};
use crate::contract::{Case, Rig};
use crate::error::Result;
use crate::gpu::Tensor;

/// Records `steps` updates, one behind the other, of the case's `weight`, each with its row of `grads`
/// (steps, …), and names the last one `new_weight`.
///
/// # Errors
/// [`Error::Input`] when the case does not fit.
pub(super) fn record_updates(rig: &mut Rig<'_>, optimizer: &dyn Optimizer) -> Result<()> {
    let (learning_rate, rows) = (rig.case.real("lr")?, gradients(rig.case)?);
    let weight = &rig.in_place("new_weight", "weight")?;
    let gpu = rig.rec.gpu().clone();
    let slots: Vec<Tensor> = optimizer
        .slots()
        .iter()
        .map(|slot| rig.scratch_of_zeros(slot, weight.dims()))
        .collect::<Result<_>>()?;
    let scale = &Tensor::from_slice(&gpu, "scale", &[1], &[1.0_f32])?;
    let faults = &rig.whole_scratch("faults", &[1])?;
    for (index, row) in rows.iter().enumerate() {
        let values = optimizer.step_values(index as u64 + 1);
        let step = &rig.step(Step { learning_rate, optimizer: values, ..Step::default() })?;
        let grad = &Tensor::from_slice(&gpu, "grad", weight.dims(), row)?;
        let operands = Operands { step, grad, scale, slots: &slots, weight, faults };
        optimizer.record(&mut rig.rec, &operands, Settings::of(optimizer))?;
    }
    Ok(())
}

/// The rows of `grads`, as many as the attribute `steps` says, each of the weight's shape.
pub(super) fn gradients(case: &Case) -> Result<Vec<Vec<f32>>> {
    let (steps, dims) = (case.size("steps")?, &case.array("weight")?.dims);
    case.expect_reals("weight", dims)?;
    case.expect_reals("grads", &[&[steps], &dims[..]].concat())?;
    let values: Vec<f32> = case.reals("grads")?.into_iter().map(|value| value as f32).collect();
    Ok(values.chunks(dims.iter().product()).map(<[f32]>::to_vec).collect())
}
