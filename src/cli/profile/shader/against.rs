//! Two shaders turn by turn.

use super::super::super::output::{Output, percent, table, within_columns};
use super::super::ProfileArgs;
use super::super::text::{clock, spread};
use super::outputs::apart;
use super::subject::{Stage, Subject, choices};
use super::text::{by, known, remarks};
use dann::profile::shader::{Bench, BufferSpec, Choices, ComparedOutput, Duel, ShaderReport};
use dann::profile::{Ratio, Verdict};
use std::path::{Path, PathBuf};

/// Times the shader in `path`, behind those `before`, against the one in `other`.
pub fn run(
    path: &Path,
    before: &[PathBuf],
    other: &Path,
    args: &ProfileArgs,
    out: &Output,
) -> anyhow::Result<()> {
    let first = Subject::read(path, &choices(args, before), args)?;
    let lenient = Choices { is_lenient: true, ..choices(args, before) };
    let second = Subject::read(other, &lenient, args)?;
    let [specs, other_specs] = specs([&first, &second], &args.shader.buffer);
    let (plan, other_plan) = (first.plan(&specs)?, second.plan(&other_specs)?);
    let mut stage = Stage::new(path, args, |adapter| {
        first.check(&plan, adapter).and_then(|()| second.check(&other_plan, adapter))
    })?;
    let (contents, mut other_contents) = (plan.fill(args.shader.seed)?, other_plan.fill(args.shader.seed)?);
    let job = first.job(&contents);
    job.share(&second.resources, &mut other_contents);
    let other_job = second.job(&other_contents);
    let mut duels = Vec::new();
    stage.each(
        first.features() | second.features(),
        |gpu| {
            let both = [job.prepare(gpu)?, other_job.prepare(gpu)?];
            let mut bench = Bench::new(gpu, args.clock.into(), args.shader.timeout)?;
            let rounds = args.steps.div_ceil(4) as usize;
            bench.duel([&both[0], &both[1]], rounds, args.shader.margin, args.shader.tolerance(None))
        },
        |duel| {
            out.json(&duel)?;
            duels.push(duel);
            Ok(())
        },
    )?;
    duels.iter().try_for_each(|duel| print(duel, args.shader.tolerance(None), out))?;
    stage.end()?;
    let differ: Vec<&str> = duels
        .iter()
        .flat_map(|duel| &duel.outputs)
        .filter(|o| !o.passes())
        .map(|o| o.name.as_str())
        .collect();
    anyhow::ensure!(
        differ.is_empty(),
        "{}: expected results as those of {}, found others in {}\nhint: --tolerance SHARE allows real numbers to differ more",
        other.display(),
        path.display(),
        differ.join(", ")
    );
    Ok(())
}

/// What is said of bindings is for the shader that has them; what neither has, the first one refuses.
fn specs([first, second]: [&Subject; 2], all: &[BufferSpec]) -> [Vec<BufferSpec>; 2] {
    let has = |subject: &Subject, spec: &BufferSpec| subject.resources.iter().any(|r| spec.place.names(r));
    let of = |own: &Subject, is_first: bool| -> Vec<BufferSpec> {
        let other = if is_first { second } else { first };
        let is_meant = |spec: &&BufferSpec| has(own, spec) || is_first && !has(other, spec);
        all.iter().filter(is_meant).cloned().collect()
    };
    [of(first, true), of(second, false)]
}

fn print(duel: &Duel, tolerance: f64, out: &Output) -> anyhow::Result<()> {
    let both = [&duel.first, &duel.second];
    out.text(within_columns(table(TIMES, both.map(times)), COLUMNS))?;
    out.text(within_columns(table(RATES, both.map(rates)), COLUMNS))?;
    out.text(said(duel))?;
    for ComparedOutput { name, difference, reason } in &duel.outputs {
        out.text(match (difference, reason) {
            (Some(difference), _) => format!("{name}: {}", apart(difference, tolerance)),
            (None, reason) => format!("{name}: not compared, as {}", reason.as_deref().unwrap_or_default()),
        })?;
    }
    let of_clock = clock(duel.first.clock, duel.first.clock_reason.as_deref());
    out.text(of_clock.clone())?;
    for report in [&duel.first, &duel.second] {
        let own = remarks(report).into_iter().filter(|remark| *remark != of_clock);
        own.map(|remark| format!("{}: {remark}", report.shader)).try_for_each(|remark| out.text(remark))?;
    }
    Ok(())
}

const COLUMNS: u16 = 80;
const TIMES: [&str; 4] = ["shader", "workgroups", "runs", "median µs (p10–p90)"];
const RATES: [&str; 6] = ["shader", "GFLOP/s", "% peak", "GB/s", "% copy", "bound"];

fn times(report: &ShaderReport) -> [String; 4] {
    [
        format!("{} {}", report.shader, report.entry),
        format!("{} of {}", by(report.workgroups), by(report.workgroup_size)),
        report.runs.to_string(),
        spread(&report.us),
    ]
}

fn rates(report: &ShaderReport) -> [String; 6] {
    let share = |share: Option<f64>| known(share.map(|share| 100.0 * share), 1);
    [
        format!("{} {}", report.shader, report.entry),
        known(report.gflops, 2),
        share(report.of_peak),
        known(report.gb_s, 2),
        share(report.of_bandwidth),
        report.bound.map_or("unknown", |bound| bound.name()).to_owned(),
    ]
}

/// The verdict in words.
fn said(duel: &Duel) -> String {
    let Duel { first, second, ratio, verdict, ran_out, .. } = duel;
    let margin = percent(ratio.margin);
    let verdict = match verdict {
        Verdict::Slower => format!("{} is SLOWER", second.shader),
        Verdict::Faster => format!("{} is faster", second.shader),
        Verdict::Same => format!("the same within {margin}"),
        _ if *ran_out => format!(
            "cannot tell: time ran out before a difference, or one below {margin}, was sure; less work in a run leaves time for more"
        ),
        _ => format!(
            "cannot tell: neither a difference nor one below {margin} is sure; --steps allows more runs"
        ),
    };
    let Ratio { ratio, least, most, count, .. } = ratio;
    let sure = match most.is_finite() {
        true => format!("{least:.3} to {most:.3} with a certainty of {:.0} %, by", 100.0 * Ratio::CERTAINTY),
        false => "nothing is sure, by no more than".to_owned(),
    };
    format!(
        "{}: {} takes {ratio:.3} of the time of {} ({sure} {count} pairs of runs): {verdict}",
        first.adapter, second.shader, first.shader
    )
}
