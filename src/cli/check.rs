//! `dann check`

use super::gpu::GpuArgs;
use super::output::{Output, table};
use clap::Args;
use dann::check::{CaseResult, Kind, Summary, run_all, run_golden};
use dann::golden_steps;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann check                                        every kernel against its f64 twin
  dann check --golden answers/*.safetensors         against another framework's answers
  dann check --adapter nvidia --checked --json

A golden file holds tensors named CASE/TENSOR and, under the metadata key \"cases\", a JSON list of
{\"name\", \"op\", \"attrs\", \"inputs\", \"expect\"}. What a case names and the program does not know fails.")]
pub struct CheckArgs {
    /// Compare with golden files instead of the twins
    #[arg(long, value_name = "FILE", num_args = 1..)]
    golden: Vec<PathBuf>,
    #[command(flatten)]
    gpu: GpuArgs,
}

pub fn run(args: &CheckArgs, out: &Output) -> anyhow::Result<()> {
    let gpu = args.gpu.open()?;
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    let mut printed = Ok(());
    let mut report = |result: &CaseResult| {
        if printed.is_ok() {
            printed = out.json(result);
        }
        rows.push(row(result));
        if !result.passed() {
            let seed = result.seed.map_or(String::new(), |seed| format!(", seed {seed}"));
            let case = format!("{} \"{}\" ({}{seed})", result.op, result.name, result.shapes);
            failures.push(format!("{case}: {}", result.message));
        }
    };
    let mut summary = Summary::default();
    if args.golden.is_empty() {
        summary = run_all(&gpu, &mut report)?;
    }
    for file in &args.golden {
        summary = summary.merge(run_golden(&gpu, file, &golden_steps::run, &mut report)?);
    }
    printed?;
    out.json(&summary)?;
    let header = ["op", "case", "compared with", "worst tensor", "largest error", "of bound", "verdict"];
    out.text(table(header, rows))?;
    for failure in &failures {
        out.text(failure)?;
    }
    let Summary { cases, failed } = summary;
    out.text(format!("{} of {cases} cases passed on {}", cases - failed, gpu.name()))?;
    anyhow::ensure!(failed == 0, "{failed} of {cases} cases failed");
    Ok(())
}

fn row(result: &CaseResult) -> [String; 7] {
    let against = match result.kind {
        Kind::Kernel => "f64 twin",
        Kind::Gradient => "central differences",
        Kind::Golden => "golden file",
    };
    [
        result.op.clone(),
        result.name.clone(),
        against.into(),
        result.tensor.clone(),
        format!("{:.1e}", result.error_max),
        result.ratio.map_or("–".into(), |ratio| format!("{:.1} %", 100.0 * ratio)),
        if result.passed() { "pass" } else { "FAIL" }.into(),
    ]
}
