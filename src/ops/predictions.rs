//! The rows of a batch that are predicted without being labelled.

use super::expect_rank;
use crate::error::{Error, Result};
use crate::gpu::Tensor;

/// The rows of `logits` (N, K) from `first_row` on: predictions of which nobody knows whether they are right.
#[derive(Clone, Copy, Debug)]
pub struct Predictions<'a> {
    /// (N, K)
    pub logits: &'a Tensor,
    /// How many rows are in front of them.
    pub first_row: usize,
}

impl Predictions<'_> {
    /// How many rows and classes they have.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no row.
    pub(super) fn check(&self, op: &str) -> Result<(usize, usize)> {
        expect_rank(op, "logits", self.logits, 2)?;
        let rows = self.logits.rows();
        if self.first_row >= rows {
            let expected = format!("more than {} rows, as these are labelled", self.first_row);
            return Err(Error::input(format!("{op}: logits"), expected, rows));
        }
        Ok((rows - self.first_row, self.logits.map().len()))
    }
}
