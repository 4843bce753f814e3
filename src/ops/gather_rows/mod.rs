//! Batches built from values that were computed of every image before; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::gather_batch::Domain;
use super::kernels::gather_rows as wgsl;
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

const OP: &str = "gather_rows";
/// Values that a thread copies.
const RUN: usize = 8;

/// Rows that one binding can hold.
#[derive(Debug)]
pub struct Chunk {
    /// The number of the first.
    pub first: usize,
    /// (rows, …)
    pub values: Tensor,
}

/// A row of values for each image of a data set, as the kernel reads them.
#[derive(Debug)]
pub struct KeptData<'a> {
    /// Which start of the step counts the rows.
    pub domain: Domain,
    /// All rows, in chunks.
    pub chunks: &'a [Chunk],
    /// The order in which images are visited: u32, one entry per image.
    pub order: &'a Tensor,
}

impl KeptData<'_> {
    /// Rows `first_row` to `first_row + rows` of x (batch, …) from those that `order` names.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn rows(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        x: &Tensor,
        first_row: usize,
        rows: usize,
    ) -> Result<()> {
        if first_row.checked_add(rows).is_none_or(|end| end > x.rows()) {
            let expected = format!("rows within the {} of x", x.rows());
            return Err(Error::input(OP, expected, format!("{first_row} + {rows}")));
        }
        let length = x.len() / x.rows();
        for Chunk { first, values } in self.chunks {
            expect(OP, "chunk", values, &[&[values.rows()], &x.dims()[1..]].concat())?;
            let params = wgsl::Params {
                rows: u32_of(OP, rows)?,
                first_row: u32_of(OP, first_row)?,
                length: u32_of(OP, length)?,
                chunk_first: u32_of(OP, *first)?,
                chunk_count: u32_of(OP, values.rows())?,
                domain: u32::from(self.domain == Domain::Target),
            };
            // A value read and one written for each that the chunk holds, and the order's entry of every row.
            let here = (rows * values.rows()).div_ceil(self.order.len());
            let work = Work::new(0, by(&[rows, length])).moving(4 * (rows + 2 * here * length));
            let invocation = wgsl::Gather { params: &params, step, order: self.order, chunk: values, x };
            rec.dispatch(invocation, rows * length.div_ceil(RUN), work)?;
        }
        Ok(())
    }
}
