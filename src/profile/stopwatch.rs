//! Timing dispatches one by one: by the device's timestamps, or where they are of no use, by the host's clock.

use super::arithmetic;
use super::scopes::{Pass, Scopes, Span};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::{Duration, Instant};
use wgpu_profiler::{GpuProfiler, GpuProfilerSettings};

/// What tells the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The device, at the start and the end of each pass.
    Timestamps,
    /// The host, from submitting a dispatch until the device is done with it: its launch is included.
    Wall,
}

/// Times dispatches on a device.
pub struct Stopwatch {
    gpu: Gpu,
    profiler: GpuProfiler,
    clock: Clock,
    /// Why it is not the device that tells the time.
    reason: Option<String>,
    /// What the host's clock counts from, run after run.
    epoch: Instant,
    /// How long the device may take; for ever if that is left open.
    pub(super) limit: Option<Duration>,
}

/// Seen on llvmpipe: under load, nearly all of a step seems to lie between its dispatches.
const SOFTWARE: &str =
    "a software adapter takes its timestamps on threads of their own, whenever they come to run";
/// How long the work is, at least, by which timestamps are judged: long against what the host adds.
const TRIAL: Duration = Duration::from_millis(20);
/// How many dispatches share the work: some drivers take a timestamp only when the next one is asked for, which shows
/// from the second dispatch on.
const CHAIN: usize = 4;
/// How often they are judged: a host that is busy with something else waits longer than the device works.
const TRIES: usize = 5;

/// One run of a list of dispatches.
#[derive(Debug)]
#[non_exhaustive]
pub struct Run {
    /// When each ran.
    pub spans: Vec<Span>,
    /// From the start of encoding until the device was done with all.
    pub wall: Duration,
}

impl Stopwatch {
    /// Tells the time by `clock`; if that is left open, by the device, unless it is software or its timestamps do not
    /// stand a trial.
    ///
    /// # Errors
    /// [`Error::BadTimestamps`] when timestamps are asked for and cannot be trusted, [`Error::Gpu`] when the device fails.
    pub fn new(gpu: &Gpu, clock: Option<Clock>) -> Result<Self> {
        let profiler = GpuProfiler::new(gpu.device(), GpuProfilerSettings::default())
            .map_err(|e| Error::Gpu(format!("no timer queries: {e}")))?;
        let epoch = Instant::now();
        let mut stopwatch =
            Self { gpu: gpu.clone(), profiler, clock: Clock::Timestamps, reason: None, epoch, limit: None };
        stopwatch.reason = match clock {
            Some(Clock::Wall) => Some("it was asked for".to_owned()),
            None if gpu.device().adapter_info().device_type == wgpu::DeviceType::Cpu => {
                Some(SOFTWARE.to_owned())
            }
            _ => stopwatch.trial()?,
        };
        match (clock, &stopwatch.reason) {
            (_, None) => {}
            (Some(Clock::Timestamps), Some(reason)) => {
                return Err(Error::BadTimestamps(reason.clone()));
            }
            (_, Some(_)) => stopwatch.clock = Clock::Wall,
        }
        Ok(stopwatch)
    }

    /// What tells the time, and if it is not the device, why.
    pub fn clock(&self) -> (Clock, Option<&str>) {
        (self.clock, self.reason.as_deref())
    }

    /// From here on, the device may take so long for what is timed.
    pub(super) fn limit(&mut self, limit: Duration) {
        self.limit = Some(limit);
    }

    fn wait(&self) -> Result<()> {
        self.gpu.wait_within(self.limit)
    }

    /// Runs what `prepare` encodes, then the passes, each timed.
    pub(super) fn time(
        &mut self,
        prepare: &dyn Fn(&mut wgpu::CommandEncoder),
        passes: &[Pass<'_>],
    ) -> Result<Run> {
        match self.clock {
            Clock::Wall => self.by_wall_clock(prepare, passes),
            Clock::Timestamps => {
                let (spans, wall) = self.by_timestamps(prepare, passes)?;
                let untrue = |why| Error::Gpu(format!("the timestamps went wrong: {why}"));
                let spans = spans.ok_or_else(|| untrue("a step has none"))?;
                unusable(&spans).map_or(Ok(Run { spans, wall }), |why| Err(untrue(why)))
            }
        }
    }

    /// Why the device's timestamps cannot be trusted; `None` if, of arithmetic that keeps it busy for long enough, they
    /// say the same as the host's clock.
    fn trial(&mut self) -> Result<Option<String>> {
        if !self.gpu.device().features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return Ok(Some("this device has no timestamp queries".to_owned()));
        }
        let mut rounds = 16;
        loop {
            let recording = arithmetic::arithmetic(&self.gpu, rounds, CHAIN)?;
            let passes: Vec<Pass<'_>> = recording.dispatches().iter().map(Pass::of).collect();
            // The first run compiles.
            self.by_timestamps(&|_| (), &passes)?;
            let mut doubt = None;
            let mut fastest = Duration::MAX;
            for _ in 0..TRIES {
                let (spans, wall) = self.by_timestamps(&|_| (), &passes)?;
                fastest = fastest.min(wall);
                doubt = doubtful(spans.as_deref(), wall);
                if doubt.is_none() && wall >= TRIAL {
                    return Ok(None);
                }
            }
            if fastest >= TRIAL || rounds >= arithmetic::MOST_ROUNDS {
                return Ok(doubt);
            }
            rounds *= 4;
        }
    }

