//! A profile for people.

use super::super::output::{Output, percent, table, within};
use super::compiled;
use super::page::{Page, Table};
use dann::profile::{Bound, Clock, KernelRow, Peaks, Report, Spread, StepTimes};

pub fn print(report: &Report, out: &Output) -> anyhow::Result<()> {
    out.text(within(table(TIMES, (1..).zip(&report.kernels).map(times))))?;
    out.text(within(table(RATES, (1..).zip(&report.kernels).map(rates))))?;
    let phases = report.phases.iter().map(|row| {
        let gflops = row.gflop / row.ms * 1e3;
        let (calls, ms) = (row.calls.to_string(), format!("{:.3}", row.ms));
        [row.phase.to_string(), calls, ms, percent(row.share), format!("{gflops:.1}")]
    });
    out.text(within(table(["phase", "calls", "ms", "share", "GFLOP/s"], phases)))?;
    out.text(format!(
        "{}, {} steps on {}; all times are medians, all figures a step's",
        report.subject, report.steps, report.adapter
    ))?;
    out.text(step(&report.step))?;
    out.text(clock(report.clock, report.clock_reason.as_deref()))?;
    out.text(peaks(&report.peaks))?;
    compiled::of_kernels(report).iter().try_for_each(|line| out.text(line))?;
    if !report.advice.is_empty() {
        out.text("What would save most, at best:")?;
    }
    for (place, advice) in report.advice.iter().enumerate() {
        out.text(format!("  {}. {:.3} ms: {}", place + 1, advice.saves_ms, advice.change))?;
    }
    Ok(())
}

const TIMES: [&str; 7] = ["", "kernel", "phase", "calls", "ms", "share", "median µs (p10–p90)"];
const RATES: [&str; 10] =
    ["", "shape", "workgroups", "GFLOP/s", "% peak", "GB/s", "% copy", "FLOP/B", "limit µs", "bound"];

/// The same for a page.
pub fn page(report: &Report, picture: String, source: (String, String)) -> Page<'_> {
    let numbered = || (1..).zip(&report.kernels);
    let tables = vec![Table::new(TIMES, numbered().map(times)), Table::new(RATES, numbered().map(rates))];
    let mut notes = vec![
        format!("{} steps on {}; all times are medians", report.steps, report.adapter),
        step(&report.step),
        clock(report.clock, report.clock_reason.as_deref()),
        peaks(&report.peaks),
    ];
    notes.extend(compiled::of_kernels(report));
    Page { title: &report.subject, notes, tables, picture, sources: vec![source] }
}

fn times((place, row): (usize, &KernelRow)) -> [String; 7] {
    [
        place.to_string(),
        format!("{} ({})", row.kernel, row.variant),
        row.phase.to_string(),
        row.calls.to_string(),
        format!("{:.3}", row.ms),
        percent(row.share),
        spread(&row.us),
    ]
}

fn rates((place, row): (usize, &KernelRow)) -> [String; 10] {
    let [x, y, z] = row.workgroups;
    // Where not all is known, a zero is what nobody could count.
    let known = |value: f64, digits: usize| match row.bound {
        Bound::Unknown if value == 0.0 => "unknown".to_owned(),
        _ => format!("{value:.digits$}"),
    };
    let count = if z > 1 {
        format!("{x}×{y}×{z}")
    } else if y > 1 {
        format!("{x}×{y}")
    } else {
        x.to_string()
    };
    [
        place.to_string(),
        row.shape.clone(),
        format!("{} × {count}", row.workgroup_size),
        known(row.gflops, 2),
        known(100.0 * row.of_peak, 1),
        known(row.gb_s, 2),
        known(100.0 * row.of_bandwidth, 1),
        known(row.flop_per_byte, 2),
        known(row.limit_us, 1),
        row.bound.name().to_owned(),
    ]
}

/// `12.3 (11.9–14.0)`, in microseconds; from a tenth of a second on with another unit, which is said.
pub fn spread(spread: &Spread) -> String {
    let (scale, unit) = match spread.median {
        ..1e5 => (1.0, ""),
        ..1e7 => (1e-3, " ms"),
        _ => (1e-6, " s"),
    };
    let [p10, median, p90] = [spread.p10, spread.median, spread.p90].map(|us| us * scale);
    format!("{median:.1}{unit} ({p10:.1}–{p90:.1})")
}

fn milliseconds(spread: &Spread) -> String {
    let Spread { p10, median, p90, .. } = spread;
    format!("{median:.3} ms ({p10:.3}–{p90:.3})")
}

fn step(step: &StepTimes) -> String {
    let mut text = format!("Kernels: {}", milliseconds(&step.kernels_ms));
    if let (Some(wall), Some(share), Some(gap)) = (&step.profiled_ms, step.in_kernels, step.gap_ms) {
        text += &format!(
            ", {} of the profiled step's {}; gap between them {gap:.3} ms",
            percent(share),
            milliseconds(wall)
        );
    }
    if let (Some(wall), Some(perturbation)) = (&step.unprofiled_ms, step.perturbation) {
        text += &format!("\nUnprofiled step: {}; timing adds {}", milliseconds(wall), percent(perturbation));
    }
    text
}

pub fn clock(clock: Clock, reason: Option<&str>) -> String {
    match clock {
        Clock::Timestamps => "Clock: the device's timestamps, around a pass for each dispatch".into(),
        Clock::Wall => format!(
            "Clock: the HOST's, because {}: each dispatch is a submission that is waited for, its launch included",
            reason.unwrap_or_default()
        ),
    }
}

fn peaks(peaks: &Peaks) -> String {
    let f16 = peaks.f16_gflops.map_or("n/a".to_owned(), |gflops| format!("{gflops:.1} GFLOP/s"));
    format!(
        "Peaks measured: f32 {:.1} GFLOP/s, f16 {f16}, copy {:.2} GB/s, empty dispatch {:.1} µs",
        peaks.f32_gflops, peaks.copy_gb_s, peaks.empty_dispatch_us
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_have_units_of_their_own() {
        let text = |us: f64| spread(&Spread::of(&[us; 3]).expect("a spread"));
        let all = [12.34, 99_999.0, 123_456.0, 61_000_000.0].map(text);
        let expected =
            ["12.3 (12.3–12.3)", "99999.0 (99999.0–99999.0)", "123.5 ms (123.5–123.5)", "61.0 s (61.0–61.0)"];
        assert_eq!(all, expected);
    }
}
