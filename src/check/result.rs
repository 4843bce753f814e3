//! What came of a case, ready for people and machines.

use crate::contract::{Case, Comparison};
use crate::error::Result;
use std::path::{Path, PathBuf};

/// What was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Kernels with their twin.
    Kernel,
    /// The twin's gradients with central differences.
    Gradient,
    /// Kernels and twin with a golden file.
    Golden,
}

/// Whether a case passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything lies within its bound.
    Pass,
    /// Something does not, or could not be run.
    Fail,
}

/// What came of a case. The numbers are those of the tensor that used up the largest share of its bound.
#[derive(Clone, Debug, serde::Serialize)]
pub struct CaseResult {
    /// The golden file; none for own cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// What was compared.
    pub kind: Kind,
    /// The op.
    pub op: String,
    /// The case.
    pub name: String,
    /// Shapes and attributes.
    pub shapes: String,
    /// The seed of the inputs; none when they came from a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The tensor that the numbers are of; empty when none could be compared.
    pub tensor: String,
    /// The largest absolute error.
    pub error_max: f64,
    /// The relative L2 error.
    pub error_l2: f64,
    /// The largest relative L2 error allowed; none where only single values are bounded.
    pub bound_l2: Option<f64>,
    /// The largest share of a bound used up; none when nothing finite could be compared.
    pub ratio: Option<f64>,
    /// Whether the case passed.
    pub verdict: Verdict,
    /// What is wrong; empty in what passes.
    pub message: String,
}

impl CaseResult {
    /// The result of `case` from the comparison of its tensors, or from what kept them from being compared.
    pub fn new(kind: Kind, file: Option<&Path>, case: &Case, comparisons: Result<Vec<Comparison>>) -> Self {
        let mut result = Self {
            file: file.map(Path::to_path_buf),
            kind,
            op: case.op.clone(),
            name: case.name.clone(),
            shapes: case.shapes(),
            seed: case.seed,
            tensor: String::new(),
            error_max: 0.0,
            error_l2: 0.0,
            bound_l2: None,
            ratio: None,
            verdict: Verdict::Fail,
            message: String::new(),
        };
        match comparisons {
            Ok(comparisons) => result.fill(&comparisons),
            Err(error) => result.message = error.to_string(),
        }
        result
    }

    fn fill(&mut self, comparisons: &[Comparison]) {
        let failures: Vec<&str> = comparisons.iter().filter_map(|c| c.failure.as_deref()).collect();
        self.message = failures.join("; ");
        let Some(worst) = comparisons.iter().max_by(|a, b| a.ratio.total_cmp(&b.ratio)) else {
            self.message = "nothing was compared".into();
            return;
        };
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        self.tensor.clone_from(&worst.tensor);
        (self.error_max, self.error_l2) = (worst.error_max, worst.error_l2);
        (self.bound_l2, self.ratio) = (finite(worst.bound_l2), finite(worst.ratio));
        if failures.is_empty() {
            self.verdict = Verdict::Pass;
        }
    }

    /// Whether the case passed.
    pub fn passed(&self) -> bool {
        self.verdict == Verdict::Pass
    }

    /// The result as one line of JSON.
    pub fn json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

/// How many cases there were and how many failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// All cases.
    pub cases: usize,
    /// Those that failed.
    pub failed: usize,
}

impl Summary {
    /// Counts `result` in.
    pub fn add(&mut self, result: &CaseResult) {
        self.cases += 1;
        self.failed += usize::from(!result.passed());
    }

    /// The sums of both.
    pub fn merge(self, other: Self) -> Self {
        Self { cases: self.cases + other.cases, failed: self.failed + other.failed }
    }

    /// The summary as the last line of JSON.
    pub fn json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}
