//! What can be said while training goes on, an epoch at a time, without a label of the target.

use super::harm::symptoms;
use super::warning::Warning;
use super::{UNLEARNED, chance};
use crate::train::{Method, Predictions, StepMetrics, TrainingSpec};

// The limits lie between what healthy and spoilt runs of preset `demo` showed over an epoch; docs/src/health.md has the figures.

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

/// What the epochs so far have shown.
#[derive(Debug)]
pub struct Monitor {
    spec: TrainingSpec,
    /// The label loss of a model that finds all classes equally likely.
    label_chance: f64,
    chance: f64,
    lowest_label_loss: f64,
    lowest_domain_loss: f64,
    told: Vec<std::mem::Discriminant<Warning>>,
}

impl Monitor {
    /// Of a training that begins, with K `classes`.
    pub fn new(spec: &TrainingSpec, classes: usize) -> Self {
        Self {
            spec: spec.clone(),
            label_chance: (classes as f64).ln(),
            chance: chance(spec.domain_loss),
            lowest_label_loss: f64::INFINITY,
            lowest_domain_loss: f64::INFINITY,
            told: vec![],
        }
    }

    /// What there is to warn of after an epoch whose means are `mean`, and `live` features of which (a share) differ
    /// between images; after the last one, also of what the model has come to, as `seen` tells. Each kind of warning comes
    /// once.
    pub fn epoch(
        &mut self,
        mean: &StepMetrics,
        live: Option<f64>,
        seen: Option<&Predictions>,
    ) -> Vec<Warning> {
        let of_epoch = [self.features(live), self.labels(mean), self.domains(mean)];
        let mut warnings = self.not_told(of_epoch.into_iter().flatten().collect());
        warnings.extend(seen.map(|seen| self.seen(seen)).unwrap_or_default());
        warnings
    }

    /// What there is to warn of after the last epoch in what the model has come to, as [`Monitor::epoch`].
    pub fn seen(&mut self, seen: &Predictions) -> Vec<Warning> {
        self.not_told(symptoms(&self.spec, seen))
    }

    fn not_told(&mut self, mut warnings: Vec<Warning>) -> Vec<Warning> {
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
        let loss = f64::from(mean.domain_loss.filter(|_| self.spec.method == Method::Dann)?);
        self.lowest_domain_loss = self.lowest_domain_loss.min(loss);
        let strongest = self.spec.lambda.maximum;
        let strong = f64::from(mean.lambda) >= RISEN_LAMBDA * strongest && strongest > 0.0;
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
    use crate::model::DomainLoss;
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
        let mut spec = Config::preset("demo").expect("a preset").training;
        // At chance it is ln 2.
        spec.domain_loss = DomainLoss::Mean;
        Monitor::new(&spec, 10)
    }

    #[test]
    fn healthy_epochs_are_passed_over_in_silence() {
        let mut monitor = monitor();
        for (label, domain, lambda) in
            [(0.6, 0.35, 0.5), (0.3, 0.55, 0.9), (0.4, 0.64, 1.0), (0.2, 0.66, 1.0)]
        {
            assert_eq!(monitor.epoch(&epoch(label, domain, lambda), Some(0.9), None), []);
        }
    }

    #[test]
    fn a_classifier_at_chance_from_the_start_is_told_once() {
        let mut monitor = monitor();
        let warnings = monitor.epoch(&epoch(0.5, 0.693, 0.5), None, None);
        assert!(matches!(warnings[..], [Warning::DeadDomainClassifier(..)]), "{warnings:?}");
        assert_eq!(monitor.epoch(&epoch(0.4, 0.693, 0.9), None, None), []);
    }

    #[test]
    fn a_classifier_that_once_told_the_domains_apart_may_come_near_chance_but_not_stay_there() {
        let mut monitor = monitor();
        assert_eq!(monitor.epoch(&epoch(0.5, 0.4, 0.5), None, None), []);
        assert_eq!(monitor.epoch(&epoch(0.4, 0.688, 1.0), None, None), []);
        let warnings = monitor.epoch(&epoch(0.4, std::f32::consts::LN_2, 1.0), None, None);
        assert!(matches!(warnings[..], [Warning::DeadDomainClassifier(..)]), "{warnings:?}");
    }

    #[test]
    fn a_classifier_that_wins_is_told_when_the_reversal_is_strong() {
        let mut monitor = monitor();
        assert_eq!(monitor.epoch(&epoch(0.5, 0.05, 0.5), None, None), []);
        let warnings = monitor.epoch(&epoch(0.4, 0.05, 0.95), None, None);
        assert!(matches!(warnings[..], [Warning::UnbeatenDomainClassifier(..)]), "{warnings:?}");
    }

    #[test]
    fn rising_label_losses_and_dead_features_are_told() {
        let mut monitor = monitor();
        assert_eq!(monitor.epoch(&epoch(0.6, 0.4, 0.5), Some(0.5), None), []);
        let warnings = monitor.epoch(&epoch(1.5, 0.4, 0.9), Some(0.0), None);
        let risen = Warning::RisingLabelLoss(1.5, f64::from(0.6_f32));
        assert_eq!(warnings, [Warning::DeadFeatures(0.0), risen]);
        let warnings = monitor.epoch(&epoch(2.3, 0.4, 0.9), None, None);
        assert!(matches!(warnings[..], [Warning::UnlearnedClasses(..)]), "{warnings:?}");
    }

    #[test]
    fn a_reversal_that_is_too_strong_is_told() {
        let warnings = monitor().epoch(&epoch(0.5, 0.75, 1.0), None, None);
        assert!(matches!(warnings[..], [Warning::MisledDomainClassifier(..)]), "{warnings:?}");
    }

    #[test]
    fn what_looks_harmful_at_the_end_is_told() {
        let seen = Predictions { source_error: 0.2, source_classes: 9.0, target_classes: 9.0 };
        let warnings = monitor().epoch(&epoch(0.5, 0.5, 1.0), Some(0.9), Some(&seen));
        assert_eq!(warnings, [Warning::LostSourceClasses(0.2)]);
        let said = warnings[0].to_string();
        assert!(warnings[0].looks_harmful() && said.contains("20.0 % of the labelled images"), "{said}");
    }
}
