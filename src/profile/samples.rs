//! What is measured of a list of dispatches, run after run.

use super::Spread;
use super::limit::Operations;
use super::scopes::{Pass, Scopes, Span};
use super::stopwatch::{Run, Stopwatch};
use crate::error::{Error, Result};
use crate::gpu::{Dispatch, Phase, Recording, Work};
use std::borrow::Cow;
use std::time::Duration;

/// What is known of a dispatch before it runs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Facts {
    pub kernel: Cow<'static, str>,
    pub variant: Cow<'static, str>,
    pub phase: Phase,
    pub work: Work,
    /// Whether all of the work is known.
    pub is_known: bool,
    /// Its operations by type, where these are not all of f32.
    pub operations: Option<Operations>,
    pub workgroup_size: u32,
    pub workgroups: [u32; 3],
}

impl Facts {
    fn of(dispatch: &Dispatch) -> Self {
        Self {
            kernel: dispatch.kernel.label.into(),
            variant: dispatch.kernel.variant.name().into(),
            phase: dispatch.phase,
            work: dispatch.work.clone(),
            is_known: true,
            operations: None,
            workgroup_size: dispatch.kernel.workgroup_size,
            workgroups: dispatch.workgroups,
        }
    }

    /// Whether both make up one row of the report.
    pub fn is_row_of(&self, other: &Self) -> bool {
        self.kernel == other.kernel
            && self.phase == other.phase
            && self.work == other.work
            && self.workgroups == other.workgroups
    }
}

/// The times of the dispatches of some recordings.
#[derive(Debug)]
pub struct Samples {
    pub(super) facts: Vec<Facts>,
    /// A list of spans, one for each dispatch, for each run.
    pub(super) runs: Vec<Vec<Span>>,
    /// Milliseconds from encoding until the device is done, of runs that were timed.
    pub(super) walls: Vec<f64>,
    /// The same of runs without timers.
    pub(super) unprofiled: Vec<f64>,
}

impl Samples {
    /// No times yet of the dispatches of `recordings`.
    pub fn new(recordings: &[&Recording]) -> Self {
        let dispatches = recordings.iter().flat_map(|recording| recording.dispatches());
        Self::of(dispatches.map(Facts::of).collect())
    }

    pub(super) fn of(facts: Vec<Facts>) -> Self {
        Self { facts, runs: vec![], walls: vec![], unprofiled: vec![] }
    }

    /// Adds a run: when each dispatch ran, and how long the host waited for all of them, if it did.
    ///
    /// # Errors
    /// [`Error::Input`] when there is not one span for each dispatch.
    pub fn add(&mut self, spans: Vec<Span>, wall: Option<Duration>) -> Result<()> {
        if spans.len() != self.facts.len() {
            return Err(Error::input("spans", format!("{}, one a dispatch", self.facts.len()), spans.len()));
        }
        self.runs.push(spans);
        self.walls.extend(wall.map(milliseconds));
        Ok(())
    }

    /// Adds how long the host waited for a run without timers.
    pub fn add_unprofiled(&mut self, wall: Duration) {
        self.unprofiled.push(milliseconds(wall));
    }

    /// Takes `steps` runs, each after one without timers: `prepare` encodes what has to happen before the dispatches, and
    /// `unprofiled` runs the same without timers and says how long that took.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device fails or its clock does.
    pub fn take(
        stopwatch: &mut Stopwatch,
        recordings: &[&Recording],
        steps: usize,
        prepare: &dyn Fn(&mut wgpu::CommandEncoder),
        unprofiled: &dyn Fn() -> Result<Duration>,
    ) -> Result<Self> {
        let dispatches = recordings.iter().flat_map(|recording| recording.dispatches());
        let passes: Vec<Pass<'_>> = dispatches.map(Pass::of).collect();
        Self::new(recordings).timed(stopwatch, &passes, steps, prepare, unprofiled)
    }

    /// With `steps` runs of `passes`, which are those dispatches; see [`Samples::take`].
    pub(super) fn timed(
        mut self,
        stopwatch: &mut Stopwatch,
        passes: &[Pass<'_>],
        steps: usize,
        prepare: &dyn Fn(&mut wgpu::CommandEncoder),
        unprofiled: &dyn Fn() -> Result<Duration>,
    ) -> Result<Self> {
        // Caches filled, clocks up, queries made.
        for _ in 0..WARM_UP {
            unprofiled()?;
            stopwatch.time(prepare, passes)?;
        }
        for _ in 0..steps {
            self.add_unprofiled(unprofiled()?);
            let Run { spans, wall } = stopwatch.time(prepare, passes)?;
            self.add(spans, Some(wall))?;
        }
        Ok(self)
    }

    /// Adds a run whose scopes lie in a frame of the host's profiler, as that gives its results; whether it has times.
    ///
    /// # Errors
    /// [`Error::Input`] when the scopes are those of other recordings.
    pub fn add_scopes(
        &mut self,
        scopes: &Scopes,
        results: &[wgpu_profiler::GpuTimerQueryResult],
    ) -> Result<bool> {
        let spans = scopes.spans(results);
        let has_times = spans.is_some();
        spans.map_or(Ok(()), |spans| self.add(spans, None))?;
        Ok(has_times)
    }

    /// Milliseconds of all dispatches of each run.
    pub(super) fn sums(&self) -> Vec<f64> {
        self.runs.iter().map(|spans| spans.iter().map(|span| span.ns() as f64 / 1e6).sum()).collect()
    }

    /// The spread of one dispatch's times, or of several alike, in microseconds.
    pub(super) fn spread(&self, dispatches: &[usize]) -> Spread {
        let us =
            |spans: &Vec<Span>| dispatches.iter().map(|&i| spans[i].ns() as f64 / 1e3).collect::<Vec<_>>();
        let all: Vec<f64> = self.runs.iter().flat_map(us).collect();
        Spread::of(&all).unwrap_or_default()
    }
}

/// Runs before the first one that counts.
const WARM_UP: usize = 3;

fn milliseconds(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}
