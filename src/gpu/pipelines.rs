//! Pipelines, built from kernels at their first use.

use super::context::lock;
use super::pipeline_cache::PipelineCache;
use super::{Fault, Gpu, Kernel, Mirror, ShaderChecks};
use crate::error::Result;

impl Gpu {
    /// The pipeline of `kernel`, or of its second text, built at its first use.
    ///
    /// # Errors
    /// [`Error::Gpu`] when shader or driver refuse it, [`Error::OutOfMemory`] when there is no memory for it.
    pub(super) fn pipeline(
        &self,
        kernel: &'static Kernel,
        mirror: Option<&Mirror>,
    ) -> Result<wgpu::ComputePipeline> {
        let mut pipelines = lock(&self.inner().pipelines);
        let key = (kernel.label, mirror.is_some());
        if let Some(pipeline) = pipelines.get(&key) {
            return Ok(pipeline.clone());
        }
        let memory = self.device().push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let scope = self.device().push_error_scope(wgpu::ErrorFilter::Validation);
        let pipeline = self.build_pipeline(kernel, mirror);
        let refused = pollster::block_on(scope.pop());
        if let Some(e) = pollster::block_on(memory.pop()).or(refused) {
            return Err(Fault::of(&e, format!("kernel {}: {e}", kernel.label)).error());
        }
        pipelines.insert(key, pipeline.clone());
        Ok(pipeline)
    }

    fn build_pipeline(&self, kernel: &'static Kernel, mirror: Option<&Mirror>) -> wgpu::ComputePipeline {
        let device = self.device();
        let label = Some(kernel.label);
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label,
            entries: &kernel.layout_entries(mirror),
        });
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label,
            layout: Some(&layout),
            module: &self.shader_module(kernel.label, mirror.map_or(kernel.source, |mirror| mirror.source)),
            entry_point: Some(kernel.entry_point),
            compilation_options: wgpu::PipelineCompilationOptions {
                // No kernel reads workgroup memory before writing it.
                zero_initialize_workgroup_memory: self.checks() == ShaderChecks::Checked,
                ..Default::default()
            },
            cache: self.inner().cache.as_ref().map(PipelineCache::wgpu),
        })
    }

    fn shader_module(&self, label: &str, source: &str) -> wgpu::ShaderModule {
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(label),
            source: wgpu::ShaderSource::Wgsl(source.into()),
        };
        match self.checks() {
            ShaderChecks::Checked => self.device().create_shader_module(descriptor),
            // SAFETY: the source is one of this crate's own shaders. They index within the shapes that
            // their host functions check, clamp every index that comes from memory, end every loop and
            // divide by no zero. The tests run all of them with the checks on and compare both modes, and
            // write hostile words wherever safe code can (tests/soundness).
            ShaderChecks::Trusted => unsafe {
                self.device().create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
            },
        }
    }
}
