//! What to scale all gradients by, together; twin: [`crate::reference::clip_grad_norm`].

use super::{expect_real, u32_of};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    count: u32,
    runs: u32,
    max_norm: f32,
    reserved: u32,
}

const KERNEL: Kernel = Kernel {
    label: "clip_grad_norm",
    source: include_str!("../../shaders/clip_grad_norm.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[],
};

/// The sum of squares of each run.
pub const SQUARES: Kernel = Kernel {
    label: "clip_grad_norm.squares",
    entry_point: "squares",
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::write(2)],
    ..KERNEL
};

/// What to multiply by.
pub const FACTOR: Kernel = Kernel {
    label: "clip_grad_norm.factor",
    entry_point: "factor",
    bindings: &[Binding::params::<Params>(), Binding::read(3), Binding::write(4)],
    ..KERNEL
};

/// Gradients that a workgroup sums the squares of.
const RUN: usize = 4096;

/// Records min(1, `max_norm` / (‖grad‖₂ + 1e-6)), one value, for [`super::sgd::Operands::scale`].
///
/// # Errors
/// [`crate::error::Error::Input`] when there are more gradients than 32-bit indices can count.
pub fn factor(rec: &mut Recording, grad: &Tensor, max_norm: f32) -> Result<Tensor> {
    const OP: &str = "clip_grad_norm";
    expect_real(OP, "grad", grad)?;
    let gpu = rec.gpu().clone();
    let runs = grad.len().div_ceil(RUN);
    let params = Params { count: u32_of(OP, grad.len())?, runs: u32_of(OP, runs)?, max_norm, reserved: 0 };
    let sums = Tensor::zeros(&gpu, "sums of squares", &[runs])?;
    let factor = Tensor::zeros(&gpu, "factor of gradients", &[1])?;
    let work = |flops| Work::new(flops, by(grad.dims()));
    rec.dispatch_groups(&SQUARES, &params, &[grad, &sums], runs, work(2 * grad.len()))?;
    rec.dispatch_groups(&FACTOR, &params, &[&sums, &factor], 1, work(runs + 4))?;
    Ok(factor)
}
