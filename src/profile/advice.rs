//! Which changes would save most.

use super::rows::{Bound, KernelRow, StepTimes};
use serde::{Deserialize, Serialize};

/// A change and what it would save.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Advice {
    /// The kernel to change; none where it is the time between kernels that is worth most.
    pub kernel: Option<String>,
    /// The most that it can save, in milliseconds a step.
    pub saves_ms: f64,
    /// What to do, for people.
    pub change: String,
}

/// How many changes are named.
const CHANGES: usize = 3;

/// The changes that would save most: each kernel brought to its own limit, and the time between kernels brought to none.
pub(super) fn advice(kernels: &[KernelRow], step: &StepTimes) -> Vec<Advice> {
    let mut all: Vec<Advice> = kernels.iter().filter_map(of_kernel).chain(of_gap(kernels, step)).collect();
    all.retain(|advice| advice.saves_ms > 0.0);
    all.sort_by(|a, b| b.saves_ms.total_cmp(&a.saves_ms));
    all.truncate(CHANGES);
    all
}

/// None for a kernel of which not all is known.
fn of_kernel(row: &KernelRow) -> Option<Advice> {
    let at_limit = row.limit_us * row.calls as f64 / 1e3;
    let change = match row.bound {
        Bound::Compute => format!(
            "bring its arithmetic from {:.1} % closer to the peak: fewer loads for each operation, larger tiles",
            100.0 * row.of_peak
        ),
        Bound::Memory => format!(
            "bring its traffic from {:.1} % closer to a copy's, or fuse it with a neighbour that holds the data",
            100.0 * row.of_bandwidth
        ),
        Bound::Unknown => return None,
        Bound::Launch => {
            let calls = row.calls;
            format!(
                "its work is less than a launch: fuse its {calls} dispatches a step with their neighbours"
            )
        }
    };
    let change = format!("{} ({}, {}): {change}", row.kernel, row.phase, row.shape);
    Some(Advice { kernel: Some(row.kernel.clone()), saves_ms: row.ms - at_limit, change })
}

/// The unprofiled step has fewer gaps than the profiled one; where it is known, it counts.
fn of_gap(kernels: &[KernelRow], step: &StepTimes) -> Option<Advice> {
    let wall = step.unprofiled_ms.or(step.profiled_ms)?.median;
    let calls: usize = kernels.iter().map(|row| row.calls).sum();
    let change = format!(
        "the time between kernels: fewer dispatches than {calls} a step, or several steps a submission"
    );
    Some(Advice { kernel: None, saves_ms: wall - step.kernels_ms.median, change })
}
