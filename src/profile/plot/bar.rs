//! The step as a bar: its kernels by phase, and what lies between them.

use super::{Area, Drawn, colour, font, number};
use crate::profile::report::Report;
use crate::profile::rows::KernelRow;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Narrower parts, in hundredths of the step, have no number.
const NARROW: f64 = 1.2;
/// Narrower ones would be less than a dot.
const INVISIBLE: f64 = 0.1;

pub(super) fn draw(report: &Report, area: &Area<'_>) -> Drawn {
    let sum: f64 = report.kernels.iter().map(|row| row.ms).sum();
    let gap = report.step.gap_ms.unwrap_or(0.0).max(0.0);
    let end = sum + gap;
    let share = report
        .step
        .in_kernels
        .map_or(String::new(), |share| format!(", {:.1} % of what the host waited for", 100.0 * share));
    let median = report.step.kernels_ms.median;
    let title = format!("Medians of {} steps; {median:.2} ms in kernels{share}", report.steps);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(40)
        .build_cartesian_2d(0.0..end, 0.0..1.0)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .disable_y_axis()
        .x_desc("ms")
        .label_style(font(13))
        .axis_desc_style(font(14))
        .draw()?;
    let mut begin = 0.0;
    for phase in &report.phases {
        for row in report.kernels.iter().filter(|row| row.phase == phase.phase) {
            let part = [(begin, 0.1), (begin + row.ms, 0.9)];
            if row.ms > INVISIBLE / 100.0 * end {
                chart.draw_series([Rectangle::new(part, colour(row.phase).mix(0.75).filled())])?;
                chart.draw_series([Rectangle::new(part, WHITE)])?;
            }
            if let Some(number) = label(report, row, end) {
                let style = font(12).pos(Pos::new(HPos::Center, VPos::Center)).color(&BLACK);
                let middle = (begin + row.ms / 2.0, 0.5);
                chart.draw_series([Text::new(number, middle, style)])?;
            }
            begin += row.ms;
        }
    }
    if gap > INVISIBLE / 100.0 * end {
        let between = [(begin, 0.1), (end, 0.9)];
        chart.draw_series([Rectangle::new(between, RGBColor(200, 200, 200).filled())])?;
    }
    Ok(())
}

fn label(report: &Report, row: &KernelRow, end: f64) -> Option<String> {
    number(report, row).filter(|_| row.ms > NARROW / 100.0 * end).map(|number| number.to_string())
}
