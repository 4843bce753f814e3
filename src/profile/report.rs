//! Where the time goes, and how far each kernel is from the limit.

use super::advice::{Advice, advice};
use super::samples::{Facts, Samples};
use super::stopwatch::Clock;
use super::{Peaks, Spread};
use crate::gpu::Phase;
use serde::{Deserialize, Serialize};

/// A profile. All times are a step's, that is, those of one run of all dispatches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Backend, name and driver.
    pub adapter: String,
    /// What was run.
    pub subject: String,
    /// What told the time.
    pub clock: Clock,
    /// Why it was not the device.
    pub clock_reason: Option<String>,
    /// How many steps were timed.
    pub steps: usize,
    /// What the adapter can do at most.
    pub peaks: Peaks,
    /// One row for each kernel, phase and shape; those that take longest first.
    pub kernels: Vec<KernelRow>,
    /// One row for each phase that has a kernel.
    pub phases: Vec<PhaseRow>,
    /// The step as a whole.
    pub step: StepTimes,
    /// The three changes that would save most.
    pub advice: Vec<Advice>,
}

/// What limits a kernel at best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Arithmetic.
    Compute,
    /// Memory traffic.
    Memory,
    /// Being launched.
    Launch,
}

impl Bound {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compute => "compute",
            Self::Memory => "memory",
            Self::Launch => "launch",
        }
    }
}

/// All dispatches of a step that run one kernel in one phase over one shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KernelRow {
    /// `op.pass`.
    pub kernel: String,
    /// `plain` or `tuned`.
    pub variant: String,
    /// The part of the step.
    pub phase: Phase,
    /// Over what.
    pub shape: String,
    /// Threads in a workgroup.
    pub workgroup_size: u32,
    /// Workgroups in x, y and z.
    pub workgroups: [u32; 3],
    /// Dispatches a step.
    pub calls: usize,
    /// Milliseconds a step, the mean.
    pub ms: f64,
    /// Of all kernels' time.
    pub share: f64,
    /// Microseconds a dispatch.
    pub us: Spread,
    /// Billion operations a dispatch.
    pub gflop: f64,
    /// Billion operations a second, at the median.
    pub gflops: f64,
    /// Of the peak of f32.
    pub of_peak: f64,
    /// Billion bytes a second, at the median.
    pub gb_s: f64,
    /// Of the bandwidth of a copy; above 1 where the data stay in caches.
    pub of_bandwidth: f64,
    /// Operations a byte.
    pub flop_per_byte: f64,
    /// What limits the kernel at best.
    pub bound: Bound,
    /// Microseconds a dispatch at that limit.
    pub limit_us: f64,
    /// The share of the threads that the device could hold; always unknown, as wgpu does not tell.
    pub occupancy: Option<f64>,
}

/// All dispatches of a phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseRow {
    /// The part of the step.
    pub phase: Phase,
    /// Dispatches a step.
    pub calls: usize,
    /// Milliseconds a step, the mean.
    pub ms: f64,
    /// Of all kernels' time.
    pub share: f64,
    /// Billion operations a step.
    pub gflop: f64,
}

/// The step as a whole, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepTimes {
    /// All kernels.
    pub kernels_ms: Spread,
    /// From encoding until the device is done, with timers; unknown where the host did not wait.
    pub profiled_ms: Option<Spread>,
    /// The same without timers.
    pub unprofiled_ms: Option<Spread>,
    /// The part of the profiled step that is in kernels: the median over the steps.
    pub in_kernels: Option<f64>,
    /// The part of the profiled step that is in no kernel, the median over the steps.
    pub gap_ms: Option<f64>,
    /// By how much timing slows the step down, as a share of the unprofiled one.
    pub perturbation: Option<f64>,
}

impl Report {
    pub(super) fn new(
        samples: &Samples,
        adapter: &str,
        subject: &str,
        (clock, reason): (Clock, Option<&str>),
        peaks: &Peaks,
    ) -> Self {
        let kernels = kernel_rows(samples, peaks);
        let step = StepTimes::new(samples);
        let advice = advice(&kernels, &step);
        Self {
            adapter: adapter.to_owned(),
            subject: subject.to_owned(),
            clock,
            clock_reason: reason.map(str::to_owned),
            steps: samples.runs.len(),
            peaks: peaks.clone(),
            phases: phase_rows(&kernels),
            kernels,
            step,
            advice,
        }
    }
}

