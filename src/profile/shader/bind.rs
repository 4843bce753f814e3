//! A shader's pipeline and all that it binds, on a device.

use super::job::Job;
use super::objects::{Object, Uses};
use super::reflect::{Kind, Resource};
use super::{guard, layout};
use crate::error::{Error, Result};
use crate::gpu::{Fault, Gpu, ShaderChecks};
use std::time::{Duration, Instant};

/// A pipeline with what it binds.
pub(super) struct Bound {
    gpu: Gpu,
    pipeline: wgpu::ComputePipeline,
    groups: Vec<(u32, wgpu::BindGroup)>,
    /// Of each resource, one or those of a binding array.
    objects: Vec<Vec<Object>>,
    immediates: Vec<u8>,
    /// How long compiling took.
    pub compiled: Duration,
}

impl Bound {
    /// Builds the pipeline and fills everything.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device refuses the shader or what it binds.
    pub fn new(gpu: &Gpu, job: &Job<'_>) -> Result<Self> {
        let filled = job.resources.iter().zip(job.contents);
        let objects = filled.map(|(resource, filled)| Object::all(gpu, resource, filled, Uses::of(resource)));
        Self::with(gpu, job, objects.collect::<Result<_>>()?)
    }

    /// Builds the pipeline over objects that are there: of each resource, one or those of a binding array.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device refuses the shader or what it binds.
    pub fn with(gpu: &Gpu, job: &Job<'_>, objects: Vec<Vec<Object>>) -> Result<Self> {
        let began = Instant::now();
        let (built, refused) = Fault::watched(gpu.device(), || guard::caught(|| build(gpu, job, &objects)));
        let compiled = began.elapsed();
        let message = |e: &dyn std::fmt::Display| format!("{} refused it: {e}", gpu.name());
        match (refused, built) {
            (Some(e), _) => Err(Fault::of(&e, message(&e)).error()),
            (None, Err(panicked)) => Err(Error::Gpu(message(&format!("its back end panicked: {panicked}")))),
            (None, Ok((pipeline, groups))) => {
                let immediates = job.resources.iter().zip(job.contents);
                let immediates = immediates.filter(|(resource, _)| resource.kind == Kind::Immediate);
                let immediates = immediates.flat_map(|(_, filled)| filled.each.concat()).collect();
                Ok(Self { gpu: gpu.clone(), pipeline, groups, objects, immediates, compiled })
            }
        }
    }

    /// The device's name.
    pub fn adapter(&self) -> &str {
        self.gpu.name()
    }

    /// How long compiling takes once more, now that the driver knows the shader.
    ///
    /// # Errors
    /// As [`Bound::with`].
    pub fn compiled_again(&self, job: &Job<'_>) -> Result<Duration> {
        Ok(Self::with(&self.gpu, job, self.objects.clone())?.compiled)
    }

    /// Encodes that everything holds what it held at first.
    pub fn restore(&self, encoder: &mut wgpu::CommandEncoder) {
        self.objects.iter().flatten().for_each(|object| object.restore(encoder));
    }

    /// Encodes a dispatch of so many workgroups.
    pub fn encode(&self, pass: &mut wgpu::ComputePass<'_>, [x, y, z]: [u32; 3]) {
        self.set(pass);
        pass.dispatch_workgroups(x, y, z);
    }

    /// Encodes a dispatch of as many workgroups as the buffer holds from that byte on.
    pub fn encode_indirect(&self, pass: &mut wgpu::ComputePass<'_>, buffer: &wgpu::Buffer, offset: u64) {
        self.set(pass);
        pass.dispatch_workgroups_indirect(buffer, offset);
    }

    fn set(&self, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        self.groups.iter().for_each(|(index, group)| pass.set_bind_group(*index, group, &[]));
        if !self.immediates.is_empty() {
            pass.set_immediates(0, &self.immediates);
        }
    }

    /// What each resource that the shader writes holds now, by its place among all.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device fails or has no memory.
    pub fn read(&self) -> Result<Vec<(usize, Vec<u8>)>> {
        let mut read = Vec::new();
        for (place, objects) in self.objects.iter().enumerate() {
            let all: Result<Vec<_>> = objects.iter().filter_map(|object| object.read(&self.gpu)).collect();
            let all = all?;
            if !all.is_empty() {
                read.push((place, all.concat()));
            }
        }
        Ok(read)
    }
}

type Built = (wgpu::ComputePipeline, Vec<(u32, wgpu::BindGroup)>);

fn build(gpu: &Gpu, job: &Job<'_>, objects: &[Vec<Object>]) -> Built {
    let layouts = layouts(gpu.device(), job);
    let pipeline = pipeline(gpu, job, &layouts);
    let all: Vec<(&Resource, &Vec<Object>)> = job.resources.iter().zip(objects).collect();
    let of_group = |(index, layout): (u32, &wgpu::BindGroupLayout)| {
        let bound = all.iter().filter(|(resource, _)| in_group(resource, index));
        (index, bind_group(gpu.device(), layout, &bound.copied().collect::<Vec<_>>()))
    };
    let used = (0..).zip(&layouts).filter_map(|(index, layout)| Some((index, layout.as_ref()?)));
    let groups = used.map(of_group).collect();
    (pipeline, groups)
}

