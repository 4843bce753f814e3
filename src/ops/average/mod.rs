//! The exponential moving average; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::average as wgsl;
use super::{expect, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

/// Moves `average` towards `value`, of one shape; how much of it stays is the step's.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn update(rec: &mut Recording, step: &Tensor, value: &Tensor, average: &Tensor) -> Result<()> {
    expect("average", "average", average, value.dims())?;
    let params = wgsl::Params { count: u32_of("average", value.len())? };
    // The average is read and written.
    let work = Work::new(3 * value.len(), by(value.dims())).moving(3 * 4 * value.len());
    rec.dispatch(wgsl::Update { params: &params, step, value, average }, value.len(), work)
}
