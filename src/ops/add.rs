//! The sum of two values, and the ReLU behind it.

use super::{expect, u32_of};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    count: u32,
    relu: u32,
}

const KERNEL: Kernel = Kernel {
    label: "add",
    source: include_str!("../../shaders/add.wgsl"),
    entry_point: "",
    workgroup_size: 256,
    bindings: &[],
};

/// y from a and b.
pub const FORWARD: Kernel = Kernel {
    label: "add.forward",
    entry_point: "forward",
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::read(2), Binding::write(3)],
    ..KERNEL
};

/// da = db from y and dy, behind a ReLU.
pub const BACKWARD_RELU: Kernel = Kernel {
    label: "add.backward_relu",
    entry_point: "backward_relu",
    bindings: &[Binding::params::<Params>(), Binding::read(4), Binding::read(5), Binding::write(6)],
    ..KERNEL
};

fn params(y: &Tensor, relu: bool) -> Result<Params> {
    Ok(Params { count: u32_of("add", y.len())?, relu: relu.into() })
}

/// y = a + b, or max(a + b, 0) with `relu`; all of one shape.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn forward(rec: &mut Recording, a: &Tensor, b: &Tensor, y: &Tensor, relu: bool) -> Result<()> {
    expect("add", "b", b, a.dims())?;
    expect("add", "y", y, a.dims())?;
    rec.dispatch(&FORWARD, &params(y, relu)?, &[a, b, y], y.len(), Work::new(y.len(), by(y.dims())))
}

/// d = dy where y = max(a + b, 0) is above 0, else 0: the gradient of a and of b. Without a ReLU that is dy itself.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn backward_relu(rec: &mut Recording, y: &Tensor, dy: &Tensor, d: &Tensor) -> Result<()> {
    expect("add", "dy", dy, y.dims())?;
    expect("add", "d", d, y.dims())?;
    let work = Work::new(y.len(), by(y.dims()));
    rec.dispatch(&BACKWARD_RELU, &params(y, true)?, &[y, dy, d], y.len(), work)
}