fn in_group(resource: &Resource, group: u32) -> bool {
    resource.kind != Kind::Immediate && resource.group == group
}

/// The layout of each group, up to the last one in use.
fn layouts(device: &wgpu::Device, job: &Job<'_>) -> Vec<Option<wgpu::BindGroupLayout>> {
    let bound = || job.resources.iter().filter(|resource| resource.kind != Kind::Immediate);
    let count = bound().map(|resource| resource.group + 1).max().unwrap_or(0);
    let layout = |group: u32| {
        let all = job.resources.iter().zip(job.contents).filter(|(resource, _)| in_group(resource, group));
        let entries: Vec<_> = all.map(|(resource, filled)| layout::entry(resource, filled.shape)).collect();
        let descriptor =
            wgpu::BindGroupLayoutDescriptor { label: Some(job.shader.entry()), entries: &entries };
        (!entries.is_empty()).then(|| device.create_bind_group_layout(&descriptor))
    };
    (0..count).map(layout).collect()
}

fn pipeline(gpu: &Gpu, job: &Job<'_>, layouts: &[Option<wgpu::BindGroupLayout>]) -> wgpu::ComputePipeline {
    let (device, label) = (gpu.device(), Some(job.shader.entry()));
    let immediates = job.resources.iter().zip(job.contents).filter(|(r, _)| r.kind == Kind::Immediate);
    let layouts: Vec<Option<&wgpu::BindGroupLayout>> = layouts.iter().map(Option::as_ref).collect();
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label,
        bind_group_layouts: &layouts,
        immediate_size: immediates.map(|(_, filled)| filled.bytes() as u32).sum(),
    });
    let overrides = job.shader.overrides();
    let constants: Vec<(&str, f64)> = overrides.iter().map(|o| (o.name.as_str(), o.value)).collect();
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label,
        layout: Some(&layout),
        module: &module(gpu, job),
        entry_point: label,
        compilation_options: wgpu::PipelineCompilationOptions {
            constants: &constants,
            // Shaders of others may count on it.
            zero_initialize_workgroup_memory: true,
        },
        cache: None,
    })
}

fn module(gpu: &Gpu, job: &Job<'_>) -> wgpu::ShaderModule {
    let descriptor = wgpu::ShaderModuleDescriptor {
        label: Some(job.shader.entry()),
        source: wgpu::ShaderSource::Wgsl(job.shader.source().into()),
    };
    match gpu.checks() {
        ShaderChecks::Checked => gpu.device().create_shader_module(descriptor),
        // SAFETY: nobody but who profiles a shader can vouch for it, and has asked for it to be timed without checks.
        // Devices are opened with robust access to buffers wherever drivers have it.
        ShaderChecks::Trusted => unsafe {
            gpu.device().create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
        },
    }
}

fn bind_group(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    bound: &[(&Resource, &Vec<Object>)],
) -> wgpu::BindGroup {
    // What binding arrays refer to lives as long as the entries that do.
    let lists: Vec<List<'_>> = bound.iter().map(|(_, objects)| List::of(objects)).collect();
    let entries = bound.iter().zip(&lists).map(|((resource, _), list)| wgpu::BindGroupEntry {
        binding: resource.binding,
        resource: list.binding(resource.count.is_some()),
    });
    let entries: Vec<wgpu::BindGroupEntry<'_>> = entries.collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}

/// The objects of a resource, all of one kind.
enum List<'a> {
    Buffers(Vec<wgpu::BufferBinding<'a>>),
    Views(Vec<&'a wgpu::TextureView>),
    Samplers(Vec<&'a wgpu::Sampler>),
}

impl<'a> List<'a> {
    fn of(objects: &'a [Object]) -> Self {
        match objects.first() {
            Some(Object::Texture(_)) => Self::Views(objects.iter().filter_map(Object::view).collect()),
            Some(Object::Sampler(_)) => Self::Samplers(objects.iter().filter_map(Object::sampler).collect()),
            _ => Self::Buffers(objects.iter().filter_map(Object::buffer).collect()),
        }
    }

    fn binding(&'a self, is_array: bool) -> wgpu::BindingResource<'a> {
        match self {
            Self::Buffers(all) if is_array => wgpu::BindingResource::BufferArray(all),
            Self::Buffers(all) => wgpu::BindingResource::Buffer(all[0].clone()),
            Self::Views(all) if is_array => wgpu::BindingResource::TextureViewArray(all),
            Self::Views(all) => wgpu::BindingResource::TextureView(all[0]),
            Self::Samplers(all) if is_array => wgpu::BindingResource::SamplerArray(all),
            Self::Samplers(all) => wgpu::BindingResource::Sampler(all[0]),
        }
    }
}
