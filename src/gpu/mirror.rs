//! Copies of buffers as textures, for kernels that are told to read those ([`super::Mirror`]).
//!
//! llvmpipe (Mesa 22.3.6) fetches from a buffer lane by lane, by way of memory: eight times four values take 800 cycles and
//! more. A texel it fetches for all lanes at once, which takes a tenth of that, and a copy moves as many bytes as memory lets
//! it. So the kernels for software adapters read textures, into which a recording copies buffers before it runs them.

use super::texels::storage_texture;
use super::{Gpu, Variant};
use crate::error::Result;

/// Texels in a row, as in `build/mirror.rs`.
const WIDTH: u64 = 4096;
/// Textures of a size that are kept in turn: what two dispatches in a row read is copied once.
const KEPT: usize = 3;

impl Gpu {
    /// Whether kernels that can read textures in place of buffers do so.
    pub(super) fn mirrors(&self) -> bool {
        self.variant() == Variant::Register
    }
}

/// The textures of a recording, and what they hold behind its last dispatch.
#[derive(Debug, Default)]
pub(super) struct Mirrors {
    textures: Vec<Held>,
    /// Dispatches so far.
    dispatches: usize,
}

#[derive(Debug)]
struct Held {
    texture: wgpu::Texture,
    values: u32,
    content: Option<Span>,
    /// The dispatch that read it last.
    last: usize,
}

/// A part of a buffer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Span {
    buffer: wgpu::Buffer,
    /// In bytes.
    start: u64,
    end: u64,
}

impl Span {
    /// `bytes` of what is bound, if that is a buffer.
    pub(super) fn of(resource: &wgpu::BindingResource<'_>, bytes: u64) -> Option<Self> {
        let wgpu::BindingResource::Buffer(bound) = resource else { return None };
        Some(Self { buffer: bound.buffer.clone(), start: bound.offset, end: bound.offset + bytes })
    }

    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.buffer == other.buffer && self.start < other.end && other.start < self.end
    }
}

/// A copy that a dispatch needs before it runs.
#[derive(Debug)]
pub(super) struct Copy {
    from: Span,
    to: wgpu::Texture,
    texel_bytes: u64,
}

impl Copy {
    pub(super) fn encode(&self, encoder: &mut wgpu::CommandEncoder) {
        let texels = (self.from.end - self.from.start) / self.texel_bytes;
        let rows = texels / WIDTH;
        self.encode_rows(encoder, 0, (WIDTH, rows));
        self.encode_rows(encoder, rows, (texels % WIDTH, 1));
    }

    fn encode_rows(&self, encoder: &mut wgpu::CommandEncoder, first: u64, (width, rows): (u64, u64)) {
        if width == 0 || rows == 0 {
            return;
        }
        let row_bytes = WIDTH * self.texel_bytes;
        let layout = wgpu::TexelCopyBufferLayout {
            offset: self.from.start + first * row_bytes,
            bytes_per_row: Some(row_bytes as u32),
            rows_per_image: None,
        };
        let mut to = self.to.as_image_copy();
        to.origin.y = first as u32;
        let size = wgpu::Extent3d { width: width as u32, height: rows as u32, depth_or_array_layers: 1 };
        encoder.copy_buffer_to_texture(
            wgpu::TexelCopyBufferInfo { buffer: &self.from.buffer, layout },
            to,
            size,
        );
    }
}

/// Rows of the texture that holds so many texels: few sizes, so that few textures serve all.
fn rows_of(texels: u64) -> u64 {
    let rows = texels.div_ceil(WIDTH);
    rows.next_multiple_of((rows.next_power_of_two() / 4).max(1))
}

/// Whether a texture of the device can hold so many values.
pub(super) fn holds(gpu: &Gpu, bytes: u64, values: u32) -> bool {
    let most = u64::from(gpu.device().limits().max_texture_dimension_2d);
    WIDTH <= most && rows_of(bytes / (4 * u64::from(values))) <= most
}

impl Mirrors {
    /// Another dispatch begins.
    pub(super) fn begin(&mut self) {
        self.dispatches += 1;
    }

    /// What the textures hold is not known any more.
    pub(super) fn forget(&mut self) {
        self.textures.iter_mut().for_each(|held| held.content = None);
    }

    /// A dispatch writes there.
    pub(super) fn written(&mut self, span: &Span) {
        for held in &mut self.textures {
            held.content.take_if(|content| content.overlaps(span));
        }
    }

    /// A texture with what lies in `span`, and the copy that brings it there unless it is there already.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when there is no memory for another texture.
    pub(super) fn read(
        &mut self,
        gpu: &Gpu,
        span: &Span,
        values: u32,
    ) -> Result<(wgpu::TextureView, Option<Copy>)> {
        let now = self.dispatches;
        let has = |held: &Held| held.values == values && held.content.as_ref() == Some(span);
        if let Some(held) = self.textures.iter_mut().find(|held| has(held)) {
            held.last = now;
            return Ok((held.texture.create_view(&Default::default()), None));
        }
        let texel_bytes = 4 * u64::from(values);
        let rows = rows_of((span.end - span.start) / texel_bytes).max(1) as u32;
        let mut fitting: Vec<&mut Held> = self
            .textures
            .iter_mut()
            .filter(|held| held.values == values && held.texture.height() == rows)
            .collect();
        let is_full = fitting.len() >= KEPT;
        let oldest = fitting.iter_mut().min_by_key(|held| held.last);
        let texture = match oldest.filter(|held| is_full && held.last < now) {
            Some(held) => {
                (held.content, held.last) = (Some(span.clone()), now);
                held.texture.clone()
            }
            None => {
                let texture = texture(gpu, values, rows)?;
                let content = Some(span.clone());
                self.textures.push(Held { texture: texture.clone(), values, content, last: now });
                texture
            }
        };
        let copy = Copy { from: span.clone(), to: texture.clone(), texel_bytes };
        Ok((texture.create_view(&Default::default()), Some(copy)))
    }
}

/// The format of a texture whose texels have so many values.
pub(super) fn format(values: u32) -> wgpu::TextureFormat {
    if values == 1 { wgpu::TextureFormat::R32Float } else { wgpu::TextureFormat::Rgba32Float }
}

fn texture(gpu: &Gpu, values: u32, rows: u32) -> Result<wgpu::Texture> {
    let usage = wgpu::TextureUsages::COPY_DST;
    storage_texture(gpu, "mirror of a buffer", [WIDTH as u32, rows], format(values), usage)
}
