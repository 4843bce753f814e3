//! What an application changes between its frames.

use super::Trainer;
use crate::error::{Error, Result};

impl Trainer {
    /// Pauses training, or goes on with it.
    pub fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Whether training is paused.
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Sets λ of the steps to come; `None` gives it back to the schedule.
    ///
    /// # Errors
    /// [`Error::Input`] when it is negative or no number.
    pub fn set_lambda(&mut self, lambda: Option<f32>) -> Result<()> {
        self.training_loop.overrides().lambda = at_least_zero("λ", lambda)?;
        Ok(())
    }

    /// Sets the learning rate of the steps to come; `None` gives it back to the schedule.
    ///
    /// # Errors
    /// [`Error::Input`] when it is negative or no number.
    pub fn set_learning_rate(&mut self, learning_rate: Option<f32>) -> Result<()> {
        self.training_loop.overrides().learning_rate = at_least_zero("the learning rate", learning_rate)?;
        Ok(())
    }
}

fn at_least_zero(name: &str, value: Option<f32>) -> Result<Option<f32>> {
    match value {
        Some(value) if !(value >= 0.0 && value.is_finite()) => {
            Err(Error::input(name, "a number of at least 0", value))
        }
        good => Ok(good),
    }
}
