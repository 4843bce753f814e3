//! What training asks of an optimiser.

use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor};
use serde::{Deserialize, Serialize};

/// A way from gradients to new parameters. It keeps named values of its own for each parameter, its state.
pub trait Optimizer {
    /// The names of what it keeps for each parameter: one value of state a name, 0 at the start.
    fn slots(&self) -> &'static [&'static str];

    /// The weight decay of parameters whose group has none of its own.
    fn weight_decay(&self) -> f32;

    /// Refuses settings that cannot work; `key` is where they stand.
    ///
    /// # Errors
    /// [`Error::Input`] naming the setting.
    fn check(&self, key: &str) -> Result<()>;

    /// What it needs anew for update number `update`, counted from 1; see [`Step::optimizer`](super::Step).
    fn step_values(&self, _update: u64) -> [f32; 2] {
        [0.0; 2]
    }

    /// Records the update of some parameters that lie side by side.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes differ.
    fn record(&self, rec: &mut Recording, operands: &Operands<'_>, settings: Settings) -> Result<()>;
}

/// What an update reads and writes.
#[derive(Debug)]
pub struct Operands<'a> {
    /// The current [`Step`](super::Step), which has the learning rate.
    pub step: &'a Tensor,
    /// The gradient of the weight, of its shape.
    pub grad: &'a Tensor,
    /// (1): what the gradient is multiplied by.
    pub scale: &'a Tensor,
    /// The state, in the order of [`Optimizer::slots`], each of the weight's shape.
    pub slots: &'a [Tensor],
    /// Of any shape.
    pub weight: &'a Tensor,
    /// (steps), u32: where an update is no finite number, it gets [`first_fault`]'s argument at the step's index; it must
    /// hold 0 before.
    pub faults: &'a Tensor,
}

/// What may differ between groups of parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// What the step's learning rate is multiplied by.
    pub learning_rate: f32,
    /// The weight decay.
    pub weight_decay: f32,
    /// The number of the first parameter among all of the model, by which faults are named.
    pub first: usize,
}

impl Settings {
    /// Those of all parameters of a model where none are in a group.
    pub fn of(optimizer: &dyn Optimizer) -> Self {
        Self { learning_rate: 1.0, weight_decay: optimizer.weight_decay(), first: 0 }
    }
}

/// The number of the first parameter whose update is no finite number, from what an update left of a step.
pub fn first_fault(fault: u32) -> Option<usize> {
    (fault > 0).then(|| (u32::MAX - fault) as usize)
}

/// Refuses a number unless it is finite and at least 0.
pub(super) fn at_least_zero(key: &str, name: &str, value: f32) -> Result<()> {
    if value >= 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(Error::input(format!("{key}.{name}"), "at least 0", value))
}

/// Refuses a number unless it is at least 0 and below 1.
pub(super) fn below_one(key: &str, name: &str, value: f32) -> Result<()> {
    if (0.0..1.0).contains(&value) {
        return Ok(());
    }
    Err(Error::input(format!("{key}.{name}"), "at least 0 and below 1", value))
}

/// Parameters that are trained in another way than the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ParameterGroup {
    /// What the names of the parameters begin with: a part, as in `feature_extractor`, a layer, or a single parameter. Where
    /// several groups fit, the longest such text decides.
    pub parameters: String,
    /// What the learning rate is multiplied by; 1 if left out.
    #[serde(default = "one")]
    pub learning_rate: f32,
    /// In place of the optimiser's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f32>,
    /// Whether they stay as they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub frozen: bool,
}

fn one() -> f32 {
    1.0
}

impl ParameterGroup {
    /// The parameters whose names begin with `parameters`, trained as all others are until something else is said.
    pub fn new(parameters: impl Into<String>) -> Self {
        Self { parameters: parameters.into(), learning_rate: one(), weight_decay: None, frozen: false }
    }

    /// Refuses settings that cannot work; `key` is where they stand.
    ///
    /// # Errors
    /// [`Error::Input`] naming the setting.
    pub fn check(&self, key: &str) -> Result<()> {
        at_least_zero(key, "learning_rate", self.learning_rate)?;
        self.weight_decay.map_or(Ok(()), |decay| at_least_zero(key, "weight_decay", decay))
    }

    /// Whether the parameter called `name` is one of them.
    pub fn holds(&self, name: &str) -> bool {
        let behind = name.strip_prefix(self.parameters.as_str());
        behind.is_some_and(|behind| behind.is_empty() || behind.starts_with('.'))
    }
}
