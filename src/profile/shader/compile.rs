//! A shader as a driver's compiler takes it.

use super::job::Job;
use super::reflect::{Kind, Resource, Texture};

use crate::gpu::{Adapter, ShaderChecks, lacking};
use crate::profile::compiler::{Compute, DriverCompiler, Executable, Slot, SlotKind};
use naga::ImageClass;

impl Job<'_> {
    /// What the compiler of an adapter's driver makes of the shader, which is not run; else why that cannot be told.
    /// [`Shader::check`](super::Shader::check) and [`Plan::check`](super::Plan::check) come first: drivers trust that what they are
    /// given keeps to their limits.
    ///
    /// # Errors
    /// What the driver lacks, or says.
    pub fn compile(&self, adapter: &Adapter, checks: ShaderChecks) -> Result<Vec<Executable>, String> {
        let features = self.shader.features(self.resources);
        if let Some(lacking) = lacking(features, adapter.handle.features()) {
            return Err(format!("the adapter lacks {lacking}"));
        }
        self.executables(&DriverCompiler::open(&adapter.handle, features)?, checks)
    }

    /// What the driver's compiler makes of the shader.
    pub(in super::super) fn executables(
        &self,
        compiler: &DriverCompiler,
        checks: ShaderChecks,
    ) -> Result<Vec<Executable>, String> {
        let words = self.shader.spirv(self.resources, checks, compiler.target())?;
        let immediates = self.resources.iter().filter(|resource| resource.kind == Kind::Immediate);
        compiler.compile(&Compute {
            words: &words,
            entry: self.shader.entry(),
            sets: &sets(self.resources),
            immediates: immediates.map(|resource| resource.fixed as u32).sum(),
        })
    }
}

/// The bindings of each group, up to the last one in use, in the order in which wgpu numbers them.
fn sets(resources: &[Resource]) -> Vec<Vec<Slot>> {
    let bound = || resources.iter().filter(|resource| resource.kind != Kind::Immediate);
    let count = bound().map(|resource| resource.group + 1).max().unwrap_or(0);
    (0..count).map(|group| bound().filter(|r| r.group == group).filter_map(slot).collect()).collect()
}

fn slot(resource: &Resource) -> Option<Slot> {
    let kind = match resource.kind {
        Kind::Immediate => return None,
        Kind::Uniform => SlotKind::UniformBuffer,
        Kind::Storage { .. } => SlotKind::StorageBuffer,
        Kind::Texture(Texture { class: ImageClass::Storage { .. }, .. }) => SlotKind::StorageTexture,
        Kind::Texture(_) => SlotKind::SampledTexture,
        Kind::Sampler { .. } => SlotKind::Sampler,
    };
    Some((kind, resource.count.unwrap_or(1)))
}
