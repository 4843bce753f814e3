//! What to scale all gradients by, together; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::clip_grad_norm as wgsl;
use super::u32_of;
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

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
    let params = |count: usize| -> Result<wgsl::Params> {
        Ok(wgsl::Params { count: u32_of(OP, count)?, runs: u32_of(OP, end)?, max_norm })
    };
    for (grad, start, runs) in places {
        let work = Work::new(2 * grad.len(), by(grad.dims()));
        let sums = sums.part(start, &[runs]);
        let params = params(grad.len())?;
        rec.dispatch_workgroups(wgsl::Squares { params: &params, grad, sums_out: &sums }, runs, work)?;
    }
    let work = Work::new(end + 4, by(&[end]));
    let params = params(end)?;
    rec.dispatch_workgroups(wgsl::Factor { params: &params, sums: &sums, factor_out: &factor }, 1, work)?;
    Ok(factor)
}
