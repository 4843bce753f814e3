//! Gradients scaled down together: `torch.nn.utils.clip_grad_norm_` with the 2-norm.
//!
//! `grad' = grad · min(1, max_norm / (‖grad‖₂ + 1e-6))`
//!
//! Proof of clip_grad_norm: gradients scaled down together; new_grad from grad.
//!
//! SGD does the scaling: without momentum and weight decay its velocity is the scaled gradient.

use crate::contract::{Arrays, Bound, Bounds, Case, Op, Rig, SEED, real_output, reals};
use crate::error::Result;
use crate::gpu::Tensor;
use crate::ops::optimizer::{Operands, Optimizer as _, Settings};
use crate::ops::sgd::Sgd;
use crate::ops::{Step, clip_grad_norm as host};

/// grad, scaled.
pub fn clip(grad: &[f64], max_norm: f64) -> Vec<f64> {
    let norm = grad.iter().map(|value| value * value).sum::<f64>().sqrt();
    let factor = (max_norm / (norm + 1e-6)).min(1.0);
    grad.iter().map(|value| value * factor).collect()
}

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
        let scale = &host::factor(&mut rig.rec, std::slice::from_ref(grad), max_norm)?;
        let velocity = &rig.in_place("new_grad", "grad")?;
        let weight = &Tensor::zeros(rig.rec.gpu(), "weight", grad.dims())?;
        let faults = &rig.whole_scratch("faults", &[1])?;
        let sgd = Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };
        let slots = std::slice::from_ref(velocity);
        let operands = Operands { step, grad, scale, slots, weight, faults };
        sgd.record(&mut rig.rec, &operands, Settings::of(&sgd))
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let clipped = clip(&case.reals("grad")?, case.real("max_norm")?.into());
        Ok(reals([("new_grad", &case.array("grad")?.dims, clipped)]))
    }

    /// The factor is that of a sum of as many squares as there are gradients, a root and a quotient.
    fn bounds(&self, case: &Case, outputs: &Arrays) -> Result<Bounds> {
        let values = real_output(outputs, "new_grad")?;
        let roundings = case.array("grad")?.len() + 5;
        Ok([("new_grad", Bound::rounding(&values, roundings))].into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, dims: &[usize], max_norm: f64| {
        Case::new("clip_grad_norm", name, SEED).attribute("max_norm", max_norm).normal("grad", dims, 1.0)
    };
    vec![
        case("one gradient", &[1], 0.25),
        case("short enough", &[17, 5], 100.0),
        case("one run", &[4096], 1.0),
        case("ragged runs", &[3, 4099], 5.0),
        case("more runs than threads", &[67, 4100], 1.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_gradients_get_the_wanted_norm_and_short_ones_stay() {
        let clipped = clip(&[3.0, -4.0], 2.5);
        assert!((clipped[0] - 1.5).abs() < 1e-6 && (clipped[1] + 2.0).abs() < 1e-6, "{clipped:?}");
        assert_eq!(clip(&[3.0, -4.0], 5.1), [3.0, -4.0]);
        assert_eq!(clip(&[0.0], 1.0), [0.0]);
    }
}
