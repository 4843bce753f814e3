//! Rectified linear unit, plain (slope 0) and leaky; twin: [`crate::reference::relu`].

use super::{expect, expect_real, u32_of};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    count: u32,
    slope: f32,
}

const KERNEL: Kernel = Kernel {
    label: "relu",
    source: include_str!("../../shaders/relu.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// y from x.
pub const FORWARD: Kernel = Kernel {
    label: "relu.forward",
    entry_point: "forward",
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::write(2)],
    ..KERNEL
};

/// dx from x and dy.
pub const BACKWARD: Kernel = Kernel {
    label: "relu.backward",
    entry_point: "backward",
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::read(3), Binding::write(4)],
    ..KERNEL
};

fn params(x: &Tensor, slope: f32) -> Result<Params> {
    expect_real("relu", "x", x)?;
    let count = u32_of("relu", x.len())?;
    Ok(Params { count, slope })
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
    rec.dispatch(&FORWARD, &params(x, slope)?, &[x, y], x.len(), work(x))
}

/// dx = dy where x > 0, slope · dy elsewhere.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes differ.
pub fn backward(rec: &mut Recording, x: &Tensor, dy: &Tensor, dx: &Tensor, slope: f32) -> Result<()> {
    expect("relu", "dy", dy, x.dims())?;
    expect("relu", "dx", dx, x.dims())?;
    rec.dispatch(&BACKWARD, &params(x, slope)?, &[x, dy, dx], x.len(), work(x))
}
