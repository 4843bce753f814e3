//! A compute shader of the user's own, on every adapter.

mod text;

use super::super::hint;
use super::super::output::Output;
use super::{ProfileArgs, ShaderArgs};
use dann::gpu::{Adapter, Gpu};
use dann::profile::shader::{Bench, Choices, Job, Shader, ShaderReport, Translation};
use std::path::{Path, PathBuf};

/// Times the shader in `path`, which stands behind those `before`.
pub fn run(path: &Path, before: &[PathBuf], args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    let ShaderArgs { entry, overrides, include, define, .. } = &args.shader;
    let choices = Choices {
        entry: entry.clone(),
        overrides: overrides.clone(),
        before: before.to_vec(),
        includes: include.clone(),
        defines: define.clone(),
    };
    let shader = Shader::read(path, &choices)?;
    let resources = shader.resources()?;
    let plan = shader.plan(&resources, &args.shader.buffer)?;
    let workgroups = workgroups(&shader, args)?;
    let mut refused = Vec::new();
    let mut adapters = args.gpu.adapters()?;
    // Before anything is filled: what no adapter can bind may be more than this machine can hold.
    adapters.retain(|adapter| {
        let checked =
            plan.check(&adapter.limits()).and_then(|()| shader.check(workgroups, &adapter.limits()));
        checked.inspect_err(|e| refused.push(refusal(path, adapter, e))).is_ok()
    });
    anyhow::ensure!(!adapters.is_empty(), "{}", refused.join("\n"));
    let contents = plan.fill(args.shader.seed)?;
    if let Some(directory) = &args.shader.emit {
        print_translations(&shader.translate(&resources, args.gpu.checks(), directory)?, out)?;
    }
    let job = Job { shader: &shader, resources: &resources, contents: &contents, workgroups };
    let features = shader.features(&resources);
    let mut reports = Vec::new();
    for adapter in &adapters {
        match args.gpu.open_with(adapter, features).and_then(|gpu| time(&job, &gpu, args)) {
            Ok(report) => {
                out.json(&report)?;
                reports.push(report);
            }
            Err(e) => refused.push(refusal(path, adapter, &e)),
        }
    }
    text::print(&reports, out)?;
    anyhow::ensure!(refused.is_empty(), "{}", refused.join("\n"));
    Ok(())
}

/// Why an adapter does not run the shader, which is named once.
fn refusal(path: &Path, adapter: &Adapter, e: &dann::error::Error) -> String {
    let text = hint::with_remedy(e);
    let name = adapter.to_string();
    let on = if text.contains(&name) { String::new() } else { format!("{name}: ") };
    format!("{}: {on}{text}", path.display())
}

/// As they were asked for, or as many as have the threads asked for.
fn workgroups(shader: &Shader, args: &ProfileArgs) -> anyhow::Result<[u32; 3]> {
    let of = |threads: [u32; 3]| {
        let size = shader.workgroup_size();
        [0, 1, 2].map(|i| threads[i].div_ceil(size[i].max(1)))
    };
    let given = args.shader.workgroups.or(args.shader.threads.map(of));
    given.ok_or_else(|| anyhow::anyhow!("expected --workgroups X,Y,Z or --threads X,Y,Z, found neither"))
}

fn time(job: &Job<'_>, gpu: &Gpu, args: &ProfileArgs) -> dann::error::Result<ShaderReport> {
    let ready = job.prepare(gpu)?;
    Bench::new(gpu, args.clock.into(), args.shader.timeout)?.time(&ready, args.steps as usize)
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
