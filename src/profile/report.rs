//! Where the time goes, and how far each kernel is from the limit.

use super::advice::{Advice, advice};
use super::compiler::Executable;
use super::limit::{Limit, Operations};
use super::rows::{Bound, KernelRow, PhaseRow, StepTimes};
use super::samples::{Facts, Samples};
use super::scopes::Span;
use super::stopwatch::Clock;
use super::{Peaks, Spread};
use crate::error::{Error, Result};
use crate::gpu::Phase;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A profile. All times are a step's, that is, those of one run of all dispatches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
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
    /// Why it is not known of all what the driver's compiler made of them; none where it is known, or was not asked for.
    #[serde(default)]
    pub executables_reason: Option<String>,
    /// One row for each phase that has a kernel.
    pub phases: Vec<PhaseRow>,
    /// The step as a whole.
    pub step: StepTimes,
    /// The three changes that would save most.
    pub advice: Vec<Advice>,
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
            executables_reason: None,
            phases: phase_rows(&kernels),
            kernels,
            step,
            advice,
        }
    }

    /// With what `of` gives of each kernel, by its name; the last reason why there is nothing stays.
    pub(super) fn told(
        mut self,
        mut of: impl FnMut(&str) -> std::result::Result<Vec<Executable>, String>,
    ) -> Self {
        // A kernel has a row for each phase and shape.
        let mut known = BTreeMap::new();
        for row in &mut self.kernels {
            match known.entry(row.kernel.clone()).or_insert_with(|| of(&row.kernel)).clone() {
                Ok(executables) => row.executables = executables,
                Err(reason) => self.executables_reason = Some(reason),
            }
        }
        self
    }
}

impl Samples {
    /// What it all amounts to on an adapter of those `peaks`; `subject` says what was run, `clock` told the time.
    ///
    /// # Errors
    /// [`Error::Input`] when there are no times.
    pub fn report(
        &self,
        adapter: &str,
        subject: &str,
        clock: (Clock, Option<&str>),
        peaks: &Peaks,
    ) -> Result<Report> {
        if self.runs.is_empty() || self.facts.is_empty() {
            return Err(Error::input("profile", "the times of at least one dispatch", "none"));
        }
        Ok(Report::new(self, adapter, subject, clock, peaks))
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
        let Facts { kernel, variant, phase, work, is_known, operations, workgroup_size, workgroups } =
            &samples.facts[group[0]];
        let in_run = |spans: &Vec<Span>| group.iter().map(|&i| spans[i].ns() as f64 / 1e6).sum();
        let ms: Vec<f64> = samples.runs.iter().map(in_run).collect();
        let us = samples.spread(group);
        let (flops, bytes) = (work.flops as f64, work.bytes as f64);
        // Operations, or bytes, a nanosecond are billions a second.
        let median_ns = (1e3 * us.median).max(1.0);
        let all_f32 = Operations { f32: flops, ..Operations::default() };
        let (known, compute_us) = match operations.unwrap_or(all_f32).limit(bytes, peaks) {
            Limit::Known { bound, us, compute_us } => ((bound, us), compute_us),
            Limit::Unmeasured => ((Bound::Unknown, 0.0), 0.0),
        };
        let (bound, limit_us) = if *is_known { known } else { (Bound::Unknown, 0.0) };
        Self {
            kernel: kernel.to_string(),
            variant: variant.to_string(),
            phase: *phase,
            shape: work.shape.clone(),
            workgroup_size: *workgroup_size,
            workgroups: *workgroups,
            calls: group.len(),
            ms: Spread::of(&ms).unwrap_or_default().median,
            share: 0.0,
            us,
            gflop: flops / 1e9,
            gflops: flops / median_ns,
            of_peak: 1e3 * compute_us / median_ns,
            gb_s: bytes / median_ns,
            of_bandwidth: bytes / median_ns / peaks.copy_gb_s,
            flop_per_byte: flops / bytes.max(1.0),
            bound,
            limit_us,
            executables: Vec::new(),
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
