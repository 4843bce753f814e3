//! How often a step is timed, and what becomes of the times.

use dann::error::Result;
use dann::train::StepBench;
use std::time::{Duration, Instant};

/// Caches filled, clocks up.
const WARM_UP: Duration = Duration::from_millis(500);
/// Long against what a submission costs.
const SAMPLE: Duration = Duration::from_millis(100);
/// All samples together, on a device that is fast enough for [`FEWEST`] of them.
const TOTAL: Duration = Duration::from_secs(15);
const FEWEST: f64 = 3.0;
const MOST: f64 = 25.0;

/// The times of the steps of a bench.
pub struct Timing {
    /// One for each sample, in ascending order.
    pub step_ms: Vec<f64>,
    /// How many steps each sample is the mean of.
    pub steps_per_sample: usize,
}

impl Timing {
    /// Warms up and times.
    pub fn take(bench: &StepBench) -> Result<Self> {
        let (samples, steps_per_sample) = plan(warm_up(bench)?);
        let sample = |_| Ok(1e3 * bench.time(steps_per_sample)?.as_secs_f64() / steps_per_sample as f64);
        let mut step_ms = (0..samples).map(sample).collect::<Result<Vec<f64>>>()?;
        step_ms.sort_by(f64::total_cmp);
        Ok(Self { step_ms, steps_per_sample })
    }
}

/// Takes steps for a while; gives the time of the fastest one.
fn warm_up(bench: &StepBench) -> Result<Duration> {
    let began = Instant::now();
    let mut fastest = Duration::MAX;
    while began.elapsed() < WARM_UP {
        fastest = bench.time(1)?.min(fastest);
    }
    Ok(fastest)
}

/// How many samples of how many steps.
fn plan(step: Duration) -> (usize, usize) {
    let step = step.as_secs_f64().max(1e-6);
    let steps = (SAMPLE.as_secs_f64() / step).ceil().clamp(1.0, StepBench::MOST_STEPS as f64);
    let samples = (TOTAL.as_secs_f64() / (steps * step)).clamp(FEWEST, MOST);
    (samples as usize, steps as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fast_steps_share_a_submission_and_slow_ones_are_few() {
        assert_eq!(plan(Duration::from_micros(200)), (25, 64));
        assert_eq!(plan(Duration::from_millis(30)), (25, 4));
        assert_eq!(plan(Duration::from_secs(1)), (15, 1));
        assert_eq!(plan(Duration::from_secs(60)), (3, 1));
    }
}
