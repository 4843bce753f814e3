//! Softmax cross-entropy; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::softmax_cross_entropy as wgsl;
use super::{expect, expect_rank, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

/// What labels and rows count.
#[derive(Clone, Copy, Debug)]
pub struct Counts<'a> {
    /// What every row is multiplied by: with 1/N the losses add up to the mean.
    pub scale: f32,
    /// The share of each label that is spread over all classes alike.
    pub smoothing: f32,
    /// (N): what each row is multiplied by besides; 1 if left out.
    pub weights: Option<&'a Tensor>,
    /// (K): what each class is multiplied by, in a mean over rows that is weighted with those of their labels: the sum of
    /// the losses is `scale · N` times that mean. 1 if left out; not beside `weights`.
    pub class_weights: Option<&'a Tensor>,
}

impl Counts<'_> {
    /// All rows alike, and labels as they are.
    pub const fn alike(scale: f32) -> Self {
        Self { scale, smoothing: 0.0, weights: None, class_weights: None }
    }
}

/// loss (N), one per row and already scaled, and dlogits (N, K) from logits (N, K) and labels (N, u32).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn forward_backward(
    rec: &mut Recording,
    logits: &Tensor,
    labels: &Tensor,
    loss: &Tensor,
    dlogits: &Tensor,
    counts: Counts<'_>,
) -> Result<()> {
    const OP: &str = "softmax_cross_entropy";
    expect_rank(OP, "logits", logits, 2)?;
    let rows = logits.rows();
    expect(OP, "labels", labels, &[rows])?;
    expect(OP, "loss", loss, &[rows])?;
    expect(OP, "dlogits", dlogits, logits.dims())?;
    let (classes, Counts { scale, smoothing, weights, class_weights }) = (logits.map().len(), counts);
    let off = smoothing / classes as f32;
    let on = 1.0 - smoothing + off;
    let params = &wgsl::Params { rows: u32_of(OP, rows)?, classes: u32_of(OP, classes)?, scale, on, off };
    let of_smoothing = if smoothing > 0.0 { 2 } else { 0 };
    let work = Work::new((8 + of_smoothing) * logits.len() + 4 * rows, by(logits.dims()));
    let work = work.turns(4 * classes + rows);
    if let Some(class_weights) = class_weights {
        if weights.is_some() {
            return Err(Error::input(OP, "weights of classes or of rows", "both"));
        }
        expect(OP, "class_weights", class_weights, &[classes])?;
        let weighted = wgsl::ForwardBackwardClasses { params, logits, labels, loss, dlogits, class_weights };
        return rec.dispatch(weighted, rows, work);
    }
    let Some(weights) = weights else {
        return rec.dispatch(wgsl::ForwardBackward { params, logits, labels, loss, dlogits }, rows, work);
    };
    expect(OP, "weights", weights, &[rows])?;
    let weighted = wgsl::ForwardBackwardWeighted { params, logits, labels, loss, dlogits, weights };
    rec.dispatch(weighted, rows, work)
}
