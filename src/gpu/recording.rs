//! A list of dispatches, built once and encoded as often as needed.

use super::{Access, Element, Fault, Gpu, Invocation, Kernel, Phase, Work, upload};
use crate::error::{Error, Result};
use std::fmt;

/// What a kernel can be given.
pub(crate) trait Bind {
    /// The whole of it.
    fn binding(&self) -> wgpu::BindingResource<'_>;
    /// How large it is.
    fn bytes(&self) -> u64;
    /// What its values are, where that is known.
    fn element(&self) -> Option<Element> {
        None
    }
}

impl Bind for wgpu::TextureView {
    fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::TextureView(self)
    }

    fn bytes(&self) -> u64 {
        let texture = self.texture();
        let texel = texture.format().block_copy_size(None).unwrap_or(4);
        u64::from(texture.width()) * u64::from(texture.height()) * u64::from(texel)
    }
}

impl Bind for wgpu::BufferBinding<'_> {
    fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(self.clone())
    }

    fn bytes(&self) -> u64 {
        self.size.map_or(self.buffer.size() - self.offset, u64::from)
    }
}

/// One dispatch of a recording.
pub struct Dispatch {
    /// What runs.
    pub kernel: &'static Kernel,
    /// How many workgroups in x, y and z.
    pub workgroups: [u32; 3],
    /// What it has to do.
    pub work: Work,
    /// The part of the step that it belongs to.
    pub phase: Phase,
    pipeline: wgpu::ComputePipeline,
    bind_group: wgpu::BindGroup,
}

impl Dispatch {
    /// Encodes the dispatch into `pass`, in a debug group of its own.
    pub fn encode(&self, pass: &mut wgpu::ComputePass<'_>) {
        let [x, y, z] = self.workgroups;
        pass.push_debug_group(self.kernel.label);
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.dispatch_workgroups(x, y, z);
        pass.pop_debug_group();
    }
}

/// A list of dispatches with their pipelines, parameters and buffers all in place.
pub struct Recording {
    gpu: Gpu,
    dispatches: Vec<Dispatch>,
    phase: Phase,
}

impl Recording {
    /// An empty recording.
    pub fn new(gpu: &Gpu) -> Self {
        Self { gpu: gpu.clone(), dispatches: Vec::new(), phase: Phase::default() }
    }

