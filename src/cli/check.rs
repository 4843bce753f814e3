//! `dann check`

use super::gpu::GpuArgs;
use super::output::{Output, table};
use clap::Args;
use dann::check::{CaseResult, Kind, Only, Summary, run_all, run_golden};
use dann::error::Error;
use dann::{golden_photos, golden_steps};
use std::collections::BTreeSet;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann check                                        every kernel against its f64 twin
  dann check --golden answers/*.safetensors         against another framework's answers
  dann check --golden answers/ops.safetensors --only conv2d,dense
  dann check --golden answers/photo_nets.json       whole networks for photographs
  dann check --adapter nvidia --checked --json

A golden file holds tensors named CASE/TENSOR and, under the metadata key \"cases\", a JSON list of
{\"name\", \"op\", \"attrs\", \"inputs\", \"expect\"}. What a case names and the program does not know fails. In JSON it
holds trainings of whole networks, or pictures and what EfficientNet-Lite0 gives for them.")]
pub struct CheckArgs {
    /// Compare with golden files (other programs' answers) instead of the twins (the same formulas on the processor)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    golden: Vec<PathBuf>,
    /// Where the pictures and weights of golden files in JSON lie; `../data` beside the file if left out
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Check only these ops
    #[arg(long, value_name = "OP,…", value_delimiter = ',')]
    only: Vec<String>,
    #[command(flatten)]
    gpu: GpuArgs,
}

pub fn run(args: &CheckArgs, out: &Output) -> anyhow::Result<()> {
    let (gpu, only) = (args.gpu.open()?, Only::ops(&args.only));
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    let mut printed = Ok(());
    let mut report = |result: &CaseResult| {
        if printed.is_ok() {
            printed = out.json(result);
        }
        seen.insert(result.op.clone());
        rows.push(row(result));
        if !result.passed() {
            let seed = result.seed.map_or(String::new(), |seed| format!(", seed {seed}"));
            let case = format!("{} \"{}\" ({}{seed})", result.op, result.name, result.shapes);
            failures.push(format!("{case}: {}", result.message));
        }
    };
    let mut summary = Summary::default();
    if args.golden.is_empty() {
        summary = run_all(&gpu, &only, &mut report)?;
    }
    for file in &args.golden {
        let of_file = if file.extension().is_some_and(|extension| extension == "json") {
            golden_photos::run(&gpu, file, args.data.as_deref(), &only, &mut report)?
        } else {
            run_golden(&gpu, file, &only, &golden_steps::run, &mut report)?
        };
        summary = summary.merge(of_file);
    }
    printed?;
    if let Some(op) = args.only.iter().find(|op| !seen.contains(*op)) {
        return Err(Error::input("--only", "ops that there are cases of", format!("\"{op}\"")).into());
    }
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
