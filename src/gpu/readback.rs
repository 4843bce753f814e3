//! Reading tensors back to the host.

use super::{Gpu, Tensor};
use crate::error::{Error, Result};
use std::sync::mpsc;

/// A copy of a tensor on its way to the host; made without waiting, taken when it is needed.
pub struct Readback {
    staging: wgpu::Buffer,
    arrived: mpsc::Receiver<std::result::Result<(), wgpu::BufferAsyncError>>,
}

impl Readback {
    /// Submits a copy of `tensor` as it will be after all work submitted so far.
    ///
    /// # Errors
    /// [`Error::Gpu`] when there is no memory for the copy.
    pub fn start(gpu: &Gpu, tensor: &Tensor) -> Result<Self> {
        let device = gpu.device();
        let size = tensor.byte_len();
        let scope = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let staging = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("readback"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        if let Some(e) = pollster::block_on(scope.pop()) {
            return Err(Error::Gpu(format!("no memory to read back {size} bytes: {e}")));
        }
        let mut encoder = device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(tensor.buffer(), tensor.offset(), &staging, 0, size);
        gpu.queue().submit([encoder.finish()]);
        let (sender, arrived) = mpsc::channel();
        staging.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver may be gone if the readback was dropped; then nobody wants the answer.
            sender.send(result).ok();
        });
        Ok(Self { staging, arrived })
    }

    /// The values, once they have arrived; waits for them.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device was lost or reported a fault.
    pub fn take<T: bytemuck::Pod>(self, gpu: &Gpu) -> Result<Vec<T>> {
        gpu.wait()?;
        let lost = |e: &dyn std::fmt::Display| Error::Gpu(format!("a readback failed: {e}"));
        self.arrived.recv().map_err(|e| lost(&e))?.map_err(|e| lost(&e))?;
        let bytes = self.staging.get_mapped_range(..).map_err(|e| lost(&e))?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }
}

impl Tensor {
    /// The tensor's values; waits for all submitted work.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device was lost or reported a fault.
    pub fn read<T: bytemuck::Pod>(&self, gpu: &Gpu) -> Result<Vec<T>> {
        Readback::start(gpu, self)?.take(gpu)
    }
}
