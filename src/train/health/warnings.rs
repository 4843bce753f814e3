//! What can be said while training goes on, an epoch at a time, without a label of the target.

use super::{UNLEARNED, chance};
use crate::train::{Method, StepMetrics, TrainingSpec};
use std::fmt;

// The limits lie between what healthy and spoilt runs of preset `demo` showed over an epoch; README has the figures.

/// Live features below this share have died.
const FEW_FEATURES: f64 = 0.02;
/// A label loss this many times as large as in the best epoch rises.
const RISEN: f64 = 1.5;
/// Below this, a label loss may rise and still be small.
const SMALL_LOSS: f64 = 0.5;
/// A domain loss that was never further below chance than this share of it has told nothing apart yet.
const NEVER_BELOW: f64 = 0.01;
/// The mean of an epoch this close to chance, as a share of it, is that of a classifier that says one half of everything.
const AT_CHANCE: f64 = 0.003;
/// A domain loss this far above chance, as a share of it, is misled rather than blind.
const MISLED: f64 = 0.02;
/// A domain loss below this share of chance is one that the features do not stand up to …
const BEATEN: f64 = 0.2;
/// … once λ has risen to this share of its maximum.
const RISEN_LAMBDA: f64 = 0.9;

/// A game that is being lost.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// (share of live features) The features are the same whatever goes in.
    DeadFeatures(f64),
    /// (loss, chance) The classes are not learned.
    UnlearnedClasses(f64, f64),
    /// (loss, lowest before) The label loss rises.
    RisingLabelLoss(f64, f64),
    /// (loss, chance) The domain classifier has never told the domains apart, or says one half of everything by now.
    DeadDomainClassifier(f64, f64),
    /// (loss, chance) The features mislead the domain classifier faster than it learns.
    MisledDomainClassifier(f64, f64),
    /// (loss, chance) The domain classifier tells the domains apart although the reversal is at its strongest.
    UnbeatenDomainClassifier(f64, f64),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::DeadFeatures(share) => write!(
                f,
                "the feature extractor has died: {:.1} % of its features differ from image to image; \
                 lower training.learning_rate.initial, or set training.clip_norm",
                100.0 * share
            ),
            Self::UnlearnedClasses(loss, chance) => write!(
                f,
                "the classes are not learned: the label loss is {loss:.3} (chance is {chance:.3}); \
                 lower training.lambda.maximum or training.learning_rate.initial"
            ),
            Self::RisingLabelLoss(loss, lowest) => write!(
                f,
                "the label loss rises: {loss:.3} after {lowest:.3}; the reversal or the learning rate is too strong: \
                 lower training.lambda.maximum or training.learning_rate.initial"
            ),
            Self::DeadDomainClassifier(loss, chance) => write!(
                f,
                "the domain classifier has collapsed: its loss is {loss:.3}, which is chance ({chance:.3}), so nothing \
                 adapts; scale inputs to [-1, 1], or set training.domain_loss to mean"
            ),
            Self::MisledDomainClassifier(loss, chance) => write!(
                f,
                "the reversal is too strong: the domain loss is {loss:.3}, above chance ({chance:.3}), so the features \
                 mislead the domain classifier faster than it learns; lower training.lambda.maximum"
            ),
            Self::UnbeatenDomainClassifier(loss, chance) => write!(
                f,
                "the domain classifier wins: its loss is {loss:.3} (chance is {chance:.3}) with λ at its strongest, so \
                 the features give the domains away; raise training.lambda.maximum or widen the feature extractor"
            ),
        }
    }
}

/// What the epochs so far have shown.
#[derive(Debug)]
pub struct Monitor {
    method: Method,
    /// The label loss of a model that finds all classes equally likely.
    label_chance: f64,
    chance: f64,
    strongest: f64,
    lowest_label_loss: f64,
    lowest_domain_loss: f64,
    told: Vec<std::mem::Discriminant<Warning>>,
}

impl Monitor {
    /// Of a training that begins, with K `classes`.
    pub fn new(spec: &TrainingSpec, classes: usize) -> Self {
        Self {
            method: spec.method,
            label_chance: (classes as f64).ln(),
            chance: chance(spec.domain_loss),
            strongest: spec.lambda.maximum,
            lowest_label_loss: f64::INFINITY,
            lowest_domain_loss: f64::INFINITY,
            told: vec![],
        }
    }

    /// What there is to warn of after an epoch whose means are `mean`, and `live` features of which (a share) differ
    /// between images. Each kind of warning comes once.
    pub fn epoch(&mut self, mean: &StepMetrics, live: Option<f64>) -> Vec<Warning> {
        let mut warnings: Vec<Warning> =
            [self.features(live), self.labels(mean), self.domains(mean)].into_iter().flatten().collect();
        warnings.retain(|warning| !self.told.contains(&std::mem::discriminant(warning)));
        self.told.extend(warnings.iter().map(std::mem::discriminant));
        warnings
    }

