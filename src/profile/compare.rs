//! Two profiles side by side.

use super::Spread;
use super::report::Report;
use super::rows::KernelRow;
use crate::gpu::Phase;
use serde::Serialize;

/// What the times of two profiles say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// The second one takes less, beyond both spreads.
    Faster,
    /// The spreads overlap.
    Same,
    /// The second one takes more, beyond both spreads.
    Slower,
    /// The times do not tell, as where there are too few of them.
    Unclear,
    /// The second profile alone has it.
    Added,
    /// The first profile alone has it.
    Removed,
}

/// Of fewer runs the ends of a spread are hardly more than one run each, which says nothing of the next one.
pub(super) const FEWEST: usize = 5;

impl Verdict {
    /// Of times of so many runs each.
    pub(super) fn of(before: Option<&Spread>, after: Option<&Spread>, runs: [usize; 2]) -> Self {
        match (before, after) {
            (None, _) => Self::Added,
            (_, None) => Self::Removed,
            _ if too_few(runs).is_some() => Self::Unclear,
            (Some(before), Some(after)) if after.is_below(before) => Self::Faster,
            (Some(before), Some(after)) if before.is_below(after) => Self::Slower,
            _ => Self::Same,
        }
    }

    /// Its words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Same => "same within the spread",
            Self::Slower => "SLOWER",
            Self::Unclear => "cannot tell",
            Self::Added => "only in the second",
            Self::Removed => "only in the first",
        }
    }
}

/// Why times of so many runs each tell nothing; `None` where they may.
pub(super) fn too_few([before, after]: [usize; 2]) -> Option<String> {
    let is_few = before.min(after) < FEWEST;
    is_few.then(|| {
        format!("{before} runs before and {after} after, where {FEWEST} of each are the fewest that tell")
    })
}

/// A kernel in two profiles.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparison {
    /// `op.pass`.
    pub kernel: String,
    /// The part of the step.
    pub phase: Phase,
    /// Over what.
    pub shape: String,
    /// Microseconds a dispatch in the first profile.
    pub before_us: Option<Spread>,
    /// The same in the second one.
    pub after_us: Option<Spread>,
    /// The second median over the first.
    pub ratio: Option<f64>,
    /// Milliseconds a step that the second profile has more.
    pub more_ms: f64,
    /// What the times say.
    pub verdict: Verdict,
}

/// Two profiles side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Comparisons {
    /// One for each kernel, phase and shape of either; the largest change in a step first.
    pub kernels: Vec<Comparison>,
    /// Milliseconds of all kernels of a step in the first profile.
    pub before_ms: Spread,
    /// The same in the second one.
    pub after_ms: Spread,
    /// The second median over the first.
    pub ratio: f64,
    /// What the times of all kernels together say.
    pub verdict: Verdict,
    /// Why nothing can be told, where there are too few runs.
    pub reason: Option<String>,
    /// Why the two may not be comparable: what differs beside the times.
    pub differing: Vec<String>,
}

impl Comparisons {
    /// Compares `after` with `before`.
    pub fn of(before: &Report, after: &Report) -> Self {
        let runs = [before.steps, after.steps];
        let pairs = paired(&before.kernels, &after.kernels, same);
        let mut kernels: Vec<Comparison> =
            pairs.into_iter().map(|(before, after)| Comparison::of(before, after, runs)).collect();
        kernels.sort_by(|a, b| b.more_ms.abs().total_cmp(&a.more_ms.abs()));
        let (before_ms, after_ms) = (before.step.kernels_ms, after.step.kernels_ms);
        Self {
            kernels,
            before_ms,
            after_ms,
            ratio: after_ms.median / before_ms.median,
            verdict: Verdict::of(Some(&before_ms), Some(&after_ms), runs),
            reason: too_few(runs),
            differing: differing(before, after),
        }
    }

    /// How many kernels have that verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.kernels.iter().filter(|kernel| kernel.verdict == verdict).count()
    }
}

impl Comparison {
    fn of(before: Option<&KernelRow>, after: Option<&KernelRow>, runs: [usize; 2]) -> Self {
        let ms = |row: Option<&KernelRow>| row.map_or(0.0, |row| row.us.median * row.calls as f64 / 1e3);
        let [before_us, after_us] = [before, after].map(|row| row.map(|row| row.us));
        let named = before.or(after);
        Self {
            kernel: named.map(|row| row.kernel.clone()).unwrap_or_default(),
            phase: named.map(|row| row.phase).unwrap_or_default(),
            shape: named.map(|row| row.shape.clone()).unwrap_or_default(),
            ratio: before_us.zip(after_us).map(|(before, after)| after.median / before.median),
            verdict: Verdict::of(before_us.as_ref(), after_us.as_ref(), runs),
            before_us,
            after_us,
            more_ms: ms(after) - ms(before),
        }
    }
}

/// Each of `before` beside what is the same in `after`, where there is one, and then what is in `after` alone.
pub(super) fn paired<'a, T>(
    before: &'a [T],
    after: &'a [T],
    same: fn(&T, &T) -> bool,
) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let kept = before.iter().map(|one| (Some(one), after.iter().find(|other| same(one, other))));
    let added = after.iter().filter(|one| !before.iter().any(|other| same(other, one)));
    kept.chain(added.map(|one| (None, Some(one)))).collect()
}

/// Whether two rows are one kernel's, whatever its workgroups: these are what people tune.
fn same(a: &KernelRow, b: &KernelRow) -> bool {
    (&a.kernel, a.phase, &a.shape) == (&b.kernel, b.phase, &b.shape)
}

fn differing(before: &Report, after: &Report) -> Vec<String> {
    let pairs = [("adapter", &before.adapter, &after.adapter), ("subject", &before.subject, &after.subject)];
    let mut all: Vec<String> = pairs
        .into_iter()
        .filter(|(_, a, b)| a != b)
        .map(|(what, a, b)| format!("{what}: {a} / {b}"))
        .collect();
    if before.clock != after.clock {
        all.push(format!("clock: {:?} / {:?}", before.clock, after.clock));
    }
    all
}
