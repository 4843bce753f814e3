//! Fully connected layer in register tiles, with the ReLU behind it and the gradient of the one in front; for I in
//! fours.

use super::super::{expect, expect_rank, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Binding, Kernel, Recording, Tensor};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
    relu: u32,
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

/// dx from x, dy and weight.
pub const BACKWARD_INPUT: Kernel = Kernel {
    label: "dense_tile.backward_input",
    entry_point: "backward_input",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read(1),
        Binding::read(5),
        Binding::read(2),
        Binding::write(6),
    ],
    ..KERNEL
};

/// dweight and dbias from x and dy.
pub const BACKWARD_PARAMETERS: Kernel = Kernel {
    label: "dense_tile.backward_parameters",
    entry_point: "backward_parameters",
    bindings: &[
        Binding::params::<Params>(),
        Binding::read(1),
        Binding::read(5),
        Binding::write(7),
        Binding::write(8),
    ],
    ..KERNEL
};

/// Rows, outputs or inputs of a tile.
const TILE: usize = 8;

/// Whether the tiles can take that many inputs.
pub fn fits(inputs: usize) -> bool {
    inputs.is_multiple_of(4)
}

/// Each row of `x` counts as one vector, whatever its shape.
fn params(x: &Tensor, weight: &Tensor, relu: bool) -> Result<Params> {
    const OP: &str = "dense_tile";
    expect_rank(OP, "weight", weight, 2)?;
    let inputs = x.map().len();
    expect(OP, "weight", weight, &[weight.rows(), inputs])?;
    if !fits(inputs) {
        return Err(Error::input(OP, "inputs in fours", inputs));
    }
    Ok(Params {
        rows: u32_of(OP, x.rows())?,
        inputs: u32_of(OP, inputs / 4)?,
        outputs: u32_of(OP, weight.rows())?,
        relu: relu.into(),
    })
}

/// y (N, O) = x (N, I) · weightᵀ (I, O) + bias (O); with `relu`, its negative values are 0.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn forward(
    rec: &mut Recording,
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    y: &Tensor,
    relu: bool,
) -> Result<()> {
    let params = params(x, weight, relu)?;
    expect("dense_tile", "bias", bias, &[weight.rows()])?;
    expect("dense_tile", "y", y, &[x.rows(), weight.rows()])?;
    let threads = x.rows().div_ceil(TILE) * weight.rows().div_ceil(TILE);
    rec.dispatch(&FORWARD, &params, &[x, weight, bias, y], threads)
}

/// dx (N, I) = dy (N, O) · weight (O, I); with `relu`, x is what a ReLU gave, and dx the gradient of what it took.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward_input(
    rec: &mut Recording,
    x: &Tensor,
    dy: &Tensor,
    weight: &Tensor,
    dx: &Tensor,
    relu: bool,
) -> Result<()> {
    let params = params(x, weight, relu)?;
    expect("dense_tile", "dy", dy, &[x.rows(), weight.rows()])?;
    expect("dense_tile", "dx", dx, x.dims())?;
    let threads = x.rows().div_ceil(TILE) * x.map().len().div_ceil(TILE);
    rec.dispatch(&BACKWARD_INPUT, &params, &[x, dy, weight, dx], threads)
}

/// dweight (O, I) = dyᵀ (O, N) · x (N, I), and dbias (O), the column sums of dy (N, O).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward_parameters(
    rec: &mut Recording,
    x: &Tensor,
    dy: &Tensor,
    dweight: &Tensor,
    dbias: &Tensor,
) -> Result<()> {
    let params = params(x, dweight, false)?;
    expect("dense_tile", "dy", dy, &[x.rows(), dweight.rows()])?;
    expect("dense_tile", "dbias", dbias, &[dweight.rows()])?;
    let threads = dweight.rows().div_ceil(TILE) * dweight.map().len().div_ceil(TILE);
    rec.dispatch(&BACKWARD_PARAMETERS, &params, &[x, dy, dweight, dbias], threads)
}
