//! λ and learning rate as functions of progress p, from 0 at the first step to 1 at the end, or as fast as a recipe says.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// λ_p = maximum · (2 / (1 + e^(-gamma·p')) - 1); Ganin & Lempitsky 2015, section 4, where p' is p. Until the share `start`
/// of training it is 0; from there on p' = (p - start) / (1 - start), or what has passed of `steps`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Lambda {
    /// What λ rises to; 0 switches the reversal off.
    pub maximum: f64,
    /// How steeply, above 0; 10 in the paper.
    pub gamma: f64,
    /// The share of training that has passed when λ begins to rise; 0 if left out, as in the paper.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start: f64,
    /// The steps in which p' goes from 0 to 1, and on from there; what training has left if left out, as in the paper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
}

/// lr_p = initial / (1 + alpha·p)^beta; Ganin & Lempitsky 2015, section 4. In the shares `warmup` and `cooldown` of training,
/// its first and its last steps, this is multiplied by what rises linearly from 0 to 1 and falls back to 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct LearningRate {
    /// What it starts from; 0.01 in the paper.
    pub initial: f64,
    /// 10 in the paper.
    pub alpha: f64,
    /// 0.75 in the paper.
    pub beta: f64,
    /// The share of training in which the rate rises from 0; 0 if left out, as in the paper.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warmup: f64,
    /// The share of training in which the rate falls to 0 at the end; 0 if left out, as in the paper.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cooldown: f64,
    /// The steps in which p goes from 0 to 1, and on from there; all of training if left out, as in the paper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
}

/// Whether a number is what it is if left out.
fn is_zero(value: &f64) -> bool {
    *value == 0.0
}

impl Lambda {
    /// λ that rises to `maximum` as steeply as `gamma` says, from the first step on.
    pub const fn new(maximum: f64, gamma: f64) -> Self {
        Self { maximum, gamma, start: 0.0, steps: None }
    }

    /// λ of step number `step`, counted from 0, of `steps` in all.
    pub fn at(&self, step: u64, steps: u64) -> f64 {
        self.maximum * self.share_at(step, steps)
    }

    /// The share of the maximum that λ has in step number `step` of `steps`.
    pub(super) fn share_at(&self, step: u64, steps: u64) -> f64 {
        let p = match self.steps {
            None => (step as f64 / steps as f64 - self.start) / (1.0 - self.start),
            Some(rise) => (step as f64 - self.start * steps as f64) / rise as f64,
        };
        2.0 / (1.0 + (-self.gamma * p.max(0.0)).exp()) - 1.0
    }

    pub(super) fn check(&self) -> Result<()> {
        const KEY: &str = "training.lambda";
        let good = self.maximum >= 0.0 && self.gamma >= 0.0 && (self.maximum + self.gamma).is_finite();
        require(good, KEY, "maximum and gamma of at least 0", self)?;
        require((0.0..1.0).contains(&self.start), KEY, "start at least 0 and below 1", self)?;
        require(self.steps != Some(0), KEY, "steps of at least 1", self)
    }

    /// Refuses a λ that stays 0 whatever its maximum is.
    pub(super) fn check_rise(&self) -> Result<()> {
        let expected = "above 0, as λ never rises without it; maximum = 0 switches the reversal off";
        require(self.gamma > 0.0, "training.lambda.gamma", expected, &self.gamma)
    }
}

impl LearningRate {
    /// A learning rate that falls from `initial`.
    pub const fn new(initial: f64, alpha: f64, beta: f64) -> Self {
        Self { initial, alpha, beta, warmup: 0.0, cooldown: 0.0, steps: None }
    }

    /// The learning rate of step number `step`, counted from 0, of `steps` in all; that of number `steps` is where it ends.
    /// The first step of `n` in the warmup has the share 1/n, and so has the last one in a cooldown of `n`.
    pub fn at(&self, step: u64, steps: u64) -> f64 {
        let p = step as f64 / self.steps.unwrap_or(steps) as f64;
        let rate = self.initial / (1.0 + self.alpha * p).powf(self.beta);
        let share =
            |done: u64, of: f64| if of > 0.0 { (done as f64 / (of * steps as f64)).min(1.0) } else { 1.0 };
        rate * share(step + 1, self.warmup) * share(steps.saturating_sub(step), self.cooldown)
    }

    pub(super) fn check(&self) -> Result<()> {
        const KEY: &str = "training.learning_rate";
        let rest = self.alpha >= 0.0 && (self.initial + self.alpha + self.beta).is_finite();
        let good = self.initial > 0.0 && rest;
        require(good, KEY, "initial above 0, alpha at least 0", self)?;
        let good = self.warmup >= 0.0 && self.cooldown >= 0.0 && self.warmup + self.cooldown <= 1.0;
        require(good, KEY, "warmup and cooldown of at least 0 and together at most 1", self)?;
        require(self.steps != Some(0), KEY, "steps of at least 1", self)
    }
}

