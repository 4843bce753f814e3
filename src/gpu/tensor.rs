//! A buffer, or a part of one, with a shape.

use super::bind::Bind;
use super::{Element, Fault, Gpu, Value, upload};
use crate::error::{Error, Result};
use crate::shape::MapShape;
use std::fmt;

/// Values of four bytes on the device, row-major: f32, or whatever else its [`Element`] says. Clones and views share the
/// memory.
#[derive(Clone)]
pub struct Tensor {
    buffer: wgpu::Buffer,
    element: Element,
    /// In bytes.
    offset: u64,
    dims: Vec<usize>,
    /// How many bytes behind the values kernels can reach.
    behind: u64,
}

/// Uniform too: the values of the current step are read as a uniform block. And for vertices: applications draw
/// straight from tensors.
pub(crate) const USAGE: wgpu::BufferUsages = wgpu::BufferUsages::STORAGE
    .union(wgpu::BufferUsages::UNIFORM)
    .union(wgpu::BufferUsages::VERTEX)
    .union(wgpu::BufferUsages::COPY_SRC)
    .union(wgpu::BufferUsages::COPY_DST);

impl Tensor {
    /// A tensor of f32 zeros.
    ///
    /// # Errors
    /// [`Error::Input`] when it is empty, [`Error::BeyondLimit`] when it is larger than the device's limits,
    /// [`Error::OutOfMemory`] when there is no memory for it.
    pub fn zeros(gpu: &Gpu, label: &str, dims: &[usize]) -> Result<Self> {
        Self::zeros_of::<f32>(gpu, label, dims)
    }

