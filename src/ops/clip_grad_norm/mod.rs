//! What to scale all gradients by, together; twin and cases: `proof.rs`.

pub(crate) mod proof;

use super::kernels::clip_grad_norm as wgsl;
use super::u32_of;
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Work, by};

/// Gradients that a workgroup sums the squares of.
const RUN: usize = 4096;

/// Records min(1, `max_norm` / (‖grad‖₂ + 1e-6)), one value, for [`super::sgd::Operands::scale`].
///
/// # Errors
/// [`crate::error::Error::Input`] when there are more gradients than 32-bit indices can count.
pub fn factor(rec: &mut Recording, grad: &Tensor, max_norm: f32) -> Result<Tensor> {
    const OP: &str = "clip_grad_norm";
    let gpu = rec.gpu().clone();
    let runs = grad.len().div_ceil(RUN);
    let params = wgsl::Params { count: u32_of(OP, grad.len())?, runs: u32_of(OP, runs)?, max_norm };
    let sums = Tensor::zeros(&gpu, "sums of squares", &[runs])?;
    let factor = Tensor::zeros(&gpu, "factor of gradients", &[1])?;
    let work = |flops| Work::new(flops, by(grad.dims()));
    rec.dispatch_groups(
        wgsl::Squares { params: &params, grad, sums_out: &sums },
        runs,
        work(2 * grad.len()),
    )?;
    rec.dispatch_groups(
        wgsl::Factor { params: &params, sums: &sums, factor_out: &factor },
        1,
        work(runs + 4),
    )?;
    Ok(factor)
}
