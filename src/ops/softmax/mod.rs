//! Probabilities and classes from logits; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::softmax as wgsl;
use super::{expect, expect_rank, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

/// The probabilities y (N, K) and the most probable classes (N, u32) from the logits x (N, K).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward(rec: &mut Recording, x: &Tensor, y: &Tensor, classes: &Tensor) -> Result<()> {
    const OP: &str = "softmax";
    expect_rank(OP, "x", x, 2)?;
    expect(OP, "y", y, x.dims())?;
    expect(OP, "classes", classes, &[x.rows()])?;
    let params = wgsl::Params { rows: u32_of(OP, x.rows())?, classes: u32_of(OP, x.map().len())? };
    rec.dispatch(
        wgsl::Forward { params: &params, x, y, classes },
        x.rows(),
        Work::new(5 * x.len(), by(x.dims())).turns(3 * x.map().len()),
    )
}
