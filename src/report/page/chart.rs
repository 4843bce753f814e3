//! Line charts as SVG: what the page's template draws.

/// The plane that is drawn on, in SVG's units.
pub const WIDTH: f64 = 640.0;
/// See [`WIDTH`].
pub const HEIGHT: f64 = 240.0;
const LEFT: f64 = 60.0;
const RIGHT: f64 = 44.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 28.0;
/// Most points of a line; more are averaged in groups, as no screen shows them.
const POINTS: usize = 320;
/// Most points that are drawn as dots too.
const DOTS: usize = 40;

/// A line before it is drawn.
pub struct Line {
    /// In the legend.
    pub name: String,
    /// The class that gives it its colour.
    pub class: String,
    /// (step, value), in order.
    pub points: Vec<(f64, f64)>,
    /// Whether it is measured by the axis on the right, which goes from 0 to its largest value.
    pub on_right: bool,
}

/// What an axis says somewhere.
pub struct Tick {
    /// In SVG's units.
    pub at: f64,
    /// The number.
    pub text: String,
}

/// A line as SVG has it.
pub struct Drawn {
    /// In the legend.
    pub name: String,
    /// The class that gives it its colour.
    pub class: String,
    /// "x,y x,y …"
    pub points: String,
    /// The same points one by one, where they are so few that each should be seen.
    pub dots: Vec<(f64, f64)>,
    /// The last value.
    pub last: String,
}

/// A chart as the template draws it.
pub struct Chart {
    /// What is shown.
    pub title: String,
    /// The lines.
    pub lines: Vec<Drawn>,
    /// Along the bottom.
    pub x: Vec<Tick>,
    /// Along the left.
    pub y: Vec<Tick>,
    /// Along the right, if a line is measured by it.
    pub right: Vec<Tick>,
    /// A level that means something, and its name.
    pub level: Option<Tick>,
}

impl Chart {
    /// Lays out `lines` and a `level` that means something; `None` when there is nothing to show.
    pub fn new(title: &str, lines: Vec<Line>, percent: bool, level: Option<(f64, &str)>) -> Option<Self> {
        let lines: Vec<Line> =
            lines.into_iter().map(Line::thinned).filter(|l| !l.points.is_empty()).collect();
        let of = |right: bool| lines.iter().filter(move |line| line.on_right == right);
        let values = of(false).flat_map(|line| line.points.iter().map(|point| point.1));
        let values: Vec<f64> =
            values.chain(level.map(|(value, _)| value)).filter(|v| v.is_finite()).collect();
        if values.is_empty() || of(false).next().is_none() {
            return None;
        }
        let last_x = lines.iter().flat_map(|line| &line.points).map(|point| point.0).fold(1.0, f64::max);
        let y = Scale::around(&values, [HEIGHT - BOTTOM, TOP]);
        let x = Scale::around(&[0.0, last_x], [LEFT, WIDTH - RIGHT]);
        let highest = of(true).flat_map(|line| &line.points).map(|point| point.1).fold(0.0, f64::max);
        let right = Scale::around(&[0.0, if highest > 0.0 { highest } else { 1.0 }], [HEIGHT - BOTTOM, TOP]);
        let number = |value: f64, step: f64| match percent {
            true => format!("{} %", plain(100.0 * value, 100.0 * step)),
            false => plain(value, step),
        };
        let drawn = lines.iter().map(|line| {
            let scale = if line.on_right { &right } else { &y };
            let finite = line.points.iter().filter(|point| point.1.is_finite());
            let places: Vec<(f64, f64)> =
                finite.map(|&(step, value)| (x.at(step), scale.at(value))).collect();
            let points = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}"));
            let last = line.points.last().map_or(f64::NAN, |point| point.1);
            Drawn {
                name: line.name.clone(),
                class: line.class.clone(),
                points: points.collect::<Vec<_>>().join(" "),
                dots: if places.len() <= DOTS { places } else { vec![] },
                last: if percent && !line.on_right {
                    format!("{:.1} %", 100.0 * last)
                } else {
                    format!("{last:.3}")
                },
            }
        });
        let lines = drawn.collect();
        Some(Self {
            title: title.into(),
            lines,
            x: x.ticks(plain),
            y: y.ticks(number),
            right: if of(true).next().is_some() { right.ticks(plain) } else { vec![] },
            level: level.map(|(value, name)| Tick { at: y.at(value), text: name.into() }),
        })
    }
}

