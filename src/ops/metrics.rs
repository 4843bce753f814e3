//! Losses and hits of each step; twin: [`crate::reference::metrics`].

use super::{Step, expect, expect_rank, expect_step, expect_whole, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    classes: u32,
    column: u32,
    columns: u32,
    steps: u32,
    reserved: [u32; 3],
}

/// Two columns of the step's row of the table.
pub const REDUCE: Kernel = Kernel {
    label: "metrics.reduce",
    source: include_str!("../../shaders/metrics.wgsl"),
    entry_point: "reduce",
    workgroup_size: 64,
    bindings: &[
        Binding::params::<Params>(),
        Binding::uniform::<Step>(1),
        Binding::read(2),
        Binding::read(3),
        Binding::read(4),
        Binding::write(5),
    ],
};

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
    expect_step(OP, step)?;
    expect_rank(OP, "logits", logits, 2)?;
    expect_rank(OP, "table", table, 2)?;
    expect(OP, "loss", loss, &[logits.rows()])?;
    expect_whole(OP, "labels", labels, &[logits.rows()])?;
    let columns = table.map().len();
    if column.checked_add(2).is_none_or(|end| end > columns) {
        return Err(Error::input("metrics: column", format!("below {}", columns - 1), column));
    }
    let params = Params {
        rows: u32_of(OP, logits.rows())?,
        classes: u32_of(OP, logits.map().len())?,
        column: u32_of(OP, column)?,
        columns: u32_of(OP, columns)?,
        steps: u32_of(OP, table.rows())?,
        reserved: [0; 3],
    };
    // Of the table two values are written.
    let work = Work::new(logits.len() + loss.len(), by(logits.dims()));
    let work = work.moving(4 * (logits.len() + loss.len() + labels.len() + 2));
    rec.dispatch_groups(&REDUCE, &params, &[step, loss, logits, labels, table], 1, work)
}
