//! Adam with decoupled weight decay: `torch.optim.AdamW` without `amsgrad`.
//!
//! `m' = β1·m + (1−β1)·grad`, `v' = β2·v + (1−β2)·grad²`,
//! `weight' = weight·(1 − lr·decay) − lr · (m' / (1−β1ᵗ)) / (√(v' / (1−β2ᵗ)) + eps)`
//!
//! Proof of adamw: new_weight after several steps from weight and grads.

use crate::contract::{Arrays, Bound, Bounds, Case, Op, Rig, SEED, absolute, reals};
use crate::error::Result;
use crate::ops::adamw as host;
use crate::ops::updates::{gradients, record_updates};

/// What the steps are made with.
#[derive(Clone, Copy)]
pub struct Settings {
    /// The learning rate.
    pub lr: f64,
    /// β1 and β2
    pub betas: [f64; 2],
    /// Added to the root.
    pub eps: f64,
    /// The weight decay.
    pub decay: f64,
}

/// The weight after a step for each row of `grads`. `numerators` take the gradients' place in m: the gradients themselves,
/// or, to bound the errors, their absolute values.
pub fn steps(weight: &[f64], grads: &[f64], numerators: &[f64], s: Settings) -> Vec<f64> {
    let (mut weight, count, [beta1, beta2]) = (weight.to_vec(), weight.len(), s.betas);
    let (mut m, mut v) = (vec![0.0; count], vec![0.0; count]);
    for (t, (grad, numerator)) in grads.chunks(count).zip(numerators.chunks(count)).enumerate() {
        let t = t as i32 + 1;
        for i in 0..count {
            m[i] = beta1 * m[i] + (1.0 - beta1) * numerator[i];
            v[i] = beta2 * v[i] + (1.0 - beta2) * grad[i] * grad[i];
            let (mean, square) = (m[i] / (1.0 - beta1.powi(t)), v[i] / (1.0 - beta2.powi(t)));
            weight[i] = weight[i] * (1.0 - s.lr * s.decay) - s.lr * mean / (square.sqrt() + s.eps);
        }
    }
    weight
}

pub struct AdamW;

fn settings(case: &Case) -> Result<Settings> {
    let wide = |attribute: &str| case.real(attribute).map(f64::from);
    // As the file has them: rounded to f32, 1 − β2 would be off by 1e-5 of itself.
    let exact = |attribute: &str| match case.attributes.get(attribute).and_then(|value| value.as_f64()) {
        Some(value) => Ok(value),
        None => wide(attribute),
    };
    let betas = [exact("beta1")?, exact("beta2")?];
    Ok(Settings { lr: wide("lr")?, betas, eps: exact("eps")?, decay: wide("weight_decay")? })
}

impl Op for AdamW {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["lr", "beta1", "beta2", "eps", "weight_decay", "steps"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["weight", "grads"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let Settings { betas, eps, decay, .. } = settings(rig.case)?;
        record_updates(rig, &host::AdamW { betas, eps, weight_decay: decay as f32 })
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        gradients(case)?;
        let (weight, grads) = (case.reals("weight")?, case.reals("grads")?);
        let weight = steps(&weight, &grads, &grads, settings(case)?);
        Ok(reals([("new_weight", &case.array("weight")?.dims, weight)]))
    }

    /// Some fifteen operations a step. The magnitude is that of steps in the other direction whose means add up absolute
    /// values; weight decay shrinks, so it only makes the true one smaller.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let absolute = absolute(case);
        let (weight, numerators) = (absolute.reals("weight")?, absolute.reals("grads")?);
        let s = settings(case)?;
        let magnitude = steps(&weight, &case.reals("grads")?, &numerators, Settings { lr: -s.lr, ..s });
        Ok([("new_weight", Bound::rounding(&magnitude, 15 * case.size("steps")?))].into())
    }

    fn cases(&self) -> Vec<Case> {
        let case = |name, count: usize, steps: usize, [lr, eps, decay]: [f64; 3]| {
            Case::new("adamw", name, SEED)
                .attribute("lr", lr)
                .attribute("beta1", 0.9)
                .attribute("beta2", 0.999)
                .attribute("eps", eps)
                .attribute("weight_decay", decay)
                .attribute("steps", steps)
                .normal("weight", &[count], 1.0)
                .normal("grads", &[steps, count], 1.0)
        };
        vec![
            case("one step", 65, 1, [1e-3, 1e-8, 0.0]),
            case("weight decay", 1000, 3, [1e-2, 1e-8, 0.1]),
            case("large eps", 257, 2, [0.1, 0.5, 0.0]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_as_long_as_the_learning_rate() {
        let s = Settings { lr: 0.5, betas: [0.9, 0.999], eps: 0.0, decay: 0.0 };
        let grads = [3.0, -0.01];
        let weight = steps(&[1.0, 2.0], &grads, &grads, s);
        assert!((weight[0] - 0.5).abs() < 1e-12 && (weight[1] - 2.5).abs() < 1e-12, "{weight:?}");
    }

    #[test]
    fn weights_shrink_apart_from_their_gradients() {
        let s = Settings { lr: 0.5, betas: [0.5, 0.5], eps: 1.0, decay: 0.5 };
        assert_eq!(steps(&[8.0], &[0.0], &[0.0], s), [6.0]);
    }
}
