//! What the adapter can do at most, measured.

use super::arithmetic::{Arithmetic, MOST_ROUNDS, THREADS, record_arithmetic};
use super::kernels::peaks;
use super::kernels::rounds::Params;
use super::scopes::Pass;
use super::stopwatch::Stopwatch;
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, Work};
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// The most that was reached on the adapter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Peaks {
    /// Billion multiplications and additions of f32 a second.
    pub f32_gflops: f64,
    /// The same of f16, where shaders can have it.
    pub f16_gflops: Option<f64>,
    /// Billion bytes read and written a second by the fastest way to copy a large buffer.
    pub copy_gb_s: f64,
    /// What a dispatch that does nothing takes.
    pub empty_dispatch_us: f64,
}

/// Work is made longer until it takes so many nanoseconds: long against the launch and against the clock's tick.
const LONG: u64 = 4_000_000;
/// Bytes of the buffers that are copied, where the device can have them: beyond its caches.
const COPIED: u64 = 128 << 20;
const REPEATS: usize = 5;
const EMPTY_REPEATS: usize = 64;

impl Peaks {
    /// Measures them.
    ///
    /// # Errors
    /// [`crate::error::Error::Gpu`] when the device fails or has no memory.
    pub fn measure(gpu: &Gpu, stopwatch: &mut Stopwatch) -> Result<Self> {
        let y = Tensor::zeros(gpu, "peaks", &[THREADS, 4])?;
        let mut rate = |arithmetic| rate(gpu, stopwatch, arithmetic, &y);
        let f32_gflops = rate(Arithmetic::Separate)?.max(rate(Arithmetic::Fused)?);
        let has_f16 = gpu.device().features().contains(wgpu::Features::SHADER_F16);
        let f16_gflops = if has_f16 { Some(rate(Arithmetic::FusedF16)?) } else { None };
        let copy_gb_s = copies(gpu, stopwatch)?;
        Ok(Self { f32_gflops, f16_gflops, copy_gb_s, empty_dispatch_us: empty(gpu, stopwatch)? })
    }
}

/// The shortest time, in nanoseconds, of what `record` records.
fn shortest(
    stopwatch: &mut Stopwatch,
    gpu: &Gpu,
    record: impl FnOnce(&mut Recording) -> Result<()>,
) -> Result<u64> {
    let mut recording = Recording::new(gpu);
    record(&mut recording)?;
    let passes: Vec<Pass<'_>> = recording.dispatches().iter().map(Pass::of).collect();
    let mut shortest = u64::MAX;
    for _ in 0..REPEATS {
        let run = stopwatch.time(&|_| (), &passes)?;
        shortest = run.spans.iter().map(|span| span.ns()).min().unwrap_or(u64::MAX).min(shortest);
    }
    Ok(shortest.max(1))
}

/// Billion operations a second.
fn rate(gpu: &Gpu, stopwatch: &mut Stopwatch, arithmetic: Arithmetic, y: &Tensor) -> Result<f64> {
    let mut rounds = 16;
    loop {
        let mut flops = 0;
        let ns = shortest(stopwatch, gpu, |rec| {
            flops = record_arithmetic(rec, arithmetic, y, rounds)?;
            Ok(())
        })?;
        if ns >= LONG || rounds >= MOST_ROUNDS {
            return Ok(flops as f64 / ns as f64);
        }
        rounds *= 4;
    }
}

/// Billion bytes a second, read and written, by a kernel or by the device's own copy, whichever is faster.
fn copies(gpu: &Gpu, stopwatch: &mut Stopwatch) -> Result<f64> {
    let limits = gpu.device().limits();
    let most = limits.max_buffer_size.min(limits.max_storage_buffer_binding_size).min(COPIED);
    let rows = (most / 16) as usize;
    let [x, y] = [Tensor::zeros(gpu, "copied", &[rows, 4])?, Tensor::zeros(gpu, "copy", &[rows, 4])?];
    let params = Params { rounds: 0, threads: rows as u32, scale: 0.0, shift: 0.0 };
    let by_kernel = shortest(stopwatch, gpu, |rec| {
        rec.dispatch(peaks::Copy { params: &params, x: &x, y: &y }, rows, Work::new(0, "copy"))
    })?;
    let bytes = 2 * x.byte_len();
    Ok(bytes as f64 / by_kernel.min(device_copy(gpu, &x, &y)?) as f64)
}

/// The shortest time of the device's own copy, in nanoseconds on the host's clock.
fn device_copy(gpu: &Gpu, x: &Tensor, y: &Tensor) -> Result<u64> {
    let mut shortest = u64::MAX;
    for _ in 0..REPEATS {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(x.buffer(), 0, y.buffer(), 0, x.byte_len());
        let began = Instant::now();
        gpu.submit(encoder);
        gpu.wait()?;
        shortest = shortest.min(began.elapsed().as_nanos() as u64);
    }
    Ok(shortest.max(1))
}

/// The median time of a dispatch that does nothing, in microseconds.
fn empty(gpu: &Gpu, stopwatch: &mut Stopwatch) -> Result<f64> {
    let y = Tensor::zeros(gpu, "nothing", &[1, 4])?;
    let params = Params { rounds: 0, threads: 0, scale: 0.0, shift: 0.0 };
    let mut recording = Recording::new(gpu);
    for _ in 0..EMPTY_REPEATS {
        recording.dispatch(peaks::Empty { params: &params, y: &y }, 1, Work::new(0, "nothing"))?;
    }
    let passes: Vec<Pass<'_>> = recording.dispatches().iter().map(Pass::of).collect();
    stopwatch.time(&|_| (), &passes)?;
    let run = stopwatch.time(&|_| (), &passes)?;
    let us: Vec<f64> = run.spans.iter().map(|span| span.ns() as f64 / 1e3).collect();
    Ok(super::Spread::of(&us).map_or(0.0, |spread| spread.median))
}
