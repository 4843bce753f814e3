//! Probabilities and classes from logits; twin: [`crate::reference::softmax`].

use super::{expect, expect_rank, expect_whole, u32_of};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    classes: u32,
}

/// y and classes from x.
pub const FORWARD: Kernel = Kernel {
    label: "softmax.forward",
    source: include_str!("../../shaders/softmax.wgsl"),
    entry_point: "forward",
    workgroup_size: 64,
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::write(2), Binding::write(3)],
};

/// The probabilities y (N, K) and the most probable classes (N, u32) from the logits x (N, K).
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward(rec: &mut Recording, x: &Tensor, y: &Tensor, classes: &Tensor) -> Result<()> {
    const OP: &str = "softmax";
    expect_rank(OP, "x", x, 2)?;
    expect(OP, "y", y, x.dims())?;
    expect_whole(OP, "classes", classes, &[x.rows()])?;
    let params = Params { rows: u32_of(OP, x.rows())?, classes: u32_of(OP, x.map().len())? };
    rec.dispatch(&FORWARD, &params, &[x, y, classes], x.rows(), Work::new(5 * x.len(), by(x.dims())))
}