    /// A tensor of zeros that holds values of `T`: `Tensor::zeros_of::<u32>` makes one for labels.
    ///
    /// # Errors
    /// As [`Tensor::zeros`].
    pub fn zeros_of<T: Value>(gpu: &Gpu, label: &str, dims: &[usize]) -> Result<Self> {
        Self::allocate(gpu, label, T::ELEMENT, dims, |size| {
            Ok(gpu.device().create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size,
                usage: USAGE,
                mapped_at_creation: false,
            }))
        })
    }

    /// A tensor holding `values`, as many words of four bytes as `dims` have.
    ///
    /// # Errors
    /// As [`Tensor::zeros`], and [`Error::Input`] when the number of values differs.
    pub fn from_slice<T: Value>(gpu: &Gpu, label: &str, dims: &[usize], values: &[T]) -> Result<Self> {
        let bytes: &[u8] = bytemuck::cast_slice(values);
        if count(dims).and_then(|n| n.checked_mul(4)) != Some(bytes.len()) {
            let found = format!("{} of {} bytes", values.len(), size_of::<T>());
            return Err(Error::input(label, format!("values of 4 bytes for shape {dims:?}"), found));
        }
        Self::allocate(gpu, label, T::ELEMENT, dims, |_| upload::filled_buffer(gpu, label, bytes, USAGE))
    }

    fn allocate(
        gpu: &Gpu,
        label: &str,
        element: Element,
        dims: &[usize],
        create: impl FnOnce(u64) -> Result<wgpu::Buffer>,
    ) -> Result<Self> {
        let bytes = dims.iter().try_fold(4_u64, |n, &d| n.checked_mul(d as u64));
        let most = gpu.most_bytes();
        let size = bytes.filter(|&n| n > 0 && n <= most).ok_or_else(|| {
            let expected = format!("a tensor of 4 to {most} bytes, what this device can bind");
            let found = format!("shape {dims:?}");
            if bytes == Some(0) {
                Error::input(label, expected, found)
            } else {
                Error::beyond_limit(label, expected, found)
            }
        })?;
        gpu.counters().allocation();
        let what = format_args!("for {label} ({size} bytes)");
        let buffer = Fault::unless_no_memory(gpu.device(), what, || create(size))??;
        Ok(Self { buffer, element, offset: 0, dims: dims.to_vec(), behind: 0 })
    }

    /// What the values are.
    pub fn element(&self) -> Element {
        self.element
    }

    /// The shape.
    pub fn dims(&self) -> &[usize] {
        &self.dims
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        self.dims.iter().product()
    }

    /// Whether the tensor holds no value; never true, as empty tensors are refused.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// N, the first dimension.
    pub fn rows(&self) -> usize {
        self.dims[0]
    }

    /// What each row holds, seen as (C, H, W); missing dimensions are 1.
    pub fn map(&self) -> MapShape {
        let at = |i: usize| self.dims.get(i).copied().unwrap_or(1);
        MapShape::new(at(1), at(2), at(3))
    }

    /// The same memory under another shape of as many values or fewer, from the start.
    ///
    /// # Panics
    /// When there are more: kernels would reach beyond the tensor. Public functions refuse such shapes first.
    pub(crate) fn reshaped(&self, dims: &[usize]) -> Self {
        self.part(0, dims)
    }

    /// `dims` values from value number `start` on, sharing the memory, but bound with the rest of the values too, so that
    /// a check finds what a kernel writes past the end: where a binding ends, drivers drop it. `start` must keep the
    /// device's alignment of storage buffer offsets.
    ///
    /// # Panics
    /// When the tensor ends before.
    #[cfg(feature = "check")]
    pub fn unfenced(&self, start: usize, dims: &[usize]) -> Self {
        let tensor = self.part(start, dims);
        let behind = self.offset + self.byte_len() - tensor.offset - tensor.byte_len();
        Self { behind, ..tensor }
    }

    /// The same memory, its values seen as whole numbers: for bindings that a kernel has but does not look at.
    pub(crate) fn as_words(&self) -> Self {
        Self { element: Element::Whole, ..self.clone() }
    }

    /// The first `rows` rows, sharing the memory.
    ///
    /// # Panics
    /// As [`Tensor::reshaped`].
    pub(crate) fn first_rows(&self, rows: usize) -> Self {
        self.rows_from(0, rows)
    }

    /// `count` rows from row number `first` on, sharing the memory: to be copied, as bindings may ask for more alignment.
    ///
    /// # Panics
    /// When there are fewer.
    pub(crate) fn rows_from(&self, first: usize, count: usize) -> Self {
        let mut dims = self.dims.clone();
        dims[0] = count;
        self.part(first * (self.len() / self.rows()), &dims)
    }

    /// `dims` values from value number `start` on, sharing the memory. `start` must keep the device's
    /// alignment of storage buffer offsets.
    ///
    /// # Panics
    /// When the tensor ends before.
    pub(crate) fn part(&self, start: usize, dims: &[usize]) -> Self {
        let end = count(dims).and_then(|count| start.checked_add(count));
        assert!(end.is_some_and(|end| end <= self.len()), "{dims:?} from {start} of {:?}", self.dims);
        let offset = self.offset + 4 * start as u64;
        Self { buffer: self.buffer.clone(), offset, dims: dims.to_vec(), behind: 0, ..*self }
    }

    /// The whole buffer that the tensor lies in.
    pub fn buffer(&self) -> &wgpu::Buffer {
        &self.buffer
    }

    /// Where the tensor starts in its buffer, in bytes.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How long the tensor is, in bytes.
    pub fn byte_len(&self) -> u64 {
        4 * self.len() as u64
    }

    /// Overwrites the tensor's first values when the next submission starts.
    ///
    /// # Errors
    /// [`Error::Input`] when there are more values than the tensor holds, or it holds others.
    pub fn write<T: Value>(&self, gpu: &Gpu, values: &[T]) -> Result<()> {
        self.expect_element(T::ELEMENT)?;
        self.write_bytes(gpu, bytemuck::cast_slice(values))
    }

    /// As [`Tensor::write`], the bits of the values, whatever they are.
    pub(crate) fn write_bits(&self, gpu: &Gpu, words: &[u32]) -> Result<()> {
        self.write_bytes(gpu, bytemuck::cast_slice(words))
    }

    /// As [`Tensor::write`], values as bytes: a whole number of words.
    pub(crate) fn write_bytes(&self, gpu: &Gpu, bytes: &[u8]) -> Result<()> {
        if bytes.len() as u64 > self.byte_len() {
            let expected = format!("at most {} bytes", self.byte_len());
            return Err(Error::input("tensor", expected, bytes.len()));
        }
        gpu.counters().uploaded(bytes.len() as u64);
        gpu.queue().write_buffer(&self.buffer, self.offset, bytes);
        Ok(())
    }

    /// Refuses to be taken for a tensor of other values.
    pub(super) fn expect_element(&self, element: Element) -> Result<()> {
        if self.element == element {
            return Ok(());
        }
        let found = format!("a tensor of {} in shape {:?}", self.element, self.dims);
        Err(Error::input("tensor", format!("one of {element}"), found))
    }
}

/// How many values a shape has, if they can be counted.
fn count(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1_usize, |n, &d| n.checked_mul(d))
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({} {:?})", self.element, self.dims)
    }
}

impl Bind for Tensor {
    fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.buffer,
            offset: self.offset,
            size: std::num::NonZeroU64::new(self.byte_len() + self.behind),
        })
    }

    fn element(&self) -> Option<Element> {
        Some(self.element)
    }

    fn bytes(&self) -> u64 {
        self.byte_len()
    }
}
