//! Steps on their way: submitted, their metrics not yet here.

use super::course::Leg;
use crate::error::{Error, Result};
use crate::gpu::Gpu;

/// One submission of a few steps.
pub(super) struct Flight {
    submission: wgpu::SubmissionIndex,
    leg: Leg,
}

impl Flight {
    /// Submits what was encoded.
    pub fn start(gpu: &Gpu, encoder: wgpu::CommandEncoder, leg: Leg) -> Self {
        Self { submission: gpu.submit(encoder), leg }
    }

    /// Waits until the device is done with it, but not with what was submitted after it.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost, [`Error::Gpu`] when it reported a fault.
    pub fn land(self, gpu: &Gpu) -> Result<Leg> {
        let wait = wgpu::PollType::Wait { submission_index: Some(self.submission), timeout: None };
        gpu.device().poll(wait).map_err(|e| Error::Gpu(e.to_string()))?;
        gpu.healthy()?;
        Ok(self.leg)
    }
}
