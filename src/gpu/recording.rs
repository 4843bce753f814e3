//! A list of dispatches, built once and encoded as often as needed.

use super::bind::Bind;
use super::mirror::{self, Copy, Mirrors, Span};
use super::pipeline::Pipeline;
use super::{
    Access, AcrossRanks, Element, Fault, Gpu, Invocation, Kernel, Mirror, Phase, Tensor, Work, upload,
};
use crate::error::{Error, Result};
use std::fmt;
use std::sync::Arc;

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
    /// What it reads as textures and no dispatch before it has brought there.
    copies: Vec<Copy>,
    /// The buffers that it writes.
    writes: Vec<Span>,
    pipeline: Arc<Pipeline>,
    bind_group: wgpu::BindGroup,
}

impl Dispatch {
    /// Encodes the copies that come before the pass that the dispatch lies in.
    pub fn encode_copies(&self, encoder: &mut wgpu::CommandEncoder) {
        self.copies.iter().for_each(|copy| copy.encode(encoder));
    }

    /// Encodes the dispatch into `pass`, in a debug group of its own.
    pub fn encode(&self, pass: &mut wgpu::ComputePass<'_>) {
        let [x, y, z] = self.workgroups;
        pass.push_debug_group(self.kernel.label);
        pass.set_pipeline(self.pipeline.ready());
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.dispatch_workgroups(x, y, z);
        pass.pop_debug_group();
    }
}

/// How a dispatch reads buffers as textures: its kernel's second text, a view of each of them, and the copies that fill them.
struct Mirrored {
    mirror: Option<&'static Mirror>,
    views: Vec<Option<wgpu::TextureView>>,
    copies: Vec<Copy>,
}

/// A list of dispatches with their pipelines, parameters and buffers all in place.
pub struct Recording {
    gpu: Gpu,
    dispatches: Vec<Dispatch>,
    phase: Phase,
    mirrors: Mirrors,
    /// What ranks have to make alike, each behind so many dispatches.
    across_ranks: Vec<(usize, Arc<dyn AcrossRanks>)>,
}

impl Recording {
    /// An empty recording.
    pub fn new(gpu: &Gpu) -> Self {
        let mirrors = Mirrors::default();
        let (dispatches, across_ranks) = (Vec::new(), Vec::new());
        Self { gpu: gpu.clone(), dispatches, phase: Phase::default(), mirrors, across_ranks }
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
        // The dispatches of a phase may be left out.
        self.mirrors.forget();
    }

    /// Records that `what` is to hold for all ranks' rows from here on, where ranks synchronise it.
    pub(crate) fn across_ranks(&mut self, what: impl AcrossRanks + 'static) {
        self.across_ranks.push((self.dispatches.len(), Arc::new(what)));
    }

