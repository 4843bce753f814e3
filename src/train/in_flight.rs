//! Steps on their way to the device and back.

use super::metrics::StepMetrics;
use crate::gpu::{Readback, Upload};
use crate::ops::Step;
use std::time::Duration;

/// Steps that were encoded together, and the memory that they need until they are done.
pub(crate) struct InFlight {
    pub(super) first: u64,
    /// How many.
    pub(super) count: u64,
    /// The values of each of their batches.
    pub(super) rows: Vec<Step>,
    pub(super) metrics: Readback,
    pub(super) upload: Upload,
    /// What the images wait in that are streamed.
    pub(super) images: Vec<Upload>,
}

/// What an in-flight batch has come to.
pub(crate) enum Outcome {
    /// The metrics of its steps, and the time that they took where the device has a stopwatch.
    Here(Vec<StepMetrics>, Option<Duration>),
    /// The metrics of those of its steps that were finite, and where training diverged behind them.
    Diverged(Vec<StepMetrics>, String),
    /// It is still on its way.
    Pending(InFlight),
}

impl InFlight {
    /// How many steps it has.
    pub fn steps(&self) -> u64 {
        self.count
    }
}
