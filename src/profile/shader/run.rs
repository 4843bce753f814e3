//! The shader on a device, timed.

use super::bind::Bound;
use super::job::Job;
use super::pipeline::ReadyPipeline;
use super::reflect::Resource;
use super::report::ShaderReport;
use crate::error::Result;
use crate::gpu::Gpu;
use crate::profile::compiler::DriverCompiler;
use crate::profile::scopes::Pass;
use crate::profile::{Clock, Peaks, Report, Samples, Spread, Stopwatch};
use std::fmt;
use std::time::{Duration, Instant};

/// Runs that do not count.
const WARM_UP: usize = 2;
/// No further run is begun after so long.
const ENOUGH: Duration = Duration::from_secs(5);

/// What times shaders on a device.
pub struct Bench {
    gpu: Gpu,
    stopwatch: Stopwatch,
    peaks: Peaks,
    /// Or why there is none.
    compiler: std::result::Result<DriverCompiler, String>,
}

impl Bench {
    /// Measures what the device can do at most; `clock` is what tells the time, as [`Stopwatch::new`] has it. A run may take
    /// so long as `limit`.
    ///
    /// # Errors
    /// As [`Stopwatch::new`].
    pub fn new(gpu: &Gpu, clock: Option<Clock>, limit: Duration) -> Result<Self> {
        let mut stopwatch = Stopwatch::new(gpu, clock)?;
        let peaks = Peaks::measure(gpu, &mut stopwatch)?;
        stopwatch.limit(limit);
        Ok(Self { gpu: gpu.clone(), stopwatch, peaks, compiler: DriverCompiler::of(gpu) })
    }

    /// Times `runs` runs at most. Before each, every buffer gets back what it held at first, which is not timed.
    ///
    /// # Errors
    /// [`Error::Gpu`](crate::error::Error::Gpu) when the device fails, [`ShaderError::Timeout`] when a run does not end.
    ///
    /// [`ShaderError::Timeout`]: crate::error::ShaderError::Timeout
    pub fn time(&mut self, ready: &Ready<'_>, runs: usize) -> Result<ShaderReport> {
        let (mut times, mut first) = (Vec::new(), None);
        let began = Instant::now();
        for run in 0..runs + WARM_UP {
            let us = self.run(ready)?;
            first.get_or_insert(us);
            if run >= WARM_UP {
                times.push(us);
            }
            if began.elapsed() > ENOUGH && !times.is_empty() {
                break;
            }
        }
        Ok(ShaderReport { first_us: first, ..self.report(ready, &times) })
    }

    /// Times so many runs of a pipeline, dispatch by dispatch; `subject` says what it is.
    ///
    /// # Errors
    /// As [`Bench::time`].
    pub fn pipeline(
        &mut self,
        ready: &ReadyPipeline<'_>,
        subject: &str,
        runs: usize,
    ) -> Result<(Samples, Report)> {
        let samples = ready.samples(&mut self.stopwatch, runs)?;
        let report = samples.report(self.gpu.name(), subject, self.stopwatch.clock(), &self.peaks)?;
        let report = report.told(|stage| {
            let compiler = self.compiler.as_ref().map_err(String::clone)?;
            ready.executables(stage, compiler, self.gpu.checks())
        });
        Ok((samples, report))
    }

    /// What runs of so many microseconds amount to.
    pub(super) fn report(&self, ready: &Ready<'_>, times: &[f64]) -> ShaderReport {
        let us = Spread::of(times).unwrap_or_default();
        let clock = self.stopwatch.clock();
        let report = ShaderReport::new(ready.job, self.gpu.name(), clock, &self.peaks, (times.len(), us));
        let compiler = self.compiler.as_ref().map_err(String::clone);
        let told = compiler.and_then(|compiler| ready.job.executables(compiler, self.gpu.checks()));
        let milliseconds = |time: Duration| Some(1e3 * time.as_secs_f64());
        ShaderReport {
            compile_ms: milliseconds(ready.bound.compiled),
            compile_again_ms: milliseconds(ready.compiled_again),
            executables_reason: told.as_ref().err().cloned(),
            executables: told.unwrap_or_default(),
            ..report
        }
    }

    /// Microseconds of a run.
    pub(super) fn run(&mut self, ready: &Ready<'_>) -> Result<f64> {
        let Ready { job, bound, .. } = ready;
        let label = job.shader.entry();
        let encode = |pass: &mut wgpu::ComputePass<'_>| {
            pass.push_debug_group(label);
            bound.encode(pass, job.workgroups);
            pass.pop_debug_group();
        };
        let passes = [Pass { label, before: None, encode: Box::new(encode) }];
        let timed = self.stopwatch.time(&|encoder| bound.restore(encoder), &passes)?;
        Ok(timed.spans.iter().map(|span| span.ns() as f64 / 1e3).sum())
    }
}

impl fmt::Debug for Bench {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bench({})", self.gpu.name())
    }
}

/// A shader that is ready to run on a device.
pub struct Ready<'a> {
    job: &'a Job<'a>,
    bound: Bound,
    compiled_again: Duration,
}

impl<'a> Ready<'a> {
    pub(super) fn job(&self) -> &'a Job<'a> {
        self.job
    }

    /// The resource at that place among all.
    pub fn resource(&self, place: usize) -> &'a Resource {
        &self.job.resources[place]
    }

    /// Runs it once, untimed, on what everything held at first.
    ///
    /// # Errors
    /// [`Error::Gpu`](crate::error::Error::Gpu) when the device fails.
    pub fn run(&self, gpu: &Gpu) -> Result<()> {
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        self.bound.restore(&mut encoder);
        self.bound.encode(&mut encoder.begin_compute_pass(&Default::default()), self.job.workgroups);
        gpu.submit(encoder);
        gpu.wait()
    }

    /// Backend, name and driver.
    pub fn adapter(&self) -> &str {
        self.bound.adapter()
    }

    /// What each resource that the shader writes holds after the last run, by its place among all.
    ///
    /// # Errors
    /// [`Error::Gpu`](crate::error::Error::Gpu) when the device fails or has no memory.
    pub fn outputs(&self) -> Result<Vec<(usize, Vec<u8>)>> {
        self.bound.read()
    }
}

impl fmt::Debug for Ready<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ready({})", self.job.shader.entry())
    }
}

impl Job<'_> {
    /// Builds the pipeline and fills the buffers.
    ///
    /// # Errors
    /// [`Error::Gpu`](crate::error::Error::Gpu) when the device refuses shader or buffers, or has no memory for them.
    pub fn prepare(&self, gpu: &Gpu) -> Result<Ready<'_>> {
        let bound = Bound::new(gpu, self)?;
        let compiled_again = bound.compiled_again(self)?;
        Ok(Ready { job: self, bound, compiled_again })
    }
}
