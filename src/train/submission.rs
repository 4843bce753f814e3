//! Steps on their way: submitted, their metrics not yet here.

use super::in_flight::InFlight;
use crate::error::{Error, Result};
use crate::gpu::Gpu;

/// One submission of a few steps.
pub(super) struct Submission {
    submission: wgpu::SubmissionIndex,
    in_flight: InFlight,
}

impl Submission {
    /// Submits what was encoded.
    pub fn start(gpu: &Gpu, encoder: wgpu::CommandEncoder, in_flight: InFlight) -> Self {
        Self { submission: gpu.submit(encoder), in_flight }
    }

    /// Waits until the device is done with it, but not with what was submitted after it.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost, [`Error::Gpu`] when it reported a fault.
    pub fn poll(self, gpu: &Gpu) -> Result<InFlight> {
        let wait = wgpu::PollType::Wait { submission_index: Some(self.submission), timeout: None };
        gpu.device().poll(wait).map_err(|e| Error::Gpu(e.to_string()))?;
        gpu.healthy()?;
        Ok(self.in_flight)
    }
}
