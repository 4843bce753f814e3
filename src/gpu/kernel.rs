//! One entry point of one shader, described once; tests compare the description with the shader itself.

use super::TexelFormat;

/// How a kernel uses a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A uniform block of that many bytes.
    Uniform(usize),
    /// A storage buffer that is only read.
    Read,
    /// A storage buffer that is written.
    ReadWrite,
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
    /// How the kernel uses it.
    pub access: Access,
}

/// One entry point of one shader.
#[derive(Debug)]
pub struct Kernel {
    /// `op.pass`, unique in the crate; it labels the pipeline, its dispatches and the profile.
    pub label: &'static str,
    /// The WGSL source.
    pub source: &'static str,
    /// The function behind `@compute`.
    pub entry_point: &'static str,
    /// Threads in a workgroup.
    pub workgroup_size: u32,
    /// The parameter block first, then the buffers in the order in which a dispatch passes them.
    pub bindings: &'static [Binding],
}

impl Binding {
    /// The parameter block `P`, at binding 0.
    pub const fn params<P>() -> Self {
        Self::uniform::<P>(0)
    }

    /// A uniform block `P`.
    pub const fn uniform<P>(slot: u32) -> Self {
        let access = Access::Uniform(size_of::<P>());
        Self { slot, access }
    }

    /// A storage buffer that is only read.
    pub const fn read(slot: u32) -> Self {
        let access = Access::Read;
        Self { slot, access }
    }

    /// A storage buffer that is written.
    pub const fn write(slot: u32) -> Self {
        let access = Access::ReadWrite;
        Self { slot, access }
    }

    /// A storage texture of four f32 a texel that is only read.
    pub const fn read_texels(slot: u32) -> Self {
        Self { slot, access: Access::ReadTexels(TexelFormat::Reals) }
    }

    /// A storage texture of four f32 a texel that is only written.
    pub const fn write_texels(slot: u32) -> Self {
        Self { slot, access: Access::WriteTexels(TexelFormat::Reals) }
    }

    /// A texture of any float or normalised format, read texel by texel.
    pub const fn read_texture(slot: u32) -> Self {
        Self { slot, access: Access::ReadTexture }
    }

    /// A storage texture of two u32 a texel that is only read.
    pub const fn read_words(slot: u32) -> Self {
        Self { slot, access: Access::ReadTexels(TexelFormat::Words) }
    }

    /// A storage texture of two u32 a texel that is only written.
    pub const fn write_words(slot: u32) -> Self {
        Self { slot, access: Access::WriteTexels(TexelFormat::Words) }
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
            Self::Read => buffer(wgpu::BufferBindingType::Storage { read_only: true }),
            Self::ReadWrite => buffer(wgpu::BufferBindingType::Storage { read_only: false }),
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
