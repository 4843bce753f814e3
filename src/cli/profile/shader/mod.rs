//! A compute shader of the user's own, on every adapter.

mod against;
mod args;
mod compile_only;
#[cfg(test)]
mod corpus;
pub mod outputs;
mod subject;
mod sweep;
mod text;

pub use args::ShaderArgs;
pub use subject::{choices, workgroups};
pub use text::drawn;

use super::super::output::Output;
use super::ProfileArgs;
use super::step;
use dann::profile::shader::{Bench, ShaderReport, Translation};
use std::path::{Path, PathBuf};
use subject::{Stage, Subject};

/// Times the shader in `path`, which stands behind those `before`.
pub fn run(path: &Path, before: &[PathBuf], args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    anyhow::ensure!(
        args.trace.is_none(),
        "--trace: expected --pipeline or --all-entries, as the runs of one dispatch are no timeline"
    );
    match &args.shader.against {
        Some(other) => against::run(path, before, other, args, out),
        None if !args.shader.sweep.is_empty() => sweep::run(path, before, args, out),
        None => alone(path, before, args, out),
    }
}

fn alone(path: &Path, before: &[PathBuf], args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    step::check_files(args)?;
    let subject = Subject::read(path, &subject::choices(args, before), args)?;
    if args.shader.compile_only {
        return compile_only::run(path, &subject, args, out);
    }
    let plan = subject.plan(&args.shader.buffer)?;
    let mut stage = Stage::new(path, args, |adapter| subject.check(&plan, adapter))?;
    let contents = plan.fill(args.shader.seed)?;
    let outputs = outputs::of_shader(&subject, &contents, args, stage.count())?;
    if let Some(directory) = &args.shader.emit {
        let all = subject.shader.translate(&subject.resources, args.gpu.checks(), directory)?;
        print_translations(&all, out)?;
    }
    let job = subject.job(&contents);
    let mut reports = Vec::new();
    let mut all_compared = Vec::new();
    stage.each(
        subject.features(),
        |gpu| {
            let ready = job.prepare(gpu)?;
            let mut bench = Bench::new(gpu, args.clock.into(), args.shader.timeout)?;
            let report = bench.time(&ready, args.steps as usize)?;
            Ok((report, outputs::written(&outputs, &ready)?))
        },
        |(report, compared)| {
            out.json(&report)?;
            compared.iter().try_for_each(|compared| out.json(compared))?;
            reports.push(report);
            all_compared.extend(compared);
            Ok(())
        },
    )?;
    text::print(&reports, out)?;
    write_files(&reports, path, args, out)?;
    outputs::tell(&all_compared, args.shader.tolerance(None), out)?;
    stage.end()?;
    outputs::ensure(&all_compared)
}

/// The picture and the page, of adapters that ran it.
fn write_files(
    reports: &[ShaderReport],
    path: &Path,
    args: &ProfileArgs,
    out: &Output,
) -> anyhow::Result<()> {
    if reports.is_empty() {
        return Ok(());
    }
    args.plot.iter().try_for_each(|path| ShaderReport::write_picture(reports, path))?;
    if let Some(page) = &args.shader.page {
        let title = path.display().to_string();
        let source = (title.clone(), std::fs::read_to_string(path).unwrap_or_default());
        text::page(reports, &title, ShaderReport::picture(reports)?, source).write(page)?;
    }
    step::written(args, out)
}

fn print_translations(translations: &[Translation], out: &Output) -> anyhow::Result<()> {
    for translation in translations {
        out.json(translation)?;
        let Translation { language, file, refused } = translation;
        match (file, refused) {
            (Some(file), _) => out.text(format!("{language}: {}", file.display()))?,
            (None, refused) => {
                let why = refused.as_deref().unwrap_or_default();
                log::warn!("no {language}: {why}");
                out.text(format!("{language}: none, as {why}"))?;
            }
        }
    }
    Ok(())
}
