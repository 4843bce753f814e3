//! Two profiles side by side.

use super::super::output::{Output, table};
use super::text::spread;
use dann::error::Error;
use dann::profile::{Comparison, Comparisons, Report, Spread, Verdict};
use std::path::Path;

pub fn run(before: &Path, after: &Path, out: &Output) -> anyhow::Result<()> {
    let compared = Comparisons::of(&read(before)?, &read(after)?);
    out.json(&compared)?;
    let header = [
        "kernel",
        "phase",
        "shape",
        "before, µs (p10–p90)",
        "after, µs (p10–p90)",
        "ratio",
        "ms a step",
        "verdict",
    ];
    out.text(table(header, compared.kernels.iter().map(row)))?;
    for difference in &compared.differing {
        out.text(format!("Beside the code, the two differ in {difference}"))?;
    }
    let Comparisons { before_ms, after_ms, ratio, verdict, .. } = &compared;
    out.text(format!(
        "All kernels of a step: {} ms before, {} ms after, ratio {ratio:.3}: {}",
        spread(before_ms),
        spread(after_ms),
        verdict.name()
    ))?;
    let count = |verdict| compared.count(verdict);
    out.text(format!(
        "{} kernels faster, {} slower, {} the same within the spread, {} added, {} removed",
        count(Verdict::Faster),
        count(Verdict::Slower),
        count(Verdict::Same),
        count(Verdict::Added),
        count(Verdict::Removed)
    ))
}

fn read(path: &Path) -> dann::error::Result<Report> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
    serde_json::from_str(&text)
        .map_err(|e| Error::file(path, "a profile, as dann profile --json prints it", e))
}

fn row(kernel: &Comparison) -> [String; 8] {
    let times = |times: &Option<Spread>| times.as_ref().map_or("n/a".into(), spread);
    [
        kernel.kernel.clone(),
        kernel.phase.to_string(),
        kernel.shape.clone(),
        times(&kernel.before_us),
        times(&kernel.after_us),
        kernel.ratio.map_or("n/a".into(), |ratio| format!("{ratio:.3}")),
        format!("{:+.3}", kernel.more_ms),
        kernel.verdict.name().to_owned(),
    ]
}
