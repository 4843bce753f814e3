//! One entry point of one shader. What it says of itself is read from the shader at build, by `build/main.rs`.

use super::bind::Bind;
use super::mirror;
use super::{Element, TexelFormat, Variant};

/// How a kernel uses a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// A uniform block of that many bytes.
    Uniform(usize),
    /// A storage buffer that is only read.
    Read(Element),
    /// A storage buffer that is written.
    ReadWrite(Element),
    /// A storage texture that is only read.
    ReadTexels(TexelFormat),
    /// A storage texture that is only written.
    WriteTexels(TexelFormat),
    /// A texture of any float or normalised format, read texel by texel.
    ReadTexture,
}

/// One binding of a kernel, in group 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The number behind `@binding`.
    pub slot: u32,
    /// Its name in the shader.
    pub name: &'static str,
    /// How the kernel uses it.
    pub access: Access,
}

/// One entry point of one shader.
#[derive(Debug)]
pub struct Kernel {
    /// `file.entry_point`, unique in the crate; it labels the pipeline, its dispatches and the profile.
    pub label: &'static str,
    /// The WGSL source, with its imports in place.
    pub source: &'static str,
    /// The function behind `@compute`.
    pub entry_point: &'static str,
    /// Threads in a workgroup.
    pub workgroup_size: u32,
    /// The family that it belongs to. What the families of products share counts as the first one's.
    pub variant: Variant,
    /// By slot; the parameter block has slot 0.
    pub bindings: &'static [Binding],
    /// The same for adapters that read textures faster than buffers.
    pub mirror: Option<Mirror>,
}

/// A kernel's second text, to which buffers that are only read are textures.
#[derive(Clone, Copy, Debug)]
pub struct Mirror {
    /// The WGSL source.
    pub source: &'static str,
    /// The slots of those buffers, and how many values of each a texel has: 1 or 4.
    pub slots: &'static [(u32, u32)],
}

impl Mirror {
    /// How many values of the buffer at `slot` a texel has, if it is a texture.
    pub(super) fn values(&self, slot: u32) -> Option<u32> {
        self.slots.iter().find(|(own, _)| *own == slot).map(|(_, values)| *values)
    }
}

/// A kernel with what it is to work on, each by its name in the shader.
pub(crate) trait Invocation {
    /// What runs.
    fn kernel(&self) -> &'static Kernel;
    /// The parameter block.
    fn params(&self) -> &[u8];
    /// What the other bindings are given, in their order.
    fn resources(&self) -> Vec<&dyn Bind>;
}

fn mirror_layout(values: u32) -> wgpu::BindingType {
    wgpu::BindingType::StorageTexture {
        access: wgpu::StorageTextureAccess::ReadOnly,
        format: mirror::format(values),
        view_dimension: wgpu::TextureViewDimension::D2,
    }
}

impl Access {
    fn layout(self) -> wgpu::BindingType {
        let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
        let texture = |access, format: TexelFormat| wgpu::BindingType::StorageTexture {
            access,
            format: format.wgpu(),
            view_dimension: wgpu::TextureViewDimension::D2,
        };
        match self {
            Self::Uniform(_) => buffer(wgpu::BufferBindingType::Uniform),
            Self::Read(_) => buffer(wgpu::BufferBindingType::Storage { read_only: true }),
            Self::ReadWrite(_) => buffer(wgpu::BufferBindingType::Storage { read_only: false }),
            Self::ReadTexels(format) => texture(wgpu::StorageTextureAccess::ReadOnly, format),
            Self::WriteTexels(format) => texture(wgpu::StorageTextureAccess::WriteOnly, format),
            Self::ReadTexture => wgpu::BindingType::Texture {
                // Nothing is filtered by a sampler, so that formats without one are welcome too.
                sample_type: wgpu::TextureSampleType::Float { filterable: false },
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
        }
    }
}

impl Kernel {
    /// With `mirror`'s buffers as textures.
    pub(super) fn layout_entries(&self, mirror: Option<&Mirror>) -> Vec<wgpu::BindGroupLayoutEntry> {
        let texture = |binding: &Binding| Some(mirror_layout(mirror?.values(binding.slot)?));
        let entry = |binding: &Binding| wgpu::BindGroupLayoutEntry {
            binding: binding.slot,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: texture(binding).unwrap_or_else(|| binding.access.layout()),
            count: None,
        };
        self.bindings.iter().map(entry).collect()
    }
}