impl StepTimes {
    fn new(samples: &Samples) -> Self {
        let sums = samples.sums();
        let pairs = || samples.walls.iter().zip(&sums);
        let median = |values: Vec<f64>| Spread::of(&values).map(|spread| spread.median);
        let (profiled_ms, unprofiled_ms) = (Spread::of(&samples.walls), Spread::of(&samples.unprofiled));
        let slower = |(with, without): (Spread, Spread)| with.median / without.median - 1.0;
        Self {
            kernels_ms: Spread::of(&sums).unwrap_or_default(),
            in_kernels: median(pairs().map(|(wall, sum)| sum / wall).collect()),
            gap_ms: median(pairs().map(|(wall, sum)| wall - sum).collect()),
            perturbation: profiled_ms.zip(unprofiled_ms).map(slower),
            profiled_ms,
            unprofiled_ms,
        }
    }
}

fn kernel_rows(samples: &Samples, peaks: &Peaks) -> Vec<KernelRow> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, facts) in samples.facts.iter().enumerate() {
        match groups.iter_mut().find(|group| samples.facts[group[0]].is_row_of(facts)) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    let mut rows: Vec<KernelRow> = groups.iter().map(|group| KernelRow::new(samples, group, peaks)).collect();
    let total: f64 = rows.iter().map(|row| row.ms).sum();
    rows.iter_mut().for_each(|row| row.share = row.ms / total.max(f64::MIN_POSITIVE));
    rows.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    rows
}

impl KernelRow {
    fn new(samples: &Samples, group: &[usize], peaks: &Peaks) -> Self {
        let Facts { kernel, variant, phase, work, workgroup_size, workgroups } = &samples.facts[group[0]];
        let ns: u64 = samples.runs.iter().flat_map(|spans| group.iter().map(|&i| spans[i].ns())).sum();
        let us = samples.spread(group);
        let (flops, bytes) = (work.flops as f64, work.bytes as f64);
        // Operations, or bytes, a nanosecond are billions a second.
        let median_ns = (1e3 * us.median).max(1.0);
        let limits = [
            (Bound::Compute, flops / (1e3 * peaks.f32_gflops)),
            (Bound::Memory, bytes / (1e3 * peaks.copy_gb_s)),
            (Bound::Launch, peaks.empty_dispatch_us),
        ];
        let (bound, limit_us) = limits.into_iter().fold(limits[0], |a, b| if b.1 > a.1 { b } else { a });
        Self {
            kernel: (*kernel).to_owned(),
            variant: (*variant).to_owned(),
            phase: *phase,
            shape: work.shape.clone(),
            workgroup_size: *workgroup_size,
            workgroups: *workgroups,
            calls: group.len(),
            ms: ns as f64 / 1e6 / samples.runs.len() as f64,
            share: 0.0,
            us,
            gflop: flops / 1e9,
            gflops: flops / median_ns,
            of_peak: flops / median_ns / peaks.f32_gflops,
            gb_s: bytes / median_ns,
            of_bandwidth: bytes / median_ns / peaks.copy_gb_s,
            flop_per_byte: flops / bytes,
            bound,
            limit_us,
            occupancy: None,
        }
    }
}

fn phase_rows(kernels: &[KernelRow]) -> Vec<PhaseRow> {
    let row = |phase| {
        let rows: Vec<&KernelRow> = kernels.iter().filter(|row| row.phase == phase).collect();
        let sum = |value: fn(&KernelRow) -> f64| rows.iter().map(|row| value(row)).sum::<f64>();
        (!rows.is_empty()).then(|| PhaseRow {
            phase,
            calls: rows.iter().map(|row| row.calls).sum(),
            ms: sum(|row| row.ms),
            share: sum(|row| row.share),
            gflop: sum(|row| row.gflop * row.calls as f64),
        })
    };
    Phase::ALL.into_iter().filter_map(row).collect()
}
