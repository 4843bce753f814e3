//! A compute shader of the user's own, on every adapter.

use super::super::hint;
use super::super::output::{Output, percent, table};
use super::ProfileArgs;
use super::text::spread;
use dann::gpu::Gpu;
use dann::profile::Clock;
use dann::profile::shader::{Job, Resource, Shader, ShaderTimes, Space, Translation};
use std::path::Path;

pub fn run(path: &Path, args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    let shader = Shader::read(path, args.shader.entry.as_deref())?;
    let resources = shader.resources()?;
    let contents = shader.contents(&resources, &args.shader.buffer, args.shader.seed)?;
    let adapters = args.gpu.adapters()?;
    if let Some(directory) = &args.shader.emit {
        print_translations(&shader.translate(directory)?, out)?;
    }
    print_bindings(&resources, &contents, out)?;
    let workgroups = args.shader.workgroups.unwrap_or([1; 3]);
    let job = Job {
        shader: &shader,
        resources: &resources,
        contents: &contents,
        workgroups,
        runs: args.steps as usize,
    };
    let mut rows = Vec::new();
    let mut refused = Vec::new();
    for adapter in &adapters {
        let times = args.gpu.open_on(adapter).and_then(|gpu: Gpu| job.time(&gpu, args.clock.into()));
        match times {
            Ok(times) => {
                out.json(&times)?;
                rows.push(row(&times));
            }
            Err(e) => refused.push(format!("{adapter}: {}", hint::text(&e))),
        }
    }
    let [x, y, z] = shader.workgroup_size();
    let [across, down, deep] = workgroups;
    let header = ["adapter", "clock", "runs", "median µs (p10–p90)", "MB", "GB/s", "copy GB/s", "% copy"];
    out.text(table(header, rows))?;
    out.text(format!(
        "{}: workgroups of {x}×{y}×{z}, {across}×{down}×{deep} of them; bytes count what is read and what is written, once",
        shader.entry()
    ))?;
    anyhow::ensure!(refused.is_empty(), "{}", refused.join("\n"));
    Ok(())
}

fn print_bindings(resources: &[Resource], contents: &[Vec<u8>], out: &Output) -> anyhow::Result<()> {
    let row = |(resource, bytes): (&Resource, &Vec<u8>)| {
        let space = match resource.space {
            Space::Uniform => "uniform",
            Space::Storage => "storage",
        };
        let used = match (resource.read, resource.written) {
            (true, true) => "read and written",
            (false, true) => "written",
            _ => "read",
        };
        let place = format!("{}:{}", resource.group, resource.binding);
        [place, resource.name.clone(), space.into(), used.into(), bytes.len().to_string()]
    };
    let rows = resources.iter().zip(contents).map(row);
    out.text(table(["binding", "name", "space", "used", "bytes"], rows))
}

fn row(times: &ShaderTimes) -> [String; 8] {
    let clock = match (times.clock, &times.clock_reason) {
        (Clock::Timestamps, _) => "timestamps".into(),
        (Clock::Wall, reason) => format!("host ({})", reason.as_deref().unwrap_or_default()),
    };
    [
        times.adapter.clone(),
        clock,
        times.runs.to_string(),
        spread(&times.us),
        format!("{:.3}", times.bytes as f64 / 1e6),
        format!("{:.2}", times.gb_s),
        format!("{:.2}", times.copy_gb_s),
        percent(times.of_bandwidth),
    ]
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
