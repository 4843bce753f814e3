//! One entry point of one shader. What it says of itself is read from the shader at build, by `build/main.rs`.

use super::recording::Bind;
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
    pub(super) fn layout_entries(&self) -> Vec<wgpu::BindGroupLayoutEntry> {
        let entry = |binding: &Binding| wgpu::BindGroupLayoutEntry {
            binding: binding.slot,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: binding.access.layout(),
            count: None,
        };
        self.bindings.iter().map(entry).collect()
    }
}
