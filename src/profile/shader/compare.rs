//! Reports of shaders side by side.

use super::report::ShaderReport;
use crate::profile::compare::{paired, too_few};
use crate::profile::{Spread, Verdict};
use serde::Serialize;
use std::path::Path;

/// A shader in two lists of reports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShaderComparison {
    /// The file.
    pub shader: String,
    /// The entry point.
    pub entry: String,
    /// Backend, name and driver.
    pub adapter: String,
    /// Microseconds a run in the first list.
    pub before_us: Option<Spread>,
    /// The same in the second one.
    pub after_us: Option<Spread>,
    /// The second median over the first.
    pub ratio: Option<f64>,
    /// What the times say.
    pub verdict: Verdict,
    /// Why nothing can be told, where there are too few runs.
    pub reason: Option<String>,
    /// Why the two may not be comparable: what differs beside the times.
    pub differing: Vec<String>,
}

impl ShaderComparison {
    /// Compares each shader, entry point and adapter of either list; directories of files make no difference.
    pub fn of(before: &[ShaderReport], after: &[ShaderReport]) -> Vec<Self> {
        let pairs = paired(before, after, is_same);
        pairs.into_iter().map(|(before, after)| Self::pair(before, after)).collect()
    }

    fn pair(before: Option<&ShaderReport>, after: Option<&ShaderReport>) -> Self {
        let named = before.or(after);
        let text =
            |of: fn(&ShaderReport) -> &String| named.map(|report| of(report).clone()).unwrap_or_default();
        let [before_us, after_us] = [before, after].map(|report| report.map(|report| report.us));
        let runs = [before, after].map(|report| report.map_or(0, |report| report.runs));
        Self {
            shader: text(|report| &report.shader),
            entry: text(|report| &report.entry),
            adapter: text(|report| &report.adapter),
            ratio: before_us.zip(after_us).map(|(before, after)| after.median / before.median),
            verdict: Verdict::of(before_us.as_ref(), after_us.as_ref(), runs),
            reason: before.and(after).and_then(|_| too_few(runs)),
            before_us,
            after_us,
            differing: before.zip(after).map(differing).unwrap_or_default(),
        }
    }
}

fn is_same(a: &ShaderReport, b: &ShaderReport) -> bool {
    let name = |report: &ShaderReport| Path::new(&report.shader).file_name().map(ToOwned::to_owned);
    (name(a), &a.entry, &a.adapter) == (name(b), &b.entry, &b.adapter)
}

fn differing((before, after): (&ShaderReport, &ShaderReport)) -> Vec<String> {
    let bytes = |report: &ShaderReport| -> Vec<u64> { report.bindings.iter().map(|b| b.bytes).collect() };
    let facts = |report: &ShaderReport| {
        [
            ("workgroups", format!("{:?} of {:?}", report.workgroups, report.workgroup_size)),
            ("override constants", format!("{:?}", report.overrides)),
            ("bytes bound", format!("{:?}", bytes(report))),
            ("clock", format!("{:?}", report.clock)),
        ]
    };
    let pairs = facts(before).into_iter().zip(facts(after));
    pairs.filter(|(a, b)| a != b).map(|((what, a), (_, b))| format!("{what}: {a} / {b}")).collect()
}
