//! Golden files: another framework's answers, in a `.safetensors` file.
//!
//! The metadata key `cases` holds a JSON list of `{"name", "op", "attrs", "inputs", "expect"}`; tensors are
//! stored as `<case>/<tensor>`, F32 or I32.

use super::Only;
use super::result::Kind;
use super::{CaseResult, Summary};
use crate::contract::{Array, Arrays, Bound, Case, Comparison, compare, output, run};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::ops::find;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// The op whose cases are whole training steps.
const STEPS: &str = "dann_steps";

/// Runs a case of whole training steps, which this module knows nothing of.
pub type StepsRunner = dyn Fn(&Gpu, &GoldenCase) -> Result<Vec<Comparison>>;

/// One case of a golden file.
#[derive(Clone, Debug)]
pub struct GoldenCase {
    /// The file.
    pub file: PathBuf,
    /// Op, attributes and inputs.
    pub case: Case,
    /// The answers.
    pub expect: Arrays,
}

#[derive(serde::Deserialize)]
struct Entry {
    name: String,
    op: String,
    attrs: Map<String, Value>,
    inputs: Vec<String>,
    expect: Vec<String>,
}

/// Runs every case of the golden file at `path` whose op is in `only`, on the device and through the twin. Every result goes to
/// `report` as soon as it is there.
///
/// # Errors
/// [`Error::Io`] and [`Error::Input`] when the file cannot be read or is no golden file, [`Error::Gpu`] when
/// the device fails; a case that is wrong in itself is a failed result.
pub fn run_golden(
    gpu: &Gpu,
    path: &Path,
    only: &Only,
    steps: &StepsRunner,
    report: &mut dyn FnMut(&CaseResult),
) -> Result<Summary> {
    let mut summary = Summary::default();
    let cases = read_golden(path)?.into_iter().filter(|(case, _)| only.holds(&case.op));
    for (case, golden) in cases {
        let comparisons = golden.and_then(|golden| run_case(gpu, &golden, steps));
        let comparisons = comparisons.map_err(|error| in_file(path, &case.name, error));
        let result = CaseResult::new(Kind::Golden, Some(path), &case, comparisons);
        summary.add(&result);
        report(&result);
        gpu.healthy()?;
    }
    Ok(summary)
}

/// The cases of the golden file at `path`, each without its tensors and, if they could be read, with them.
///
/// # Errors
/// [`Error::Io`] and [`Error::Input`] when the file cannot be read or is no golden file.
pub fn read_golden(path: &Path) -> Result<Vec<(Case, Result<GoldenCase>)>> {
    let bytes = std::fs::read(path).map_err(Error::io(path, "read"))?;
    let broken = |e| Error::file(path, "a whole .safetensors file", e);
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
    let tensors = SafeTensors::deserialize(&bytes).map_err(broken)?;
    let list = header.metadata().as_ref().and_then(|metadata| metadata.get("cases"));
    let list = list.ok_or_else(|| Error::file(path, "a metadata key \"cases\"", "none"))?;
    let entries: Vec<Entry> = serde_json::from_str(list)
        .map_err(|e| Error::file(path, "a list of cases under the metadata key \"cases\"", e))?;
    if entries.is_empty() {
        return Err(Error::file(path, "at least one case", "an empty list"));
    }
    Ok(entries.into_iter().map(|entry| read_case(path, &tensors, entry)).collect())
}

fn read_case(path: &Path, tensors: &SafeTensors<'_>, entry: Entry) -> (Case, Result<GoldenCase>) {
    let case = Case {
        op: entry.op,
        name: entry.name,
        attributes: entry.attrs,
        inputs: Arrays::new(),
        seed: None,
        smooth: false,
    };
    let read = |names: &[String]| -> Result<Arrays> {
        let one = |name: &String| Ok((name.clone(), read_tensor(tensors, &format!("{}/{name}", case.name))?));
        names.iter().map(one).collect()
    };
    let golden = read(&entry.inputs).and_then(|inputs| {
        let expect = read(&entry.expect)?;
        Ok(GoldenCase { file: path.to_path_buf(), case: Case { inputs, ..case.clone() }, expect })
    });
    match golden {
        Ok(golden) => (golden.case.clone(), Ok(golden)),
        Err(error) => (case, Err(error)),
    }
}

fn read_tensor(tensors: &SafeTensors<'_>, key: &str) -> Result<Array> {
    let subject = || format!("tensor \"{key}\"");
    let view = tensors.tensor(key).map_err(|_| Error::input(subject(), "a tensor of that name", "none"))?;
    let words = view.data().chunks_exact(4).map(|bytes| [bytes[0], bytes[1], bytes[2], bytes[3]]);
    match view.dtype() {
        Dtype::F32 => Ok(Array::f32(view.shape(), words.map(f32::from_le_bytes).collect())),
        Dtype::I32 => {
            let whole = |value: i32| {
                u32::try_from(value).map_err(|_| Error::input(subject(), "no negative values", value))
            };
            let values: Result<Vec<u32>> = words.map(i32::from_le_bytes).map(whole).collect();
            Ok(Array::u32(view.shape(), values?))
        }
        dtype => Err(Error::input(subject(), "F32 or I32", dtype)),
    }
}

fn run_case(gpu: &Gpu, golden: &GoldenCase, steps: &StepsRunner) -> Result<Vec<Comparison>> {
    if golden.case.op == STEPS {
        return steps(gpu, golden);
    }
    let op = find(&golden.case.op)?;
    let on_device = run(op, gpu, &golden.case)?;
    let twin = op.twin(&golden.case)?;
    let bound = if gpu.variant().is_mixed() { Bound::golden_mixed } else { Bound::golden };
    let mut comparisons = golden.compare(&on_device, bound)?;
    for mut comparison in golden.compare(&twin, Bound::golden)? {
        comparison.tensor = format!("{} (twin)", comparison.tensor);
        comparison.failure = comparison.failure.map(|failure| format!("twin: {failure}"));
        comparisons.push(comparison);
    }
    Ok(comparisons)
}

impl GoldenCase {
    /// Compares every answer of the file with the output of that name, real numbers by the rule `bound`.
    ///
    /// # Errors
    /// [`Error::Input`] when an output is missing or has another shape or kind.
    pub fn compare(&self, actual: &Arrays, bound: fn(&[f64]) -> Bound) -> Result<Vec<Comparison>> {
        let compare_one = |(name, expected): (&String, &Array)| {
            let bound = expected.reals().map_or_else(|| Bound::exact(expected.len()), |v| bound(&v));
            compare(name, output(actual, name)?, expected, &bound)
        };
        self.expect.iter().map(compare_one).collect()
    }
}

fn in_file(path: &Path, case: &str, error: Error) -> Error {
    match error {
        Error::Input { subject, expected, found } => Error::Input {
            subject: format!("{}, case \"{case}\": {subject}", path.display()),
            expected,
            found,
        },
        other => other,
    }
}
