//! Softmax cross-entropy; twin: [`crate::reference::softmax_cross_entropy`].

use super::{expect, expect_rank, expect_whole, u32_of};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    rows: u32,
    classes: u32,
    scale: f32,
    reserved: u32,
}

/// loss and dlogits from logits and labels.
pub const FORWARD_BACKWARD: Kernel = Kernel {
    label: "softmax_cross_entropy.forward_backward",
    source: include_str!("../../shaders/softmax_cross_entropy.wgsl"),
    entry_point: "forward_backward",
    workgroup_size: 64,
    bindings: &[
        Binding::params::<Params>(),
        Binding::read(1),
        Binding::read(2),
        Binding::write(3),
        Binding::write(4),
    ],
};

/// loss (N), one per row and already scaled, and dlogits (N, K) from logits (N, K) and labels (N, u32).
///
/// With `scale` = 1/N the losses add up to the mean.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn forward_backward(
    rec: &mut Recording,
    logits: &Tensor,
    labels: &Tensor,
    loss: &Tensor,
    dlogits: &Tensor,
    scale: f32,
) -> Result<()> {
    const OP: &str = "softmax_cross_entropy";
    expect_rank(OP, "logits", logits, 2)?;
    let rows = logits.rows();
    expect_whole(OP, "labels", labels, &[rows])?;
    expect(OP, "loss", loss, &[rows])?;
    expect(OP, "dlogits", dlogits, logits.dims())?;
    let params =
        Params { rows: u32_of(OP, rows)?, classes: u32_of(OP, logits.map().len())?, scale, reserved: 0 };
    let work = Work::new(8 * logits.len() + 4 * rows, by(logits.dims()));
    rec.dispatch(&FORWARD_BACKWARD, &params, &[logits, labels, loss, dlogits], rows, work)
}
