//! Which kernel a number stands for, and which phase a colour.

use super::{Area, Drawn, NUMBERED, colour, font};
use crate::profile::report::Report;
use plotters::prelude::*;

/// From one line to the next.
const LINE: i32 = 32;
/// Longer shapes are cut.
const SHAPE: usize = 44;

pub(super) fn draw(report: &Report, area: &Area<'_>) -> Drawn {
    let mut y = 24;
    for row in &report.phases {
        area.draw(&Rectangle::new([(4, y), (16, y + 12)], colour(row.phase).filled()))?;
        let text = format!("{}: {:.2} ms, {:.1} %", row.phase, row.ms, 100.0 * row.share);
        area.draw(&Text::new(text, (22, y), font(14)))?;
        y += 20;
    }
    y += 12;
    for (index, row) in report.kernels.iter().take(NUMBERED).enumerate() {
        let of_limit = 100.0 * row.limit_us / row.us.median.max(f64::MIN_POSITIVE);
        let text = format!(
            "{}  {}: {:.2} ms, {of_limit:.0} % of its {} limit",
            index + 1,
            row.kernel,
            row.ms,
            row.bound.name()
        );
        area.draw(&Text::new(text, (4, y), font(13)))?;
        area.draw(&Text::new(shortened(&row.shape), (22, y + 14), font(11)))?;
        y += LINE;
    }
    Ok(())
}

fn shortened(shape: &str) -> String {
    match shape.char_indices().nth(SHAPE) {
        Some((end, _)) => format!("{}…", &shape[..end]),
        None => shape.to_owned(),
    }
}
