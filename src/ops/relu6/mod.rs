//! Rectified linear unit with a ceiling of 6; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::relu6 as wgsl;
use super::{expect, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

const OP: &str = "relu6";

/// y = min(max(x, 0), 6), of any shape.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn forward(rec: &mut Recording, x: &Tensor, y: &Tensor) -> Result<()> {
    expect(OP, "y", y, x.dims())?;
    let params = wgsl::Params { count: u32_of(OP, x.len())? };
    rec.dispatch(wgsl::Forward { params: &params, x, y }, x.len(), Work::new(2 * x.len(), by(x.dims())))
}

/// dx = dy where 0 < x < 6, 0 elsewhere.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn backward(rec: &mut Recording, x: &Tensor, dy: &Tensor, dx: &Tensor) -> Result<()> {
    expect(OP, "dy", dy, x.dims())?;
    expect(OP, "dx", dx, x.dims())?;
    let params = wgsl::Params { count: u32_of(OP, x.len())? };
    rec.dispatch(wgsl::Backward { params: &params, x, dy, dx }, x.len(), Work::new(2 * x.len(), by(x.dims())))
}
