//! Arithmetic a second over arithmetic a byte, under the roof that bandwidth and arithmetic make.

use super::{Area, Drawn, colour, font, number};
use crate::profile::report::Report;
use crate::profile::rows::KernelRow;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// The axes: from a power of ten to another.
struct Axes {
    x: (f64, f64),
    y: (f64, f64),
}

impl Axes {
    fn of(report: &Report) -> Self {
        let peaks = &report.peaks;
        let ridge = peaks.f32_gflops / peaks.copy_gb_s;
        let with_arithmetic = || report.kernels.iter().filter(|row| row.flop_per_byte > 0.0);
        let least_x = with_arithmetic().map(|row| row.flop_per_byte).fold(ridge, f64::min);
        let most_x = with_arithmetic().map(|row| row.flop_per_byte).fold(ridge, f64::max);
        let x = (power(least_x / 2.0, f64::floor), power(3.0 * most_x, f64::ceil));
        let heights = || report.kernels.iter().map(|row| height(row, x.0)).filter(|y| *y > 0.0);
        let least_y = heights().fold(peaks.copy_gb_s * x.0, f64::min);
        let most_y = heights().fold(peaks.f32_gflops.max(peaks.f16_gflops.unwrap_or(0.0)), f64::max);
        Self { x, y: (power(least_y, f64::floor), power(1.5 * most_y, f64::ceil)) }
    }
}

/// The next power of ten.
fn power(value: f64, round: fn(f64) -> f64) -> f64 {
    10_f64.powf(round(value.max(1e-12).log10()))
}

/// Without arithmetic there is a rate of bytes alone: as much of it as of the roof at the left edge.
fn height(row: &KernelRow, left: f64) -> f64 {
    if row.flop_per_byte > 0.0 { row.gflops } else { row.gb_s * left }
}

/// The title and its size: smaller where it is long, and cut where there is no more room.
fn title(subject: &str) -> (String, u32) {
    let title = format!("Roofline: {subject}");
    match title.chars().count() {
        ..=80 => (title, 20),
        81..=118 => (title, 14),
        _ => (title.chars().take(117).chain(['…']).collect(), 14),
    }
}

/// A number beside an axis, short enough for the room there.
fn label(value: f64) -> String {
    if (0.0009..100_000.0).contains(&value) {
        let text = format!("{value:.3}");
        return text.trim_end_matches('0').trim_end_matches('.').to_owned();
    }
    format!("{value:.0e}")
}

pub(super) fn draw(report: &Report, area: &Area<'_>) -> Drawn {
    let Axes { x: (x0, x1), y: (y0, y1) } = Axes::of(report);
    let (title, size) = title(&report.subject);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", size))
        .margin(16)
        .x_label_area_size(46)
        .y_label_area_size(64)
        .build_cartesian_2d((x0..x1).log_scale(), (y0..y1).log_scale())?;
    chart
        .configure_mesh()
        .light_line_style(RGBColor(242, 242, 242))
        .x_desc("operations a byte (kernels without arithmetic stand at the left edge)")
        .y_desc("GFLOP/s")
        .x_label_formatter(&|value| label(*value))
        .y_label_formatter(&|value| label(*value))
        .label_style(font(13))
        .axis_desc_style(font(14))
        .draw()?;
    let peaks = &report.peaks;
    let ridge = peaks.f32_gflops / peaks.copy_gb_s;
    let roof = [(x0, x0 * peaks.copy_gb_s), (ridge, peaks.f32_gflops), (x1, peaks.f32_gflops)];
    chart.draw_series(LineSeries::new(roof, BLACK.stroke_width(2)))?;
    let above = |h| font(13).pos(Pos::new(h, VPos::Bottom));
    let name = format!("f32 peak {:.1} GFLOP/s", peaks.f32_gflops);
    chart.draw_series([Text::new(name, (x1, 1.06 * peaks.f32_gflops), above(HPos::Right))])?;
    let name = format!("copy {:.1} GB/s", peaks.copy_gb_s);
    chart.draw_series([Text::new(name, (1.05 * x0, 4.0 * x0 * peaks.copy_gb_s), above(HPos::Left))])?;
    if let Some(f16) = peaks.f16_gflops {
        chart.draw_series(LineSeries::new([(f16 / peaks.copy_gb_s, f16), (x1, f16)], BLACK.mix(0.4)))?;
        let name = format!("f16 peak {f16:.1} GFLOP/s");
        chart.draw_series([Text::new(name, (x1, 1.06 * f16), above(HPos::Right))])?;
    }
    // Those that take longest come last and lie on top.
    for row in report.kernels.iter().rev() {
        let at = (row.flop_per_byte.max(x0), height(row, x0).max(y0));
        let size = 4 + (22.0 * row.share.sqrt()) as i32;
        chart.draw_series([Circle::new(at, size, colour(row.phase).mix(0.75).filled())])?;
        if let Some(number) = number(report, row) {
            let style = font(12).pos(Pos::new(HPos::Center, VPos::Center)).color(&BLACK);
            chart.draw_series([Text::new(number.to_string(), at, style)])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{label, title};

    #[test]
    fn titles_fit_above_the_picture() {
        let of = |length: usize| title(&"x".repeat(length));
        assert_eq!([of(60).1, of(100).1], [20, 14]);
        assert!(of(100).0.ends_with('x') && of(500).0.ends_with('…'));
        assert_eq!(of(500).0.chars().count(), 118);
    }

    #[test]
    fn labels_are_short() {
        let labels = [1e-9, 1e-4, 1e-3, 0.01, 0.1, 1.0, 20.0, 1e4, 1e5, 1e12].map(label);
        assert_eq!(labels, ["1e-9", "1e-4", "0.001", "0.01", "0.1", "1", "20", "10000", "1e5", "1e12"]);
    }
}
