//! Adam with decoupled weight decay; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::adamw as wgsl;
use super::optimizer::{Operands, Optimizer, Settings, at_least_zero, below_one};
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Work, by};
use serde::{Deserialize, Serialize};

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019; `torch.optim.AdamW`, whose values stand for what is left
/// out).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct AdamW {
    /// The shares of the last means of the gradients and of their squares in the next ones.
    pub betas: [f64; 2],
    /// Added to the root of the mean square.
    pub eps: f64,
    /// What weights shrink by, times the learning rate.
    pub weight_decay: f32,
}

impl Default for AdamW {
    fn default() -> Self {
        Self { betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01 }
    }
}

impl Optimizer for AdamW {
    fn slots(&self) -> &'static [&'static str] {
        &["exp_avg", "exp_avg_sq"]
    }

    fn weight_decay(&self) -> f32 {
        self.weight_decay
    }

    fn check(&self, key: &str) -> Result<()> {
        for beta in self.betas {
            below_one(key, "betas", beta as f32)?;
        }
        at_least_zero(key, "eps", self.eps as f32)?;
        at_least_zero(key, "weight_decay", self.weight_decay)
    }

    /// What undoes that both means start at 0.
    fn step_values(&self, update: u64) -> [f32; 2] {
        let [first, second] = self.betas.map(|beta| 1.0 - beta.powf(update as f64));
        [(1.0 / first) as f32, (1.0 / second.sqrt()) as f32]
    }

    fn record(&self, rec: &mut Recording, operands: &Operands<'_>, settings: Settings) -> Result<()> {
        const OP: &str = "adamw";
        let Operands { step, grad, scale, slots, weight, faults } = *operands;
        let [exp_avg, exp_avg_sq] = slots else {
            return Err(Error::input(OP, "two slots, the means", slots.len()));
        };
        for (name, tensor) in [("grad", grad), ("exp_avg", exp_avg), ("exp_avg_sq", exp_avg_sq)] {
            expect(OP, name, tensor, weight.dims())?;
        }
        expect(OP, "scale", scale, &[1])?;
        let [beta1, beta2] = self.betas;
        let params = wgsl::Params {
            count: u32_of(OP, weight.len())?,
            beta1: beta1 as f32,
            beta2: beta2 as f32,
            rest1: (1.0 - beta1) as f32,
            rest2: (1.0 - beta2) as f32,
            eps: self.eps as f32,
            weight_decay: settings.weight_decay,
            learning_rate: settings.learning_rate,
            first: u32_of(OP, settings.first)?,
            steps: u32_of(OP, faults.len())?,
        };
        // Both means and the weight are read and written.
        let work = Work::new(17 * weight.len(), by(weight.dims())).moving(7 * 4 * weight.len());
        let update = wgsl::Update { params: &params, step, grad, exp_avg, exp_avg_sq, weight, faults, scale };
        rec.dispatch(update, weight.len(), work)
    }
}
