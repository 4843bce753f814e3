//! Reading tensors back to the host.

use super::{Gpu, Tensor};
use crate::error::{Error, Result};
use std::sync::mpsc;

/// Memory that both device and host can reach, for one copy after the other.
pub struct Staging(wgpu::Buffer);

/// A copy on its way to the host; made without waiting, taken when it is needed.
pub struct Readback {
    staging: Staging,
    bytes: u64,
    arrived: mpsc::Receiver<std::result::Result<(), wgpu::BufferAsyncError>>,
}

impl Staging {
    /// Room for `bytes` bytes.
    ///
    /// # Errors
    /// [`Error::Gpu`] when there is no memory for it.
    pub fn new(gpu: &Gpu, bytes: u64) -> Result<Self> {
        gpu.counters().allocation();
        let scope = gpu.device().push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("readback"),
            size: bytes,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        if let Some(e) = pollster::block_on(scope.pop()) {
            return Err(Error::Gpu(format!("no memory to read back {bytes} bytes: {e}")));
        }
        Ok(Self(buffer))
    }

    /// Encodes a copy of the values of `tensor`, which must not be more than there is room for.
    pub fn encode_copy(&self, encoder: &mut wgpu::CommandEncoder, tensor: &Tensor) {
        encoder.copy_buffer_to_buffer(tensor.buffer(), tensor.offset(), &self.0, 0, tensor.byte_len());
    }

    /// Asks for the first `bytes` bytes, as they will be after all work submitted so far.
    pub fn map(self, bytes: u64) -> Readback {
        let (sender, arrived) = mpsc::channel();
        self.0.map_async(wgpu::MapMode::Read, ..bytes, move |result| {
            // The receiver may be gone if the readback was dropped; then nobody wants the answer.
            sender.send(result).ok();
        });
        Readback { staging: self, bytes, arrived }
    }
}

impl Readback {
    /// Submits a copy of `tensor` as it will be after all work submitted so far.
    ///
    /// # Errors
    /// [`Error::Gpu`] when there is no memory for the copy.
    pub fn start(gpu: &Gpu, tensor: &Tensor) -> Result<Self> {
        let staging = Staging::new(gpu, tensor.byte_len())?;
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        staging.encode_copy(&mut encoder, tensor);
        gpu.submit(encoder);
        Ok(staging.map(tensor.byte_len()))
    }

    /// The values, once they have arrived; waits for all submitted work.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device was lost or reported a fault.
    pub fn take<T: bytemuck::Pod>(self, gpu: &Gpu) -> Result<Vec<T>> {
        gpu.wait()?;
        Ok(self.take_arrived(gpu)?.0)
    }

    /// As [`Readback::take`], for a copy that the device is known to have made: waits for nothing else. Gives the
    /// memory back for the next copy.
    ///
    /// # Errors
    /// As [`Readback::take`].
    pub fn take_arrived<T: bytemuck::Pod>(self, gpu: &Gpu) -> Result<(Vec<T>, Staging)> {
        let lost = |e: &dyn std::fmt::Display| Error::Gpu(format!("a readback failed: {e}"));
        self.arrived.recv().map_err(|e| lost(&e))?.map_err(|e| lost(&e))?;
        gpu.counters().downloaded(self.bytes);
        let mapped = self.staging.0.get_mapped_range(..self.bytes).map_err(|e| lost(&e))?;
        let values = bytemuck::pod_collect_to_vec(&mapped);
        drop(mapped);
        self.staging.0.unmap();
        Ok((values, self.staging))
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
