//! Buffers, textures and samplers on a device, filled, and as they were at first again.

use super::plan::{Filled, Shape};
use super::reflect::{Kind, Resource, Texture};
use super::{layout, texels};
use crate::error::Result;
use crate::gpu::{Fault, Gpu, Staging, filled_buffer};
use naga::{ImageClass, ImageDimension};

/// What is done with a buffer or a texture.
#[derive(Clone, Copy)]
pub(super) struct Uses {
    buffer: wgpu::BufferUsages,
    texture: wgpu::TextureUsages,
    written: bool,
}

impl Uses {
    pub const NONE: Self =
        Self { buffer: wgpu::BufferUsages::empty(), texture: wgpu::TextureUsages::empty(), written: false };
    /// It holds how many workgroups are run.
    pub const INDIRECT: Self = Self { buffer: wgpu::BufferUsages::INDIRECT, ..Self::NONE };

    /// What a shader does that declares it so.
    pub fn of(resource: &Resource) -> Self {
        let moved = wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let moved = if resource.written { moved } else { wgpu::BufferUsages::empty() };
        let (buffer, texture) = match resource.kind {
            Kind::Uniform => (wgpu::BufferUsages::UNIFORM | moved, wgpu::TextureUsages::empty()),
            Kind::Texture(texture) => (wgpu::BufferUsages::empty(), usage(resource, texture)),
            _ => (wgpu::BufferUsages::STORAGE | moved, wgpu::TextureUsages::empty()),
        };
        Self { buffer, texture, written: resource.written }
    }

    pub fn and(self, other: Self) -> Self {
        Self {
            buffer: self.buffer | other.buffer,
            texture: self.texture | other.texture,
            written: self.written || other.written,
        }
    }
}

/// What a shader binds.
#[derive(Clone)]
pub(super) enum Object {
    Buffer(Buffer),
    Texture(Texels),
    Sampler(wgpu::Sampler),
    /// Immediates, which are no object.
    None,
}

#[derive(Clone)]
pub(super) struct Buffer {
    bound: wgpu::Buffer,
    /// The bytes that it held at first, of one that the shader writes.
    given: Option<wgpu::Buffer>,
}

#[derive(Clone)]
pub(super) struct Texels {
    texture: wgpu::Texture,
    view: wgpu::TextureView,
    /// The texels that it held at first, of one that the shader writes.
    given: Option<wgpu::Texture>,
}

impl Object {
    /// Those of a resource: one, or those of a binding array.
    ///
    /// # Errors
    /// [`Error::Gpu`](crate::error::Error::Gpu) when the device refuses one, [`Error::OutOfMemory`](crate::error::Error::OutOfMemory) when it has no memory.
    pub fn all(gpu: &Gpu, resource: &Resource, filled: &Filled, uses: Uses) -> Result<Vec<Self>> {
        let of = |bytes: &Vec<u8>| match (resource.kind, filled.shape) {
            (Kind::Texture(texture), Shape::Texels { extent, format }) => {
                let texels = Texels::new(gpu, resource, uses, texture, extent, format, bytes);
                texels.map(Self::Texture)
            }
            (Kind::Sampler { comparison }, _) => Ok(Self::Sampler(sampler(gpu.device(), comparison))),
            (Kind::Immediate, _) => Ok(Self::None),
            _ => Buffer::new(gpu, resource, uses, bytes).map(Self::Buffer),
        };
        filled.each.iter().map(of).collect()
    }

    /// The same objects for a shader that declares them as `resource`.
    pub fn seen_as(all: &[Self], resource: &Resource) -> Vec<Self> {
        let seen = |object: &Self| match (object, resource.kind) {
            (Self::Texture(texels), Kind::Texture(texture)) => {
                let view = view(&texels.texture, texture);
                Self::Texture(Texels { view, ..texels.clone() })
            }
            _ => object.clone(),
        };
        all.iter().map(seen).collect()
    }

    /// Encodes that it holds what it held at first.
    pub fn restore(&self, encoder: &mut wgpu::CommandEncoder) {
        match self {
            Self::Buffer(Buffer { bound, given: Some(given) }) => {
                encoder.copy_buffer_to_buffer(given, 0, bound, 0, given.size());
            }
            Self::Texture(Texels { texture, given: Some(given), .. }) => {
                let [from, to] = [given, texture].map(wgpu::Texture::as_image_copy);
                encoder.copy_texture_to_texture(from, to, texture.size());
            }
            _ => {}
        }
    }

    /// What it holds now, if the shader writes it.
    pub fn read(&self, gpu: &Gpu) -> Option<Result<Vec<u8>>> {
        match self {
            Self::Buffer(Buffer { bound, given: Some(_) }) => Some(read_buffer(gpu, bound)),
            Self::Texture(Texels { texture, given: Some(_), .. }) => Some(read_texture(gpu, texture)),
            _ => None,
        }
    }

    pub fn buffer(&self) -> Option<wgpu::BufferBinding<'_>> {
        match self {
            Self::Buffer(buffer) => Some(buffer.bound.as_entire_buffer_binding()),
            _ => None,
        }
    }

    pub fn view(&self) -> Option<&wgpu::TextureView> {
        match self {
            Self::Texture(texels) => Some(&texels.view),
            _ => None,
        }
    }

    pub fn sampler(&self) -> Option<&wgpu::Sampler> {
        match self {
            Self::Sampler(sampler) => Some(sampler),
            _ => None,
        }
    }
}

