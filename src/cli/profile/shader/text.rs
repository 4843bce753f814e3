//! A shader's runs for people.

use super::super::super::output::{Output, table, within};
use super::super::compiled;
use super::super::page::{Page, Table};
use super::super::text::{clock, spread};
use dann::profile::shader::{BoundResource, LoopCount, ShaderReport};

/// llvmpipe ends every loop after so many turns.
const LLVMPIPE_TURNS: f64 = 65_535.0;

pub fn print(reports: &[ShaderReport], out: &Output) -> anyhow::Result<()> {
    // What is told of the shader itself is the same on all adapters.
    let Some(report) = reports.first() else { return Ok(()) };
    out.text(within(table(BINDINGS, report.bindings.iter().map(binding))))?;
    out.text(within(table(TIMES, reports.iter().map(times))))?;
    out.text(within(table(RATES, reports.iter().map(rates))))?;
    out.text(subject(report))?;
    out.text(counts(report))?;
    for report in reports {
        remarks(report).iter().try_for_each(|remark| out.text(remark))?;
    }
    Ok(())
}

const BINDINGS: [&str; 6] = ["binding", "name", "kind", "bytes", "read ≤", "written ≤"];
const TIMES: [&str; 4] = ["adapter", "runs", "median µs (p10–p90)", "floor µs"];
const RATES: [&str; 6] = ["adapter", "GFLOP/s", "% peak", "GB/s", "% copy", "bound"];

/// The same for a page.
pub fn page<'a>(
    reports: &[ShaderReport],
    title: &'a str,
    picture: String,
    source: (String, String),
) -> Page<'a> {
    let first = reports.first();
    let bindings = first.map_or(&[][..], |report| &report.bindings[..]);
    let mut tables = vec![
        Table::new(TIMES, reports.iter().map(times)),
        Table::new(RATES, reports.iter().map(rates)),
        Table::new(BINDINGS, bindings.iter().map(binding)),
    ];
    tables.extend(compiled::table(reports));
    let mut notes: Vec<String> = first.iter().flat_map(|report| [subject(report), counts(report)]).collect();
    for report in reports {
        notes.extend(remarks(report).iter().map(|remark| format!("{}: {remark}", report.adapter)));
    }
    Page { title, notes, tables, picture, sources: vec![source] }
}

fn subject(report: &ShaderReport) -> String {
    let [size, count] = [report.workgroup_size, report.workgroups].map(by);
    format!("{}, {}: {count} workgroups of {size}", report.shader, report.entry)
}

pub fn by([x, y, z]: [u32; 3]) -> String {
    format!("{x}×{y}×{z}")
}

pub fn known(value: Option<f64>, digits: usize) -> String {
    value.map_or("unknown".into(), |value| format!("{value:.digits$}"))
}

fn binding(resource: &BoundResource) -> [String; 6] {
    let BoundResource { place, name, kind, bytes, traffic, .. } = resource;
    let [read, written] = [traffic.read, traffic.written]
        .map(|bytes| bytes.map_or("unknown".to_owned(), |bytes| bytes.to_string()));
    [place.clone(), name.clone(), kind.clone(), bytes.to_string(), read, written]
}

fn times(report: &ShaderReport) -> [String; 4] {
    let floor = format!("{:.1}", report.peaks.empty_dispatch_us);
    [report.adapter.clone(), report.runs.to_string(), spread(&report.us), floor]
}

fn rates(report: &ShaderReport) -> [String; 6] {
    let share = |share: Option<f64>| known(share.map(|share| 100.0 * share), 1);
    [
        report.adapter.clone(),
        known(report.gflops, 2),
        share(report.of_peak),
        known(report.gb_s, 2),
        share(report.of_bandwidth),
        report.bound.map_or("unknown", |bound| bound.name()).to_owned(),
    ]
}

/// What is counted, in thousands and millions.
fn counts(report: &ShaderReport) -> String {
    let all: Vec<String> =
        report.counts.iter().map(|(kind, count)| format!("{kind} {}", rounded(*count))).collect();
    let is_open = report.loops.iter().any(|turns| turns.turns.is_none());
    let exactly = match report.is_exact {
        true => "exactly",
        false if is_open => "with one turn of each loop whose turns are unknown",
        false => "at most",
    };
    let mut text = match all.is_empty() {
        true => "Counted: nothing".to_owned(),
        false => format!("Counted, {exactly}: {}", all.join(", ")),
    };
    if report.workgroup_bytes > 0 {
        text += &format!("; workgroup memory {} bytes", report.workgroup_bytes);
    }
    if !report.loops.is_empty() {
        let all: Vec<String> = report.loops.iter().map(turns).collect();
        text += &format!("\nLoops: {}", all.join(", "));
    }
    text
}

fn turns(turns: &LoopCount) -> String {
    match turns {
        LoopCount { line: 0, .. } => "more than are looked at".to_owned(),
        LoopCount { line, turns: Some(turns) } => format!("line {line} {turns} turns"),
        LoopCount { line, turns: None } => format!("line {line} unknown"),
    }
}

fn rounded(count: f64) -> String {
    let units = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")];
    let unit = units.iter().find(|(least, _)| count >= *least);
    unit.map_or(format!("{count:.0}"), |(unit, name)| format!("{:.2}{name}", count / unit))
}

pub fn remarks(report: &ShaderReport) -> Vec<String> {
    let mut all = vec![clock(report.clock, report.clock_reason.as_deref())];
    if let (Some(cold), Some(warm)) = (report.compile_ms, report.compile_again_ms) {
        let first = report.first_us.map_or(String::new(), |us| format!("; the first run took {us:.1} µs"));
        all.push(format!("Compiled in {cold:.2} ms, and in {warm:.2} ms once more{first}"));
    }
    all.extend(compiled::said(report));
    if report.is_near_floor {
        let (us, floor) = (report.us.median, report.peaks.empty_dispatch_us);
        all.push(format!(
            "Near the launch floor: of {us:.1} µs, {floor:.1} are what a dispatch that does nothing takes; more work in a \
             dispatch tells more"
        ));
    }
    let cut = report.loops.iter().filter(|turns| turns.turns.is_none_or(|turns| turns > LLVMPIPE_TURNS));
    let lines: Vec<String> = cut.map(|turns| turns.line.to_string()).collect();
    if report.adapter.contains("llvmpipe") && !lines.is_empty() {
        all.push(format!(
            "llvmpipe ends every loop after {LLVMPIPE_TURNS} turns: those that begin on line {} may be cut short",
            lines.join(", ")
        ));
    }
    let count: u64 = report.workgroups.map(u64::from).into_iter().product();
    if report.adapter.contains("llvmpipe") && count > u32::MAX.into() {
        all.push(format!("llvmpipe counts workgroups in 32 bits: of these {count} it may run a part alone"));
    }
    all
}
