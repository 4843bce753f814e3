//! How many steps fit into a frame.

use std::time::Duration;

/// Steps in one frame at most: metrics and uploads stay small, and what was measured soon corrects the pace.
const MOST_STEPS: u64 = 64;

/// Single steps that are waited for, behind the first, before two are taken.
const SINGLES: u32 = 2;

/// How long a step keeps the device, as far as is known.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Seconds a step.
    step: Option<f64>,
    /// The shortest that a single step took from encoding to arrival, the application's own work included; the first
    /// arrival is left out, as it waited for uploads and for the driver's compiler.
    single: Option<f64>,
    /// Arrivals that were not timed on the device.
    arrivals: u32,
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
        self.arrivals += 1;
        if self.arrivals == 1 {
            return;
        }
        let alone = time / steps as f64;
        if steps == 1 {
            self.single = Some(self.single.map_or(time, |shortest| shortest.min(time)));
            // A step takes no longer than it and all around it together.
            self.step = self.step.map(|step| step.min(time));
            return;
        }
        let single = match self.single {
            // Several steps took less than one did: all that is known is that a step takes no longer than its share.
            Some(single) if single < time => single,
            _ => *self.single.insert(alone),
        };
        // Jitter hides short steps; then at least a share of the whole is theirs.
        let now = ((time - single) / (steps - 1) as f64).max(alone / 8.0);
        self.step = Some(self.step.map_or(now, |before| now.max(f64::midpoint(before, now))));
    }

    /// How many steps keep the device no longer than `budget`, one at least.
    pub fn steps_within(&self, budget: Duration) -> u64 {
        let fitting = match self.step {
            Some(step) => (budget.as_secs_f64() / step.max(1e-9)) as u64,
            // What a second step adds is found out by taking two.
            None if self.arrivals > SINGLES => 2,
            None => 1,
        };
        // A measurement that is off by much costs one frame that is twice as long.
        fitting.min(2 * self.last.max(1)).clamp(1, MOST_STEPS)
    }

    /// How many frames with `budget` for training each a single step fills, one at least.
    pub fn frames_a_step(&self, budget: Duration) -> u64 {
        let step = self.step.or(self.single).unwrap_or(0.0);
        (step / budget.as_secs_f64().max(1e-9)).ceil().max(1.0) as u64
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

    /// The frames of an application whose own work takes `around`, and in which each step takes `step`; the first one
    /// waits for the compiler.
    fn frames(around: u64, step: u64, budget: Duration) -> (Pace, Vec<u64>) {
        let mut pace = Pace::default();
        let mut taken = Vec::new();
        for frame in 0..16 {
            let steps = pace.steps_within(budget);
            let compiling = if frame == 0 { 300 } else { 0 };
            pace.observed(steps, Duration::from_millis(around + compiling + steps * step));
            taken.push(steps);
        }
        (pace, taken)
    }

    #[test]
    fn observed_steps_do_without_the_frame_around_them() {
        let (pace, taken) = frames(16, 1, BUDGET);
        assert_eq!(taken[..3], [1; 3]);
        assert!((7..=8).contains(&taken[15]), "{taken:?} steps of 1 ms in 8 ms");
        assert_eq!(pace.frames_a_step(BUDGET), 1);
    }

    #[test]
    fn a_first_frame_that_waits_for_the_compiler_makes_no_later_one_long() {
        let (_, taken) = frames(2, 40, Duration::from_millis(40));
        let long = taken.iter().filter(|&&steps| steps > 1).count();
        assert!(long <= 1 && taken.iter().all(|&steps| steps <= 2), "{taken:?} steps of 40 ms in 40 ms");
        let (_, taken) = frames(0, 10, Duration::from_millis(40));
        assert!(taken.iter().all(|&steps| steps <= 4) && taken[15] == 4, "{taken:?} steps of 10 ms in 40 ms");
    }

    #[test]
    fn a_step_longer_than_the_budget_fills_several_frames() {
        let (pace, taken) = frames(0, 50, Duration::from_millis(16));
        assert_eq!(taken[15], 1);
        assert_eq!(pace.frames_a_step(Duration::from_millis(16)), 4);
        assert_eq!(Pace::default().frames_a_step(BUDGET), 1, "nothing is known yet");
    }
}
