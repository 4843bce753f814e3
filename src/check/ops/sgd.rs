//! sgd: new_weight and new_velocity from weight, grad and velocity.

use super::*;
use crate::gpu::Tensor;
use crate::ops::{Step, sgd as kernels};
use crate::reference::sgd as reference;

pub struct Sgd;

fn dims(case: &Case) -> Result<&[usize]> {
    let dims = &case.array("weight")?.dims;
    for tensor in ["weight", "grad", "velocity"] {
        case.expect_reals(tensor, dims)?;
    }
    Ok(dims)
}

impl Op for Sgd {
    fn name(&self) -> &'static str {
        "sgd"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["lr", "momentum", "weight_decay"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["weight", "grad", "velocity"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        dims(rig.case)?;
        let step = rig.step(Step { learning_rate: rig.case.real("lr")?, ..Default::default() })?;
        let (momentum, weight_decay) = (rig.case.real("momentum")?, rig.case.real("weight_decay")?);
        let grad = &rig.input("grad")?;
        let scale = &Tensor::from_slice(rig.rec.gpu(), "scale", &[1], &[1.0_f32])?;
        let velocity = &rig.in_place("new_velocity", "velocity")?;
        let weight = &rig.in_place("new_weight", "weight")?;
        let faults = &rig.whole_scratch("faults", &[1])?;
        let operands = kernels::Operands { step: &step, grad, scale, velocity, weight, faults };
        kernels::update(&mut rig.rec, operands, momentum, weight_decay)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let dims = dims(case)?;
        let (weight, grad, velocity) = (case.reals("weight")?, case.reals("grad")?, case.reals("velocity")?);
        let [lr, momentum, decay] = settings(case)?;
        let (weight, velocity) = reference::step(&weight, &grad, &velocity, lr, momentum, decay);
        Ok(reals([("new_weight", dims, weight), ("new_velocity", dims, velocity)]))
    }

    /// Two products and two additions lead to the velocity, two more operations to the weight. The magnitude
    /// of the weight is a step of the absolute values in the other direction.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let absolute = absolute(case);
        let (weight, grad) = (absolute.reals("weight")?, absolute.reals("grad")?);
        let velocity = absolute.reals("velocity")?;
        let [lr, momentum, decay] = settings(case)?.map(f64::abs);
        let (weight, velocity) = reference::step(&weight, &grad, &velocity, -lr, momentum, decay);
        Ok([("new_weight", Bound::rounding(&weight, 6)), ("new_velocity", Bound::rounding(&velocity, 4))]
            .into())
    }
}

/// Learning rate, momentum and weight decay.
fn settings(case: &Case) -> Result<[f64; 3]> {
    Ok([case.real("lr")?, case.real("momentum")?, case.real("weight_decay")?].map(f64::from))
}
