//! How far a training has come, and how fast it goes.

use super::Trainer;
use std::time::Duration;

impl Trainer {
    /// How many steps keep the device no longer than `budget`, as measured so far, but at least one: what to give
    /// to [`Trainer::encode_steps`] so that a frame is kept. Timed on the device where it was opened with
    /// `TIMESTAMP_QUERY`; without, estimated from when metrics arrive.
    pub fn step_budget(&self, budget: Duration) -> u64 {
        self.pace.steps_within(budget)
    }

    /// How many frames a single step fills, of which each has `budget` left for training: where it is more than 1, train
    /// in every so many frames only, as [`Trainer::step_budget`] never gives less than a step. 1 before anything arrived.
    pub fn frames_per_step(&self, budget: Duration) -> u64 {
        self.pace.frames_a_step(budget)
    }

    /// Steps recorded so far.
    pub fn steps_encoded(&self) -> u64 {
        self.training_loop.encoded()
    }

    /// Steps whose metrics have arrived.
    pub fn steps_done(&self) -> u64 {
        self.done
    }

    /// Steps whose metrics will never arrive: their encoder was dropped, or submitted in another order than recorded.
    pub fn steps_lost(&self) -> u64 {
        self.lost
    }

    /// Whether every step of the training was recorded, and nothing about them is still to come from
    /// [`Trainer::take_metrics`].
    pub fn is_finished(&self) -> bool {
        let all = self.training_loop.encoded() == self.training_loop.total();
        all && self.in_flight.is_empty() && self.withheld.is_none()
    }

    /// Steps in the whole training.
    pub fn total_steps(&self) -> u64 {
        self.training_loop.total()
    }

    /// How long the steps that arrived last kept the device, by its own timestamps; `None` where it has none.
    pub fn gpu_time(&self) -> Option<Duration> {
        self.gpu_time
    }
}