    /// When each pass ran, if the driver says so, and how long the host waited.
    fn by_timestamps(
        &mut self,
        prepare: &dyn Fn(&mut wgpu::CommandEncoder),
        passes: &[Pass<'_>],
    ) -> Result<(Option<Vec<Span>>, Duration)> {
        let began = Instant::now();
        let mut encoder = self.gpu.device().create_command_encoder(&Default::default());
        prepare(&mut encoder);
        let scopes = Scopes::encode_passes("profiled", passes, &self.profiler, &mut encoder, None);
        self.profiler.resolve_queries(&mut encoder);
        self.gpu.submit(encoder);
        self.wait()?;
        let wall = began.elapsed();
        self.profiler.end_frame().map_err(|e| Error::Gpu(format!("timer queries: {e}")))?;
        self.gpu.wait()?;
        let period = self.gpu.queue().get_timestamp_period();
        let results = self.profiler.process_finished_frame(period);
        Ok((results.and_then(|results| scopes.spans(&results)), wall))
    }

    fn by_wall_clock(&self, prepare: &dyn Fn(&mut wgpu::CommandEncoder), passes: &[Pass<'_>]) -> Result<Run> {
        let gpu = &self.gpu;
        let began = Instant::now();
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        prepare(&mut encoder);
        gpu.submit(encoder);
        self.wait()?;
        let mut spans = Vec::with_capacity(passes.len());
        for pass in passes {
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            pass.encode_before(&mut encoder);
            let descriptor = wgpu::ComputePassDescriptor { label: Some(pass.label), timestamp_writes: None };
            (pass.encode)(&mut encoder.begin_compute_pass(&descriptor));
            let begin = self.epoch.elapsed();
            gpu.submit(encoder);
            self.wait()?;
            let [begin, end] = [begin, self.epoch.elapsed()].map(|time| time.as_nanos() as u64);
            spans.push(Span { begin, end });
        }
        Ok(Run { spans, wall: began.elapsed() })
    }
}

/// Why timestamps say something else than the host, which waited for `wall`; `None` if they do not.
fn doubtful(spans: Option<&[Span]>, wall: Duration) -> Option<String> {
    let Some(spans) = spans else { return Some("the driver gives no timestamps".to_owned()) };
    if let Some(why) = unusable(spans) {
        return Some(why.to_owned());
    }
    let (by_device, by_host) =
        (spans.iter().map(|span| span.ns()).sum::<u64>() as f64, wall.as_nanos() as f64);
    // The host waits a little longer than the device works; more than half of the time is no little.
    let agrees = (0.5..1.1).contains(&(by_device / by_host));
    (!agrees).then(|| {
        let [by_device, by_host] = [by_device, by_host].map(|ns| ns / 1e6);
        format!("by the driver's timestamps, work of {by_host:.1} ms takes {by_device:.1} ms")
    })
}

/// Why timestamps cannot be any dispatches'.
fn unusable(spans: &[Span]) -> Option<&'static str> {
    if spans.iter().all(|span| span.begin == 0 && span.end == 0) {
        return Some("the driver's timestamps are all zero");
    }
    let backwards = spans.iter().any(|span| span.end < span.begin);
    backwards.then_some("by the driver's timestamps a dispatch ends before it begins")
}

impl fmt::Debug for Stopwatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopwatch")
            .field("gpu", &self.gpu)
            .field("clock", &self.clock)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(spans: &[(u64, u64)], wall_ms: u64) -> Option<String> {
        let spans: Vec<Span> = spans.iter().map(|&(begin, end)| Span { begin, end }).collect();
        doubtful(Some(&spans), Duration::from_millis(wall_ms))
    }

    #[test]
    fn timestamps_that_say_nothing_are_found_out() {
        assert_eq!(verdict(&[(5_000_000, 13_000_000), (14_000_000, 15_000_000)], 10), None);
        let doubt = |spans, words| {
            let why = verdict(spans, 10).unwrap_or_default();
            assert!(why.contains(words), "{spans:?}: {why}");
        };
        doubt(&[(0, 0), (0, 0)], "all zero");
        doubt(&[(5, 9), (12, 10)], "ends before it begins");
        doubt(&[(5, 5), (7, 7)], "work of 10.0 ms takes 0.0 ms");
        doubt(&[(5_000_000, 9_000_000)], "work of 10.0 ms takes 4.0 ms");
        doubt(&[(0, 12_000_000)], "work of 10.0 ms takes 12.0 ms");
        let none = doubtful(None, Duration::from_millis(10));
        assert!(none.is_some_and(|why| why.contains("no timestamps")));
    }
}
