//! Features times probabilities, for a conditional domain classifier; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::outer_product as wgsl;
use super::{expect, expect_rank, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

/// The parameters for `results`, where x (N, F) or (N, C, H, W) stands for N rows of F features.
fn params(p: &Tensor, x: &Tensor, y: (&str, &Tensor), results: &Tensor) -> Result<wgsl::Params> {
    const OP: &str = "outer_product";
    expect_rank(OP, "p", p, 2)?;
    let (rows, classes, features) = (x.rows(), p.map().len(), x.map().len());
    expect(OP, "p", p, &[rows, classes])?;
    let (name, y) = y;
    if y.rows() != rows || y.map().len() != classes * features {
        let expected = format!("{rows} rows of {} values", classes * features);
        return Err(Error::input(format!("{OP}: {name}"), expected, format!("shape {:?}", y.dims())));
    }
    Ok(wgsl::Params {
        count: u32_of(OP, results.len())?,
        classes: u32_of(OP, classes)?,
        features: u32_of(OP, features)?,
    })
}

/// y (N, K·F) from probabilities p (N, K) and features x (N, F), or of more dimensions.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn forward(rec: &mut Recording, p: &Tensor, x: &Tensor, y: &Tensor) -> Result<()> {
    let params = params(p, x, ("y", y), y)?;
    let work = Work::new(y.len(), format!("{} * {}", by(p.dims()), by(x.dims())));
    rec.dispatch(wgsl::Forward { params: &params, p, x, y }, y.len(), work)
}

/// dx, of the features' shape, from dy (N, K·F); the probabilities get none.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward(rec: &mut Recording, p: &Tensor, dy: &Tensor, dx: &Tensor) -> Result<()> {
    let params = params(p, dx, ("dy", dy), dx)?;
    let work = Work::new(2 * dy.len(), format!("{} * {}", by(p.dims()), by(dx.dims()))).turns(p.map().len());
    rec.dispatch(wgsl::Backward { params: &params, p, dy, dx }, dx.len(), work)
}
