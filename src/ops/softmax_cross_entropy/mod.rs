//! Softmax cross-entropy; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::softmax_cross_entropy as wgsl;
use super::{expect, expect_rank, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

/// loss (N), one per row and already scaled, and dlogits (N, K) from logits (N, K) and labels (N, u32).
///
/// With `scale` = 1/N the losses add up to the mean.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward_backward(
    rec: &mut Recording,
    logits: &Tensor,
    labels: &Tensor,
    loss: &Tensor,
    dlogits: &Tensor,
    scale: f32,
) -> Result<()> {
    const OP: &str = "softmax_cross_entropy";
    expect_rank(OP, "logits", logits, 2)?;
    let rows = logits.rows();
    expect(OP, "labels", labels, &[rows])?;
    expect(OP, "loss", loss, &[rows])?;
    expect(OP, "dlogits", dlogits, logits.dims())?;
    let params = wgsl::Params { rows: u32_of(OP, rows)?, classes: u32_of(OP, logits.map().len())?, scale };
    let work = Work::new(8 * logits.len() + 4 * rows, by(logits.dims()));
    rec.dispatch(wgsl::ForwardBackward { params: &params, logits, labels, loss, dlogits }, rows, work)
}
