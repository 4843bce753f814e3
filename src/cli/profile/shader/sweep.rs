//! One shader with all combinations of some values.

use super::super::super::output::{Output, table, within};
use super::super::page::{Page, Table};
use super::super::text::{clock, spread};
use super::super::{ProfileArgs, step};
use super::outputs::apart;
use super::subject::{Stage, Subject, choices};
use super::text::{by, drawn, known};
use dann::error::{Error, Result, ShaderError};
use dann::gpu::Gpu;
use dann::profile::shader::{
    Bench, Choices, ComparedOutput, Define, Duel, Filled, Sweep, SweepPoint, SweepReport,
};
use dann::profile::{Ratio, Verdict};
use std::path::{Path, PathBuf};

/// A combination, and the shader with it, or why there is none.
struct Point {
    values: Vec<Define>,
    subject: anyhow::Result<Subject>,
}

/// A combination that ran.
struct First<'a> {
    subject: &'a Subject,
    contents: Vec<Filled>,
    outputs: Vec<(usize, Vec<u8>)>,
}

/// Times every combination, and the fastest against the first.
pub fn run(path: &Path, before: &[PathBuf], args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    step::check_files(args)?;
    let point = |values: Vec<Define>| {
        let choices = Choices { settings: values.clone(), ..choices(args, before) };
        Point { values, subject: Subject::read(path, &choices, args) }
    };
    let grid = Sweep::grid(&args.shader.sweep)?;
    let mut points: Vec<Point> = grid.into_iter().map(point).collect();
    // What is wrong with all of them is no matter of values.
    if points.iter().all(|point| point.subject.is_err()) {
        return points.swap_remove(0).subject.map(drop);
    }
    let subjects = || points.iter().filter_map(|point| point.subject.as_ref().ok());
    let features = subjects().map(Subject::features).fold(wgpu::Features::empty(), |a, b| a | b);
    let able = |subject: &Subject, adapter: &_| {
        subject.plan(&args.shader.buffer).and_then(|plan| subject.check(&plan, adapter))
    };
    let mut stage = Stage::new(path, args, |adapter| {
        let mut refused = subjects().map(|subject| able(subject, adapter)).filter_map(Result::err);
        let is_any_able = subjects().any(|subject| able(subject, adapter).is_ok());
        refused.next().filter(|_| !is_any_able).map_or(Ok(()), Err)
    })?;
    let mut reports = Vec::new();
    stage.each(
        features,
        |gpu| on(gpu, path, &points, args),
        |report| {
            out.json(&report)?;
            reports.push(report);
            Ok(())
        },
    )?;
    args.plot.iter().try_for_each(|path| SweepReport::write_picture(&reports, path))?;
    reports.iter().try_for_each(|report| print(report, args.shader.tolerance(None), out))?;
    if let Some(page) = &args.shader.page {
        let title = path.display().to_string();
        let source = (title.clone(), std::fs::read_to_string(path).unwrap_or_default());
        let (tables, notes) = (reports.iter().map(listed).collect(), reports.iter().map(said).collect());
        let picture = SweepReport::picture(&reports)?;
        Page { title: &title, notes, tables, picture, sources: vec![source] }.write(page)?;
    }
    step::written(args, out)?;
    stage.end()
}

fn on(gpu: &Gpu, path: &Path, points: &[Point], args: &ProfileArgs) -> Result<SweepReport> {
    let mut bench = Bench::new(gpu, args.clock.into(), args.shader.timeout)?;
    let mut first = None;
    let mut found = Vec::new();
    // A device that does not come to an end with one combination tells nothing of the others.
    let mut is_stuck = false;
    for point in points {
        let values = point.values.iter().map(|set| (set.name.clone(), set.value.clone().unwrap_or_default()));
        let timed = match &point.subject {
            Ok(_) if is_stuck => Err("not run, as one before it did not end".to_owned()),
            Ok(subject) => timed(gpu, &mut bench, subject, args, &mut first).map_err(|e| {
                is_stuck = matches!(e, Error::Shader(ShaderError::Timeout { .. }));
                e.to_string()
            }),
            Err(e) => Err(e.to_string()),
        };
        let (report, outputs, reason) = match timed {
            Ok((report, outputs)) => (Some(report), outputs, None),
            Err(reason) => (None, vec![], Some(reason)),
        };
        found.push(SweepPoint { values: values.collect(), report, reason, outputs });
    }
    let report = SweepReport::new(&path.display().to_string(), gpu.name(), found);
    let best = report.best().and_then(|best| points.iter().find(|point| is_of(point, best)));
    let best = best.and_then(|point| point.subject.as_ref().ok());
    match (&first, best) {
        (Some(first), Some(best)) if !is_stuck && !std::ptr::eq(first.subject, best) => {
            let duel = against(gpu, &mut bench, first, best, args)?;
            Ok(report.over_first(&duel))
        }
        _ => Ok(report),
    }
}

fn is_of(point: &Point, found: &SweepPoint) -> bool {
    point.values.iter().all(|set| found.values.get(&set.name) == set.value.as_ref())
}

