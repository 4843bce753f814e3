//! Combinations of values as bars, the fastest on top.

use super::{Area, Drawn, drawn, file_name, font, short, write};
use crate::error::Result;
use crate::profile::shader::{SweepPoint, SweepReport};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

const WIDTH: u32 = 1100;
/// Height of a bar and of what is around all of them.
const BAR: u32 = 24;
const AROUND: u32 = 120;
/// Others are left out.
const BARS: usize = 60;
/// Longer names are cut.
const NAME: usize = 36;

impl SweepReport {
    /// Writes bars of all combinations on all adapters to `path`, whose extension is `svg` or `png`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::error::Error::Input) when it is neither, [`Error::Io`](crate::error::Error::Io) when the file
    /// cannot be written.
    pub fn write_picture(all: &[Self], path: &Path) -> Result<()> {
        write(Self::picture(all)?, path)
    }

    /// The same as an SVG document.
    ///
    /// # Errors
    /// [`Error::Input`](crate::error::Error::Input) when it cannot be drawn.
    pub fn picture(all: &[Self]) -> Result<String> {
        let heights = || all.iter().map(|report| height(bars(report).len()));
        drawn((WIDTH, heights().sum::<u32>().max(AROUND)), |area| {
            area.fill(&WHITE)?;
            let mut rest = area;
            for (report, height) in all.iter().zip(heights()) {
                let (upper, lower) = rest.split_vertically(height);
                draw(report, &upper)?;
                rest = lower;
            }
            rest.present()?;
            Ok(())
        })
    }
}

fn height(bars: usize) -> u32 {
    bars as u32 * BAR + AROUND
}

/// Those that ran, the fastest first.
fn bars(report: &SweepReport) -> Vec<(&SweepPoint, &crate::profile::Spread)> {
    let timed = report.points.iter().filter_map(|point| Some((point, &point.report.as_ref()?.us)));
    timed.take(BARS).collect()
}

fn draw(report: &SweepReport, area: &Area<'_>) -> Drawn {
    let bars = bars(report);
    let most = bars.iter().map(|(_, us)| us.p90).fold(f64::MIN_POSITIVE, f64::max);
    let title = format!(
        "{} on {}: bars are medians, lines go from the 10th to the 90th percentile",
        file_name(&report.shader),
        short(&report.adapter)
    );
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(16)
        .x_label_area_size(40)
        .y_label_area_size(280)
        .build_cartesian_2d(0.0..1.05 * most, (bars.len() as f64)..0.0)?;
    chart
        .configure_mesh()
        .disable_y_mesh()
        .disable_y_axis()
        .light_line_style(RGBColor(242, 242, 242))
        .x_desc("µs")
        .label_style(font(13))
        .axis_desc_style(font(14))
        .draw()?;
    for (place, (point, us)) in bars.iter().enumerate() {
        let y = place as f64;
        // What wrote something else than the first one is grey.
        let colour = match point.us() {
            Some(_) if place == 0 => RGBColor(0, 158, 115),
            Some(_) => RGBColor(0, 114, 178),
            None => RGBColor(190, 190, 190),
        };
        let part = [(0.0, y + 0.15), (us.median, y + 0.85)];
        chart.draw_series([Rectangle::new(part, colour.mix(0.75).filled())])?;
        let spread = [(us.p10, y + 0.5), (us.p90, y + 0.5)];
        chart.draw_series([PathElement::new(spread, BLACK.stroke_width(2))])?;
        let name: String = point.name().chars().take(NAME).collect();
        let style = font(13).pos(Pos::new(HPos::Left, VPos::Center));
        let top = chart.plotting_area().map_coordinate(&(0.0, y + 0.5)).1 - area.get_base_pixel().1;
        area.draw(&Text::new(name, (16, top), style))?;
    }
    Ok(())
}
