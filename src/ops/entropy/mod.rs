//! The entropy of predictions; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::entropy as wgsl;
use super::{Predictions, expect, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

/// loss (T) = entropy / T of each row of predictions, and `weight` times the step's share of it times the gradient of
/// their sum into the same rows of dlogits (N, K), whose other rows stay as they are.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward_backward(
    rec: &mut Recording,
    step: &Tensor,
    predictions: &Predictions<'_>,
    loss: &Tensor,
    dlogits: &Tensor,
    weight: f32,
) -> Result<()> {
    const OP: &str = "entropy";
    let (rows, classes) = predictions.check(OP)?;
    let Predictions { logits, first_row } = *predictions;
    expect(OP, "loss", loss, &[rows])?;
    expect(OP, "dlogits", dlogits, logits.dims())?;
    let params = wgsl::Params {
        rows: u32_of(OP, rows)?,
        classes: u32_of(OP, classes)?,
        first_row: u32_of(OP, first_row)?,
        scale: 1.0 / rows as f32,
        weight,
    };
    let work = Work::new((3 + 5 + 6) * rows * classes, by(&[rows, classes]));
    let work = work.moving(4 * (2 * rows * classes + rows)).turns(4 * classes);
    rec.dispatch(wgsl::ForwardBackward { params: &params, step, logits, loss, dlogits }, rows, work)
}
