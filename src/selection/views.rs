//! What a model makes of the images that it is rated by, and what each rule says of that.

use super::distance::proxy_a_distance;
use super::importance::{density_ratios, effective_images, weighted_risk};
use super::outputs;
use crate::train::{Inspection, Rule};
use std::cell::OnceCell;

/// Why a rule says nothing that needs labelled images of the source that were not trained on.
pub(crate) const NO_VALIDATION: &str =
    "the source has no test part with labels (training with --validation 0.1 sets one aside)";

/// What a model makes of the images that it is rated by. A rule needs those of the kinds that [`Kinds::of`] says, and others
/// may be left empty.
pub(super) struct Views<'a> {
    /// Of the source's training part.
    pub training: Inspection,
    /// Of the source's test part, where there is one, with the labels of its images, below K.
    pub validation: Option<(Inspection, &'a [u16])>,
    /// Of the target's training part.
    pub target: Inspection,
    /// Several rules ask for each of these, which take their time.
    distance: OnceCell<Option<f64>>,
    weights: OnceCell<Vec<f64>>,
}

/// Which kinds of images a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kinds {
    pub training: bool,
    pub validation: bool,
    pub target: bool,
}

impl Kinds {
    /// Those of `rule`.
    pub fn of(rule: Rule) -> Self {
        let training = !matches!(rule, Rule::TargetEntropy | Rule::Information);
        Self { training, validation: rule.needs_source_validation(), target: true }
    }
}

impl<'a> Views<'a> {
    pub fn new(
        training: Inspection,
        validation: Option<(Inspection, &'a [u16])>,
        target: Inspection,
    ) -> Self {
        let (distance, weights) = (OnceCell::new(), OnceCell::new());
        Self { training, validation, target, distance, weights }
    }

    /// What `rule` says, or why it says nothing.
    pub fn value(&self, rule: Rule) -> Result<f64, &'static str> {
        if !self.are_finite() {
            return Err("the model's outputs are no finite numbers");
        }
        let too_few = "fewer than two training images of a domain";
        match rule {
            Rule::DomainRisk => {
                let error = self.source_error().ok_or(NO_VALIDATION)?;
                self.domain_separation().map(|separation| error + separation).ok_or(too_few)
            }
            Rule::ProxyDistance => self.distance().ok_or(too_few),
            Rule::TargetEntropy => Ok(outputs::mean_entropy(&self.target.logits, self.classes())),
            Rule::Information => Ok(outputs::mutual_information(&self.target.logits, self.classes())),
            Rule::WeightedRisk => self.weighted_risk().ok_or(NO_VALIDATION),
        }
    }

    pub fn are_finite(&self) -> bool {
        let validation = self.validation.iter().map(|(view, _)| view);
        let all = [&self.training, &self.target].into_iter().chain(validation);
        let mut outputs = all.flat_map(|view| [&view.features, &view.logits]);
        outputs.all(|values| values.iter().all(|value| value.is_finite()))
    }

    /// The share of the source's validation images that are classified wrongly; `None` without such images.
    pub fn source_error(&self) -> Option<f64> {
        self.validation.as_ref().map(|(view, labels)| outputs::error(&view.logits, labels))
    }

    /// How well a new linear classifier separates the domains' features: half the proxy A-distance.
    pub fn domain_separation(&self) -> Option<f64> {
        self.distance().map(|distance| 0.5 * distance)
    }

    /// As many equally weighted images would tell as much as those of [`Rule::WeightedRisk`]; `None` without such images.
    pub fn effective_images(&self) -> Option<f64> {
        self.weights().map(effective_images)
    }

    fn weighted_risk(&self) -> Option<f64> {
        let (view, labels) = self.validation.as_ref()?;
        Some(weighted_risk(self.weights()?, &outputs::losses(&view.logits, labels)))
    }

    fn distance(&self) -> Option<f64> {
        let measured = || proxy_a_distance(&self.training.features, &self.target.features, self.length());
        *self.distance.get_or_init(measured)
    }

    fn weights(&self) -> Option<&[f64]> {
        let (training, target, (validation, _)) = (&self.training, &self.target, self.validation.as_ref()?);
        Some(self.weights.get_or_init(|| {
            density_ratios(&training.features, &target.features, &validation.features, self.length())
        }))
    }

    /// K
    fn classes(&self) -> usize {
        self.target.logits.len() / self.target.images()
    }

    /// Features an image.
    fn length(&self) -> usize {
        self.target.features.len() / self.target.images()
    }
}
