//! The training step, kernel by kernel.

use super::super::output::Output;
use super::{ProfileArgs, text, waiting};
use anyhow::Context as _;
use dann::error::Error;
use dann::gpu::Gpu;
use dann::ops::tuning;
use dann::profile::{Peaks, Report, Samples, Stopwatch, check_picture, write_picture};
use dann::train::StepBench;
use std::path::Path;

pub fn run(args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    // Before anything is measured: a name that no picture can have, a directory that is not there.
    check_files(args)?;
    let gpu = args.gpu.open()?;
    let mut config = args.recipe.config()?;
    args.batch.into_iter().for_each(|rows| config.training.set_batch(rows as usize));
    let bench = StepBench::new(&gpu, &config)?;
    if args.capture {
        return capture(&gpu, &bench, out);
    }
    let (samples, report) = measure(args, &gpu, &bench)?;
    tell(args, &samples, &report, out)?;
    if let (Some(source), Some(target)) = (&args.source, &args.target) {
        waiting::tell(&gpu, &config, (source, target), args.steps.into(), out)?;
    }
    written(args, out)
}

/// Refuses files that could not be written in the end.
pub fn check_files(args: &ProfileArgs) -> dann::error::Result<()> {
    args.plot.iter().try_for_each(|path| check_picture(path))?;
    let dumps = args.shader.dump.iter().map(|dump| &dump.file);
    let mut all = args.trace.iter().chain(&args.plot).chain(&args.shader.page).chain(dumps);
    all.try_for_each(|path| can_be_written(path))
}

/// Writes the timeline and the pictures, and prints the report.
pub fn tell(args: &ProfileArgs, samples: &Samples, report: &Report, out: &Output) -> anyhow::Result<()> {
    if let Some(path) = &args.trace {
        let trace = serde_json::to_vec(&samples.trace(report)).context("the trace")?;
        std::fs::write(path, trace).map_err(Error::io(path, "write"))?;
    }
    args.plot.iter().try_for_each(|path| write_picture(report, path))?;
    out.json(report)?;
    text::print(report, out)
}

/// Says which files were written.
pub fn written(args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    let mut all = args.trace.iter().chain(&args.plot).chain(&args.shader.page);
    all.try_for_each(|path| out.text(format!("Written: {}", path.display())))
}

fn can_be_written(path: &Path) -> dann::error::Result<()> {
    match path.parent() {
        _ if path.is_dir() => Err(Error::file(path, "a file's name", "a directory")),
        Some(directory) if !directory.as_os_str().is_empty() && !directory.is_dir() => {
            Err(Error::file(directory, "a directory", "none"))
        }
        _ => Ok(()),
    }
}

fn measure(args: &ProfileArgs, gpu: &Gpu, bench: &StepBench) -> dann::error::Result<(Samples, Report)> {
    let mut stopwatch = Stopwatch::new(gpu, args.clock.into())?;
    let peaks = Peaks::measure(gpu, &mut stopwatch)?;
    let prepare = |encoder: &mut wgpu::CommandEncoder| bench.prepare(encoder);
    let steps = args.steps as usize;
    let samples = Samples::take(&mut stopwatch, &bench.recordings(), steps, &prepare, &|| bench.time(1))?;
    bench.check()?;
    let ([labelled, unlabelled], variant) = (bench.rows(), tuning::summary(gpu));
    let subject = format!("{}, {labelled} + {unlabelled} images, {variant} kernels", args.recipe.title());
    let report = samples.report(gpu.name(), &subject, stopwatch.clock(), &peaks)?;
    Ok((samples, report.with_executables(gpu)))
}

/// One step between the start and the end of a capture, after one that compiles and fills everything.
fn capture(gpu: &Gpu, bench: &StepBench, out: &Output) -> anyhow::Result<()> {
    bench.time(1)?;
    gpu.captured(|| bench.time(1))?;
    bench.check()?;
    out.json(&serde_json::json!({ "captured_steps": 1, "adapter": gpu.name() }))?;
    out.text("One step was run for the debugger to capture; without one attached, nothing was.")
}
