//! Steps on their way: submitted, their metrics not yet here.

use super::in_flight::InFlight;
use crate::error::Result;
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
        gpu.wait_until(self.submission)?;
        Ok(self.in_flight)
    }
}
