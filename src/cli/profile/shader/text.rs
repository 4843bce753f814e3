//! A shader's runs for people.

use super::super::super::output::{Output, table, within};
use super::super::compiled;
use super::super::page::{Page, Table};
use super::super::text::{clock, spread};
use dann::profile::shader::{BoundResource, Drawn, LoopCount, ShaderReport};
use std::collections::BTreeSet;

/// llvmpipe ends the loops of a thread after so many turns, which it counts over all of them.
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
        LoopCount { line, turns: Some(turns), .. } => format!("line {line} {turns} turns"),
        LoopCount { line, turns: None, .. } => format!("line {line} unknown"),
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
    all.extend(drawn(&report.drawn, "--buffer"));
    all.extend(report.bound_reason.as_ref().map(|reason| format!("The bound is not known: {reason}")));
    if report.is_near_floor {
        let (us, floor) = (report.us.median, report.peaks.empty_dispatch_us);
        all.push(format!(
            "Near the launch floor: of {us:.1} µs, {floor:.1} are what a dispatch that does nothing takes; more work in a \
             dispatch tells more"
        ));
    }
    all.extend(cut_short(&report.loops).filter(|_| report.adapter.contains("llvmpipe")));
    let count: u64 = report.workgroups.map(u64::from).into_iter().product();
    if report.adapter.contains("llvmpipe") && count > u32::MAX.into() {
        all.push(format!("llvmpipe counts workgroups in 32 bits: of these {count} it may run a part alone"));
    }
    all
}

/// What is said of whole numbers that were drawn at random, where `by` sets what stands there.
pub fn drawn(all: &[Drawn], by: &str) -> Option<String> {
    let names: BTreeSet<&str> = all.iter().map(|it| it.name.as_str()).collect();
    let flags: Vec<String> = names.into_iter().map(|name| format!("{by} {name}=…")).collect();
    let values: Vec<String> =
        all.iter().map(|Drawn { place, value, .. }| format!("{place} = {value}")).collect();
    (!all.is_empty()).then(|| {
        format!(
            "Drawn at random: {}. If one of them is a size, the amount of work is random too, and counts and rates tell nothing: set \
             it with {}",
            values.join(", "),
            flags.join(" ")
        )
    })
}

/// What is said of loops that may take more turns together than llvmpipe allows a thread.
fn cut_short(loops: &[LoopCount]) -> Option<String> {
    let known: f64 = loops.iter().filter_map(|it| it.of_thread).sum();
    let is_open = |it: &&LoopCount| it.of_thread.is_none();
    let is_above = known > LLVMPIPE_TURNS;
    let named: BTreeSet<u32> = loops.iter().filter(|it| is_above || is_open(it)).map(|it| it.line).collect();
    if named.is_empty() {
        return None;
    }
    // What is more than is looked at has no line.
    let lines: Vec<String> =
        named.into_iter().filter(|&line| line > 0).map(|line| line.to_string()).collect();
    let which = match lines.is_empty() {
        true => "some".to_owned(),
        false => format!("those that begin on line {}", lines.join(", ")),
    };
    let many = if loops.iter().any(|it| is_open(&it)) { "more".to_owned() } else { in_groups(known) };
    Some(format!(
        "llvmpipe ends the loops of a thread after {} turns in all: {which} may take {many} and be cut short",
        in_groups(LLVMPIPE_TURNS)
    ))
}

/// A whole number with a comma at each thousand.
fn in_groups(number: f64) -> String {
    let digits = format!("{number:.0}");
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: u32, of_thread: Option<f64>) -> LoopCount {
        LoopCount { line, turns: None, of_thread }
    }

    #[test]
    fn numbers_drawn_at_random_are_named_with_the_flag_that_sets_them() {
        let of = |name: &str, place: &str, value| Drawn { name: name.into(), place: place.into(), value };
        assert_eq!(drawn(&[], "--buffer"), None);
        let said =
            drawn(&[of("p", "p.n", 183), of("p", "p.m", 7), of("q", "q", 0)], "--buffer").unwrap_or_default();
        assert!(
            said.starts_with("Drawn at random: p.n = 183, p.m = 7, q = 0. If one of them is a size"),
            "{said}"
        );
        assert!(said.ends_with("set it with --buffer p=… --buffer q=…"), "{said}");
    }

    #[test]
    fn turns_of_all_loops_of_a_thread_are_held_to_the_limit_together() {
        assert_eq!(cut_short(&[of(3, Some(255.0)), of(4, Some(65_280.0))]), None);
        let nested = cut_short(&[of(3, Some(300.0)), of(4, Some(90_000.0)), of(4, Some(0.0))]);
        let expected = "llvmpipe ends the loops of a thread after 65,535 turns in all: those that begin on line 3, 4 may take \
                        90,300 and be cut short";
        assert_eq!(nested.as_deref(), Some(expected));
    }

    #[test]
    fn loops_without_a_known_end_may_be_cut_short() {
        let ends = |loops: &[LoopCount], words: &str| {
            let said = cut_short(loops).unwrap_or_default();
            assert!(said.ends_with(words), "{said}");
        };
        ends(
            &[of(3, Some(9.0)), of(5, None)],
            "in all: those that begin on line 5 may take more and be cut short",
        );
        ends(
            &[of(3, Some(9e6)), of(5, None)],
            "those that begin on line 3, 5 may take more and be cut short",
        );
        ends(&[of(0, None)], "in all: some may take more and be cut short");
        assert_eq!(in_groups(1_234_567.0), "1,234,567");
    }
}
