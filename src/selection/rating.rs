//! What every rule says of one model.

use super::distance::proxy_a_distance;
use super::importance::{density_ratios, effective_images, weighted_risk};
use super::outputs;
use super::rule::Rule;
use crate::train::Inspection;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What every rule says of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rating {
    /// Steps of training behind the model.
    pub step: u64,
    /// The share of the source's validation images that are classified wrongly; `None` without finite outputs.
    pub source_error: Option<f64>,
    /// How well the model's own domain classifier separates the domains (0 at chance, 1 wholly); `None` where none was
    /// trained.
    pub domain_separation: Option<f64>,
    /// As many equally weighted images would tell as much as those of [`Rule::WeightedRisk`].
    pub effective_images: Option<f64>,
    /// Finite numbers.
    pub values: BTreeMap<Rule, f64>,
    /// Why a rule has no value.
    pub missing: BTreeMap<Rule, String>,
}

/// What a model makes of the images that it is rated by.
pub(super) struct Views<'a> {
    /// Of the source's training part.
    pub training: Inspection,
    /// Of the source's test part.
    pub validation: Inspection,
    /// Of the latter's images, below K.
    pub labels: &'a [u8],
    /// Of the target's training part.
    pub target: Inspection,
    /// Whether the domain classifier was trained.
    pub adversarial: bool,
}

impl Views<'_> {
    fn are_finite(&self) -> bool {
        let all = [&self.training, &self.validation, &self.target];
        let mut outputs = all.iter().flat_map(|view| [&view.features, &view.logits, &view.domains]);
        outputs.all(|values| values.iter().all(|value| value.is_finite()))
    }

    /// Features an image.
    fn length(&self) -> usize {
        self.validation.features.len() / self.labels.len()
    }
}

impl Rating {
    /// Of the model with these `views` after `step` steps.
    pub(super) fn of(step: u64, views: &Views<'_>) -> Self {
        let mut rating = Self::without_values(step);
        if !views.are_finite() {
            for rule in Rule::ALL {
                rating.note(rule, Err("the model's outputs are no finite numbers"));
            }
            return rating;
        }
        let Views { training, validation, labels, target, adversarial } = views;
        let (length, classes) = (views.length(), validation.logits.len() / labels.len());

        let error = outputs::error(&validation.logits, labels);
        let separation = adversarial.then(|| outputs::separation(&validation.domains, &target.domains));
        (rating.source_error, rating.domain_separation) = (Some(error), separation);
        let risk = separation.map(|separation| error + separation);
        rating.note(Rule::DomainRisk, risk.ok_or("no domain classifier was trained"));

        rating.note(Rule::TargetEntropy, Ok(outputs::mean_entropy(&target.logits, classes)));
        let information = outputs::mutual_information(&target.logits, classes);
        rating.note(Rule::Information, Ok(information));

        let weights = density_ratios(&training.features, &target.features, &validation.features, length);
        let losses = outputs::losses(&validation.logits, labels);
        rating.note(Rule::WeightedRisk, Ok(weighted_risk(&weights, &losses)));
        rating.effective_images = Some(effective_images(&weights)).filter(|images| images.is_finite());

        let distance = proxy_a_distance(&training.features, &target.features, length);
        rating.note(Rule::ProxyDistance, distance.ok_or("fewer than two training images of a domain"));
        rating
    }

    fn without_values(step: u64) -> Self {
        let (values, missing) = (BTreeMap::new(), BTreeMap::new());
        Self { step, source_error: None, domain_separation: None, effective_images: None, values, missing }
    }

    fn note(&mut self, rule: Rule, value: Result<f64, &str>) {
        match value {
            Ok(value) if value.is_finite() => drop(self.values.insert(rule, value)),
            Ok(value) => drop(self.missing.insert(rule, format!("the value is {value}"))),
            Err(reason) => drop(self.missing.insert(rule, reason.into())),
        }
    }

    /// What `rule` says, if anything.
    pub fn value(&self, rule: Rule) -> Option<f64> {
        self.values.get(&rule).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ln 3, so that two logits differing by it have probabilities 3/4 and 1/4.
    const THREE_TO_ONE: f32 = 1.098_612_3;

    /// Features alike in both domains, logits of class 0 at 3 to 1, and a domain classifier right about each.
    fn views(adversarial: bool) -> Views<'static> {
        let view = |domains: [f32; 2]| Inspection {
            features: vec![0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0],
            logits: [THREE_TO_ONE, 0.0].repeat(4),
            domains: domains.repeat(4),
        };
        let (source, target) = (view([1.0, 0.0]), view([0.0, 1.0]));
        Views { training: source.clone(), validation: source, labels: &[0, 0, 0, 1], target, adversarial }
    }

    #[test]
    fn each_rule_has_the_value_that_its_formula_gives() {
        let rating = Rating::of(7, &views(true));
        assert_eq!((rating.step, rating.missing.len()), (7, 0));
        assert_eq!((rating.source_error, rating.domain_separation), (Some(0.25), Some(1.0)));
        let near = |rule, by_hand: f64| {
            let value = rating.value(rule).expect("a value");
            assert!((value - by_hand).abs() < 1e-6, "{rule:?}: {value} is not {by_hand}");
        };
        near(Rule::DomainRisk, 1.25);
        near(Rule::TargetEntropy, 0.562_335_144_6);
        near(Rule::Information, 0.0);
        // Features tell nothing of the domain, so all weights are 1: (3 ln 4/3 + ln 4) / 4.
        near(Rule::WeightedRisk, 0.562_335_144_6);
        near(Rule::ProxyDistance, 0.0);
        assert!((rating.effective_images.expect("a number") - 4.0).abs() < 1e-9);
    }

    #[test]
    fn what_has_no_value_has_a_reason() {
        let rating = Rating::of(7, &views(false));
        assert_eq!(rating.values.len(), 4);
        assert_eq!(rating.missing[&Rule::DomainRisk], "no domain classifier was trained");
        assert_eq!((rating.source_error, rating.domain_separation), (Some(0.25), None));

        let mut lost = views(true);
        lost.target.logits[3] = f32::NAN;
        let rating = Rating::of(7, &lost);
        assert!(rating.values.is_empty() && rating.source_error.is_none());
        let reasons: Vec<&String> = rating.missing.values().collect();
        assert_eq!(reasons, ["the model's outputs are no finite numbers"; 5]);
    }
}
