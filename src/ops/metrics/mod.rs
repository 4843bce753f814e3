//! Losses and hits of each step; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::metrics as wgsl;
use super::{expect, expect_rank, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by, nested};

/// The sum of loss (N), and how many rows of logits (N, K) have their largest value at the label (N, u32), into
/// columns `column` and `column + 1` of the step's row of `table` (steps, columns).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn reduce(
    rec: &mut Recording,
    step: &Tensor,
    loss: &Tensor,
    logits: &Tensor,
    labels: &Tensor,
    table: &Tensor,
    column: usize,
) -> Result<()> {
    const OP: &str = "metrics";
    expect_rank(OP, "logits", logits, 2)?;
    expect_rank(OP, "table", table, 2)?;
    expect(OP, "loss", loss, &[logits.rows()])?;
    expect(OP, "labels", labels, &[logits.rows()])?;
    let columns = table.map().len();
    if column.checked_add(2).is_none_or(|end| end > columns) {
        return Err(Error::input("metrics: column", format!("below {}", columns - 1), column));
    }
    let params = wgsl::Params {
        rows: u32_of(OP, logits.rows())?,
        classes: u32_of(OP, logits.map().len())?,
        column: u32_of(OP, column)?,
        columns: u32_of(OP, columns)?,
        steps: u32_of(OP, table.rows())?,
    };
    // Of the table two values are written.
    let work = Work::new(logits.len() + loss.len(), by(logits.dims()));
    let work = work.moving(4 * (logits.len() + loss.len() + labels.len() + 2));
    let work = work.turns(nested([loss.len().div_ceil(64), logits.map().len()]));
    rec.dispatch_workgroups(wgsl::Reduce { params: &params, step, loss, logits, labels, table }, 1, work)
}

/// The sum of loss (N) into column `column` of the step's row of `table` (steps, columns).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn total(rec: &mut Recording, step: &Tensor, loss: &Tensor, table: &Tensor, column: usize) -> Result<()> {
    const OP: &str = "metrics";
    expect_rank(OP, "loss", loss, 1)?;
    expect_rank(OP, "table", table, 2)?;
    let columns = table.map().len();
    if column >= columns {
        return Err(Error::input("metrics: column", format!("below {columns}"), column));
    }
    let params = wgsl::Params {
        rows: u32_of(OP, loss.len())?,
        classes: 0,
        column: u32_of(OP, column)?,
        columns: u32_of(OP, columns)?,
        steps: u32_of(OP, table.rows())?,
    };
    // Of the table one value is written.
    let work = Work::new(loss.len(), by(loss.dims())).moving(4 * (loss.len() + 1));
    rec.dispatch_workgroups(wgsl::Total { params: &params, step, loss, table }, 1, work)
}