    fn features(&self, live: Option<f64>) -> Option<Warning> {
        live.filter(|share| *share < FEW_FEATURES).map(Warning::DeadFeatures)
    }

    fn labels(&mut self, mean: &StepMetrics) -> Option<Warning> {
        let (loss, lowest) = (f64::from(mean.label_loss), self.lowest_label_loss);
        self.lowest_label_loss = lowest.min(loss);
        if loss > UNLEARNED * self.label_chance {
            return Some(Warning::UnlearnedClasses(loss, self.label_chance));
        }
        (loss > SMALL_LOSS && loss > RISEN * lowest).then_some(Warning::RisingLabelLoss(loss, lowest))
    }

    fn domains(&mut self, mean: &StepMetrics) -> Option<Warning> {
        let loss = f64::from(mean.domain_loss.filter(|_| self.method == Method::Dann)?);
        self.lowest_domain_loss = self.lowest_domain_loss.min(loss);
        let strong = f64::from(mean.lambda) >= RISEN_LAMBDA * self.strongest && self.strongest > 0.0;
        if loss > (1.0 + MISLED) * self.chance {
            Some(Warning::MisledDomainClassifier(loss, self.chance))
        } else if self.lowest_domain_loss > (1.0 - NEVER_BELOW) * self.chance
            || (loss / self.chance - 1.0).abs() < AT_CHANCE
        {
            Some(Warning::DeadDomainClassifier(loss, self.chance))
        } else if strong && loss < BEATEN * self.chance {
            Some(Warning::UnbeatenDomainClassifier(loss, self.chance))
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Config;

    fn epoch(label_loss: f32, domain_loss: f32, lambda: f32) -> StepMetrics {
        StepMetrics {
            step: 9,
            lambda,
            learning_rate: 0.01,
            label_loss,
            label_accuracy: 0.5,
            domain_loss: Some(domain_loss),
            domain_accuracy: Some(0.5),
            ..StepMetrics::default()
        }
    }

    fn monitor() -> Monitor {
        // Its domain loss at chance is ln 2.
        Monitor::new(&Config::preset("demo").expect("a preset").training, 10)
    }

    #[test]
    fn healthy_epochs_are_passed_over_in_silence() {
        let mut monitor = monitor();
        for (label, domain, lambda) in
            [(0.6, 0.35, 0.5), (0.3, 0.55, 0.9), (0.4, 0.64, 1.0), (0.2, 0.66, 1.0)]
        {
            assert_eq!(monitor.epoch(&epoch(label, domain, lambda), Some(0.9)), []);
        }
    }

    #[test]
    fn a_classifier_at_chance_from_the_start_is_told_once() {
        let mut monitor = monitor();
        let warnings = monitor.epoch(&epoch(0.5, 0.693, 0.5), None);
        assert!(matches!(warnings[..], [Warning::DeadDomainClassifier(..)]), "{warnings:?}");
        assert_eq!(monitor.epoch(&epoch(0.4, 0.693, 0.9), None), []);
    }

    #[test]
    fn a_classifier_that_once_told_the_domains_apart_may_come_near_chance_but_not_stay_there() {
        let mut monitor = monitor();
        assert_eq!(monitor.epoch(&epoch(0.5, 0.4, 0.5), None), []);
        assert_eq!(monitor.epoch(&epoch(0.4, 0.688, 1.0), None), []);
        let warnings = monitor.epoch(&epoch(0.4, std::f32::consts::LN_2, 1.0), None);
        assert!(matches!(warnings[..], [Warning::DeadDomainClassifier(..)]), "{warnings:?}");
    }

    #[test]
    fn a_classifier_that_wins_is_told_when_the_reversal_is_strong() {
        let mut monitor = monitor();
        assert_eq!(monitor.epoch(&epoch(0.5, 0.05, 0.5), None), []);
        let warnings = monitor.epoch(&epoch(0.4, 0.05, 0.95), None);
        assert!(matches!(warnings[..], [Warning::UnbeatenDomainClassifier(..)]), "{warnings:?}");
    }

    #[test]
    fn rising_label_losses_and_dead_features_are_told() {
        let mut monitor = monitor();
        assert_eq!(monitor.epoch(&epoch(0.6, 0.4, 0.5), Some(0.5)), []);
        let warnings = monitor.epoch(&epoch(1.5, 0.4, 0.9), Some(0.0));
        let risen = Warning::RisingLabelLoss(1.5, f64::from(0.6_f32));
        assert_eq!(warnings, [Warning::DeadFeatures(0.0), risen]);
        let warnings = monitor.epoch(&epoch(2.3, 0.4, 0.9), None);
        assert!(matches!(warnings[..], [Warning::UnlearnedClasses(..)]), "{warnings:?}");
    }

    #[test]
    fn a_reversal_that_is_too_strong_is_told() {
        let warnings = monitor().epoch(&epoch(0.5, 0.75, 1.0), None);
        assert!(matches!(warnings[..], [Warning::MisledDomainClassifier(..)]), "{warnings:?}");
    }
}