    /// The device that the recording runs on.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// What has been recorded.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn dispatches(&self) -> &[Dispatch] {
        &self.dispatches
    }

    /// What is recorded from here on belongs to that part of the step.
    pub fn phase(&mut self, phase: Phase) {
        self.phase = phase;
    }

    /// Records one thread for each of `threads` results, which have that `work` to do in all.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the kernel does not build or does not take these buffers.
    pub(crate) fn dispatch(&mut self, invocation: impl Invocation, threads: usize, work: Work) -> Result<()> {
        let kernel = invocation.kernel();
        let workgroups = threads.div_ceil(kernel.workgroup_size as usize);
        let most = self.gpu.device().limits().max_compute_workgroups_per_dimension as usize;
        // Past the limit of one dimension the workgroups are folded into rows; shaders unfold them again.
        let height = workgroups.div_ceil(most);
        if height > most || threads > u32::MAX as usize {
            let expected = "work that 32-bit indices can count";
            return Err(Error::beyond_limit(kernel.label, expected, format!("{threads} threads")));
        }
        let workgroups = [workgroups.div_ceil(height.max(1)) as u32, height as u32, 1];
        self.push(&invocation, workgroups, work)
    }

    /// Records one workgroup for each of `workgroups` results.
    ///
    /// # Errors
    /// As [`Recording::dispatch`].
    pub(crate) fn dispatch_workgroups(
        &mut self,
        invocation: impl Invocation,
        workgroups: usize,
        work: Work,
    ) -> Result<()> {
        let kernel = invocation.kernel();
        let most = self.gpu.device().limits().max_compute_workgroups_per_dimension;
        let width = u32::try_from(workgroups).ok().filter(|&n| n <= most);
        let too_many = || Error::beyond_limit(kernel.label, format!("at most {most} workgroups"), workgroups);
        let width = width.ok_or_else(too_many)?;
        self.push(&invocation, [width, 1, 1], work)
    }

    fn push(&mut self, invocation: &dyn Invocation, workgroups: [u32; 3], work: Work) -> Result<()> {
        let (kernel, resources) = (invocation.kernel(), invocation.resources());
        expect_elements(kernel, &resources)?;
        let pipeline = self.gpu.pipeline(kernel)?;
        let device = self.gpu.device();
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        self.gpu.counters().allocation();
        let usage = wgpu::BufferUsages::UNIFORM;
        let params = upload::filled_buffer(&self.gpu, kernel.label, invocation.params(), usage)?;
        let bound =
            std::iter::once(params.as_entire_binding()).chain(resources.iter().map(|bound| bound.binding()));
        let entries: Vec<_> = kernel
            .bindings
            .iter()
            .zip(bound)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding: binding.slot, resource })
            .collect();
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(kernel.label),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let refused = pollster::block_on(scope.pop());
        let refused = pollster::block_on(memory.pop()).or(refused);
        refused.map_or(Ok(()), |e| Err(Fault::of(&e, format!("kernel {}: {e}", kernel.label)).error()))?;
        let work = work.or_moving(resources.iter().map(|bound| bound.bytes()).sum());
        let phase = self.phase;
        self.dispatches.push(Dispatch { kernel, workgroups, work, phase, pipeline, bind_group });
        Ok(())
    }

    /// Encodes every dispatch, in order, into `pass`; those of a phase that follow one another are a debug group.
    pub fn encode(&self, pass: &mut wgpu::ComputePass<'_>) {
        self.encode_some(pass, |_| true);
    }

    /// As [`Recording::encode`], those dispatches alone whose phase is `wanted`.
    pub(crate) fn encode_some(&self, pass: &mut wgpu::ComputePass<'_>, wanted: impl Fn(Phase) -> bool) {
        let phases = self.dispatches.chunk_by(|a, b| a.phase == b.phase);
        for dispatches in phases.filter(|dispatches| wanted(dispatches[0].phase)) {
            pass.push_debug_group(dispatches[0].phase.name());
            dispatches.iter().for_each(|dispatch| dispatch.encode(pass));
            pass.pop_debug_group();
        }
    }

    /// Encodes and submits the recording once, without waiting.
    pub fn submit(&self) {
        let device = self.gpu.device();
        let label = Some("recording");
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label });
        let pass = wgpu::ComputePassDescriptor { label, timestamp_writes: None };
        self.encode(&mut encoder.begin_compute_pass(&pass));
        self.gpu.submit(encoder);
    }
}

/// Refuses a tensor of other values than the kernel reads or writes there: what is an index to the one may be any number
/// to the other.
fn expect_elements(kernel: &Kernel, resources: &[&dyn Bind]) -> Result<()> {
    for (binding, resource) in kernel.bindings[1..].iter().zip(resources) {
        let expected = match binding.access {
            Access::Read(element) | Access::ReadWrite(element) => element,
            // The parameter block aside, steps alone are read as a uniform block.
            Access::Uniform(_) => Element::Step,
            Access::ReadTexels(_) | Access::WriteTexels(_) | Access::ReadTexture => continue,
        };
        if let Some(found) = resource.element().filter(|&found| found != expected) {
            let subject = format!("{}: {}", kernel.label, binding.name);
            return Err(Error::input(subject, format!("a tensor of {expected}"), found));
        }
    }
    Ok(())
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dispatch({} of {:?}, {})", self.kernel.label, self.workgroups, self.work.shape)
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("gpu", &self.gpu.name())
            .field("dispatches", &self.dispatches.len())
            .finish_non_exhaustive()
    }
}
