//! Cross entropy with pseudo-labels; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::pseudo_label as wgsl;
use super::{Predictions, expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

/// How pseudo-labels count.
#[derive(Clone, Copy, Debug)]
pub struct PseudoLabels<'a> {
    /// (T, K): logits of other views of the rows, whose largest name the pseudo-labels.
    pub given: &'a Tensor,
    /// The probability from which on a pseudo-label counts.
    pub threshold: f32,
    /// What the gradient is multiplied by, beside the step's share of it.
    pub weight: f32,
    /// Whether the gradient is added to what dlogits holds.
    pub adds: bool,
}

/// loss (T) = cross entropy / T of each row of predictions with its pseudo-label, and 0 where that does not count; sure (T) = 1 / T
/// where it does; and the gradient of the losses' sum into the same rows of dlogits (N, K), whose other rows stay as they are.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit, or the threshold is no probability.
pub fn forward_backward(
    rec: &mut Recording,
    step: &Tensor,
    predictions: &Predictions<'_>,
    labels: PseudoLabels<'_>,
    (loss, sure): (&Tensor, &Tensor),
    dlogits: &Tensor,
) -> Result<()> {
    const OP: &str = "pseudo_label";
    let (rows, classes) = predictions.check(OP)?;
    let Predictions { logits, first_row } = *predictions;
    let PseudoLabels { given, threshold, weight, adds } = labels;
    expect(OP, "given", given, &[rows, classes])?;
    expect(OP, "loss", loss, &[rows])?;
    expect(OP, "sure", sure, &[rows])?;
    expect(OP, "dlogits", dlogits, logits.dims())?;
    if !(0.0..=1.0).contains(&threshold) {
        return Err(Error::input(format!("{OP}: threshold"), "a probability, 0 to 1", threshold));
    }
    let params = wgsl::Params {
        rows: u32_of(OP, rows)?,
        classes: u32_of(OP, classes)?,
        first_row: u32_of(OP, first_row)?,
        threshold,
        scale: 1.0 / rows as f32,
        weight,
        adds: adds.into(),
    };
    // Two exponentials, a largest of each row of logits, and the gradient.
    let work = Work::new((1 + 5 + 1 + 6 + 6) * rows * classes, by(&[rows, classes]));
    let work = work.moving(4 * (3 * rows * classes + 2 * rows)).turns(5 * classes);
    rec.dispatch(
        wgsl::ForwardBackward { params: &params, step, given, logits, loss, sure, dlogits },
        rows,
        work,
    )
}
