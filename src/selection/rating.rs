//! What every rule says of one model.

use super::views::Views;
use crate::train::Rule;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What every rule says of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rating {
    /// Steps of training behind the model.
    pub step: u64,
    /// The share of the source's validation images that are classified wrongly; `None` without such images or
    /// without finite outputs.
    pub source_error: Option<f64>,
    /// How well a new linear classifier separates the domains' features (0 at chance, 1 wholly): half the proxy
    /// A-distance; `None` without finite outputs.
    pub domain_separation: Option<f64>,
    /// As many equally weighted images would tell as much as those of [`Rule::WeightedRisk`]; `None` without such images.
    pub effective_images: Option<f64>,
    /// Finite numbers.
    pub values: BTreeMap<Rule, f64>,
    /// Why a rule has no value.
    pub missing: BTreeMap<Rule, String>,
}

impl Rating {
    /// Of the model with these `views` after `step` steps.
    pub(super) fn of(step: u64, views: &Views<'_>) -> Self {
        let mut rating = Self::without_values(step);
        for rule in Rule::ALL {
            rating.note(rule, views.value(rule));
        }
        if views.are_finite() {
            rating.source_error = views.source_error();
            rating.domain_separation = views.domain_separation();
            rating.effective_images = views.effective_images().filter(|images| images.is_finite());
        }
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
    use super::super::views::NO_VALIDATION;
    use super::*;
    use crate::train::Inspection;

    /// ln 3, so that two logits differing by it have probabilities 3/4 and 1/4.
    const THREE_TO_ONE: f32 = 1.098_612_3;

    /// Features alike in both domains, logits of class 0 at 3 to 1, and a domain classifier that was never trained.
    fn views() -> Views<'static> {
        let view = Inspection {
            features: vec![0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0],
            logits: [THREE_TO_ONE, 0.0].repeat(4),
            domains: vec![f32::NAN; 8],
        };
        Views::new(view.clone(), Some((view.clone(), &[0, 0, 0, 1])), view)
    }

    #[test]
    fn each_rule_has_the_value_that_its_formula_gives() {
        let rating = Rating::of(7, &views());
        assert_eq!((rating.step, rating.missing.len()), (7, 0));
        assert_eq!((rating.source_error, rating.domain_separation), (Some(0.25), Some(0.0)));
        let near = |rule, by_hand: f64| {
            let value = rating.value(rule).expect("a value");
            assert!((value - by_hand).abs() < 1e-6, "{rule:?}: {value} is not {by_hand}");
        };
        near(Rule::DomainRisk, 0.25);
        near(Rule::TargetEntropy, 0.562_335_144_6);
        near(Rule::Information, 0.0);
        // Features tell nothing of the domain, so all weights are 1: (3 ln 4/3 + ln 4) / 4.
        near(Rule::WeightedRisk, 0.562_335_144_6);
        near(Rule::ProxyDistance, 0.0);
        assert!((rating.effective_images.expect("a number") - 4.0).abs() < 1e-9);
    }

    #[test]
    fn features_that_tell_the_domains_apart_add_one_to_the_domain_risk() {
        let mut apart = views();
        apart.target.features.iter_mut().for_each(|value| *value += 9.0);
        let rating = Rating::of(7, &apart);
        assert_eq!((rating.source_error, rating.domain_separation), (Some(0.25), Some(1.0)));
        assert_eq!(
            (rating.value(Rule::DomainRisk), rating.value(Rule::ProxyDistance)),
            (Some(1.25), Some(2.0))
        );
    }

    #[test]
    fn rules_that_need_no_labels_rate_where_the_source_has_no_test_part() {
        let (all, mut without) = (Rating::of(7, &views()), views());
        without.validation = None;
        let rating = Rating::of(7, &without);
        for rule in Rule::ALL {
            let value = all.value(rule).filter(|_| !rule.needs_source_validation());
            assert_eq!(rating.value(rule), value, "{rule:?}");
            let reason = rule.needs_source_validation().then(|| NO_VALIDATION.to_owned());
            assert_eq!(rating.missing.get(&rule), reason.as_ref(), "{rule:?}");
        }
        let of_validation = (rating.source_error, rating.effective_images);
        assert_eq!((of_validation, rating.domain_separation), ((None, None), Some(0.0)));
    }

    #[test]
    fn what_has_no_value_has_a_reason() {
        let mut lost = views();
        lost.target.logits[3] = f32::NAN;
        let rating = Rating::of(7, &lost);
        assert!(rating.values.is_empty() && rating.source_error.is_none());
        let reasons: Vec<&String> = rating.missing.values().collect();
        assert_eq!(reasons, ["the model's outputs are no finite numbers"; 5]);
    }
}
