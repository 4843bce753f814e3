//! Steps on their way: submitted, their metrics not yet here.

use crate::error::{Error, Result};
use crate::gpu::{Gpu, Readback, Staging, Tensor};

/// One submission of a few steps, with a copy of their metrics behind them.
pub(super) struct Flight {
    submission: wgpu::SubmissionIndex,
    steps: u64,
    metrics: Readback,
}

impl Flight {
    /// Submits what was encoded and a copy of the steps' metrics (steps, 4).
    pub fn start(gpu: &Gpu, mut encoder: wgpu::CommandEncoder, metrics: &Tensor, staging: Staging) -> Self {
        staging.encode_copy(&mut encoder, metrics);
        let submission = gpu.submit(encoder);
        Self { submission, steps: metrics.rows() as u64, metrics: staging.map(metrics.byte_len()) }
    }

    /// Waits until the device is done with it, but not with what was submitted after it; gives the number of steps
    /// and their metrics.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device was lost or reported a fault.
    pub fn land(self, gpu: &Gpu, free: &mut Vec<Staging>) -> Result<(u64, Vec<f32>)> {
        let wait = wgpu::PollType::Wait { submission_index: Some(self.submission), timeout: None };
        gpu.device().poll(wait).map_err(|e| Error::Gpu(e.to_string()))?;
        gpu.healthy()?;
        let (values, staging) = self.metrics.take_arrived(gpu)?;
        free.push(staging);
        Ok((self.steps, values))
    }
}
