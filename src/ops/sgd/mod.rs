//! Stochastic gradient descent; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::sgd as wgsl;
use super::optimizer::{Operands, Optimizer, Settings, at_least_zero, below_one};
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Work, by};
use serde::{Deserialize, Serialize};

/// Stochastic gradient descent with momentum (`torch.optim.SGD`, dampening 0).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Sgd {
    /// The share of the last velocity in the next one.
    pub momentum: f32,
    /// Whether the step looks ahead along the velocity (Sutskever et al. 2013); with a momentum above 0 alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nesterov: bool,
    /// L2 penalty, added to the gradient; 0 if left out.
    #[serde(default)]
    pub weight_decay: f32,
}

impl Sgd {
    /// With momentum, without looking ahead and without weight decay.
    pub const fn new(momentum: f32) -> Self {
        Self { momentum, nesterov: false, weight_decay: 0.0 }
    }

    /// Refuses to look ahead where there is no velocity to look along, as PyTorch does; `key` is where the settings stand.
    ///
    /// # Errors
    /// [`Error::Input`] naming the setting.
    pub(crate) fn check_nesterov(&self, key: &str) -> Result<()> {
        if !self.nesterov || self.momentum > 0.0 {
            return Ok(());
        }
        let expected = "a momentum above 0 beside it, or false";
        Err(Error::input(format!("{key}.nesterov"), expected, format!("momentum = {:?}", self.momentum)))
    }
}

impl Optimizer for Sgd {
    fn slots(&self) -> &'static [&'static str] {
        &["velocity"]
    }

    fn weight_decay(&self) -> f32 {
        self.weight_decay
    }

    fn check(&self, key: &str) -> Result<()> {
        below_one(key, "momentum", self.momentum)?;
        at_least_zero(key, "weight_decay", self.weight_decay)
    }

    fn record(&self, rec: &mut Recording, operands: &Operands<'_>, settings: Settings) -> Result<()> {
        let Operands { step, grad, scale, slots, weight, faults } = *operands;
        let [velocity] = slots else {
            return Err(Error::input("sgd", "one slot, the velocity", slots.len()));
        };
        expect("sgd", "grad", grad, weight.dims())?;
        expect("sgd", "velocity", velocity, weight.dims())?;
        expect("sgd", "scale", scale, &[1])?;
        let params = wgsl::Params {
            count: u32_of("sgd", weight.len())?,
            momentum: self.momentum,
            weight_decay: settings.weight_decay,
            learning_rate: settings.learning_rate,
            nesterov: self.nesterov.into(),
            first: u32_of("sgd", settings.first)?,
            steps: u32_of("sgd", faults.len())?,
        };
        // Velocity and weight are read and written.
        let work = Work::new(8 * weight.len(), by(weight.dims())).moving(5 * 4 * weight.len());
        let update = wgsl::Update { params: &params, step, grad, velocity, weight, faults, scale };
        rec.dispatch(update, weight.len(), work)
    }
}
