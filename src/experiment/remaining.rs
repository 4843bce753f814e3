//! How long the runs take that are left.

use super::record::RunRecord;
use super::spec::PlannedRun;
use crate::train::Method;
use std::time::Duration;

/// How long `runs` take, as far as finished ones tell: a run with gradient reversal looks at twice as many images.
pub fn time<'a>(runs: impl Iterator<Item = &'a PlannedRun>, records: &[RunRecord]) -> Option<Duration> {
    let weight = |method: Method| if method == Method::Dann { 2.0 } else { 1.0 };
    let mean = |recipe: Option<&str>| {
        let is_meant = |record: &&RunRecord| recipe.is_none_or(|recipe| record.recipe == recipe);
        let of_recipe = records.iter().filter(is_meant);
        let units: Vec<f64> =
            of_recipe.map(|record| record.result.seconds / weight(record.result.method)).collect();
        (!units.is_empty()).then(|| units.iter().sum::<f64>() / units.len() as f64)
    };
    let seconds = runs.map(|run| {
        Some(weight(run.config.training.method) * mean(Some(&run.recipe)).or_else(|| mean(None))?)
    });
    seconds.sum::<Option<f64>>().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}