fn require(good: bool, key: &str, expected: &str, found: &dyn std::fmt::Debug) -> Result<()> {
    if good { Ok(()) } else { Err(Error::input(key, expected, format!("{found:?}"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambda_rises_from_zero_to_its_maximum() {
        let paper = Lambda::new(1.0, 10.0);
        assert_eq!(paper.at(0, 8), 0.0);
        // 2 / (1 + e^-5) - 1, by hand.
        assert!((paper.at(4, 8) - 0.986_614_298_151_430_3).abs() < 1e-12);
        assert!((paper.at(8, 8) - 0.999_909_204_262_595_1).abs() < 1e-12);
        let half = Lambda { maximum: 0.5, ..paper };
        assert_eq!(half.at(3, 10), paper.at(3, 10) / 2.0);
    }

    #[test]
    fn lambda_that_starts_late_rises_over_what_is_left() {
        let paper = Lambda::new(0.5, 10.0);
        let late = Lambda { start: 0.25, ..paper };
        for (step, of_the_rest) in [(0, 0), (3, 0), (4, 0), (7, 4), (10, 8), (16, 16)] {
            assert_eq!(late.at(step, 16), paper.at(of_the_rest, 16), "{step}");
        }
    }

    #[test]
    fn the_learning_rate_falls_as_in_the_paper() {
        let paper = LearningRate::new(0.01, 10.0, 0.75);
        assert_eq!(paper.at(0, 8), 0.01);
        // 0.01 / 6^0.75 and 0.01 / 11^0.75, by hand.
        assert!((paper.at(4, 8) - 0.002_608_474_3).abs() < 1e-9);
        assert!((paper.at(8, 8) - 0.001_655_600_6).abs() < 1e-9);
    }

    #[test]
    fn the_learning_rate_warms_up_and_cools_down_linearly() {
        let flat = LearningRate::new(2.0, 0.0, 0.0);
        let rates = |rate: LearningRate| (0..=8).map(|step| rate.at(step, 8)).collect::<Vec<_>>();
        let warmed = LearningRate { warmup: 0.5, ..flat };
        assert_eq!(rates(warmed), [0.5, 1.0, 1.5, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]);
        let cooled = LearningRate { cooldown: 0.5, ..flat };
        assert_eq!(rates(cooled), [2.0, 2.0, 2.0, 2.0, 2.0, 1.5, 1.0, 0.5, 0.0]);
        // Both multiply what the paper has, and less than a step of warmup is none.
        let paper = LearningRate::new(0.01, 10.0, 0.75);
        let both = LearningRate { warmup: 0.25, cooldown: 0.25, ..paper };
        for (step, share) in [(0, 0.5), (1, 1.0), (6, 1.0), (7, 0.5)] {
            assert_eq!(both.at(step, 8), share * paper.at(step, 8), "{step}");
        }
        let short = LearningRate { warmup: 0.1, cooldown: 0.1, ..paper };
        assert!((0..8).all(|step| short.at(step, 8) == paper.at(step, 8)));
    }

    /// 2 / (1 + e^(-i / 1000)) - 1 and 0.01 · (1 + 0.001 · i)^-0.75 of step i, as the Transfer-Learning-Library has them.
    #[test]
    fn schedules_can_go_by_steps_whatever_their_number_in_all() {
        let lambda = Lambda { steps: Some(1000), ..Lambda::new(1.0, 1.0) };
        let rate = LearningRate { steps: Some(1000), ..LearningRate::new(0.01, 1.0, 0.75) };
        for (step, all) in [(0, 1), (500, 600), (3000, 20_000)] {
            let i = step as f64;
            assert!((lambda.at(step, all) - (2.0 / (1.0 + (-i / 1000.0).exp()) - 1.0)).abs() < 1e-12);
            assert!((rate.at(step, all) - 0.01 * (1.0 + 0.001 * i).powf(-0.75)).abs() < 1e-12);
        }
        let late = Lambda { start: 0.5, ..lambda };
        assert_eq!((late.at(300, 600), late.at(800, 600)), (0.0, lambda.at(500, 600)));
    }

    #[test]
    fn senseless_schedules_are_refused() {
        let (lambda, rate) = (Lambda::new(1.0, 10.0), LearningRate::new(0.01, 10.0, 0.75));
        assert!(lambda.check().is_ok() && rate.check().is_ok());
        assert!(Lambda { start: 0.99, ..lambda }.check().is_ok());
        assert!(LearningRate { warmup: 0.5, cooldown: 0.5, ..rate }.check().is_ok());
        assert!(Lambda { maximum: -1.0, ..lambda }.check().is_err());
        assert!(Lambda { maximum: f64::NAN, ..lambda }.check().is_err());
        assert!(LearningRate { initial: 0.0, ..rate }.check().is_err());
        assert!(LearningRate { alpha: f64::INFINITY, ..rate }.check().is_err());
        for start in [-0.1, 1.0, f64::NAN] {
            assert!(Lambda { start, ..lambda }.check().is_err(), "{start}");
        }
        assert!(Lambda { steps: Some(0), ..lambda }.check().is_err());
        assert!(LearningRate { steps: Some(0), ..rate }.check().is_err());
        for (warmup, cooldown) in [(-0.1, 0.0), (0.0, -0.1), (0.6, 0.5), (f64::NAN, 0.0), (0.0, f64::NAN)] {
            assert!(LearningRate { warmup, cooldown, ..rate }.check().is_err(), "{warmup} {cooldown}");
        }
    }
}
