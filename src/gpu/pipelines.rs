//! Pipelines, built from kernels at their first use, or one by one.

use super::lock::lock;
use super::pipeline::{Pipeline, Waiting};
use super::pipeline_cache::PipelineCache;
use super::{Fault, Gpu, Kernel, Mirror, ShaderChecks};
use crate::error::Result;
use std::sync::Arc;

impl Gpu {
    /// The same device, for what is made in slices: pipelines that are asked for here wait to be built by
    /// [`Gpu::build_next`], and nothing that they are recorded in may be encoded before. Ended by [`Gpu::end_slices`].
    pub(crate) fn in_slices(&self) -> Self {
        let mut gpu = self.clone();
        gpu.waiting = Some(Waiting::default());
        gpu
    }

    /// Whether this is a device for what is made in slices, and not all of that is made.
    pub(crate) fn is_in_slices(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| !waiting.is_closed())
    }

    /// Pipelines that wait to be built.
    pub(crate) fn pipelines_left(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.first().1)
    }

    /// Builds the next pipeline that waits, if there is one.
    ///
    /// # Errors
    /// As [`Gpu::pipeline`].
    pub(crate) fn build_next(&self) -> Result<()> {
        let Some(waiting) = &self.waiting else { return Ok(()) };
        let (Some(pipeline), _) = waiting.first() else { return Ok(()) };
        self.build(&pipeline)?;
        waiting.pop();
        Ok(())
    }

    /// Pipelines that are asked for from now on are built at once.
    pub(crate) fn end_slices(&self) {
        self.waiting.iter().for_each(Waiting::close);
    }

    /// The pipeline of `kernel`, or of its second text, built at its first use.
    ///
    /// # Errors
    /// [`Error::Gpu`](crate::error::Error::Gpu) when shader or driver refuse it,
    /// [`Error::OutOfMemory`](crate::error::Error::OutOfMemory) when there is no memory for it.
    pub(super) fn pipeline(
        &self,
        kernel: &'static Kernel,
        mirror: Option<&'static Mirror>,
    ) -> Result<Arc<Pipeline>> {
        let key = (kernel.label, mirror.is_some());
        let known = lock(&self.inner().pipelines).get(&key).cloned();
        let pipeline = match known {
            Some(pipeline) => pipeline,
            None => {
                let new = self.guarded(kernel, || Pipeline::new(self.device(), kernel, mirror))?;
                // Another thread may have been quicker.
                Arc::clone(lock(&self.inner().pipelines).entry(key).or_insert(Arc::new(new)))
            }
        };
        let waits = || self.waiting.as_ref().is_some_and(|waiting| waiting.takes(&pipeline));
        if pipeline.built.get().is_none() && !waits() {
            self.build(&pipeline)?;
        }
        Ok(pipeline)
    }

    /// No lock is held meanwhile, or a frame would wait for what another thread builds.
    fn build(&self, pipeline: &Pipeline) -> Result<()> {
        if pipeline.built.get().is_none() {
            let built = self.guarded(pipeline.kernel, || self.build_pipeline(pipeline))?;
            // Another thread may have been quicker; its pipeline does the same.
            pipeline.built.set(built).ok();
        }
        Ok(())
    }

    /// Does `work` for a kernel, and gives what the device has against it as an error.
    fn guarded<T>(&self, kernel: &Kernel, work: impl FnOnce() -> T) -> Result<T> {
        Fault::unless_refused(self.device(), format_args!("kernel {}", kernel.label), work)
    }

    fn build_pipeline(&self, pipeline: &Pipeline) -> wgpu::ComputePipeline {
        let (device, kernel) = (self.device(), pipeline.kernel);
        let label = Some(kernel.label);
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(&pipeline.group)],
            immediate_size: 0,
        });
        let source = pipeline.mirror.map_or(kernel.source, |mirror| mirror.source);
        device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label,
            layout: Some(&layout),
            module: &self.shader_module(kernel.label, source),
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
