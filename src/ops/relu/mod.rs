//! Rectified linear unit, plain (slope 0) and leaky; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::relu as wgsl;
use super::{expect, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

fn params(x: &Tensor, slope: f32) -> Result<wgsl::Params> {
    let count = u32_of("relu", x.len())?;
    Ok(wgsl::Params { count, slope })
}

fn work(x: &Tensor) -> Work {
    Work::new(x.len(), by(x.dims()))
}

/// y = max(x, 0) + slope · min(x, 0), of any shape.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn forward(rec: &mut Recording, x: &Tensor, y: &Tensor, slope: f32) -> Result<()> {
    expect("relu", "y", y, x.dims())?;
    rec.dispatch(wgsl::Forward { params: &params(x, slope)?, x, y }, x.len(), work(x))
}

/// dx = dy where x > 0, slope · dy elsewhere.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn backward(rec: &mut Recording, x: &Tensor, dy: &Tensor, dx: &Tensor, slope: f32) -> Result<()> {
    expect("relu", "dy", dy, x.dims())?;
    expect("relu", "dx", dx, x.dims())?;
    rec.dispatch(wgsl::Backward { params: &params(x, slope)?, x, dy, dx }, x.len(), work(x))
}
