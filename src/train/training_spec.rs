//! How to train, as a recipe says it.

use super::batch_norm_ranks::BatchNormRanks;
use super::keep_frozen::KeepFrozen;
use super::schedule::{Lambda, LearningRate};
use super::selection_spec::SelectionSpec;
use crate::error::{Error, Result};
use crate::model::{Adaptation, Domain, DomainLoss, Initialization, Objective};
use crate::ops::augment::Augmentation;
use crate::ops::optimizer::{Optimizer as _, ParameterGroup};
use crate::ops::optimizers::OptimizerSpec;
use crate::ops::sgd::Sgd;
use serde::{Deserialize, Serialize};

/// What is trained on what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Method {
    /// Source labels, and both domains' images through the gradient reversal.
    #[default]
    Dann,
    /// Source labels alone: the lower bound.
    SourceOnly,
    /// Target labels alone: the upper bound, which no adaptation can have.
    TargetOnly,
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Dann => "dann",
            Self::SourceOnly => "source-only",
            Self::TargetOnly => "target-only",
        })
    }
}

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TrainingSpec {
    /// What is trained on what.
    #[serde(default)]
    pub method: Method,
    /// Passes over the smaller domain.
    pub epochs: u64,
    /// Steps in all, where an epoch is too long; overrides `epochs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Source rows a batch, and as many target rows unless `target_batch` says another number.
    pub batch: usize,
    /// Target rows a batch; as many as `batch` if left out. For [`Method::Dann`] alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_batch: Option<usize>,
    /// How many such batches a step goes through, one after the other, before it updates the parameters by the mean of their
    /// gradients; 1 if left out.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub accumulate: usize,
    /// Decides initialisation, both shuffles and dropout.
    #[serde(default)]
    pub seed: u64,
    /// The short form of SGD with that momentum, in place of `optimizer`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f32>,
    /// Of that SGD; 0 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f32>,
    /// From gradients to new parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimizer: Option<OptimizerSpec>,
    /// Parameters that are trained in another way than the others; none if left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameter_groups: Vec<ParameterGroup>,
    /// Whether what frozen layers at the network's start give of all images is computed once and kept; `"auto"` if left out.
    /// Steps have the same bits either way.
    #[serde(default, skip_serializing_if = "KeepFrozen::is_default")]
    pub keep_frozen: KeepFrozen,
    /// The largest norm of all gradients together; larger ones are scaled down. None if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_norm: Option<f32>,
    /// Random views of both domains' images while training; none if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub augmentation: Option<Augmentation>,
    /// Random views of the target's images, in place of those of `augmentation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_augmentation: Option<Augmentation>,
    /// Whether an image counts the more in L_d the surer its prediction is (CDAN+E).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub entropy_weighting: bool,
    /// The share of each label that is spread over all classes alike; 0 if left out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub label_smoothing: f32,
    /// What the images of each class count in the label loss, one number a class; all alike if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class_weights: Option<Vec<f32>>,
    /// In which order labelled images are visited; `shuffled` if left out.
    #[serde(default, skip_serializing_if = "Sampling::is_default")]
    pub sampling: Sampling,
    /// Whose rows batch norm is over in training, where several ranks share a batch; `by_rank` if left out.
    #[serde(default, skip_serializing_if = "BatchNormRanks::is_default")]
    pub batch_norm: BatchNormRanks,
    /// What is asked of the predictions of target images, beside the gradient reversal; nothing if left out. For
    /// [`Method::Dann`] alone.
    #[serde(default, skip_serializing_if = "Adaptation::is_default")]
    pub adaptation: Adaptation,
    /// How much of the average of the model over training stays in each step, as in 0.998. The average is evaluated and kept
    /// in place of the model; none if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub average: Option<f32>,
    /// Keeps the model that a rule rates best, which needs no label of the target; that of the last step if left out. For
    /// [`Method::Dann`] alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<SelectionSpec>,
    /// How weights start; `he_normal` if left out.
    #[serde(default)]
    pub initialization: Initialization,
    /// How L_d is made up; `sum` if left out.
    #[serde(default)]
    pub domain_loss: DomainLoss,
    /// The step size of the optimiser.
    pub learning_rate: LearningRate,
    /// λ of the gradient reversal.
    pub lambda: Lambda,
}

/// In which order labelled images are visited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Sampling {
    /// Each once an epoch.
    #[default]
    Shuffled,
    /// Those of each class as often as those of any other: images of small classes come again, and some of large ones wait for
    /// the next epoch.
    Balanced,
}

impl Sampling {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

pub(super) fn one() -> usize {
    1
}

pub(super) fn is_one(count: &usize) -> bool {
    *count == one()
}

/// Whether a number is what it is if left out.
fn is_zero(value: &f32) -> bool {
    *value == 0.0
}

impl TrainingSpec {
    /// Adversarial training for so many epochs of batches of so many labelled images, by SGD without momentum; everything
    /// else as where a recipe leaves it out.
    ///
    /// ```
    /// use dann::train::{Lambda, LearningRate, OptimizerSpec, Sgd, TrainingSpec};
    ///
    /// let mut training = TrainingSpec::new(10, 64, LearningRate::new(0.01, 10.0, 0.75), Lambda::new(1.0, 10.0));
    /// training.optimizer = Some(OptimizerSpec::Sgd(Sgd::new(0.9)));
    /// ```
    pub fn new(epochs: u64, batch: usize, learning_rate: LearningRate, lambda: Lambda) -> Self {
        Self {
            method: Method::default(),
            epochs,
            steps: None,
            batch,
            target_batch: None,
            accumulate: 1,
            seed: 0,
            momentum: None,
            weight_decay: None,
            optimizer: Some(OptimizerSpec::Sgd(Sgd::new(0.0))),
            parameter_groups: vec![],
            keep_frozen: KeepFrozen::default(),
            clip_norm: None,
            augmentation: None,
            target_augmentation: None,
            entropy_weighting: false,
            label_smoothing: 0.0,
            class_weights: None,
            sampling: Sampling::default(),
            batch_norm: BatchNormRanks::default(),
            adaptation: Adaptation::default(),
            average: None,
            select: None,
            initialization: Initialization::default(),
            domain_loss: DomainLoss::default(),
            learning_rate,
            lambda,
        }
    }

