//! Fully connected layer; twin: [`crate::reference::dense`].

use super::{expect, expect_rank, expect_real, u32_of};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    inputs: u32,
    outputs: u32,
    reserved: u32,
}

const KERNEL: Kernel = Kernel {
    label: "dense",
    source: include_str!("../../shaders/dense.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// y from x, weight and bias.
pub const FORWARD: Kernel = Kernel {
    label: "dense.forward",
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
    label: "dense.backward_input",
    entry_point: "backward_input",
    bindings: &[Binding::params::<Params>(), Binding::read(5), Binding::read(2), Binding::write(6)],
    ..KERNEL
};

/// dweight from x and dy.
pub const BACKWARD_WEIGHT: Kernel = Kernel {
    label: "dense.backward_weight",
    entry_point: "backward_weight",
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::read(5), Binding::write(7)],
    ..KERNEL
};

/// dbias from dy.
pub const BACKWARD_BIAS: Kernel = Kernel {
    label: "dense.backward_bias",
    entry_point: "backward_bias",
    bindings: &[Binding::params::<Params>(), Binding::read(5), Binding::write(8)],
    ..KERNEL
};

/// Each row of `x` counts as one vector, whatever its shape.
fn params(x: &Tensor, weight: &Tensor) -> Result<Params> {
    const OP: &str = "dense";
    expect_real(OP, "x", x)?;
    expect_rank(OP, "weight", weight, 2)?;
    let inputs = x.map().len();
    expect(OP, "weight", weight, &[weight.rows(), inputs])?;
    Ok(Params {
        rows: u32_of(OP, x.rows())?,
        inputs: u32_of(OP, inputs)?,
        outputs: u32_of(OP, weight.rows())?,
        reserved: 0,
    })
}

/// What a product of all three sizes takes.
fn work(p: &Params) -> Work {
    let [n, i, o] = [p.rows, p.inputs, p.outputs].map(|size| size as usize);
    Work::new(2 * n * i * o, format!("{n}×{i} → {o}"))
}

/// y (N, O) = x (N, I) · weightᵀ (I, O) + bias (O).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward(rec: &mut Recording, x: &Tensor, weight: &Tensor, bias: &Tensor, y: &Tensor) -> Result<()> {
    let params = params(x, weight)?;
    expect("dense", "bias", bias, &[weight.rows()])?;
    expect("dense", "y", y, &[x.rows(), weight.rows()])?;
    rec.dispatch(&FORWARD, &params, &[x, weight, bias, y], y.len(), work(&params))
}

/// dx (N, I) = dy (N, O) · weight (O, I).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward_input(rec: &mut Recording, dy: &Tensor, weight: &Tensor, dx: &Tensor) -> Result<()> {
    let params = params(dx, weight)?;
    expect("dense", "dy", dy, &[dx.rows(), weight.rows()])?;
    rec.dispatch(&BACKWARD_INPUT, &params, &[dy, weight, dx], dx.len(), work(&params))
}

/// dweight (O, I) = dyᵀ (O, N) · x (N, I).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward_weight(rec: &mut Recording, x: &Tensor, dy: &Tensor, dweight: &Tensor) -> Result<()> {
    let params = params(x, dweight)?;
    expect("dense", "dy", dy, &[x.rows(), dweight.rows()])?;
    rec.dispatch(&BACKWARD_WEIGHT, &params, &[x, dy, dweight], dweight.len(), work(&params))
}

/// dbias (O), the column sums of dy (N, O).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn backward_bias(rec: &mut Recording, dy: &Tensor, dbias: &Tensor) -> Result<()> {
    const OP: &str = "dense";
    expect_real(OP, "dy", dy)?;
    expect(OP, "dbias", dbias, &[dy.map().len()])?;
    let params =
        Params { rows: u32_of(OP, dy.rows())?, inputs: 0, outputs: u32_of(OP, dbias.len())?, reserved: 0 };
    rec.dispatch(&BACKWARD_BIAS, &params, &[dy, dbias], dbias.len(), Work::new(dy.len(), by(dy.dims())))
}
