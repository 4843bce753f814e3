//! What a training step minimises, and how.

use super::Adaptation;
use super::stage::Mode;
use crate::error::Result;
use crate::gpu::{Gpu, Tensor};
use crate::ops::gather_batch::Domain;
use crate::ops::optimizer::ParameterGroup;
use crate::ops::optimizers::OptimizerSpec;
use crate::ops::softmax_cross_entropy::Counts;
use serde::{Deserialize, Serialize};

/// How the domain losses of the two domains make up L_d.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DomainLoss {
    /// The mean over source rows plus the mean over target rows (JMLR 17(59), equation 18).
    #[default]
    Sum,
    /// The mean over all rows: where both domains have as many, half the pressure on the features.
    Mean,
}

/// What a step minimises, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Objective {
    /// How L_d is made up; `None` trains on the labelled rows' L_y alone, without domain classifier.
    pub domain_loss: Option<DomainLoss>,
    /// Which domain the labelled rows are of: the source, where there is a domain loss.
    pub labelled: Domain,
    /// Target rows in a batch, where there is a domain loss; as many as source rows if nothing is said.
    pub target_rows: Option<usize>,
    /// Whether a row counts the more in L_d the surer its prediction is (CDAN+E, Long et al. 2018).
    pub entropy_weighting: bool,
    /// The share of each label that is spread over all classes alike.
    pub label_smoothing: f32,
    /// What the rows of each class count in the label loss; all alike if left out.
    pub class_weights: Option<Vec<f32>>,
    /// What is minimised of the predictions of target rows, beside L_d.
    pub adaptation: Adaptation,
    /// From gradients to new parameters.
    pub optimizer: OptimizerSpec,
    /// Parameters that are trained in another way than the others.
    pub parameter_groups: Vec<ParameterGroup>,
    /// The largest norm of all gradients together; `None` leaves them as they are.
    pub clip_norm: Option<f32>,
    /// How many batches' gradients are averaged for one update.
    pub accumulate: usize,
}

impl Objective {
    /// The mode of a step on so many labelled rows, and others behind them.
    pub(super) fn mode(&self, labelled_rows: usize) -> Mode {
        Mode::Training { source_rows: if self.labelled == Domain::Source { labelled_rows } else { 0 } }
    }

    /// Whether pseudo-labels of target rows are asked for.
    pub(crate) fn has_pseudo_labels(&self) -> bool {
        self.domain_loss.is_some() && self.adaptation.pseudo_label > 0.0
    }

    /// The weights of the classes, where there are some.
    pub(super) fn of_classes(&self, gpu: &Gpu) -> Result<Option<Tensor>> {
        let upload = |weights: &Vec<f32>| Tensor::from_slice(gpu, "class weights", &[weights.len()], weights);
        self.class_weights.as_ref().map(upload).transpose()
    }

    /// What the labels of so many rows count.
    pub(super) fn of_labels<'a>(&self, rows: usize, class_weights: Option<&'a Tensor>) -> Counts<'a> {
        Counts { smoothing: self.label_smoothing, class_weights, ..Counts::alike(1.0 / rows as f32) }
    }
}