    /// Refuses what cannot work.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key.
    pub(super) fn check(&self) -> Result<()> {
        let counts = [
            ("training.epochs", self.epochs),
            ("training.steps", self.steps.unwrap_or(1)),
            ("training.batch", self.batch as u64),
            ("training.target_batch", self.target_batch.unwrap_or(1) as u64),
            ("training.accumulate", self.accumulate as u64),
        ];
        for (key, count) in counts {
            if count == 0 {
                return Err(Error::input(key, "at least 1", count));
            }
        }
        self.optimizer()?;
        for (index, group) in self.parameter_groups.iter().enumerate() {
            group.check(&format!("training.parameter_groups.{index}"))?;
        }
        if let Some(norm) = self.clip_norm.filter(|norm| !(*norm > 0.0 && norm.is_finite())) {
            return Err(Error::input("training.clip_norm", "above 0", norm));
        }
        self.augmentation.map_or(Ok(()), |of_both| of_both.check("training.augmentation"))?;
        self.target_augmentation.map_or(Ok(()), |own| own.check("training.target_augmentation"))?;
        if !(0.0..1.0).contains(&self.label_smoothing) {
            return Err(Error::input(
                "training.label_smoothing",
                "at least 0 and below 1",
                self.label_smoothing,
            ));
        }
        self.adaptation.check("training.adaptation")?;
        if let Some(stays) = self.average.filter(|stays| !(0.0..1.0).contains(stays)) {
            return Err(Error::input("training.average", "at least 0 and below 1", stays));
        }
        self.select.map_or(Ok(()), |select| select.check())?;
        self.learning_rate.check()?;
        self.lambda.check()
    }

    /// The optimiser: the one that `optimizer` names, or SGD in its short form.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key that is missing or cannot work.
    pub fn optimizer(&self) -> Result<OptimizerSpec> {
        const KEY: &str = "training.optimizer";
        let short = || Sgd { momentum: 0.0, nesterov: false, weight_decay: self.weight_decay.unwrap_or(0.0) };
        match (self.optimizer, self.momentum) {
            (Some(optimizer), None) if self.weight_decay.is_none() => {
                optimizer.optimizer().check(KEY)?;
                Ok(optimizer)
            }
            (Some(_), _) => {
                let expected = "settings of the optimiser in one place";
                Err(Error::input(KEY, expected, "training.momentum or training.weight_decay beside it"))
            }
            (None, Some(momentum)) => {
                let sgd = Sgd { momentum, ..short() };
                sgd.check("training")?;
                Ok(OptimizerSpec::Sgd(sgd))
            }
            (None, None) => {
                let expected = "an optimiser, as in { kind = \"sgd\", momentum = 0.9 }";
                Err(Error::input(KEY, expected, "neither it nor training.momentum"))
            }
        }
    }

    /// Refuses weights of other than `classes` classes.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key.
    pub(super) fn check_class_weights(&self, classes: usize) -> Result<()> {
        let Some(weights) = &self.class_weights else { return Ok(()) };
        if weights.len() == classes && weights.iter().all(|weight| *weight > 0.0 && weight.is_finite()) {
            return Ok(());
        }
        let expected = format!("a number above 0 for each of {classes} classes");
        Err(Error::input("training.class_weights", expected, format!("{weights:?}")))
    }

    /// The views that are taken of a domain's images.
    pub(super) fn augmentation_of(&self, domain: Domain) -> Augmentation {
        let own = self.target_augmentation.filter(|_| domain == Domain::Target);
        own.or(self.augmentation).unwrap_or_default()
    }

    /// How the training's model is chosen, if it is.
    pub fn selection(&self) -> Option<SelectionSpec> {
        self.select.filter(|_| self.method == Method::Dann)
    }

    /// What each step minimises.
    ///
    /// # Errors
    /// As [`TrainingSpec::optimizer`].
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn objective(&self) -> Result<Objective> {
        let adapts = self.method == Method::Dann;
        Ok(Objective {
            domain_loss: adapts.then_some(self.domain_loss),
            labelled: if self.method == Method::TargetOnly { Domain::Target } else { Domain::Source },
            target_rows: self.target_batch.filter(|_| adapts),
            entropy_weighting: adapts && self.entropy_weighting,
            label_smoothing: self.label_smoothing,
            class_weights: self.class_weights.clone(),
            adaptation: if adapts { self.adaptation } else { Adaptation::default() },
            optimizer: self.optimizer()?,
            parameter_groups: self.parameter_groups.clone(),
            clip_norm: self.clip_norm,
            accumulate: self.accumulate,
        })
    }
}
