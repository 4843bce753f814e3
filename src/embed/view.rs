//! What an application may look at without copying it.

use crate::gpu::{Element, Tensor, USAGE};
use std::ops::Range;

/// Values on the device, in a buffer that belongs to a trainer or classifier: to be read by the application's own
/// passes, and never to be written.
///
/// The values lie row-major and without gaps from byte [`offset`](Self::offset) of [`buffer`](Self::buffer) on, which
/// storage bindings may start at. The buffer may hold more behind them. A view keeps the buffer alive, and stays
/// the same for the whole life of what gave it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct View {
    /// The buffer, with the usages [`View::USAGE`].
    pub buffer: wgpu::Buffer,
    /// Where the values start, in bytes.
    pub offset: u64,
    /// The shape, rows first: N, then what each row holds.
    pub shape: Vec<usize>,
    /// What the values are.
    pub element: Element,
}

impl View {
    /// How the buffers may be used: as storage, as uniforms, for vertices, and in copies.
    pub const USAGE: wgpu::BufferUsages = USAGE;

    pub(super) fn new(tensor: &Tensor) -> Self {
        Self {
            buffer: tensor.buffer().clone(),
            offset: tensor.offset(),
            shape: tensor.dims().to_vec(),
            element: tensor.element(),
        }
    }

    /// N
    pub fn rows(&self) -> usize {
        self.shape[0]
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there is no value; never true.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How far apart neighbours along each dimension are, counted in values.
    pub fn strides(&self) -> Vec<usize> {
        (1..=self.shape.len()).map(|dimension| self.shape[dimension..].iter().product()).collect()
    }

    /// How far apart two rows are, in bytes: the stride of vertex buffers.
    pub fn row_bytes(&self) -> u64 {
        4 * self.strides()[0] as u64
    }

    /// The bytes of the buffer that the values fill.
    pub fn bytes(&self) -> Range<u64> {
        self.offset..self.offset + 4 * self.len() as u64
    }

    /// The values as a vertex buffer.
    pub fn slice(&self) -> wgpu::BufferSlice<'_> {
        self.buffer.slice(self.bytes())
    }

    /// The values as a storage binding.
    pub fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.buffer,
            offset: self.offset,
            size: std::num::NonZeroU64::new(4 * self.len() as u64),
        })
    }
}
