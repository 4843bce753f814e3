//! Several dispatches over shared resources: of a pipeline's file, or all entry points of a shader.

use super::super::output::Output;
use super::shader::{choices, drawn, outputs, workgroups};
use super::{ProfileArgs, step, text};
use dann::profile::picture;
use dann::profile::shader::{Bench, Choices, Drawn, Pipeline, Shader};
use std::path::{Path, PathBuf};

/// Times the pipeline in `path`.
pub fn run(path: &Path, args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    measure(&Pipeline::read(path)?, path, args, out)
}

/// Times every entry point of the shader in `path`, behind the files `before`.
pub fn all_entries(path: &Path, before: &[PathBuf], args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    let choices = choices(args, before);
    let read = |entry: String| {
        let choices = Choices { entry: Some(entry), is_lenient: true, ..choices.clone() };
        let shader = Shader::read(path, &choices)?;
        let workgroups = workgroups(&shader, &choices, args)?;
        Ok((shader, workgroups))
    };
    let entries = Shader::entries(path, &choices)?;
    let shaders = entries.into_iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    anyhow::ensure!(!shaders.is_empty(), "{}: expected a compute entry point, found none", path.display());
    measure(&Pipeline::of_shaders(shaders, &args.shader.buffer)?, path, args, out)
}

/// Names whole numbers that were drawn at random. What resources hold is said by a pipeline's file, of a shader's entry points
/// by flags.
fn tell_drawn(all: &[Drawn], args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    let by = if args.shader.pipeline.is_some() { "in [resources]" } else { "--buffer" };
    let Some(said) = drawn(all, by) else { return Ok(()) };
    out.json(&serde_json::json!({ "drawn": all }))?;
    out.text(said)
}

fn measure(pipeline: &Pipeline, path: &Path, args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    step::check_files(args)?;
    let adapter = args.gpu.choose()?;
    let contents = pipeline.fill(args.shader.seed, &adapter.limits())?;
    let outputs = outputs::of_pipeline(pipeline, &contents, args, &path.display().to_string())?;
    let gpu = args.gpu.open_with(&adapter, pipeline.features())?;
    let ready = pipeline.prepare(&gpu, &contents)?;
    let mut bench = Bench::new(&gpu, args.clock.into(), args.shader.timeout)?;
    let subject = format!("{}, {} dispatches", path.display(), pipeline.dispatches());
    let (samples, report) = bench.pipeline(&ready, &subject, args.steps as usize)?;
    let compared = outputs::written_by(&outputs, &ready, gpu.name())?;
    step::tell(args, &samples, &report, out)?;
    compared.iter().try_for_each(|compared| out.json(compared))?;
    tell_drawn(&pipeline.drawn(&contents), args, out)?;
    outputs::tell(&compared, outputs.tolerance(), out)?;
    if let Some(page) = &args.shader.page {
        let source = (path.display().to_string(), std::fs::read_to_string(path).unwrap_or_default());
        text::page(&report, picture(&report)?, source).write(page)?;
    }
    step::written(args, out)?;
    outputs::ensure(&compared)
}
