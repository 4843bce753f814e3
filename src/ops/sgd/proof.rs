//! Stochastic gradient descent with momentum: `torch.optim.SGD` with dampening 0.
//!
//! `velocity' = momentum · velocity + grad + weight_decay · weight`
//! `weight' = weight − learning_rate · velocity'`, and with Nesterov's momentum
//! `weight' = weight − learning_rate · (grad + weight_decay · weight + momentum · velocity')`
//!
//! Proof of sgd: new_weight and new_velocity from weight, grad and velocity; and of sgd_nesterov: new_weight after several
//! steps from weight and grads.

use crate::contract::{Arrays, Bound, Bounds, Case, Op, Rig, SEED, absolute, reals};
use crate::error::Result;
use crate::gpu::Tensor;
use crate::ops::optimizer::{Operands, Optimizer as _, Settings};
use crate::ops::updates::{gradients, record_updates};
use crate::ops::{Step, sgd as host};

/// weight, grad and velocity of one shape → the new weight and the new velocity, of the same.
pub fn step(
    weight: &[f64],
    grad: &[f64],
    velocity: &[f64],
    learning_rate: f64,
    momentum: f64,
    weight_decay: f64,
) -> (Vec<f64>, Vec<f64>) {
    let (mut new_weight, mut new_velocity) = (Vec::new(), Vec::new());
    for i in 0..weight.len() {
        let v = momentum * velocity[i] + grad[i] + weight_decay * weight[i];
        new_weight.push(weight[i] - learning_rate * v);
        new_velocity.push(v);
    }
    (new_weight, new_velocity)
}

/// The weight after a step for each row of `grads`, with Nesterov's momentum.
pub fn nesterov(weight: &[f64], grads: &[f64], learning_rate: f64, momentum: f64, decay: f64) -> Vec<f64> {
    let (mut weight, mut velocity) = (weight.to_vec(), vec![0.0; weight.len()]);
    for grad in grads.chunks(weight.len()) {
        for i in 0..grad.len() {
            let d = grad[i] + decay * weight[i];
            velocity[i] = momentum * velocity[i] + d;
            weight[i] -= learning_rate * (d + momentum * velocity[i]);
        }
    }
    weight
}

pub struct Sgd;

pub struct SgdNesterov;

impl Op for SgdNesterov {
    fn name(&self) -> &'static str {
        "sgd_nesterov"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["lr", "momentum", "weight_decay", "steps"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["weight", "grads"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let (momentum, weight_decay) = (rig.case.real("momentum")?, rig.case.real("weight_decay")?);
        record_updates(rig, &host::Sgd { momentum, nesterov: true, weight_decay })
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        gradients(case)?;
        let [lr, momentum, decay] = settings(case)?;
        let (weight, grads) = (case.reals("weight")?, case.reals("grads")?);
        let weight = nesterov(&weight, &grads, lr, momentum, decay);
        Ok(reals([("new_weight", &case.array("weight")?.dims, weight)]))
    }

    /// Eight operations a step; the magnitudes are steps of the absolute values in the other direction.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let ([lr, momentum, decay], absolute) = (settings(case)?.map(f64::abs), absolute(case));
        let (weight, grads) = (absolute.reals("weight")?, absolute.reals("grads")?);
        let magnitude = nesterov(&weight, &grads, -lr, momentum, decay);
        Ok([("new_weight", Bound::rounding(&magnitude, 8 * case.size("steps")?))].into())
    }

    fn cases(&self) -> Vec<Case> {
        let case = |name, count: usize, steps: usize, decay: f64| {
            Case::new("sgd_nesterov", name, SEED)
                .attribute("lr", 0.01)
                .attribute("momentum", 0.9)
                .attribute("weight_decay", decay)
                .attribute("steps", steps)
                .normal("weight", &[count], 1.0)
                .normal("grads", &[steps, count], 1.0)
        };
        vec![case("one step", 65, 1, 0.0), case("three steps", 1000, 3, 1e-2)]
    }
}

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
        let slots = std::slice::from_ref(velocity);
        let operands = Operands { step: &step, grad, scale, slots, weight, faults };
        let sgd = host::Sgd { momentum, nesterov: false, weight_decay };
        sgd.record(&mut rig.rec, &operands, Settings::of(&sgd))
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let dims = dims(case)?;
        let (weight, grad, velocity) = (case.reals("weight")?, case.reals("grad")?, case.reals("velocity")?);
        let [lr, momentum, decay] = settings(case)?;
        let (weight, velocity) = step(&weight, &grad, &velocity, lr, momentum, decay);
        Ok(reals([("new_weight", dims, weight), ("new_velocity", dims, velocity)]))
    }

    /// Two products and two additions lead to the velocity, two more operations to the weight. The magnitude
    /// of the weight is a step of the absolute values in the other direction.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let absolute = absolute(case);
        let (weight, grad) = (absolute.reals("weight")?, absolute.reals("grad")?);
        let velocity = absolute.reals("velocity")?;
        let [lr, momentum, decay] = settings(case)?.map(f64::abs);
        let (weight, velocity) = step(&weight, &grad, &velocity, -lr, momentum, decay);
        Ok([("new_weight", Bound::rounding(&weight, 6)), ("new_velocity", Bound::rounding(&velocity, 4))]
            .into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

/// Learning rate, momentum and weight decay.
fn settings(case: &Case) -> Result<[f64; 3]> {
    Ok([case.real("lr")?, case.real("momentum")?, case.real("weight_decay")?].map(f64::from))
}

fn cases() -> Vec<Case> {
    let case = |name, dims: &[usize], lr: f64, momentum: f64, decay: f64| {
        Case::new("sgd", name, SEED)
            .attribute("lr", lr)
            .attribute("momentum", momentum)
            .attribute("weight_decay", decay)
            .normal("weight", dims, 1.0)
            .normal("grad", dims, 1.0)
            .normal("velocity", dims, 1.0)
    };
    vec![
        case("plain", &[1], 0.5, 0.0, 0.0),
        case("momentum", &[17, 65], 0.01, 0.9, 0.0),
        case("momentum and decay", &[1000], 0.01, 0.9, 5e-4),
        case("large steps", &[65, 3], 0.9, 0.5, 0.3),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_steps_by_hand() {
        let grad = [1.0, -3.0];
        let (weight, velocity) = step(&[8.0, 4.0], &grad, &[0.0, 2.0], 0.5, 0.5, 0.25);
        assert_eq!(velocity, [3.0, -1.0]);
        assert_eq!(weight, [6.5, 4.5]);
        let (weight, velocity) = step(&weight, &grad, &velocity, 1.0, 0.5, 0.0);
        assert_eq!(velocity, [2.5, -3.5]);
        assert_eq!(weight, [4.0, 8.0]);
    }

    #[test]
    fn nesterov_looks_ahead() {
        // velocity 2, then 1 + 1; steps of 2 + 1 and of 1 + 1.
        assert_eq!(nesterov(&[10.0], &[2.0, 1.0], 1.0, 0.5, 0.0), [5.0]);
    }
}
