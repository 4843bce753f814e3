//! A pipeline on a device.

use super::super::bind::Bound;
use super::super::job::Job;
use super::super::objects::{Object, Uses};
use super::super::plan::Filled;
use super::super::reflect::Resource;
use super::{Count, Pipeline, Stage};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Phase, ShaderChecks, Work};
use crate::profile::compiler::{DriverCompiler, Executable};
use crate::profile::samples::{Facts, Samples};
use crate::profile::scopes::Pass;
use crate::profile::stopwatch::Stopwatch;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

/// A pipeline that is ready to run on a device.
pub struct ReadyPipeline<'a> {
    pipeline: &'a Pipeline,
    contents: &'a [Vec<Filled>],
    gpu: Gpu,
    objects: BTreeMap<&'a str, Vec<Object>>,
    /// One for each stage.
    bound: Vec<Bound>,
}

impl Pipeline {
    /// Makes the resources, once, and all pipelines.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device refuses a shader or a resource, or has no memory.
    pub fn prepare<'a>(&'a self, gpu: &Gpu, contents: &'a [Vec<Filled>]) -> Result<ReadyPipeline<'a>> {
        let mut objects: BTreeMap<&str, Vec<Object>> = BTreeMap::new();
        for (stage, contents) in self.stages.iter().zip(contents) {
            let bound = stage.bound().zip(contents_of_bound(stage, contents));
            for ((resource, target), filled) in bound {
                if !objects.contains_key(target.as_str()) {
                    let made = Object::all(gpu, resource, filled, self.uses(target))?;
                    objects.insert(target, made);
                }
            }
        }
        let mut ready = ReadyPipeline { pipeline: self, contents, gpu: gpu.clone(), objects, bound: vec![] };
        for (index, stage) in self.stages.iter().enumerate() {
            let own = stage.resources.iter().zip(&stage.targets).map(|(resource, target)| {
                let shared = ready.objects.get(target.as_str());
                shared.map_or_else(|| vec![Object::None], |all| Object::seen_as(all, resource))
            });
            let bound = Bound::with(gpu, &ready.job(index, [1; 3]), own.collect());
            ready.bound.push(bound.map_err(|e| match e {
                Error::Gpu(said) => Error::Gpu(format!("{}: {said}", stage.name)),
                other => other,
            })?);
        }
        Ok(ready)
    }

    /// What all stages do with a resource.
    fn uses(&self, target: &str) -> Uses {
        let of_stage = |stage: &Stage| {
            let own = stage.bound().filter(|(_, own)| *own == target).map(|(resource, _)| Uses::of(resource));
            let indirect = match &stage.count {
                Count::Indirect { resource, .. } if resource == target => Some(Uses::INDIRECT),
                _ => None,
            };
            own.chain(indirect).collect::<Vec<_>>()
        };
        self.stages.iter().flat_map(of_stage).fold(Uses::NONE, Uses::and)
    }
}

/// The contents of what [`Stage::bound`] gives.
fn contents_of_bound<'a>(stage: &'a Stage, contents: &'a [Filled]) -> impl Iterator<Item = &'a Filled> {
    let is_bound = |resource: &Resource| resource.kind != super::Kind::Immediate;
    stage
        .resources
        .iter()
        .zip(contents)
        .filter(move |(resource, _)| is_bound(resource))
        .map(|(_, filled)| filled)
}

