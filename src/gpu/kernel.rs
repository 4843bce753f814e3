//! One entry point of one shader, described once; tests compare the description with the shader itself.

/// How a kernel uses a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// A uniform block of that many bytes.
    Uniform(usize),
    /// A storage buffer that is only read.
    Read,
    /// A storage buffer that is written.
    ReadWrite,
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
}

impl Kernel {
    pub(super) fn layout_entries(&self) -> Vec<wgpu::BindGroupLayoutEntry> {
        let entry = |binding: &Binding| wgpu::BindGroupLayoutEntry {
            binding: binding.slot,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty: match binding.access {
                    Access::Uniform(_) => wgpu::BufferBindingType::Uniform,
                    Access::Read => wgpu::BufferBindingType::Storage { read_only: true },
                    Access::ReadWrite => wgpu::BufferBindingType::Storage { read_only: false },
                },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        };
        self.bindings.iter().map(entry).collect()
    }
}
