//! `dann report`

use super::gpu::GpuArgs;
use super::hint::{Hint as _, LIST_RUNS, is_no_run};
use super::output::Output;
use clap::Args;
use dann::report::page;
use std::path::PathBuf;

/// What a page is called that is given no other name.
pub const PAGE: &str = "report.html";

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann report runs/first
  dann report runs/demo/source-only runs/demo/dann runs/demo/target-only --out demo.html

The page is one file that needs no internet connection. Test images are read from where the runs found their data.")]
pub struct ReportArgs {
    /// Finished runs; several are compared on one page
    #[arg(required = true, value_name = "RUN_DIR")]
    runs: Vec<PathBuf>,
    /// The file to write [default: report.html, in the run's directory if there is one run]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    gpu: GpuArgs,
}

pub fn run(args: &ReportArgs, out: &Output) -> anyhow::Result<()> {
    let file = args.out.clone().unwrap_or_else(|| match &args.runs[..] {
        [run] => run.join(PAGE),
        _ => PAGE.into(),
    });
    for run in &args.runs {
        dann::train::RunDirectory::result(run).hint_if(is_no_run, LIST_RUNS)?;
    }
    page::write(&args.gpu.open()?, &args.runs, &file)?;
    out.json(&serde_json::json!({ "runs": args.runs, "file": file }))?;
    out.text(format!("the report is in {}", file.display()))
}
