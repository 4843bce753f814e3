//! Minimum class confusion; twin: `twin.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;
#[cfg(feature = "check")]
pub(crate) mod twin;

use super::kernels::class_confusion as wgsl;
use super::{Predictions, expect, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

/// How the confusion of classes counts.
#[derive(Clone, Copy, Debug)]
pub struct Confusion {
    /// What logits are divided by.
    pub temperature: f32,
    /// What the gradient is multiplied by, beside the step's share of it.
    pub weight: f32,
    /// Whether the gradient is added to what dlogits holds.
    pub adds: bool,
}

/// loss (K): each class's share of the confusion of all predictions, which their sum is; and the gradient of that sum into
/// the same rows of dlogits (N, K), whose other rows stay as they are.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward_backward(
    rec: &mut Recording,
    step: &Tensor,
    predictions: &Predictions<'_>,
    loss: &Tensor,
    dlogits: &Tensor,
    confusion: Confusion,
) -> Result<()> {
    const OP: &str = "class_confusion";
    let (rows, classes) = predictions.check(OP)?;
    let Predictions { logits, first_row } = *predictions;
    expect(OP, "loss", loss, &[classes])?;
    expect(OP, "dlogits", dlogits, logits.dims())?;
    let gpu = rec.gpu().clone();
    let room = |label: &str, dims: &[usize]| Tensor::zeros(&gpu, label, dims);
    let (p, weights) = (room("confused probabilities", &[rows, classes])?, room("certainty", &[rows])?);
    let of_classes = room("mass and certainty of classes", &[classes, 2])?;
    let params = wgsl::Params {
        rows: u32_of(OP, rows)?,
        classes: u32_of(OP, classes)?,
        first_row: u32_of(OP, first_row)?,
        temperature: confusion.temperature,
        weight: confusion.weight,
        adds: confusion.adds.into(),
    };
    let (all, shape) = (rows * classes, by(&[rows, classes]));
    let predict = wgsl::Predict { params: &params, logits, p_out: &p, weights_out: &weights };
    let work = Work::new(10 * all, &*shape).moving(4 * (2 * all + rows)).turns(3 * classes);
    rec.dispatch(predict, rows, work)?;
    let confuse = wgsl::Confuse { params: &params, p: &p, weights: &weights, classes_out: &of_classes, loss };
    let moved = 4 * (all + rows + 3 * classes);
    // A workgroup a class. There may be more classes than workgroups in one dimension.
    let threads = classes * wgsl::CONFUSE.workgroup_size as usize;
    rec.dispatch(confuse, threads, Work::new(4 * all, &*shape).moving(moved))?;
    let backward =
        wgsl::Backward { params: &params, step, p: &p, weights: &weights, of_classes: &of_classes, dlogits };
    let moved = 4 * (2 * all + rows + 2 * classes);
    rec.dispatch(backward, rows, Work::new(9 * all, shape).moving(moved).turns(2 * classes))
}