/// "81.23 %"
pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

impl Line {
    /// At most [`POINTS`] points, each the mean of as many as the others.
    fn thinned(mut self) -> Self {
        let group = self.points.len().div_ceil(POINTS).max(1);
        let mean = |points: &[(f64, f64)]| {
            let count = points.len() as f64;
            let sum = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
            (sum.0 / count, sum.1 / count)
        };
        self.points = self.points.chunks(group).map(mean).collect();
        self
    }
}

/// From values to places along an axis.
struct Scale {
    low: f64,
    high: f64,
    /// Between two ticks.
    step: f64,
    places: [f64; 2],
}

impl Scale {
    /// Round numbers around all `values`.
    fn around(values: &[f64], places: [f64; 2]) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        values.iter().for_each(|&value| (low, high) = (low.min(value), high.max(value)));
        // Values that are all alike lie in the middle of an axis, not on noise blown up.
        let least = 0.02 * low.abs().max(high.abs()).max(1e-3);
        if high - low < least {
            (low, high) = (low - least / 2.0, high + least / 2.0);
        }
        let rough = ((high - low) / 4.0).max(1e-9);
        let power = 10_f64.powf(rough.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(rough);
        Self {
            low: (low / step).floor() * step,
            high: (high / step).ceil().max((low / step).floor() + 1.0) * step,
            step,
            places,
        }
    }

    fn at(&self, value: f64) -> f64 {
        let [from, to] = self.places;
        from + (to - from) * (value - self.low) / (self.high - self.low)
    }

    fn ticks(&self, text: impl Fn(f64, f64) -> String) -> Vec<Tick> {
        let count = ((self.high - self.low) / self.step).round() as usize;
        let value = |k: usize| self.low + self.step * k as f64;
        (0..=count).map(|k| Tick { at: self.at(value(k)), text: text(value(k), self.step) }).collect()
    }
}

/// As many decimals as the distance between ticks needs.
fn plain(value: f64, step: f64) -> String {
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: Vec<(f64, f64)>, on_right: bool) -> Line {
        Line { name: "a".into(), class: "r0".into(), points, on_right }
    }

    #[test]
    fn axes_have_round_numbers_around_all_values() {
        let chart = Chart::new("t", vec![line(vec![(0.0, 0.13), (100.0, 2.31)], false)], false, None);
        let chart = chart.expect("a chart");
        let texts = |ticks: &[Tick]| ticks.iter().map(|tick| tick.text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&chart.y), ["0", "1", "2", "3"]);
        assert_eq!(texts(&chart.x), ["0", "50", "100"]);
        assert_eq!(chart.lines[0].last, "2.310");
        // The first point lies on the left edge, the last one on the right, both between bottom and top.
        let points: Vec<f64> =
            chart.lines[0].points.split([' ', ',']).map(|n| n.parse().expect("a number")).collect();
        assert_eq!((points[0], points[2]), (LEFT, WIDTH - RIGHT));
        assert!(points[1] > points[3] && points[1] <= HEIGHT - BOTTOM && points[3] >= TOP);
    }

    #[test]
    fn long_lines_are_averaged() {
        let points = (0..1000).map(|i| (f64::from(i), f64::from(i % 2))).collect();
        let thinned = line(points, false).thinned();
        assert!(thinned.points.len() <= POINTS);
        assert!(thinned.points.iter().all(|point| (point.1 - 0.5).abs() <= 0.26));
    }

    #[test]
    fn nothing_to_show_is_no_chart_and_a_flat_line_is_one() {
        assert!(Chart::new("t", vec![line(vec![], false)], false, None).is_none());
        assert!(Chart::new("t", vec![line(vec![(0.0, f64::NAN)], false)], false, None).is_none());
        let flat = Chart::new("t", vec![line(vec![(0.0, 0.5), (9.0, 0.5)], false)], true, None);
        assert!(flat.expect("a chart").y.len() >= 2);
        let right = vec![line(vec![(0.0, 0.5)], false), line(vec![(0.0, 0.7)], true)];
        assert!(!Chart::new("t", right, false, Some((0.6, "chance"))).expect("a chart").right.is_empty());
    }
}