    /// What ranks have to make alike, each behind so many dispatches.
    pub(crate) fn synchronised(&self) -> &[(usize, Arc<dyn AcrossRanks>)] {
        &self.across_ranks
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
        self.gpu.expect_turns(kernel.label, work.turns)?;
        let Mirrored { mirror, views, copies } = self.mirrored(kernel, &resources)?;
        let pipeline = self.gpu.pipeline(kernel, mirror)?;
        let device = self.gpu.device();
        self.gpu.counters().allocation();
        let usage = wgpu::BufferUsages::UNIFORM;
        let params = upload::filled_buffer(&self.gpu, kernel.label, invocation.params(), usage)?;
        let bound = resources.iter().zip(&views).map(|(bound, view)| match view {
            Some(view) => wgpu::BindingResource::TextureView(view),
            None => bound.binding(),
        });
        let bound = std::iter::once(params.as_entire_binding()).chain(bound);
        let entries: Vec<_> = kernel
            .bindings
            .iter()
            .zip(bound)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding: binding.slot, resource })
            .collect();
        let descriptor = wgpu::BindGroupDescriptor {
            label: Some(kernel.label),
            layout: &pipeline.group,
            entries: &entries,
        };
        let what = format_args!("kernel {}", kernel.label);
        let bind_group = Fault::unless_refused(device, what, || device.create_bind_group(&descriptor))?;
        let work = work.or_moving(resources.iter().map(|bound| bound.bytes()).sum());
        let (phase, writes) = (self.phase, written(kernel, &resources));
        writes.iter().for_each(|span| self.mirrors.written(span));
        self.dispatches.push(Dispatch {
            kernel,
            workgroups,
            work,
            phase,
            copies,
            writes,
            pipeline,
            bind_group,
        });
        Ok(())
    }

    /// What of `resources` the kernel reads as textures, if it does.
    fn mirrored(&mut self, kernel: &'static Kernel, resources: &[&dyn Bind]) -> Result<Mirrored> {
        let mut mirrored = Mirrored { mirror: None, views: vec![None; resources.len()], copies: vec![] };
        self.mirrors.begin();
        let bound: Vec<_> = kernel.bindings[1..].iter().zip(resources).collect();
        let fits = |mirror: &&Mirror| {
            let mut textures =
                bound.iter().filter_map(|(binding, bound)| Some((bound, mirror.values(binding.slot)?)));
            textures.all(|(bound, values)| mirror::holds(&self.gpu, bound.bytes(), values))
        };
        let Some(mirror) = kernel.mirror.as_ref().filter(|_| self.gpu.mirrors()).filter(fits) else {
            return Ok(mirrored);
        };
        for (view, (binding, bound)) in mirrored.views.iter_mut().zip(&bound) {
            let span = Span::of(&bound.binding(), bound.bytes());
            if let Some((values, span)) = mirror.values(binding.slot).zip(span) {
                let (texture, copy) = self.mirrors.read(&self.gpu, &span, values)?;
                *view = Some(texture);
                mirrored.copies.extend(copy);
            }
        }
        mirrored.mirror = Some(mirror);
        Ok(mirrored)
    }

    /// How many dispatches have run once nothing writes `tensor` any more; 0 if nothing does.
    pub(crate) fn dispatches_to(&self, tensor: &Tensor) -> usize {
        let Some(span) = Span::of(&tensor.binding(), tensor.byte_len()) else { return 0 };
        let writes = |dispatch: &Dispatch| dispatch.writes.iter().any(|written| written.overlaps(&span));
        self.dispatches.iter().rposition(writes).map_or(0, |last| last + 1)
    }

    /// Encodes every dispatch, in order; those of a phase that follow one another are a debug group.
    pub fn encode(&self, encoder: &mut wgpu::CommandEncoder) {
        self.encode_some(encoder, "recording", None, |_, _| true);
    }

    /// As [`Recording::encode`], those dispatches alone whose place and phase are `wanted`, in passes called `label` with
    /// timestamps around all.
    pub(crate) fn encode_some(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        label: &str,
        timestamps: Option<&wgpu::ComputePassTimestampWrites<'_>>,
        wanted: impl Fn(usize, Phase) -> bool,
    ) {
        let placed = self.dispatches.iter().enumerate();
        let wanted: Vec<&Dispatch> = placed
            .filter(|(place, dispatch)| wanted(*place, dispatch.phase))
            .map(|(_, dispatch)| dispatch)
            .collect();
        // Copies end a pass.
        let mut passes = wanted.chunk_by(|_, next| next.copies.is_empty()).peekable();
        let mut is_first = true;
        while let Some(dispatches) = passes.next() {
            dispatches[0].encode_copies(encoder);
            let is_last = passes.peek().is_none();
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some(label),
                timestamp_writes: timestamps.and_then(|writes| of_pass(writes, is_first, is_last)),
            });
            is_first = false;
            for dispatches in dispatches.chunk_by(|a, b| a.phase == b.phase) {
                pass.push_debug_group(dispatches[0].phase.name());
                dispatches.iter().for_each(|dispatch| dispatch.encode(&mut pass));
                pass.pop_debug_group();
            }
        }
    }

    /// Encodes and submits the recording once, without waiting.
    pub fn submit(&self) {
        let label = Some("recording");
        let mut encoder = self.gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor { label });
        self.encode(&mut encoder);
        self.gpu.submit(encoder);
    }
}

/// What of `writes`, which are around several passes, the first and the last of them have to do.
pub(crate) fn of_pass<'a>(
    writes: &wgpu::ComputePassTimestampWrites<'a>,
    is_first: bool,
    is_last: bool,
) -> Option<wgpu::ComputePassTimestampWrites<'a>> {
    let beginning_of_pass_write_index = writes.beginning_of_pass_write_index.filter(|_| is_first);
    let end_of_pass_write_index = writes.end_of_pass_write_index.filter(|_| is_last);
    let any = beginning_of_pass_write_index.or(end_of_pass_write_index).is_some();
    any.then_some(wgpu::ComputePassTimestampWrites {
        query_set: writes.query_set,
        beginning_of_pass_write_index,
        end_of_pass_write_index,
    })
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

/// The buffers that a kernel writes of those that it is given.
fn written(kernel: &Kernel, resources: &[&dyn Bind]) -> Vec<Span> {
    let bound = kernel.bindings[1..].iter().zip(resources);
    bound
        .filter(|(binding, _)| matches!(binding.access, Access::ReadWrite(_)))
        .filter_map(|(_, resource)| Span::of(&resource.binding(), resource.bytes()))
        .collect()
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