/// Interpolates between texels, and repeats beyond the edges.
fn sampler(device: &wgpu::Device, comparison: bool) -> wgpu::Sampler {
    device.create_sampler(&wgpu::SamplerDescriptor {
        address_mode_u: wgpu::AddressMode::Repeat,
        address_mode_v: wgpu::AddressMode::Repeat,
        address_mode_w: wgpu::AddressMode::Repeat,
        mag_filter: wgpu::FilterMode::Linear,
        min_filter: wgpu::FilterMode::Linear,
        compare: comparison.then_some(wgpu::CompareFunction::LessEqual),
        ..Default::default()
    })
}

impl Buffer {
    fn new(gpu: &Gpu, resource: &Resource, uses: Uses, contents: &[u8]) -> Result<Self> {
        let bound = filled_buffer(gpu, &resource.name, contents, uses.buffer)?;
        let given = || filled_buffer(gpu, &resource.name, contents, wgpu::BufferUsages::COPY_SRC);
        let given = if uses.written { Some(given()?) } else { None };
        Ok(Self { bound, given })
    }
}

impl Texels {
    fn new(
        gpu: &Gpu,
        resource: &Resource,
        uses: Uses,
        texture: Texture,
        extent: [u32; 3],
        format: wgpu::TextureFormat,
        bytes: &[u8],
    ) -> Result<Self> {
        let made = |usage| make(gpu, resource, texture, extent, format, usage, bytes);
        let all = || {
            let bound = made(uses.texture);
            let copied = wgpu::TextureUsages::COPY_SRC | wgpu::TextureUsages::COPY_DST;
            let given = uses.written.then(|| made(copied));
            let view = view(&bound, texture);
            Self { texture: bound, view, given }
        };
        Fault::unless_refused(gpu.device(), format_args!("texture {}", resource.name), all)
    }
}

fn view(texture: &wgpu::Texture, declared: Texture) -> wgpu::TextureView {
    let dimension = Some(layout::view_dimension(declared));
    texture.create_view(&wgpu::TextureViewDescriptor { dimension, ..Default::default() })
}

fn usage(resource: &Resource, texture: Texture) -> wgpu::TextureUsages {
    let copied = wgpu::TextureUsages::COPY_SRC | wgpu::TextureUsages::COPY_DST;
    let usage = match texture.class {
        ImageClass::Storage { access, .. } if access.contains(naga::StorageAccess::ATOMIC) => {
            wgpu::TextureUsages::STORAGE_BINDING | wgpu::TextureUsages::STORAGE_ATOMIC
        }
        ImageClass::Storage { .. } => wgpu::TextureUsages::STORAGE_BINDING,
        // What has several samples can be drawn to, never copied to.
        _ if texels::is_multisampled(texture) => {
            return wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::RENDER_ATTACHMENT;
        }
        _ => wgpu::TextureUsages::TEXTURE_BINDING,
    };
    if resource.written { usage | copied } else { usage | wgpu::TextureUsages::COPY_DST }
}

fn make(
    gpu: &Gpu,
    resource: &Resource,
    texture: Texture,
    [width, height, depth_or_array_layers]: [u32; 3],
    format: wgpu::TextureFormat,
    usage: wgpu::TextureUsages,
    bytes: &[u8],
) -> wgpu::Texture {
    let size = wgpu::Extent3d { width, height, depth_or_array_layers };
    let dimension = match texture.dimension {
        ImageDimension::D1 => wgpu::TextureDimension::D1,
        ImageDimension::D3 => wgpu::TextureDimension::D3,
        _ => wgpu::TextureDimension::D2,
    };
    let is_multisampled = texels::is_multisampled(texture);
    let made = gpu.device().create_texture(&wgpu::TextureDescriptor {
        label: Some(&resource.name),
        size,
        mip_level_count: 1,
        sample_count: if is_multisampled { texels::SAMPLES } else { 1 },
        dimension,
        format,
        usage,
        view_formats: &[],
    });
    if !is_multisampled {
        let layout = wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(width * texels::bytes_of(format)),
            rows_per_image: Some(height),
        };
        gpu.queue().write_texture(made.as_image_copy(), bytes, layout, size);
    }
    made
}

fn read_buffer(gpu: &Gpu, buffer: &wgpu::Buffer) -> Result<Vec<u8>> {
    let staging = Staging::new(gpu, buffer.size())?;
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    encoder.copy_buffer_to_buffer(buffer, 0, staging.buffer(), 0, buffer.size());
    gpu.submit(encoder);
    staging.map(buffer.size()).take(gpu)
}

fn read_texture(gpu: &Gpu, texture: &wgpu::Texture) -> Result<Vec<u8>> {
    let size = texture.size();
    let row = size.width * texels::bytes_of(texture.format());
    let padded = row.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let bytes = u64::from(padded) * u64::from(size.height) * u64::from(size.depth_or_array_layers);
    let staging = Staging::new(gpu, bytes)?;
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let to = wgpu::TexelCopyBufferInfo {
        buffer: staging.buffer(),
        layout: wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(padded),
            rows_per_image: Some(size.height),
        },
    };
    encoder.copy_texture_to_buffer(texture.as_image_copy(), to, size);
    gpu.submit(encoder);
    let read: Vec<u8> = staging.map(bytes).take(gpu)?;
    Ok(read.chunks(padded as usize).flat_map(|padded| &padded[..row as usize]).copied().collect())
}
