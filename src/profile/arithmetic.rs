//! Arithmetic without memory, as much of it as is asked for.

use super::kernels::rounds::Params;
use super::kernels::{peak_f16, peaks};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, Work};

/// How it is written.
#[derive(Clone, Copy)]
pub(super) enum Arithmetic {
    /// Multiplications and additions in two instructions, unless the driver joins them.
    Separate,
    /// In one instruction where there is one.
    Fused,
    /// The same of numbers of 16 bits.
    FusedF16,
}

/// Threads of the arithmetic; enough for any GPU.
pub(super) const THREADS: usize = 1 << 17;
/// Operations of a thread in a round.
const FLOPS: usize = 4 * 64;
pub(super) const MOST_ROUNDS: usize = 1 << 16;

/// `count` dispatches of arithmetic of so many rounds.
pub(super) fn arithmetic(gpu: &Gpu, rounds: usize, count: usize) -> Result<Recording> {
    let y = Tensor::zeros(gpu, "arithmetic", &[THREADS, 4])?;
    let mut recording = Recording::new(gpu);
    for _ in 0..count {
        record_arithmetic(&mut recording, Arithmetic::Separate, &y, rounds)?;
    }
    Ok(recording)
}

/// Records so many rounds of operations and gives their number.
pub(super) fn record_arithmetic(
    rec: &mut Recording,
    arithmetic: Arithmetic,
    y: &Tensor,
    rounds: usize,
) -> Result<usize> {
    let params = &Params { rounds: rounds as u32, threads: THREADS as u32, scale: 0.999_9, shift: 0.000_1 };
    let flops = THREADS * rounds * FLOPS;
    let work = Work::new(flops, "arithmetic");
    match arithmetic {
        Arithmetic::Separate => rec.dispatch(peaks::MultiplyAdd { params, y }, THREADS, work)?,
        Arithmetic::Fused => rec.dispatch(peaks::FusedMultiplyAdd { params, y }, THREADS, work)?,
        Arithmetic::FusedF16 => rec.dispatch(peak_f16::FusedMultiplyAdd { params, y }, THREADS, work)?,
    }
    Ok(flops)
}
