//! Proof that the kernels compute what their formulas say.
//!
//! ```text
//! case ──► kernels on the device ──┐
//!   │                              ├─► compare ──► result
//!   └────► twin in f64 ────────────┘
//!            └─► central differences of its own forward pass
//! golden file ──► kernels and twin ──► compare with the file's answers
//! ```
//!
//! Every op has one [`Op`] contract, in its own folder; the same `run` serves own cases, golden files and benches.

mod golden;
mod result;

pub use crate::contract::{Array, Arrays, Bound, Bounds, Case, Comparison, Gradient, Op, Rig, Values};
pub use crate::contract::{compare, compare_gradients, compare_reals, record, run};
pub use crate::ops::{OPS, find};
pub use golden::{GoldenCase, StepsRunner, read_golden, run_golden};
pub use result::{CaseResult, Kind, Summary, Verdict};

use crate::contract::output;
use crate::error::{Error, Result};
use crate::gpu::Gpu;

/// Every own case, drawn when its op's turn comes.
pub fn cases() -> impl Iterator<Item = Case> {
    OPS.iter().flat_map(|op| op.cases())
}

/// Which ops are checked.
#[derive(Clone, Debug, Default)]
pub struct Only(Vec<String>);

impl Only {
    /// Every op.
    pub fn all() -> Self {
        Self::default()
    }

    /// The ops of these names; every op if there are none.
    pub fn ops(names: &[String]) -> Self {
        Self(names.to_vec())
    }

    /// Whether the op called `op` is one of them.
    pub fn holds(&self, op: &str) -> bool {
        self.0.is_empty() || self.0.iter().any(|name| name == op)
    }
}

/// Runs every own case of the ops in `only`: the kernels against their twins, and the twins' gradients against central
/// differences. Every result goes to `report` as soon as it is there.
///
/// # Errors
/// [`Error::Gpu`] when the device fails; what fails otherwise is a failed result.
pub fn run_all(gpu: &Gpu, only: &Only, report: &mut dyn FnMut(&CaseResult)) -> Result<Summary> {
    let mut summary = Summary::default();
    for case in OPS.iter().filter(|op| only.holds(op.name())).flat_map(|op| op.cases()) {
        let mut add = |kind, comparisons| {
            let result = CaseResult::new(kind, None, &case, comparisons);
            summary.add(&result);
            report(&result);
        };
        add(Kind::Kernel, compare_with_twin(gpu, &case));
        let op = find(&case.op)?;
        if case.smooth && !op.gradients().is_empty() {
            add(Kind::Gradient, compare_gradients(op, &case));
        }
        gpu.healthy()?;
    }
    Ok(summary)
}

/// Runs the case on the device and compares every output with the twin's. Kernels that round operands to f16 get inputs that
/// f16 can hold, so that their sums are held to the bounds of f32; where ops follow one another, what is between is rounded.
///
/// # Errors
/// [`Error::Input`] when the case does not fit its op, [`Error::Gpu`] when the device fails.
pub fn compare_with_twin(gpu: &Gpu, case: &Case) -> Result<Vec<Comparison>> {
    let op = find(&case.op)?;
    let mixed = gpu.variant().is_mixed();
    let case = if mixed { &case.rounded_to_half() } else { case };
    let actual = run(op, gpu, case)?;
    let twin = op.twin(case)?;
    let bounds = op.bounds_in(gpu.variant(), case, &twin)?;
    let compare_one = |(name, expected): (&String, &Array)| {
        let bound = match (bounds.get(name.as_str()), &expected.values) {
            (Some(bound), _) if mixed && op.is_chain() => bound.clone().rounded_to_half(),
            (Some(bound), _) => bound.clone(),
            (None, Values::U32(_)) => Bound::exact(expected.len()),
            (None, _) => {
                return Err(Error::input(&case.op, "a bound for every output", format!("none for {name}")));
            }
        };
        compare(name, output(&actual, name)?, expected, &bound)
    };
    twin.iter().map(compare_one).collect()
}
