//! What the two heads lose in a step, and what flows back from the domain classifier.

use super::domain_input::{DomainInput, Given};
use super::network::Network;
use super::objective::{DomainLoss, Objective};
use super::stage::{Mode, in_rows};
use crate::error::{Error, Result};
use crate::gpu::{Phase, Recording, Tensor};
use crate::ops::softmax_cross_entropy::{self, Counts};
use crate::ops::{entropy_weights, metrics};

/// What a head is held to, and where it reports.
pub(super) struct Held<'a> {
    /// (rows), u32: of the first rows; nothing is asked of others.
    pub labels: &'a Tensor,
    pub counts: Counts<'a>,
    /// Where its loss and its hits stand in the table.
    pub column: usize,
    pub table: &'a Tensor,
}

/// The domain classifier, and what it learns from.
pub(super) struct Adversary<'a> {
    pub classifier: &'a Network,
    pub input: DomainInput,
    /// (N, …)
    pub features: &'a Tensor,
    /// (N, K), or fewer rows where nobody asks for predictions of the others.
    pub logits: &'a Tensor,
    pub source_rows: usize,
    pub domain_loss: DomainLoss,
    pub table: &'a Tensor,
    /// Names the parameters whose layers rest where none of theirs is another.
    pub rests: &'a dyn Fn(&str) -> bool,
}

/// One head's loss into the table, and the gradient of its logits: 0 on rows without labels.
pub(super) fn record_loss(
    rec: &mut Recording,
    step: &Tensor,
    logits: &Tensor,
    held: &Held<'_>,
) -> Result<Tensor> {
    let Held { labels, counts, column, table } = *held;
    let logits = in_rows(logits);
    let dlogits = Tensor::zeros(rec.gpu(), "dlogits", logits.dims())?;
    let [logits, of_labels] = [&logits, &dlogits].map(|tensor| tensor.first_rows(labels.rows()));
    let loss = Tensor::zeros(rec.gpu(), "loss", &[logits.rows()])?;
    rec.phase(Phase::Loss);
    softmax_cross_entropy::forward_backward(rec, &logits, labels, &loss, &of_labels, counts)?;
    metrics::reduce(rec, step, &loss, &logits, labels, table, column)?;
    Ok(dlogits)
}

/// The domain classifier's share of the step, up to the gradient that reaches the reversal layer.
pub(super) fn record_domain(
    rec: &mut Recording,
    step: &Tensor,
    adversary: &Adversary<'_>,
    objective: &Objective,
    frozen: &dyn Fn(&str) -> bool,
) -> Result<Tensor> {
    let Adversary { classifier, input, features, logits, source_rows, domain_loss, table, rests } =
        *adversary;
    let rows = features.rows();
    if rows <= source_rows {
        return Err(Error::input("batch", "target rows behind the source rows", "none"));
    }
    let domains: Vec<u32> = (0..rows).map(|row| u32::from(row >= source_rows)).collect();
    let domains = Tensor::from_slice(rec.gpu(), "domains", &[rows], &domains)?;
    rec.phase(Phase::Forward);
    let given = Given::record(rec, input, features, logits)?;
    let mode = Mode::Training { source_rows };
    let opinions = classifier.forward_of(rec, step, &given.x, mode, rests)?;
    let scale = match domain_loss {
        DomainLoss::Sum => 1.0 / source_rows as f32,
        DomainLoss::Mean => 1.0 / rows as f32,
    };
    // What a target row counts beside a source row: each domain's mean counts alike in the sum, whatever their rows are.
    let target_weight = match domain_loss {
        DomainLoss::Sum => source_rows as f32 / (rows - source_rows) as f32,
        DomainLoss::Mean => 1.0,
    };
    let weights = match objective.entropy_weighting {
        true => Some(record_weights(rec, logits, source_rows, target_weight)?),
        false if target_weight == 1.0 => None,
        false => {
            let weight = |row| if row < source_rows { 1.0 } else { target_weight };
            let weights: Vec<f32> = (0..rows).map(weight).collect();
            Some(Tensor::from_slice(rec.gpu(), "weights of rows", &[rows], &weights)?)
        }
    };
    let counts = Counts { weights: weights.as_ref(), ..Counts::alike(scale) };
    let held = Held { labels: &domains, counts, column: 2, table };
    let dlogits = record_loss(rec, step, &opinions.y, &held)?;
    rec.phase(Phase::Backward);
    let d_given = opinions.backward(rec, dlogits, frozen)?;
    given.backward(rec, d_given)
}

/// How much each row counts in the domain loss by the entropy of its prediction.
fn record_weights(
    rec: &mut Recording,
    logits: &Tensor,
    source_rows: usize,
    target_weight: f32,
) -> Result<Tensor> {
    let logits = in_rows(logits);
    let weights = Tensor::zeros(rec.gpu(), "entropy weights", &[logits.rows()])?;
    rec.phase(Phase::Loss);
    entropy_weights::forward(rec, &logits, (source_rows, target_weight), &weights)?;
    Ok(weights)
}
