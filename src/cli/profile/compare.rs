//! Two profiles side by side.

use super::super::output::{Output, table, within};
use super::text::spread;
use dann::error::Error;
use dann::profile::shader::{ShaderComparison, ShaderReport};
use dann::profile::{Comparison, Comparisons, Report, Spread, Verdict};
use std::path::Path;

/// What a file holds that `dann profile --json` printed.
enum Profile {
    Step(Box<Report>),
    Shaders(Vec<ShaderReport>),
}

pub fn run(before: &Path, after: &Path, out: &Output) -> anyhow::Result<()> {
    match (read(before)?, read(after)?) {
        (Profile::Step(before), Profile::Step(after)) => steps(&before, &after, out),
        (Profile::Shaders(before), Profile::Shaders(after)) => shaders(&before, &after, out),
        (Profile::Step(_), _) => {
            Err(Error::file(after, "a step's profile, as the first one", "a shader's").into())
        }
        _ => Err(Error::file(after, "a shader's profile, as the first one", "a step's").into()),
    }
}

fn shaders(before: &[ShaderReport], after: &[ShaderReport], out: &Output) -> anyhow::Result<()> {
    let all = ShaderComparison::of(before, after);
    out.json(&all)?;
    let header = ["shader", "adapter", "before, µs (p10–p90)", "after, µs (p10–p90)", "ratio", "verdict"];
    let row = |compared: &ShaderComparison| {
        [
            format!("{} {}", compared.shader, compared.entry),
            compared.adapter.clone(),
            times(&compared.before_us),
            times(&compared.after_us),
            ratio(compared.ratio),
            compared.verdict.name().to_owned(),
        ]
    };
    out.text(within(table(header, all.iter().map(row))))?;
    for compared in &all {
        if let Some(reason) = &compared.reason {
            out.text(format!("{}: cannot tell by {reason}; --steps N takes more", compared.entry))?;
        }
        for difference in &compared.differing {
            out.text(format!("{}: beside the times, the two differ in {difference}", compared.entry))?;
        }
    }
    Ok(())
}

fn steps(before: &Report, after: &Report, out: &Output) -> anyhow::Result<()> {
    let compared = Comparisons::of(before, after);
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
    out.text(within(table(header, compared.kernels.iter().map(row))))?;
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
    if let Some(reason) = &compared.reason {
        return out.text(format!("Cannot tell by {reason}; --steps N takes more"));
    }
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

fn read(path: &Path) -> dann::error::Result<Profile> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
    if let Ok(report) = serde_json::from_str(&text) {
        return Ok(Profile::Step(report));
    }
    let wrong =
        |e: &dyn std::fmt::Display| Error::file(path, "a profile, as dann profile --json prints it", e);
    // Behind a report there may be lines about results and waiting times. A shader has a line for each adapter, and some for
    // translations and results.
    let lines: Vec<serde_json::Value> =
        text.lines().map(serde_json::from_str).collect::<Result<_, _>>().map_err(|e| wrong(&e))?;
    if let Some(Ok(report)) = lines.first().map(|line| serde_json::from_value(line.clone())) {
        return Ok(Profile::Step(report));
    }
    let is_report =
        |line: &serde_json::Value| line.get("language").is_none() && line.get("numbers").is_none();
    let reports = lines.into_iter().filter(is_report);
    let reports: Vec<ShaderReport> =
        reports.map(serde_json::from_value).collect::<Result<_, _>>().map_err(|e| wrong(&e))?;
    if reports.is_empty() { Err(wrong(&"nothing")) } else { Ok(Profile::Shaders(reports)) }
}

fn times(times: &Option<Spread>) -> String {
    times.as_ref().map_or("n/a".into(), spread)
}

fn ratio(ratio: Option<f64>) -> String {
    ratio.map_or("n/a".into(), |ratio| format!("{ratio:.3}"))
}

fn row(kernel: &Comparison) -> [String; 8] {
    [
        kernel.kernel.clone(),
        kernel.phase.to_string(),
        kernel.shape.clone(),
        times(&kernel.before_us),
        times(&kernel.after_us),
        ratio(kernel.ratio),
        format!("{:+.3}", kernel.more_ms),
        kernel.verdict.name().to_owned(),
    ]
}
