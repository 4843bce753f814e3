//! How much each row counts in the domain loss; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::entropy_weights as wgsl;
use super::{expect, expect_rank, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

/// weights (N) from logits (N, K), with a mean of 1 over the first `source_rows` rows, and of `target_weight` over those behind
/// them.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit or a domain has no row.
pub fn forward(
    rec: &mut Recording,
    logits: &Tensor,
    (source_rows, target_weight): (usize, f32),
    weights: &Tensor,
) -> Result<()> {
    const OP: &str = "entropy_weights";
    expect_rank(OP, "logits", logits, 2)?;
    let rows = logits.rows();
    expect(OP, "weights", weights, &[rows])?;
    if source_rows == 0 || source_rows >= rows {
        let expected = "rows of both domains";
        return Err(Error::input(OP, expected, format!("{source_rows} of the source among {rows}")));
    }
    let params = wgsl::Params {
        classes: u32_of(OP, logits.map().len())?,
        source_rows: u32_of(OP, source_rows)?,
        target_rows: u32_of(OP, rows - source_rows)?,
        target_weight,
    };
    let work = Work::new(8 * logits.len() + 4 * rows, by(logits.dims()));
    rec.dispatch_workgroups(wgsl::Forward { params: &params, logits, weights }, 2, work)
}
