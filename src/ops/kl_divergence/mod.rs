//! The Kullback–Leibler divergence of predictions from given ones; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::kl_divergence as wgsl;
use super::{Predictions, expect, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

const OP: &str = "kl_divergence";

/// What both directions of the op share: the rows of `given` count, which `logits` (T, K) says anew.
fn params(
    given: &Predictions<'_>,
    logits: &Tensor,
    dlogits: &Tensor,
    weight: f32,
) -> Result<(wgsl::Params, [usize; 2])> {
    let (rows, classes) = given.check(OP)?;
    expect(OP, "logits", logits, &[rows, classes])?;
    expect(OP, "dlogits", dlogits, &[rows, classes])?;
    let params = wgsl::Params {
        rows: u32_of(OP, rows)?,
        classes: u32_of(OP, classes)?,
        first_row: u32_of(OP, given.first_row)?,
        scale: 1.0 / rows as f32,
        weight,
    };
    Ok((params, [rows, classes]))
}

/// loss (T) = KL(p ‖ q) / T of each row, p being the softmax of the rows of `given` and q that of `logits` (T, K), and
/// `weight` times the step's share of it times the gradient of their sum with respect to `logits` into dlogits (T, K).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward_backward(
    rec: &mut Recording,
    step: &Tensor,
    given: &Predictions<'_>,
    logits: &Tensor,
    loss: &Tensor,
    dlogits: &Tensor,
    weight: f32,
) -> Result<()> {
    let (params, [rows, classes]) = params(given, logits, dlogits, weight)?;
    expect(OP, "loss", loss, &[rows])?;
    let work = Work::new((8 + 7 + 8) * rows * classes, by(&[rows, classes]));
    let work = work.moving(4 * (3 * rows * classes + rows)).turns(4 * classes);
    let given = given.logits;
    rec.dispatch(wgsl::ForwardBackward { params: &params, step, given, logits, loss, dlogits }, rows, work)
}

/// The gradient of the sum of the losses of [`forward_backward`] into dlogits (T, K), whatever their weight.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward(
    rec: &mut Recording,
    given: &Predictions<'_>,
    logits: &Tensor,
    dlogits: &Tensor,
) -> Result<()> {
    let (params, [rows, classes]) = params(given, logits, dlogits, 1.0)?;
    let work = Work::new((8 + 8) * rows * classes, by(&[rows, classes])).moving(4 * 3 * rows * classes);
    let work = work.turns(4 * classes);
    rec.dispatch(wgsl::Backward { params: &params, given: given.logits, logits, dlogits }, rows, work)
}
