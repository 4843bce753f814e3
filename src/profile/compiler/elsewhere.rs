//! Where there is no Vulkan.

use super::{Compute, Executable, SpirvTarget};

/// None can be opened.
pub enum DriverCompiler {}

impl DriverCompiler {
    pub fn open(_adapter: &wgpu::Adapter, _features: wgpu::Features) -> Result<Self, String> {
        Err(super::VULKAN_ALONE.to_owned())
    }

    pub(in super::super) fn target(&self) -> SpirvTarget {
        match *self {}
    }

    pub(in super::super) fn compile(&self, _compute: &Compute<'_>) -> Result<Vec<Executable>, String> {
        match *self {}
    }
}
