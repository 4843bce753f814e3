//! Golden files of whole networks for photographs, in JSON: a list of trainings whose parameters and inputs are computed, or
//! an object of pictures with what a pretrained network gives for them.

mod networks;
mod pictures;
mod stream;

use crate::check::{Case, CaseResult, Comparison, Kind, Only, Summary};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Runs every case of the golden file at `path` whose op (`network` or `picture`) is in `only`. Pictures and weights lie below
/// `data`, or below `../data` beside the file where it is left out. Every result goes to `report` as soon as it is there.
///
/// # Errors
/// [`Error::Io`] and [`Error::Input`] when the file cannot be read or is no golden file, [`Error::Gpu`] when the device fails;
/// a case that is wrong in itself is a failed result.
pub fn run(
    gpu: &Gpu,
    path: &Path,
    data: Option<&Path>,
    only: &Only,
    report: &mut dyn FnMut(&CaseResult),
) -> Result<Summary> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
    let wrong = |e| Error::file(path, "a golden file: a list of networks, or pictures and pixels", e);
    let value: Value = serde_json::from_str(&text).map_err(wrong)?;
    let mut cases = Cases { gpu, path, only, report, summary: Summary::default() };
    if value.is_array() {
        let networks: Vec<networks::Network> = serde_json::from_value(value).map_err(wrong)?;
        for network in &networks {
            cases.run("network", &network.name, || network.compare(gpu))?;
        }
    } else {
        let beside = || path.parent().unwrap_or(Path::new("")).join("../data");
        let data: PathBuf = data.map_or_else(beside, Path::to_path_buf);
        let file: pictures::File = serde_json::from_value(value).map_err(wrong)?;
        pictures::run(&mut cases, &file, &data)?;
    }
    if cases.summary.cases == 0 {
        return Err(Error::file(path, "at least one case of the ops asked for", "none"));
    }
    Ok(cases.summary)
}

/// The cases of a file, as they are run.
struct Cases<'a> {
    gpu: &'a Gpu,
    path: &'a Path,
    only: &'a Only,
    report: &'a mut dyn FnMut(&CaseResult),
    summary: Summary,
}

impl Cases<'_> {
    /// Runs one case, unless nobody asks for its op.
    fn run(&mut self, op: &str, name: &str, compare: impl FnOnce() -> Result<Vec<Comparison>>) -> Result<()> {
        if !self.only.holds(op) {
            return Ok(());
        }
        let case = Case { seed: None, ..Case::new(op, name, 0) };
        let result = CaseResult::new(Kind::Golden, Some(self.path), &case, compare());
        self.summary.add(&result);
        (self.report)(&result);
        self.gpu.healthy()
    }
}
