//! How many steps fit into a frame.

use std::time::Duration;

/// Steps in one frame at most: metrics and uploads stay small, and what was measured soon corrects the pace.
const MOST_STEPS: u64 = 64;

/// How long a step keeps the device, as far as is known.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Seconds a step.
    step: Option<f64>,
    /// The shortest that a single step took from encoding to arrival, the application's own work included.
    single: Option<f64>,
    /// Steps of the last arrival.
    last: u64,
}

impl Pace {
    /// Takes in how long `steps` steps took on the device itself.
    pub fn measured(&mut self, steps: u64, time: Duration) {
        let now = time.as_secs_f64() / steps as f64;
        // Slower at once, faster by and by: a frame that comes late is seen, one that has room is not.
        let smoothed = self.step.map_or(now, |before| f64::midpoint(before, now));
        (self.step, self.last) = (Some(now.max(smoothed)), steps);
    }

    /// Takes in how long it took from encoding `steps` steps to their arrival, which the application's own work and
    /// the wait for the screen are part of: only what further steps add to it is the steps' own.
    pub fn observed(&mut self, steps: u64, time: Duration) {
        let time = time.as_secs_f64();
        self.last = steps;
        if steps == 1 {
            self.single = Some(self.single.map_or(time, |shortest| shortest.min(time)));
            return;
        }
        let added = self.single.map_or(time, |single| time - single) / (steps - 1) as f64;
        // Jitter hides short steps; then at least a share of the whole is theirs.
        let now = added.max(time / steps as f64 / 8.0);
        self.step = Some(self.step.map_or(now, |before| f64::midpoint(before, now)));
    }

    /// How many steps keep the device no longer than `budget`, one at least.
    pub fn steps_within(&self, budget: Duration) -> u64 {
        let fitting = match (self.step, self.single) {
            (Some(step), _) => (budget.as_secs_f64() / step.max(1e-9)) as u64,
            // What a second step adds is found out by taking two.
            (None, Some(_)) => 2,
            (None, None) => 1,
        };
        // A measurement that is off by much costs one frame that is twice as long.
        fitting.min(2 * self.last.max(1)).clamp(1, MOST_STEPS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Duration = Duration::from_millis(8);

    #[test]
    fn measured_steps_fill_the_budget() {
        let mut pace = Pace::default();
        assert_eq!(pace.steps_within(BUDGET), 1);
        let mut steps = 1;
        for _ in 0..6 {
            pace.measured(steps, Duration::from_millis(steps));
            steps = pace.steps_within(BUDGET);
        }
        assert_eq!(steps, 8);
        pace.measured(8, Duration::from_millis(16));
        assert_eq!(pace.steps_within(BUDGET), 4, "slower at once");
        pace.measured(1, Duration::from_millis(100));
        assert_eq!(pace.steps_within(BUDGET), 1, "a step longer than the budget is taken all the same");
    }

    #[test]
    fn observed_steps_do_without_the_frame_around_them() {
        let mut pace = Pace::default();
        let mut steps = 1;
        for _ in 0..12 {
            // A frame of 16 ms around steps of 1 ms.
            pace.observed(steps, Duration::from_millis(16 + steps));
            steps = pace.steps_within(BUDGET);
        }
        assert!((7..=8).contains(&steps), "{steps} steps of 1 ms in 8 ms");
    }
}
