//! The sum of two values, and the ReLU behind it; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::add as wgsl;
use super::{expect, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

fn params(y: &Tensor, relu: bool) -> Result<wgsl::Params> {
    Ok(wgsl::Params { count: u32_of("add", y.len())?, relu: relu.into() })
}

/// y = a + b, or max(a + b, 0) with `relu`; all of one shape.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn forward(rec: &mut Recording, a: &Tensor, b: &Tensor, y: &Tensor, relu: bool) -> Result<()> {
    expect("add", "b", b, a.dims())?;
    expect("add", "y", y, a.dims())?;
    let work = Work::new(y.len(), by(y.dims()));
    rec.dispatch(wgsl::Forward { params: &params(y, relu)?, a, b, y }, y.len(), work)
}

/// y = y + a, of one shape: y is overwritten.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn accumulate(rec: &mut Recording, a: &Tensor, y: &Tensor) -> Result<()> {
    expect("add", "y", y, a.dims())?;
    // Two values are read and one is written.
    let work = Work::new(y.len(), by(y.dims())).moving(12 * y.len());
    rec.dispatch(wgsl::Accumulate { params: &params(y, false)?, a, y }, y.len(), work)
}

/// d = dy where y = max(a + b, 0) is above 0, else 0: the gradient of a and of b. Without a ReLU that is dy itself.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn backward_relu(rec: &mut Recording, y: &Tensor, dy: &Tensor, d: &Tensor) -> Result<()> {
    expect("add", "dy", dy, y.dims())?;
    expect("add", "d", d, y.dims())?;
    let work = Work::new(y.len(), by(y.dims()));
    rec.dispatch(wgsl::BackwardRelu { params: &params(y, true)?, kept_y: y, dy, d }, y.len(), work)
}
