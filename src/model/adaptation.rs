//! What is asked of the predictions of target rows, beside the gradient reversal.

use crate::error::{Error, Result};
use crate::gpu::{Phase, Recording, Tensor};
use crate::ops::class_confusion::{self, Confusion};
use crate::ops::pseudo_label::{self, PseudoLabels};
use crate::ops::{Predictions, entropy, metrics};
use serde::{Deserialize, Serialize};

/// Methods beside the gradient reversal: what is minimised of predictions for which no label is asked, of target rows above
/// all. Those with the weight 0 are left out.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Adaptation {
    /// The weight of the predictions' mean entropy (Grandvalet & Bengio 2004; VADA, Shu et al. 2018, equation 4).
    pub entropy: f32,
    /// The weight of the confusion of classes (MCC, Jin et al. 2020).
    pub class_confusion: f32,
    /// What logits are divided by where class confusion is measured.
    pub temperature: f32,
    /// The weight of pseudo-labels (FixMatch, Sohn et al. 2020): of how far the predictions of target rows lie from the classes
    /// that the network, as it is evaluated, is sure of where it sees the same images without augmentation; as the mean cross
    /// entropy.
    pub pseudo_label: f32,
    /// The probability from which on a pseudo-label counts.
    pub threshold: f32,
    /// The weight of virtual adversarial training on target rows (VAT, Miyato et al. 2018; VADA, equation 5): of how far the
    /// predictions of an image and of the same image, changed by a little in the direction in which they change most, lie
    /// apart, as the mean Kullback–Leibler divergence.
    pub virtual_adversarial: f32,
    /// The weight of the same on source rows, as in VADA's objective.
    pub virtual_adversarial_source: f32,
    /// By how much virtual adversarial training changes an image: the L2 norm over all its values, as the network takes them.
    pub radius: f32,
    /// By how much an image is changed to find the direction: so little that predictions change evenly, and so much that
    /// rounding does not hide how.
    pub probe: f32,
    /// How the weights come to be what they are.
    pub schedule: AdaptationSchedule,
}

/// How the weights of [`Adaptation`] come to be what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AdaptationSchedule {
    /// They rise from 0 as λ does: predictions tell nothing at first.
    #[default]
    Lambda,
    /// They are what they are from the first step on.
    Constant,
}

/// Columns of the metrics table that every step has.
const OF_EVERY_STEP: usize = 4;

/// The losses of [`Adaptation`], in the order of their columns in the metrics table.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AdaptationLoss {
    /// Of the entropy.
    Entropy,
    /// Of the confusion of classes.
    ClassConfusion,
    /// Of virtual adversarial training on target rows.
    VirtualAdversarial,
    /// Of virtual adversarial training on source rows.
    VirtualAdversarialSource,
    /// Of pseudo-labels.
    PseudoLabel,
    /// No loss: the share of target rows whose pseudo-label counts.
    PseudoLabelled,
}

impl AdaptationLoss {
    /// How many there are.
    const COUNT: usize = 6;

    /// Its column in the table.
    pub const fn column(self) -> usize {
        OF_EVERY_STEP + self as usize
    }
}

impl Default for Adaptation {
    fn default() -> Self {
        let schedule = AdaptationSchedule::default();
        Self {
            entropy: 0.0,
            class_confusion: 0.0,
            temperature: 2.5,
            pseudo_label: 0.0,
            threshold: 0.95,
            virtual_adversarial: 0.0,
            virtual_adversarial_source: 0.0,
            radius: 3.5,
            probe: 0.1,
            schedule,
        }
    }
}

impl Adaptation {
    /// The weights by their keys.
    fn weights(&self) -> [(&'static str, f32); 5] {
        [
            ("entropy", self.entropy),
            ("class_confusion", self.class_confusion),
            ("virtual_adversarial", self.virtual_adversarial),
            ("virtual_adversarial_source", self.virtual_adversarial_source),
            ("pseudo_label", self.pseudo_label),
        ]
    }

    /// Whether nothing is asked.
    pub(crate) fn is_off(&self) -> bool {
        self.weights().iter().all(|(_, weight)| *weight == 0.0)
    }

    /// Whether nothing is said of it.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// How many columns the metrics table has.
    pub(super) fn columns(&self) -> usize {
        if self.is_off() { OF_EVERY_STEP } else { OF_EVERY_STEP + AdaptationLoss::COUNT }
    }

    /// Refuses settings that cannot work; `key` is where they stand.
    ///
    /// # Errors
    /// [`Error::Input`] naming the setting.
    pub(crate) fn check(&self, key: &str) -> Result<()> {
        for (name, weight) in self.weights() {
            if !(weight >= 0.0 && weight.is_finite()) {
                return Err(Error::input(format!("{key}.{name}"), "a weight of at least 0", weight));
            }
        }
        let sizes = [("temperature", self.temperature), ("radius", self.radius), ("probe", self.probe)];
        for (name, size) in sizes {
            if !(size > 0.0 && size.is_finite()) {
                return Err(Error::input(format!("{key}.{name}"), "above 0", size));
            }
        }
        if !(self.threshold > 0.0 && self.threshold <= 1.0) {
            let expected = "a probability above 0, up to 1";
            return Err(Error::input(format!("{key}.threshold"), expected, self.threshold));
        }
        Ok(())
    }

    /// Records what is asked of predictions as they are: the losses of the rows of `logits` (N, K) behind the labelled ones
    /// into `table`, and the gradient of their weighted sum into these rows of `dlogits` (N, K). `plain` are the logits (T, K) of
    /// these rows without augmentation, where they are asked for.
    pub(super) fn record(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        (logits, labelled): (&Tensor, usize),
        plain: Option<&Tensor>,
        dlogits: &Tensor,
        table: &Tensor,
    ) -> Result<()> {
        rec.phase(Phase::Loss);
        let logits = logits.reshaped(dlogits.dims());
        let predictions = Predictions { logits: &logits, first_row: labelled };
        let gpu = rec.gpu().clone();
        if self.entropy > 0.0 {
            let loss = Tensor::zeros(&gpu, "entropy", &[logits.rows().saturating_sub(labelled).max(1)])?;
            entropy::forward_backward(rec, step, &predictions, &loss, dlogits, self.entropy)?;
            metrics::total(rec, step, &loss, table, AdaptationLoss::Entropy.column())?;
        }
        if self.class_confusion > 0.0 {
            let loss = Tensor::zeros(&gpu, "class confusion", &[logits.map().len()])?;
            let (temperature, weight) = (self.temperature, self.class_confusion);
            let confusion = Confusion { temperature, weight, adds: self.entropy > 0.0 };
            class_confusion::forward_backward(rec, step, &predictions, &loss, dlogits, confusion)?;
            metrics::total(rec, step, &loss, table, AdaptationLoss::ClassConfusion.column())?;
        }
        if let Some(given) = plain {
            let room = |label| Tensor::zeros(&gpu, label, &[given.rows()]);
            let (loss, sure) = (room("pseudo-label losses")?, room("sure rows")?);
            let (threshold, weight) = (self.threshold, self.pseudo_label);
            let adds = self.entropy > 0.0 || self.class_confusion > 0.0;
            let labels = PseudoLabels { given, threshold, weight, adds };
            pseudo_label::forward_backward(rec, step, &predictions, labels, (&loss, &sure), dlogits)?;
            metrics::total(rec, step, &loss, table, AdaptationLoss::PseudoLabel.column())?;
            metrics::total(rec, step, &sure, table, AdaptationLoss::PseudoLabelled.column())?;
        }
        Ok(())
    }
}