impl<'a> ReadyPipeline<'a> {
    fn job(&self, stage: usize, workgroups: [u32; 3]) -> Job<'a> {
        let Stage { shader, resources, .. } = &self.pipeline.stages[stage];
        Job { shader, resources, contents: &self.contents[stage], workgroups }
    }

    /// Gives everything what it held at first.
    fn restore(&self) -> Result<()> {
        let mut encoder = self.gpu.device().create_command_encoder(&Default::default());
        self.objects.values().flatten().for_each(|object| object.restore(&mut encoder));
        self.gpu.submit(encoder);
        self.gpu.wait()
    }

    /// Encodes a dispatch of a stage.
    fn encode(&self, stage: usize, pass: &mut wgpu::ComputePass<'_>) {
        match &self.pipeline.stages[stage].count {
            Count::Fixed(workgroups) => self.bound[stage].encode(pass, *workgroups),
            Count::Indirect { resource, offset } => {
                let buffer = self.objects.get(resource.as_str()).and_then(|all| all.first()?.buffer());
                if let Some(buffer) = buffer {
                    self.bound[stage].encode_indirect(pass, buffer.buffer, *offset);
                }
            }
        }
    }

    /// Runs all dispatches in one pass on what everything held at first, and says how long that took.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device fails.
    pub fn run(&self) -> Result<Duration> {
        self.run_within(None)
    }

    /// The same, refused where it takes longer than `limit`.
    fn run_within(&self, limit: Option<Duration>) -> Result<Duration> {
        self.restore()?;
        let began = Instant::now();
        let mut encoder = self.gpu.device().create_command_encoder(&Default::default());
        let mut pass = encoder.begin_compute_pass(&Default::default());
        self.pipeline.order.iter().for_each(|&stage| self.encode(stage, &mut pass));
        drop(pass);
        self.gpu.submit(encoder);
        self.gpu.wait_within(limit)?;
        Ok(began.elapsed())
    }

    /// What a resource holds after the last run, if a shader writes it.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device fails or has no memory.
    pub fn read(&self, resource: &str) -> Result<Option<Vec<u8>>> {
        let Some(all) = self.objects.get(resource) else { return Ok(None) };
        let read: Vec<Vec<u8>> =
            all.iter().filter_map(|object| object.read(&self.gpu)).collect::<Result<_>>()?;
        Ok((!read.is_empty()).then(|| read.concat()))
    }

    /// How many workgroups a stage has; of an indirect dispatch, as many as its resource holds after a run.
    fn workgroups(&self, stage: usize) -> Result<[u32; 3]> {
        match &self.pipeline.stages[stage].count {
            Count::Fixed(workgroups) => Ok(*workgroups),
            Count::Indirect { resource, offset } => {
                let given = || {
                    let place = |stage: &Stage| stage.targets.iter().position(|target| target == resource);
                    let mut stages = self.pipeline.stages.iter().zip(self.contents);
                    stages.find_map(|(stage, contents)| Some(contents[place(stage)?].each.concat()))
                };
                let bytes = self.read(resource)?.or_else(given).unwrap_or_default();
                let word = |index: usize| {
                    let at = *offset as usize + 4 * index;
                    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
                    word.map_or(0, u32::from_le_bytes)
                };
                Ok([0, 1, 2].map(word))
            }
        }
    }

    /// What the driver's compiler makes of the stage of that name.
    pub(in super::super) fn executables(
        &self,
        stage: &str,
        compiler: &DriverCompiler,
        checks: ShaderChecks,
    ) -> std::result::Result<Vec<Executable>, String> {
        let stage = self.pipeline.stages.iter().position(|it| it.name == stage);
        self.job(stage.ok_or("there is no such dispatch")?, [1; 3]).executables(compiler, checks)
    }

    /// What is known of each stage's dispatch.
    fn facts(&self, stage: usize) -> Result<Facts> {
        let workgroups = self.workgroups(stage)?;
        let Stage { name, shader, targets, .. } = &self.pipeline.stages[stage];
        // What an indirect dispatch asks for may be more than there can be; then nothing runs.
        shader.check(workgroups, &self.gpu.device().limits())?;
        let counts = self.job(stage, workgroups).counts();
        let (flops, bytes) = (counts.flops(), counts.bytes());
        let mut shape = targets.join(", ");
        if flops.is_none() {
            shape += "; operations unknown";
        }
        if bytes.is_none() {
            shape += "; bytes unknown";
        }
        let work = Work::new(flops.unwrap_or(0.0) as usize, shape).moving(bytes.unwrap_or(0) as usize);
        Ok(Facts {
            kernel: Cow::Owned(name.clone()),
            variant: Cow::Borrowed("wgsl"),
            phase: Phase::Other,
            work,
            is_known: flops.is_some() && bytes.is_some(),
            operations: counts.operations(),
            workgroup_size: shader.workgroup_size().iter().product(),
            workgroups,
        })
    }

    /// Times so many runs, dispatch by dispatch; before each, everything gets back what it held at first.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device fails, [`ShaderError::Timeout`](crate::error::ShaderError::Timeout) when a dispatch does not
    /// end.
    pub(in super::super) fn samples(&self, stopwatch: &mut Stopwatch, runs: usize) -> Result<Samples> {
        let limit = stopwatch.limit;
        self.run_within(limit)?;
        let all: Vec<Facts> =
            (0..self.pipeline.stages.len()).map(|stage| self.facts(stage)).collect::<Result<_>>()?;
        let order = &self.pipeline.order;
        let facts = order.iter().map(|&stage| all[stage].clone()).collect();
        let pass = |&stage: &usize| Pass {
            label: self.pipeline.stages[stage].name.as_str(),
            before: None,
            encode: Box::new(move |pass| self.encode(stage, pass)),
        };
        let passes: Vec<Pass<'_>> = order.iter().map(pass).collect();
        // A run with timers follows one without, which leaves everything as at first for it, so that no clock sees the copies.
        let unprofiled = || {
            let took = self.run_within(limit)?;
            self.restore()?;
            Ok(took)
        };
        Samples::of(facts).timed(stopwatch, &passes, runs, &|_| (), &unprofiled)
    }
}

impl fmt::Debug for ReadyPipeline<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReadyPipeline({} dispatches)", self.pipeline.order.len())
    }
}
