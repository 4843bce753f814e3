//! Fully connected layers in register tiles, with ReLU between them; all that is read lies in textures.

use super::super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor, TexelFormat, Texels, Work, by};
use crate::ops::kernels::dense_tile as wgsl;

const OP: &str = "dense_tile";
/// Most rows of a tile, and most columns.
const TILE: usize = 16;

/// A matrix in a texture, four columns to a texel; the texture holds whole tiles.
#[derive(Debug)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    texels: Texels,
}

/// The size of the texture for a matrix, in texels.
fn size(rows: usize, columns: usize) -> (usize, usize) {
    (columns.next_multiple_of(TILE) / 4, rows.next_multiple_of(TILE))
}

/// Whether a matrix fits a texture of the device.
pub fn fits(gpu: &Gpu, rows: usize, columns: usize) -> bool {
    Texels::fit(gpu, &[size(rows, columns)])
}

impl Matrix {
    /// A matrix of zeros.
    ///
    /// # Errors
    /// As [`Texels::zeros`].
    pub fn zeros(gpu: &Gpu, label: &str, rows: usize, columns: usize) -> Result<Self> {
        let (width, height) = size(rows, columns);
        let texels = Texels::zeros(gpu, label, TexelFormat::Reals, width, height)?;
        Ok(Self { rows, columns, texels })
    }

    /// `tensor`, of which each row counts as one vector, whatever its shape.
    ///
    /// # Errors
    /// As [`Texels::zeros`].
    pub fn pack(rec: &mut Recording, label: &str, tensor: &Tensor) -> Result<Self> {
        let matrix = Self::zeros(rec.gpu(), label, tensor.rows(), tensor.map().len())?;
        let params = params(matrix.rows, matrix.columns, 0)?;
        let threads = matrix.rows * matrix.columns.div_ceil(4);
        let work = Work::new(0, by(&[matrix.rows, matrix.columns]));
        rec.dispatch(wgsl::Pack { params: &params, matrix: tensor, texels: &matrix.texels }, threads, work)?;
        Ok(matrix)
    }
}

fn params(rows: usize, inputs: usize, outputs: usize) -> Result<wgsl::Params> {
    Ok(wgsl::Params { rows: u32_of(OP, rows)?, inputs: u32_of(OP, inputs)?, outputs: u32_of(OP, outputs)? })
}

/// Refuses `matrix` unless it has so many rows and columns.
fn expect_size(name: &str, matrix: &Matrix, size: (usize, usize)) -> Result<()> {
    let found = (matrix.rows, matrix.columns);
    if found == size {
        return Ok(());
    }
    Err(Error::input(format!("{OP}: {name}"), format!("shape {size:?}"), format!("{found:?}")))
}

/// Turns of the loops that store a tile, at most.
const OF_TILE: usize = 64;

/// What a product of all three sizes takes that is summed up in so many `turns`, and `more` operations.
fn work(p: &wgsl::Params, turns: usize, more: usize) -> Work {
    let [n, i, o] = [p.rows, p.inputs, p.outputs].map(|size| size as usize);
    Work::new(2 * n * i * o + more, format!("{n}×{i} → {o}")).turns(turns + OF_TILE)
}

/// The parameters of a pass forward and how many threads it takes.
fn forward_size(x: &Matrix, weight: &Matrix, bias: &Tensor) -> Result<(wgsl::Params, usize)> {
    expect_size("weight", weight, (weight.rows, x.columns))?;
    expect(OP, "bias", bias, &[weight.rows])?;
    let threads = x.rows.div_ceil(TILE) * weight.rows.div_ceil(TILE / 2);
    Ok((params(x.rows, x.columns, weight.rows)?, threads))
}

/// y (N, O) = x (N, I) · weightᵀ (I, O) + bias (O).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward(rec: &mut Recording, x: &Matrix, weight: &Matrix, bias: &Tensor, y: &Tensor) -> Result<()> {
    let (params, threads) = forward_size(x, weight, bias)?;
    expect(OP, "y", y, &[x.rows, weight.rows])?;
    rec.dispatch(
        wgsl::Forward { params: &params, x: &x.texels, weight: &weight.texels, bias, y },
        threads,
        work(&params, x.columns.div_ceil(4), 0),
    )
}

/// relu(y) (N, O) of the same y, as the x of the layer behind.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward_relu(rec: &mut Recording, x: &Matrix, weight: &Matrix, bias: &Tensor) -> Result<Matrix> {
    let (params, threads) = forward_size(x, weight, bias)?;
    let y = Matrix::zeros(rec.gpu(), "relu", x.rows, weight.rows)?;
    let work = work(&params, x.columns.div_ceil(4), x.rows * weight.rows);
    rec.dispatch(
        wgsl::ForwardRelu { params: &params, x: &x.texels, weight: &weight.texels, bias, texels: &y.texels },
        threads,
        work,
    )?;
    Ok(y)
}

/// The parameters of a pass to the input and how many threads it takes.
fn input_size(dy: &Matrix, weight: &Matrix) -> Result<(wgsl::Params, usize)> {
    expect_size("dy", dy, (dy.rows, weight.rows))?;
    let threads = dy.rows.div_ceil(TILE / 2) * weight.columns.div_ceil(TILE);
    Ok((params(dy.rows, weight.columns, weight.rows)?, threads))
}

/// dx (N, …), I values a row, = dy (N, O) · weight (O, I).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward_input(rec: &mut Recording, dy: &Matrix, weight: &Matrix, dx: &Tensor) -> Result<()> {
    let (params, threads) = input_size(dy, weight)?;
    let dx = dx.reshaped(&[dx.rows(), dx.map().len()]);
    expect(OP, "dx", &dx, &[dy.rows, weight.columns])?;
    rec.dispatch(
        wgsl::BackwardInput { params: &params, weight: &weight.texels, dy: &dy.texels, dx: &dx },
        threads,
        work(&params, weight.rows.div_ceil(4), 0),
    )
}

/// The same dx (N, I) in front of the ReLU that gave x (N, I), as the dy of the layer in front.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward_input_relu(rec: &mut Recording, x: &Matrix, dy: &Matrix, weight: &Matrix) -> Result<Matrix> {
    expect_size("x", x, (dy.rows, weight.columns))?;
    let (params, threads) = input_size(dy, weight)?;
    let dx = Matrix::zeros(rec.gpu(), "dx", x.rows, x.columns)?;
    let work = work(&params, weight.rows.div_ceil(4), x.rows * x.columns);
    let [x, dy, weight, texels] = [x, dy, weight, &dx].map(|matrix| &matrix.texels);
    rec.dispatch(wgsl::BackwardInputRelu { params: &params, x, weight, dy, texels }, threads, work)?;
    Ok(dx)
}

/// dweight (O, I) = dyᵀ (O, N) · x (N, I), and dbias (O), the column sums of dy (N, O).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward_parameters(
    rec: &mut Recording,
    x: &Matrix,
    dy: &Matrix,
    dweight: &Tensor,
    dbias: &Tensor,
) -> Result<()> {
    expect_size("dy", dy, (x.rows, dy.columns))?;
    expect(OP, "dweight", dweight, &[dy.columns, x.columns])?;
    expect(OP, "dbias", dbias, &[dy.columns])?;
    let params = params(x.rows, x.columns, dy.columns)?;
    let threads = dy.columns.div_ceil(TILE / 2) * x.columns.div_ceil(TILE);
    let work = work(&params, dy.rows, dy.rows * dy.columns);
    rec.dispatch(
        wgsl::BackwardParameters { params: &params, x: &x.texels, dy: &dy.texels, dweight, dbias },
        threads,
        work,
    )
}