/// What a combination holds: as the first one that ran, where it is as large.
fn contents(subject: &Subject, first: Option<&First<'_>>, args: &ProfileArgs) -> Result<Vec<Filled>> {
    let mut contents = subject.plan(&args.shader.buffer)?.fill(args.shader.seed)?;
    if let Some(First { subject: of, contents: given, .. }) = first {
        of.job(given).share(&subject.resources, &mut contents);
    }
    Ok(contents)
}

/// Times a combination; the first one that runs becomes `first`.
fn timed<'a>(
    gpu: &Gpu,
    bench: &mut Bench,
    subject: &'a Subject,
    args: &ProfileArgs,
    first: &mut Option<First<'a>>,
) -> Result<(dann::profile::shader::ShaderReport, Vec<ComparedOutput>)> {
    let limits = gpu.device().limits();
    let plan = subject.plan(&args.shader.buffer)?;
    plan.check(&limits)?;
    subject.shader.check(subject.workgroups, &limits)?;
    let contents = contents(subject, first.as_ref(), args)?;
    let job = subject.job(&contents);
    let ready = job.prepare(gpu)?;
    let report = bench.time(&ready, args.steps as usize)?;
    let outputs = ready.outputs()?;
    drop(ready);
    let compared = first.as_ref().map_or(vec![], |first| {
        first.subject.job(&first.contents).compared(
            &first.outputs,
            &job,
            &outputs,
            args.shader.tolerance(None),
        )
    });
    if first.is_none() {
        *first = Some(First { subject, contents, outputs });
    }
    Ok((report, compared))
}

/// The fastest one against the first, turn by turn.
fn against(
    gpu: &Gpu,
    bench: &mut Bench,
    first: &First<'_>,
    best: &Subject,
    args: &ProfileArgs,
) -> Result<Duel> {
    let own = contents(best, Some(first), args)?;
    let (job, other) = (first.subject.job(&first.contents), best.job(&own));
    let both = [job.prepare(gpu)?, other.prepare(gpu)?];
    let rounds = args.steps.div_ceil(4) as usize;
    bench.duel([&both[0], &both[1]], rounds, args.shader.margin, args.shader.tolerance(None))
}

fn print(report: &SweepReport, tolerance: f64, out: &Output) -> anyhow::Result<()> {
    out.text(within(table(HEADER, rows(report))))?;
    for point in &report.points {
        if let Some(reason) = &point.reason {
            out.text(format!("{}: did not run: {}", point.name(), reason.trim()))?;
        }
        for ComparedOutput { name, difference, reason } in point.outputs.iter().filter(|o| !o.passes()) {
            let said = difference.as_ref().map(|difference| apart(difference, tolerance));
            let said = said.or_else(|| reason.clone()).unwrap_or_default();
            out.text(format!("{}: writes something else than the first one: {name}: {said}", point.name()))?;
        }
    }
    let timed = report.points.iter().find_map(|point| point.report.as_ref());
    if let Some(timed) = timed {
        out.text(clock(timed.clock, timed.clock_reason.as_deref()))?;
        drawn(&timed.drawn, "--buffer").map_or(Ok(()), |said| out.text(said))?;
    }
    out.text(said(report))
}

const HEADER: [&str; 8] =
    ["", "values", "workgroups", "median µs (p10–p90)", "of best", "GFLOP/s", "GB/s", "results"];

fn rows(report: &SweepReport) -> impl Iterator<Item = [String; 8]> {
    let best = report.best().and_then(SweepPoint::us);
    let ran = report.points.iter().filter(|point| point.report.is_some());
    ran.enumerate().filter_map(move |(place, point)| row(place, point, best))
}

fn listed(report: &SweepReport) -> Table {
    Table::new(HEADER, rows(report))
}

fn row(place: usize, point: &SweepPoint, best: Option<f64>) -> Option<[String; 8]> {
    let report = point.report.as_ref()?;
    let right = match point.us() {
        Some(_) if place == 0 => "BEST",
        Some(_) => "the same",
        None => "OTHERS",
    };
    Some([
        (place + 1).to_string(),
        point.name(),
        format!("{} of {}", by(report.workgroups), by(report.workgroup_size)),
        spread(&report.us),
        known(best.map(|best| report.us.median / best.max(f64::MIN_POSITIVE)), 2),
        known(report.gflops, 2),
        known(report.gb_s, 2),
        right.to_owned(),
    ])
}

/// Which is best, in words.
fn said(report: &SweepReport) -> String {
    let SweepReport { adapter, over_first, verdict, .. } = report;
    let Some(best) = report.best() else { return format!("{adapter}: none of them ran") };
    let name = best.name();
    let Some(Ratio { ratio, least, most, .. }) = over_first else {
        return format!("{adapter}: {name} is the best, and the first that was tried");
    };
    let said = match verdict {
        Some(Verdict::Faster) => "faster, for sure",
        Some(Verdict::Same) => "the same within the margin",
        Some(Verdict::Slower) => "slower, for sure, though faster by itself",
        _ if report.ran_out => {
            "whether it is faster, the time did not suffice to tell; less work in a run does"
        }
        _ => "whether it is faster, the runs do not tell",
    };
    format!(
        "{adapter}: {name} is the best; turn by turn it takes {ratio:.3} of the time of the first one ({least:.3} to {most:.3}): {said}"
    )
}
