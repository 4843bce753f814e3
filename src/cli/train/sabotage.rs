//! What the tests use to see that training goes on when a device is lost.

use dann::error::{Error, Result};
use dann::fit::{Observer, State};

/// Destroys the device, once.
pub struct Sabotage(Option<u64>);

impl Sabotage {
    /// After so many steps, if at all.
    pub fn after(steps: Option<u64>) -> Self {
        Self(steps)
    }
}

impl Observer for Sabotage {
    fn should_stop(&mut self, state: &State<'_>) -> bool {
        if self.0.is_some_and(|steps| state.steps_done() >= steps) {
            state.model().gpu().device().destroy();
        }
        false
    }

    fn device_lost(&mut self, _: &Error) -> Result<()> {
        self.0 = None;
        Ok(())
    }
}
