//! Fully connected layer in register tiles; for I and O in fours.

use super::super::{expect, expect_rank, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Binding, Kernel, Recording, Tensor};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
    reserved: u32,
}

const KERNEL: Kernel = Kernel {
    label: "dense_tile",
    source: include_str!("../../../shaders/tuned/dense_tile.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// y from x, weight and bias.
pub const FORWARD: Kernel = Kernel {
    label: "dense_tile.forward",
    entry_point: "forward",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read(1),
        Binding::read(2),
        Binding::read(3),
        Binding::write(4),
    ],
    ..KERNEL
};

/// dx from dy and weight.
pub const BACKWARD_INPUT: Kernel = Kernel {
    label: "dense_tile.backward_input",
    entry_point: "backward_input",
    bindings: &[Binding::params::<Params>(), Binding::read(5), Binding::read(2), Binding::write(6)],
    ..KERNEL
};

/// dweight from x and dy.
pub const BACKWARD_WEIGHT: Kernel = Kernel {
    label: "dense_tile.backward_weight",
    entry_point: "backward_weight",
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::read(5), Binding::write(7)],
    ..KERNEL
};

/// Rows, outputs or (in fours, twice) inputs of a tile.
const TILE: usize = 8;

/// Whether the tiles can take a weight of those dimensions, (O, I).
pub fn fits(weight: &[usize]) -> bool {
    weight.iter().all(|d| d.is_multiple_of(4))
}

/// Each row of `x` counts as one vector, whatever its shape.
fn params(x: &Tensor, weight: &Tensor) -> Result<Params> {
    const OP: &str = "dense_tile";
    expect_rank(OP, "weight", weight, 2)?;
    let inputs = x.map().len();
    expect(OP, "weight", weight, &[weight.rows(), inputs])?;
    if !fits(weight.dims()) {
        let found = format!("{:?}", weight.dims());
        return Err(Error::input("dense_tile: weight", "inputs and outputs in fours", found));
    }
    Ok(Params {
        rows: u32_of(OP, x.rows())?,
        inputs: u32_of(OP, inputs / 4)?,
        outputs: u32_of(OP, weight.rows())?,
        reserved: 0,
    })
}

/// y (N, O) = x (N, I) · weightᵀ (I, O) + bias (O).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn forward(rec: &mut Recording, x: &Tensor, weight: &Tensor, bias: &Tensor, y: &Tensor) -> Result<()> {
    let params = params(x, weight)?;
    expect("dense_tile", "bias", bias, &[weight.rows()])?;
    expect("dense_tile", "y", y, &[x.rows(), weight.rows()])?;
    let threads = x.rows().div_ceil(TILE) * weight.rows().div_ceil(TILE);
    rec.dispatch(&FORWARD, &params, &[x, weight, bias, y], threads)
}

/// dx (N, I) = dy (N, O) · weight (O, I).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward_input(rec: &mut Recording, dy: &Tensor, weight: &Tensor, dx: &Tensor) -> Result<()> {
    let params = params(dx, weight)?;
    expect("dense_tile", "dy", dy, &[dx.rows(), weight.rows()])?;
    let threads = dx.rows().div_ceil(TILE) * weight.map().len().div_ceil(TILE);
    rec.dispatch(&BACKWARD_INPUT, &params, &[dy, weight, dx], threads)
}

/// dweight (O, I) = dyᵀ (O, N) · x (N, I).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward_weight(rec: &mut Recording, x: &Tensor, dy: &Tensor, dweight: &Tensor) -> Result<()> {
    let params = params(x, dweight)?;
    expect("dense_tile", "dy", dy, &[x.rows(), dweight.rows()])?;
    let threads = dweight.rows().div_ceil(TILE) * dweight.map().len().div_ceil(TILE);
    rec.dispatch(&BACKWARD_WEIGHT, &params, &[x, dy, dweight], threads)
}
