//! `dann bench`

mod measure;

use super::gpu::GpuArgs;
use super::output::{Output, table};
use super::recipe::RecipeArgs;
use anyhow::Context as _;
use clap::{Args, value_parser};
use dann::gpu::Gpu;
use dann::ops::tuning;
use dann::profile::percentile;
use dann::train::{Config, StepBench};
use measure::Timing;
use serde::Serialize;
use std::time::Instant;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann bench                                 the step of the paper's network, 64 + 64 images
  dann bench --batches 16,64,256,1024        how the time grows with the batch
  dann bench --batch 128 --adapter nvidia --variant plain --json

What is timed is the step as `dann train` replays it: gathering the batch from the images on
the device, forward, losses, backward, update. Images and labels are random.

After a warm-up, up to 25 samples are taken, each of one or more steps in one submission, timed on
the host from encoding until the device is done; slow devices get fewer, at least 3.

first_step_s is the time from the start of the program to the end of the first step, shaders
compiled and data uploaded; only the first batch has one. gpu_bytes is what wgpu's allocator holds
on the device, null where the back end does not report it.")]
pub struct BenchArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Source rows a step, and as many target rows [default: the recipe's]
    #[arg(long, value_parser = value_parser!(u32).range(1..))]
    batch: Option<u32>,
    /// Several batches, one after the other
    #[arg(
        long,
        value_name = "BATCH,BATCH",
        value_delimiter = ',',
        conflicts_with = "batch",
        value_parser = value_parser!(u32).range(1..)
    )]
    batches: Vec<u32>,
    #[command(flatten)]
    gpu: GpuArgs,
}

/// What is printed of one batch.
#[derive(Serialize)]
struct Row {
    adapter: String,
    driver: String,
    recipe: String,
    variant: String,
    batch: usize,
    target_batch: usize,
    step_ms_median: f64,
    step_ms_p10: f64,
    step_ms_p90: f64,
    images_per_s: f64,
    first_step_s: Option<f64>,
    gpu_bytes: Option<u64>,
    samples: usize,
    steps_per_sample: usize,
}

pub fn run(args: &BenchArgs, started: Instant, out: &Output) -> anyhow::Result<()> {
    let gpu = args.gpu.open()?;
    let recipe = args.recipe.config()?;
    let batches = match &args.batches[..] {
        [] => vec![args.batch],
        batches => batches.iter().copied().map(Some).collect(),
    };
    let mut rows = Vec::new();
    let mut first = Some(started);
    let measured = batches.into_iter().try_for_each(|batch| -> anyhow::Result<()> {
        let mut config = recipe.clone();
        batch.into_iter().for_each(|rows| config.training.set_batch(rows as usize));
        let row = bench(&gpu, &args.recipe.name(), &config, first.take())
            .with_context(|| format!("batch {}", config.training.batch))?;
        out.json(&row)?;
        rows.push(row);
        Ok(())
    });
    if !rows.is_empty() {
        print(&rows, &args.recipe.title(), &gpu, out)?;
    }
    measured
}

/// Times the step of `config`.
fn bench(gpu: &Gpu, recipe: &str, config: &Config, started: Option<Instant>) -> dann::error::Result<Row> {
    let bench = StepBench::new(gpu, config)?;
    bench.time(1)?;
    let first_step_s = started.map(|started| started.elapsed().as_secs_f64());
    let Timing { step_ms, steps_per_sample } = Timing::take(&bench)?;
    bench.check()?;
    let gpu_bytes = gpu.device().generate_allocator_report().map(|report| report.total_allocated_bytes);
    let step_ms_median = percentile(&step_ms, 0.5);
    let info = gpu.device().adapter_info();
    let [batch, target_batch] = bench.rows();
    Ok(Row {
        adapter: info.name,
        driver: format!("{} {}", info.driver, info.driver_info).trim().to_owned(),
        recipe: recipe.to_owned(),
        variant: tuning::summary(gpu),
        batch,
        target_batch,
        step_ms_median,
        step_ms_p10: percentile(&step_ms, 0.1),
        step_ms_p90: percentile(&step_ms, 0.9),
        images_per_s: 1e3 * bench.images_per_step() as f64 / step_ms_median,
        first_step_s,
        gpu_bytes,
        samples: step_ms.len(),
        steps_per_sample,
    })
}

fn print(rows: &[Row], recipe: &str, gpu: &Gpu, out: &Output) -> anyhow::Result<()> {
    let cells = |row: &Row| {
        [
            format!("{} + {}", row.batch, row.target_batch),
            format!("{:.3}", row.step_ms_median),
            format!("{:.3}", row.step_ms_p10),
            format!("{:.3}", row.step_ms_p90),
            format!("{:.0}", row.images_per_s),
            row.first_step_s.map_or("n/a".into(), |s| format!("{s:.2}")),
            row.gpu_bytes.map_or("n/a".into(), |bytes| format!("{:.1}", bytes as f64 / f64::from(1 << 20))),
        ]
    };
    let header =
        ["batch", "step ms, median", "10 %", "90 %", "images/s", "first step, s", "device memory, MiB"];
    out.text(table(header, rows.iter().map(cells)))?;
    out.text(format!("{recipe}, {} kernels on {}", rows[0].variant, gpu.name()))
}
