//! Values on their way to tensors, as part of what an encoder does.

use super::{Fault, Gpu, Tensor};
use crate::error::{Error, Result};

/// Memory that values wait in between being written and being copied to their tensors, so that they arrive in the
/// order of the encoded work rather than ahead of all of it.
#[derive(Debug)]
pub struct Upload(wgpu::Buffer);

impl Upload {
    /// Memory for `bytes` bytes.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when there is no memory for it.
    pub fn new(gpu: &Gpu, bytes: u64) -> Result<Self> {
        gpu.counters().allocation();
        let descriptor = wgpu::BufferDescriptor {
            label: Some("upload"),
            size: bytes,
            usage: wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        };
        let what = format_args!("to upload {bytes} bytes");
        Fault::unless_no_memory(gpu.device(), what, || gpu.device().create_buffer(&descriptor)).map(Self)
    }

    /// How many bytes it holds.
    pub fn capacity(&self) -> u64 {
        self.0.size()
    }

    /// Encodes that the values of each pair go to the start of its tensor. May be used again once that work is done.
    ///
    /// # Errors
    /// [`Error::Input`] when they are more than a tensor holds, or together than it holds.
    pub fn encode(
        &self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        parts: &[(&Tensor, &[u8])],
    ) -> Result<()> {
        let all: u64 = parts.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let held = |tensor: &Tensor, bytes: &[u8]| bytes.len() as u64 <= tensor.byte_len();
        if all > self.capacity() || !parts.iter().all(|(tensor, bytes)| held(tensor, bytes)) {
            let rooms: Vec<_> = parts.iter().map(|(tensor, _)| tensor.byte_len()).collect();
            let expected = format!("at most {} bytes for tensors of {rooms:?}", self.capacity());
            let sizes: Vec<_> = parts.iter().map(|(_, bytes)| bytes.len()).collect();
            return Err(Error::input("upload", expected, format!("{sizes:?}")));
        }
        gpu.counters().uploaded(all);
        let mut from = 0;
        for (tensor, bytes) in parts {
            let size = bytes.len() as u64;
            gpu.queue().write_buffer(&self.0, from, bytes);
            encoder.copy_buffer_to_buffer(&self.0, from, tensor.buffer(), tensor.offset(), size);
            from += size;
        }
        Ok(())
    }
}

/// A buffer that holds `bytes`, a multiple of four, from the start.
///
/// # Errors
/// [`Error::OutOfMemory`] when there is no memory for it, [`Error::DeviceLost`] when the device is gone, where wgpu's
/// own function of this kind would panic.
pub(crate) fn filled_buffer(
    gpu: &Gpu,
    label: &str,
    bytes: &[u8],
    usage: wgpu::BufferUsages,
) -> Result<wgpu::Buffer> {
    let descriptor = wgpu::BufferDescriptor {
        label: Some(label),
        size: bytes.len() as u64,
        usage,
        mapped_at_creation: true,
    };
    let what = format_args!("for {label} ({} bytes)", bytes.len());
    let buffer = Fault::unless_no_memory(gpu.device(), what, || gpu.device().create_buffer(&descriptor))?;
    buffer.get_mapped_range_mut(..).map_err(|_| Gpu::lost())?.copy_from_slice(bytes);
    buffer.unmap();
    Ok(buffer)
}
