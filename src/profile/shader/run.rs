//! The shader on a device, timed.

use super::{Resource, Shader, Space};
use crate::error::Result;
use crate::gpu::{Fault, Gpu};
use crate::profile::scopes::Pass;
use crate::profile::{Clock, Peaks, Spread, Stopwatch};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use wgpu::util::DeviceExt;

/// Runs that do not count.
const WARM_UP: usize = 2;
/// No further run is begun after so long.
const ENOUGH: Duration = Duration::from_secs(5);

/// What is to be run.
#[derive(Debug)]
pub struct Job<'a> {
    /// The shader.
    pub shader: &'a Shader,
    /// What it binds.
    pub resources: &'a [Resource],
    /// The bytes of each.
    pub contents: &'a [Vec<u8>],
    /// Workgroups in x, y and z.
    pub workgroups: [u32; 3],
    /// How often, at most.
    pub runs: usize,
}

/// The times of a shader on an adapter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShaderTimes {
    /// Backend, name and driver.
    pub adapter: String,
    /// What told the time.
    pub clock: Clock,
    /// Why it was not the device.
    pub clock_reason: Option<String>,
    /// How often it was run.
    pub runs: usize,
    /// Microseconds a run.
    pub us: Spread,
    /// Bytes of the buffers: those read and those written, once.
    pub bytes: u64,
    /// Billion bytes a second, at the median.
    pub gb_s: f64,
    /// Billion bytes a second that a copy reads and writes.
    pub copy_gb_s: f64,
    /// `gb_s` as a share of it.
    pub of_bandwidth: f64,
}

impl Job<'_> {
    /// Bytes of the buffers: those that are read and those that are written.
    fn bytes(&self) -> u64 {
        let touched = |resource: &Resource| u64::from(resource.read) + u64::from(resource.written);
        self.resources.iter().zip(self.contents).map(|(r, bytes)| touched(r) * bytes.len() as u64).sum()
    }

    /// Times the shader on a device.
    ///
    /// # Errors
    /// [`Error::Gpu`](crate::error::Error::Gpu) when the device refuses shader or buffers, or fails.
    pub fn time(&self, gpu: &Gpu, clock: Option<Clock>) -> Result<ShaderTimes> {
        let mut stopwatch = Stopwatch::new(gpu, clock)?;
        let peaks = Peaks::measure(gpu, &mut stopwatch)?;
        let (pipeline, groups) = self.prepare(gpu)?;
        let encode = |pass: &mut wgpu::ComputePass<'_>| {
            pass.push_debug_group(self.shader.entry());
            pass.set_pipeline(&pipeline);
            groups.iter().for_each(|(index, group)| pass.set_bind_group(*index, group, &[]));
            let [x, y, z] = self.workgroups;
            pass.dispatch_workgroups(x, y, z);
            pass.pop_debug_group();
        };
        let passes = [Pass { label: self.shader.entry(), encode: Box::new(encode) }];
        let mut times = Vec::new();
        let began = Instant::now();
        for run in 0..self.runs + WARM_UP {
            let timed = stopwatch.time(&|_| (), &passes)?;
            gpu.healthy()?;
            if run >= WARM_UP {
                times.extend(timed.spans.iter().map(|span| span.ns() as f64 / 1e3));
            }
            if began.elapsed() > ENOUGH && !times.is_empty() {
                break;
            }
        }
        let us = Spread::of(&times).unwrap_or_default();
        let (clock, reason) = stopwatch.clock();
        let gb_s = self.bytes() as f64 / (1e3 * us.median).max(1.0);
        Ok(ShaderTimes {
            adapter: gpu.name().to_owned(),
            clock,
            clock_reason: reason.map(str::to_owned),
            runs: times.len(),
            us,
            bytes: self.bytes(),
            gb_s,
            copy_gb_s: peaks.copy_gb_s,
            of_bandwidth: gb_s / peaks.copy_gb_s,
        })
    }

    /// The pipeline and the bind group of each group in use.
    fn prepare(&self, gpu: &Gpu) -> Result<(wgpu::ComputePipeline, BTreeMap<u32, wgpu::BindGroup>)> {
        let device = gpu.device();
        let memory = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(self.shader.entry()),
            source: wgpu::ShaderSource::Wgsl(self.shader.source.as_str().into()),
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(self.shader.entry()),
            layout: None,
            module: &module,
            entry_point: Some(self.shader.entry()),
            compilation_options: Default::default(),
            cache: None,
        });
        // A pipeline that was refused has no layouts to ask for.
        let refused = pollster::block_on(validation.pop());
        let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let groups = if refused.is_some() { BTreeMap::new() } else { self.bind_groups(device, &pipeline) };
        let refused = refused.or(pollster::block_on(validation.pop()));
        match pollster::block_on(memory.pop()).or(refused) {
            Some(e) => {
                let message = format!("{} refused {}: {e}", gpu.name(), self.shader.path.display());
                Err(Fault::of(&e, message).error())
            }
            None => Ok((pipeline, groups)),
        }
    }

    fn bind_groups(
        &self,
        device: &wgpu::Device,
        pipeline: &wgpu::ComputePipeline,
    ) -> BTreeMap<u32, wgpu::BindGroup> {
        let buffer = |resource: &Resource, contents: &[u8]| {
            device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
                label: Some(&resource.name),
                contents,
                usage: match resource.space {
                    Space::Uniform => wgpu::BufferUsages::UNIFORM,
                    Space::Storage => wgpu::BufferUsages::STORAGE,
                },
            })
        };
        let mut buffers: BTreeMap<u32, Vec<(u32, wgpu::Buffer)>> = BTreeMap::new();
        for (resource, contents) in self.resources.iter().zip(self.contents) {
            let bound = (resource.binding, buffer(resource, contents));
            buffers.entry(resource.group).or_default().push(bound);
        }
        let group = |(index, buffers): (u32, Vec<(u32, wgpu::Buffer)>)| {
            let entries: Vec<wgpu::BindGroupEntry<'_>> = buffers
                .iter()
                .map(|(binding, buffer)| wgpu::BindGroupEntry {
                    binding: *binding,
                    resource: buffer.as_entire_binding(),
                })
                .collect();
            let layout = pipeline.get_bind_group_layout(index);
            let descriptor = wgpu::BindGroupDescriptor {
                label: Some(self.shader.entry()),
                layout: &layout,
                entries: &entries,
            };
            (index, device.create_bind_group(&descriptor))
        };
        buffers.into_iter().map(group).collect()
    }
}
