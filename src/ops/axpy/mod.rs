//! Adding a vector's multiple to another; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::axpy as wgsl;
use super::{expect, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

/// `y ← y + a · x`, of one shape.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn accumulate(rec: &mut Recording, a: f32, x: &Tensor, y: &Tensor) -> Result<()> {
    expect("axpy", "y", y, x.dims())?;
    let params = wgsl::Params { a, count: u32_of("axpy", x.len())? };
    // y is read and written.
    let work = Work::new(2 * x.len(), by(x.dims())).moving(3 * 4 * x.len());
    rec.dispatch(wgsl::Accumulate { params: &params, x, y }, x.len(), work)
}
