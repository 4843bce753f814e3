//! Inverted dropout; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::dropout as wgsl;
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

/// y = x / (1 - rate) where kept, 0 elsewhere; the mask follows from the step's seed and the layer's `salt`.
/// The same call on dy gives dx.
///
/// # Errors
/// [`Error::Input`] when the shapes differ or the rate is not in [0, 1).
pub fn apply(rec: &mut Recording, step: &Tensor, x: &Tensor, y: &Tensor, rate: f32, salt: u32) -> Result<()> {
    if !(0.0..1.0).contains(&rate) {
        return Err(Error::input("dropout: rate", "at least 0 and below 1", rate));
    }
    expect("dropout", "y", y, x.dims())?;
    let params = wgsl::Params { count: u32_of("dropout", x.len())?, salt, rate };
    rec.dispatch(wgsl::Apply { params: &params, step, x, y }, x.len(), Work::new(2 * x.len(), by(x.dims())))
}
