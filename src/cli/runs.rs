//! `dann runs`

use super::output::{Output, percent, share, table};
use clap::Args;
use dann::error::Error;
use dann::train::{Method, Rated, RunDirectory, RunResult};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann runs runs                                 every run in the directory runs
  dann runs runs/paper                           those of an experiment
  dann runs runs/source-only-0 runs/dann-0 runs/target-only-0

The gap is what lies between training on the source alone and training on the target's own labels; its covered
share is given where exactly one run of each method is listed, all on the same data sets.")]
pub struct RunsArgs {
    /// Runs, or directories that hold runs
    #[arg(default_value = "runs")]
    directories: Vec<PathBuf>,
}

pub fn run(args: &RunsArgs, out: &Output) -> anyhow::Result<()> {
    let mut runs: Vec<RunResult> = Vec::new();
    for directory in &args.directories {
        runs.extend(RunDirectory::results(directory)?);
    }
    if runs.is_empty() {
        let found = "no result.json in or under it";
        return Err(Error::file(&args.directories[0], "finished runs of `dann train`", found).into());
    }
    for run in &runs {
        out.json(run)?;
    }
    let row = |run: &RunResult| {
        let of_all = |selected: Rated| format!("{} of {}", selected.rated_step, run.steps);
        let steps = run.selected.map_or(run.steps.to_string(), of_all);
        let seed = run.seed.to_string();
        let directory = run.directory.display().to_string();
        let time = format!("{:.0} s", run.seconds);
        let target = share(run.report.target_test_accuracy);
        [run.method.to_string(), seed, steps, time, share(run.report.source_test_accuracy), target, directory]
    };
    let header = ["method", "seed", "steps", "time", "source test", "target test", "run"];
    out.text(table(header, runs.iter().map(row)))?;
    match gap(&runs) {
        Some(_) if !are_on_same_data(&runs) => out.text(
            "The gap that adaptation covers is not given: these runs have different data sets as source or target.",
        ),
        Some(covered) => {
            out.json(&serde_json::json!({ "gap_covered": covered }))?;
            out.text(format!(
                "Adaptation covers {} of the gap between source-only and target-only.",
                percent(covered)
            ))
        }
        None => Ok(()),
    }
}

/// Whether all runs are about the same two data sets, so that their accuracies can be compared.
fn are_on_same_data(runs: &[RunResult]) -> bool {
    runs.windows(2).all(|pair| (&pair[0].source, &pair[0].target) == (&pair[1].source, &pair[1].target))
}

/// (dann - source-only) / (target-only - source-only), where each was run once.
fn gap(runs: &[RunResult]) -> Option<f64> {
    let only = |method: Method| {
        let mut of_method = runs.iter().filter(|run| run.method == method);
        let first = of_method.next()?;
        if of_method.next().is_some() { None } else { first.report.target_test_accuracy }
    };
    let (lower, dann, upper) = (only(Method::SourceOnly)?, only(Method::Dann)?, only(Method::TargetOnly)?);
    (upper > lower).then(|| (dann - lower) / (upper - lower))
}
