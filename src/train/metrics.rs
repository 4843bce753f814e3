//! What steps report.

use super::training_spec::{Method, TrainingSpec};
use crate::model::{AdaptationLoss, Domain};
use crate::ops::Step;
use serde::{Deserialize, Serialize};

/// Accuracies on the test parts, for the report alone: nothing in training sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// `None` without a labelled test part.
    pub source_test_accuracy: Option<f64>,
    /// `None` without a labelled test part.
    pub target_test_accuracy: Option<f64>,
}

/// What one step reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepMetrics {
    /// Counted from 0.
    pub step: u64,
    /// λ of the step.
    pub lambda: f32,
    /// The learning rate of the step.
    pub learning_rate: f32,
    /// L_y
    pub label_loss: f32,
    /// The share of labelled rows classified rightly.
    pub label_accuracy: f32,
    /// L_d, if the method has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_loss: Option<f32>,
    /// The share of rows whose domain was told rightly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain_accuracy: Option<f32>,
    /// The mean entropy of the predictions of target rows, if it is minimised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_entropy: Option<f32>,
    /// How much the predictions of target rows confuse classes, from 0 to 1, if that is minimised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_confusion: Option<f32>,
    /// How far predictions of target rows, and of the same rows changed a little, lie apart, if that is minimised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_adversarial: Option<f32>,
    /// The same of source rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_adversarial_source: Option<f32>,
    /// The mean cross entropy of target rows with their pseudo-labels, if that is minimised; rows without one count as 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pseudo_label: Option<f32>,
    /// The share of target rows whose pseudo-label counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pseudo_labelled: Option<f32>,
}

impl StepMetrics {
    /// What the step number `step` with the values `row` has left in its row of the table, in bits.
    pub(super) fn of(step: u64, row: &Step, words: &[u32], spec: &TrainingSpec) -> Self {
        let rows = spec.batch as f32;
        let all_rows = rows + spec.rows_of(Domain::Target) as f32;
        let (adapts, adaptation) = (spec.method == Method::Dann, &spec.adaptation);
        let value = |column: usize| f32::from_bits(words[column]);
        let of = |weight: f32, loss: AdaptationLoss| (adapts && weight > 0.0).then(|| value(loss.column()));
        Self {
            step,
            lambda: row.lambda,
            learning_rate: row.learning_rate,
            label_loss: value(0),
            label_accuracy: value(1) / rows,
            domain_loss: adapts.then(|| value(2)),
            domain_accuracy: adapts.then(|| value(3) / all_rows),
            target_entropy: of(adaptation.entropy, AdaptationLoss::Entropy),
            class_confusion: of(adaptation.class_confusion, AdaptationLoss::ClassConfusion),
            virtual_adversarial: of(adaptation.virtual_adversarial, AdaptationLoss::VirtualAdversarial),
            virtual_adversarial_source: of(
                adaptation.virtual_adversarial_source,
                AdaptationLoss::VirtualAdversarialSource,
            ),
            pseudo_label: of(adaptation.pseudo_label, AdaptationLoss::PseudoLabel),
            pseudo_labelled: of(adaptation.pseudo_label, AdaptationLoss::PseudoLabelled),
        }
    }

    /// The losses of the methods beside the gradient reversal, those that are minimised, by name; and how many rows take part.
    pub fn adaptation(&self) -> impl Iterator<Item = (&'static str, f32)> {
        let losses = [
            ("target entropy", self.target_entropy),
            ("class confusion", self.class_confusion),
            ("virtual adversarial", self.virtual_adversarial),
            ("virtual adversarial source", self.virtual_adversarial_source),
            ("pseudo-label", self.pseudo_label),
            ("pseudo-labelled", self.pseudo_labelled),
        ];
        losses.into_iter().filter_map(|(name, loss)| Some((name, loss?)))
    }

    /// The means of losses and accuracies over `steps`, with the last one's step, λ and learning rate.
    pub fn mean(steps: &[Self]) -> Option<Self> {
        let last = steps.last()?;
        let mean = |value: fn(&Self) -> f32| {
            (steps.iter().map(|m| f64::from(value(m))).sum::<f64>() / steps.len() as f64) as f32
        };
        let some = |value: fn(&Self) -> Option<f32>| {
            let sum: Option<f64> = steps.iter().map(|m| value(m).map(f64::from)).sum();
            sum.map(|sum| (sum / steps.len() as f64) as f32)
        };
        Some(Self {
            label_loss: mean(|m| m.label_loss),
            label_accuracy: mean(|m| m.label_accuracy),
            domain_loss: some(|m| m.domain_loss),
            domain_accuracy: some(|m| m.domain_accuracy),
            target_entropy: some(|m| m.target_entropy),
            class_confusion: some(|m| m.class_confusion),
            virtual_adversarial: some(|m| m.virtual_adversarial),
            virtual_adversarial_source: some(|m| m.virtual_adversarial_source),
            pseudo_label: some(|m| m.pseudo_label),
            pseudo_labelled: some(|m| m.pseudo_labelled),
            ..*last
        })
    }
}

/// How many steps are finite before the first that is not, and what is amiss with that, unless all are: what is no longer a
/// finite number never recovers. `faulty` names for each step the parameter whose update is none, if any.
pub(super) fn diverged<'a>(
    metrics: &[StepMetrics],
    faulty: impl Iterator<Item = Option<&'a str>>,
) -> Option<(usize, String)> {
    for (index, (m, parameter)) in metrics.iter().zip(faulty).enumerate() {
        let losses = [Some(("label loss", m.label_loss)), m.domain_loss.map(|loss| ("domain loss", loss))];
        let losses = losses.into_iter().flatten().chain(m.adaptation());
        let lost = losses.filter(|(_, loss)| !loss.is_finite());
        let mut found: Vec<String> = lost.map(|(name, loss)| format!("the {name} is {loss}")).collect();
        found.extend(parameter.map(|name| format!("the update of {name} is no finite number")));
        if !found.is_empty() {
            // Without a domain loss nothing is multiplied by λ.
            let lambda = m.domain_loss.map_or("", |_| " or training.lambda.maximum");
            let found = found.join(", ");
            let hint = format!("lower training.learning_rate.initial{lambda}");
            return Some((index, format!("step {}: {found}; {hint}", m.step)));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_diverged_is_told_to_lower_lambda_where_there_is_one() {
        let hint = |domain_loss| {
            let steps = [StepMetrics { label_loss: f32::NAN, domain_loss, ..StepMetrics::default() }];
            diverged(&steps, [None].into_iter()).expect("a divergence").1
        };
        assert!(hint(None).ends_with("; lower training.learning_rate.initial"), "{}", hint(None));
        let words = "; lower training.learning_rate.initial or training.lambda.maximum";
        assert!(hint(Some(0.5)).ends_with(words), "{}", hint(Some(0.5)));
    }
}
