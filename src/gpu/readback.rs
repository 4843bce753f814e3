//! Reading tensors back to the host.

use super::{Fault, Gpu, Tensor, Value};
use crate::error::{Error, Result};
use std::fmt;
use std::sync::{Mutex, PoisonError, mpsc};

/// Memory that both device and host can reach, for one copy after the other.
#[derive(Debug)]
pub struct Staging(wgpu::Buffer);

/// A copy on its way to the host; made without waiting, taken when it is needed.
pub struct Readback {
    staging: Staging,
    bytes: u64,
    /// A receiver alone could not be shared between threads, nor what holds it. Nobody ever waits for the lock: only who
    /// owns the readback looks.
    arrived: Mutex<mpsc::Receiver<Answer>>,
}

impl fmt::Debug for Readback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Readback({} bytes)", self.bytes)
    }
}

/// What wgpu says of a copy that was asked for.
type Answer = std::result::Result<(), wgpu::BufferAsyncError>;

/// What has become of a copy on its way.
#[derive(Debug)]
pub enum Arrival<T> {
    /// The values, and the memory for the next copy.
    Here(Vec<T>, Staging),
    /// Still on its way.
    Pending(Readback),
    /// It will never come: the encoder was dropped without being submitted.
    Dropped,
}

impl Staging {
    /// Memory for `bytes` bytes.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when there is no memory for it.
    pub fn new(gpu: &Gpu, bytes: u64) -> Result<Self> {
        gpu.counters().allocation();
        let descriptor = wgpu::BufferDescriptor {
            label: Some("readback"),
            size: bytes,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        };
        let what = format_args!("to read back {bytes} bytes");
        Fault::unless_no_memory(gpu.device(), what, || gpu.device().create_buffer(&descriptor)).map(Self)
    }

    /// Encodes a copy of the values of `tensor`, which must not be more than it holds.
    pub fn encode_copy(&self, encoder: &mut wgpu::CommandEncoder, tensor: &Tensor) {
        encoder.copy_buffer_to_buffer(tensor.buffer(), tensor.offset(), &self.0, 0, tensor.byte_len());
    }

    /// How many bytes it holds.
    pub fn capacity(&self) -> u64 {
        self.0.size()
    }

    /// The memory, to be copied to.
    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.0
    }

    /// Asks for the first `bytes` bytes, as they will be after all work submitted so far.
    pub fn map(self, bytes: u64) -> Readback {
        let (sender, arrived) = mpsc::channel();
        self.0.map_async(wgpu::MapMode::Read, ..bytes, answer(sender));
        Readback { staging: self, bytes, arrived: Mutex::new(arrived) }
    }

    /// Asks for the first `bytes` bytes, as they will be after the work of `encoder`, once that is submitted.
    pub fn map_on_submit(self, encoder: &wgpu::CommandEncoder, bytes: u64) -> Readback {
        let (sender, arrived) = mpsc::channel();
        encoder.map_buffer_on_submit(&self.0, wgpu::MapMode::Read, ..bytes, answer(sender));
        Readback { staging: self, bytes, arrived: Mutex::new(arrived) }
    }
}

/// The receiver may be gone if the readback was dropped; then nobody wants the answer.
fn answer(sender: mpsc::Sender<Answer>) -> impl FnOnce(Answer) + Send + 'static {
    move |result| {
        sender.send(result).ok();
    }
}

impl Readback {
    /// Submits a copy of `tensor` as it will be after all work submitted so far.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when there is no memory for the copy.
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
    /// [`Error::DeviceLost`] when the device was lost, [`Error::Gpu`] when it reported a fault.
    pub fn take<T: bytemuck::Pod>(self, gpu: &Gpu) -> Result<Vec<T>> {
        gpu.wait()?;
        Ok(self.take_arrived(gpu)?.0)
    }

    /// As [`Readback::take`], for a copy that the device is known to have made: waits for nothing else. Gives the
    /// memory back for the next copy.
    ///
    /// # Errors
    /// As [`Readback::take`].
    pub fn take_arrived<T: bytemuck::Pod>(mut self, gpu: &Gpu) -> Result<(Vec<T>, Staging)> {
        self.receiver().recv().map_err(|e| failed(gpu, &e))?.map_err(|e| failed(gpu, &e))?;
        self.collect(gpu)
    }

    /// The values, if they have arrived; never waits.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost.
    pub fn try_take<T: bytemuck::Pod>(mut self, gpu: &Gpu) -> Result<Arrival<T>> {
        match self.receiver().try_recv() {
            Err(mpsc::TryRecvError::Empty) => Ok(Arrival::Pending(self)),
            Err(mpsc::TryRecvError::Disconnected) => Ok(Arrival::Dropped),
            Ok(answer) => {
                answer.map_err(|e| failed(gpu, &e))?;
                self.collect(gpu).map(|(values, staging)| Arrival::Here(values, staging))
            }
        }
    }

    fn receiver(&mut self) -> &mut mpsc::Receiver<Answer> {
        self.arrived.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn collect<T: bytemuck::Pod>(self, gpu: &Gpu) -> Result<(Vec<T>, Staging)> {
        gpu.counters().downloaded(self.bytes);
        let mapped = self.staging.0.get_mapped_range(..self.bytes).map_err(|e| failed(gpu, &e))?;
        let values = bytemuck::pod_collect_to_vec(&mapped);
        drop(mapped);
        self.staging.0.unmap();
        Ok((values, self.staging))
    }
}

fn failed(gpu: &Gpu, e: &dyn std::fmt::Display) -> Error {
    let message = format!("a readback failed: {e}");
    if gpu.is_gone() { Error::DeviceLost(message) } else { Error::Gpu(message) }
}

impl Tensor {
    /// The tensor's values; waits for all submitted work.
    ///
    /// # Errors
    /// [`Error::Input`] when it holds others, [`Error::DeviceLost`] when the device was lost, [`Error::Gpu`] when it reported a fault.
    pub fn read<T: Value>(&self, gpu: &Gpu) -> Result<Vec<T>> {
        self.expect_element(T::ELEMENT)?;
        Readback::start(gpu, self)?.take(gpu)
    }

    /// The bits of the tensor's values, whatever they are: to be compared.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when the device was lost, [`Error::Gpu`] when it reported a fault.
    pub fn read_bits(&self, gpu: &Gpu) -> Result<Vec<u32>> {
        Readback::start(gpu, self)?.take(gpu)
    }
}
