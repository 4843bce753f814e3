//! λ and learning rate as functions of progress p, from 0 at the first step to 1 at the end.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// λ_p = maximum · (2 / (1 + e^(-gamma·p)) - 1); Ganin & Lempitsky 2015, section 4.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Lambda {
    /// What λ rises to.
    pub maximum: f64,
    /// How steeply; 10 in the paper.
    pub gamma: f64,
}

/// lr_p = initial / (1 + alpha·p)^beta; Ganin & Lempitsky 2015, section 4.
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
}

impl Lambda {
    /// λ that rises to `maximum` as steeply as `gamma` says.
    pub const fn new(maximum: f64, gamma: f64) -> Self {
        Self { maximum, gamma }
    }

    /// λ at progress `p`.
    pub fn at(&self, p: f64) -> f64 {
        self.maximum * self.share_at(p)
    }

    /// The share of the maximum that λ has at progress `p`.
    pub(super) fn share_at(&self, p: f64) -> f64 {
        2.0 / (1.0 + (-self.gamma * p).exp()) - 1.0
    }

    pub(super) fn check(&self) -> Result<()> {
        let good = self.maximum >= 0.0 && self.gamma >= 0.0 && (self.maximum + self.gamma).is_finite();
        require(good, "training.lambda", "maximum and gamma of at least 0", self)
    }
}

impl LearningRate {
    /// A learning rate that falls from `initial`.
    pub const fn new(initial: f64, alpha: f64, beta: f64) -> Self {
        Self { initial, alpha, beta }
    }

    /// The learning rate at progress `p`.
    pub fn at(&self, p: f64) -> f64 {
        self.initial / (1.0 + self.alpha * p).powf(self.beta)
    }

    pub(super) fn check(&self) -> Result<()> {
        let rest = self.alpha >= 0.0 && (self.initial + self.alpha + self.beta).is_finite();
        let good = self.initial > 0.0 && rest;
        require(good, "training.learning_rate", "initial above 0, alpha at least 0", self)
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
        let paper = Lambda { maximum: 1.0, gamma: 10.0 };
        assert_eq!(paper.at(0.0), 0.0);
        // 2 / (1 + e^-5) - 1, by hand.
        assert!((paper.at(0.5) - 0.986_614_298_151_430_3).abs() < 1e-12);
        assert!((paper.at(1.0) - 0.999_909_204_262_595_1).abs() < 1e-12);
        let half = Lambda { maximum: 0.5, ..paper };
        assert_eq!(half.at(0.3), paper.at(0.3) / 2.0);
    }

    #[test]
    fn the_learning_rate_falls_as_in_the_paper() {
        let paper = LearningRate { initial: 0.01, alpha: 10.0, beta: 0.75 };
        assert_eq!(paper.at(0.0), 0.01);
        // 0.01 / 11^0.75, by hand.
        assert!((paper.at(1.0) - 0.001_655_600_6).abs() < 1e-9);
    }

    #[test]
    fn senseless_schedules_are_refused() {
        assert!(Lambda { maximum: -1.0, gamma: 10.0 }.check().is_err());
        assert!(Lambda { maximum: f64::NAN, gamma: 10.0 }.check().is_err());
        assert!(LearningRate { initial: 0.0, alpha: 10.0, beta: 0.75 }.check().is_err());
        assert!(LearningRate { initial: 0.01, alpha: f64::INFINITY, beta: 0.75 }.check().is_err());
    }
}
