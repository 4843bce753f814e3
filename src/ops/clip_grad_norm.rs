//! What to scale all gradients by, together; twin: [`crate::reference::clip_grad_norm`].

use super::u32_of;
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

/// Records min(1, `max_norm` / (‖grads‖₂ + 1e-6)), one value, for
/// [`Operands::scale`](super::optimizer::Operands::scale): the norm is that of all gradients together.
///
/// # Errors
/// [`crate::error::Error::Input`] when there are more gradients than 32-bit indices can count.
pub fn factor(rec: &mut Recording, grads: &[Tensor], max_norm: f32) -> Result<Tensor> {
    const OP: &str = "clip_grad_norm";
    let gpu = rec.gpu().clone();
    // The sums of each tensor start where the device lets a binding start; between them are zeros.
    let alignment = (gpu.device().limits().min_storage_buffer_offset_alignment as usize / 4).max(1);
    let (mut places, mut end) = (Vec::with_capacity(grads.len()), 0_usize);
    for grad in grads {
        let (start, runs) = (end.next_multiple_of(alignment), grad.len().div_ceil(RUN));
        places.push((grad, start, runs));
        end = start + runs;
    }
    let sums = Tensor::zeros(&gpu, "sums of squares", &[end])?;
    let factor = Tensor::zeros(&gpu, "factor of gradients", &[1])?;
    let params = |count: usize| -> Result<Params> {
        Ok(Params { count: u32_of(OP, count)?, runs: u32_of(OP, end)?, max_norm, reserved: 0 })
    };
    for (grad, start, runs) in places {
        let work = Work::new(2 * grad.len(), by(grad.dims()));
        let sums = sums.part(start, &[runs]);
        rec.dispatch_groups(&SQUARES, &params(grad.len())?, &[grad, &sums], runs, work)?;
    }
    let work = Work::new(end + 4, by(&[end]));
    rec.dispatch_groups(&FACTOR, &params(end)?, &[&sums, &factor], 1, work)?;
    Ok(factor)
}
