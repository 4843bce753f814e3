//! Fully connected layer; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::dense as wgsl;
use super::{expect, expect_rank, u32_of};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

/// Terms of a partial sum, and of a turn, as in the shader.
const RUN: u32 = 32;
const STRIDE: u32 = 8;

/// Each row of `x` counts as one vector, whatever its shape.
fn params(x: &Tensor, weight: &Tensor) -> Result<wgsl::Params> {
    const OP: &str = "dense";
    expect_rank(OP, "weight", weight, 2)?;
    let inputs = x.map().len();
    expect(OP, "weight", weight, &[weight.rows(), inputs])?;
    Ok(wgsl::Params {
        rows: u32_of(OP, x.rows())?,
        inputs: u32_of(OP, inputs)?,
        outputs: u32_of(OP, weight.rows())?,
    })
}

/// What a product of all three sizes takes that is summed up in so many `turns`.
fn work(p: &wgsl::Params, turns: usize) -> Work {
    let [n, i, o] = [p.rows, p.inputs, p.outputs].map(|size| size as usize);
    Work::new(2 * n * i * o, format!("{n}×{i} → {o}")).turns(turns)
}

/// Turns of the loops over `terms`, in runs, where a turn takes several.
fn strides(terms: u32) -> usize {
    (terms / STRIDE + terms % STRIDE + terms.div_ceil(RUN)) as usize
}

/// Turns of the loops over `terms`, in runs.
fn turns(terms: u32) -> usize {
    (terms + terms.div_ceil(RUN)) as usize
}

/// y (N, O) = x (N, I) · weightᵀ (I, O) + bias (O).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward(rec: &mut Recording, x: &Tensor, weight: &Tensor, bias: &Tensor, y: &Tensor) -> Result<()> {
    let params = params(x, weight)?;
    expect("dense", "bias", bias, &[weight.rows()])?;
    expect("dense", "y", y, &[x.rows(), weight.rows()])?;
    rec.dispatch(
        wgsl::Forward { params: &params, x, weight, bias, y },
        y.len(),
        work(&params, strides(params.inputs)),
    )
}

/// dx (N, I) = dy (N, O) · weight (O, I).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward_input(rec: &mut Recording, dy: &Tensor, weight: &Tensor, dx: &Tensor) -> Result<()> {
    let params = params(dx, weight)?;
    expect("dense", "dy", dy, &[dx.rows(), weight.rows()])?;
    rec.dispatch(
        wgsl::BackwardInput { params: &params, weight, dy, dx },
        dx.len(),
        work(&params, strides(params.outputs)),
    )
}

/// dweight (O, I) = dyᵀ (O, N) · x (N, I).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward_weight(rec: &mut Recording, x: &Tensor, dy: &Tensor, dweight: &Tensor) -> Result<()> {
    let params = params(x, dweight)?;
    expect("dense", "dy", dy, &[x.rows(), dweight.rows()])?;
    rec.dispatch(
        wgsl::BackwardWeight { params: &params, x, dy, dweight },
        dweight.len(),
        work(&params, turns(params.rows)),
    )
}

/// dbias (O), the column sums of dy (N, O).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward_bias(rec: &mut Recording, dy: &Tensor, dbias: &Tensor) -> Result<()> {
    const OP: &str = "dense";
    expect(OP, "dbias", dbias, &[dy.map().len()])?;
    let params = wgsl::Params { rows: u32_of(OP, dy.rows())?, inputs: 0, outputs: u32_of(OP, dbias.len())? };
    rec.dispatch(
        wgsl::BackwardBias { params: &params, dy, dbias },
        dbias.len(),
        Work::new(dy.len(), by(dy.dims())).turns(turns(params.rows)),
    )
}
