//! Random windows onto images, as torchvision's `RandomResizedCrop`, `RandomHorizontalFlip` and `RandomAffine` (rotation, shear
//! and scale, edges repeated) give them, with a counter-based generator and windows that begin and end between pixels.
//!
//! Proof of random_view: where windows lie, and what is seen through them.

use crate::contract::{Arrays, Bound, Bounds, Case, Op, Rig, SEED, product, reals};
use crate::error::Result;
use crate::ops::Step;
use crate::ops::dropout::proof::uniform;
use crate::ops::random_view::{self as host, NUMBERS, View};
use crate::shape::MapShape;

/// Tells these draws from those of other ops.
const SALT: u32 = 0xc000_0000;
/// Numbers set aside for an image and for a try at a window, and tries.
const DRAWS: u32 = 64;
const OF_TRY: u32 = 4;
const TRIES: u32 = 10;
/// Most pixels of x along a side of one of y that are averaged.
const MOST_TAPS: f64 = 16.0;

/// A place in an image, or a way from one to another: rows, columns.
type Pair = [f64; 2];

fn each(of: impl Fn(usize) -> f64) -> Pair {
    [of(0), of(1)]
}

/// Where a window lies: the first pixel of y, what a row and a column further add, and the window's edges.
struct Window {
    first: Pair,
    down: Pair,
    across: Pair,
    start: Pair,
    last: Pair,
}

/// The corner and the size of the part of an image of `size` that is shown.
fn part(image: u32, size: Pair, out: Pair, crop: Option<f64>, seed: u32) -> (Pair, Pair) {
    let Some(crop) = crop else {
        let shown = each(|k| out[k].min(size[k]));
        return (each(|k| ((size[k] - shown[k]) / 2.0).floor()), shown);
    };
    for k in 1..=TRIES {
        let draw = |index: u32| uniform(image * DRAWS + OF_TRY * k + index, seed ^ SALT);
        let area = size[0] * size[1] * (crop + (1.0 - crop) * draw(0));
        let ratio = (4.0_f64 / 3.0).powf(2.0 * draw(1) - 1.0);
        let shown = [(area / ratio).sqrt(), (area * ratio).sqrt()];
        if shown[0] <= size[0] && shown[1] <= size[1] {
            return (each(|k| (size[k] - shown[k]) * draw(2 + k as u32)), shown);
        }
    }
    let shown = each(|k| size[k].min(size[1 - k] * 4.0 / 3.0));
    (each(|k| (size[k] - shown[k]) / 2.0), shown)
}

fn window(image: u32, x: MapShape, y: MapShape, view: View, seed: u32) -> Window {
    let draw = |index: u32| uniform(image * DRAWS + index, seed ^ SALT);
    let even = |index: u32| 2.0 * draw(index) - 1.0;
    let [size, out] = [x, y].map(|map| [map.height as f64, map.width as f64]);
    let (start, shown) = part(image, size, out, view.crop.map(f64::from), seed);
    let angle = 2.0 * ((f64::from(view.rotation).to_radians() / 2.0).tan() * even(1)).atan();
    let zoom = 1.0 + f64::from(view.zoom) * even(2);
    let side = if draw(0) < view.flip.into() { -1.0 } else { 1.0 };
    let scale = each(|k| shown[k] / out[k] / zoom);
    let slant = f64::from(view.shear).to_radians().tan() * even(3);
    let down =
        [(angle.cos() + slant * angle.sin()) * scale[0], (slant * angle.cos() - angle.sin()) * scale[1]];
    let across = [side * angle.sin() * scale[0], side * angle.cos() * scale[1]];
    let corner = |k: usize| (out[0] - 1.0) / 2.0 * down[k] + (out[1] - 1.0) / 2.0 * across[k];
    Window {
        first: each(|k| start[k] + shown[k] / 2.0 - 0.5 - corner(k)),
        down,
        across,
        start,
        last: each(|k| start[k] + (shown[k] - 1.0).max(0.0)),
    }
}

/// `plane` (H, W) at a place between pixels.
fn between(plane: &[f64], s: MapShape, at: Pair) -> f64 {
    let last = [s.height - 1, s.width - 1];
    let before = [0, 1].map(|k| (at[k] as usize).min(last[k]));
    let behind = [0, 1].map(|k| (before[k] + 1).min(last[k]));
    let [down, right] = each(|k| at[k] - before[k] as f64);
    let line = |row: usize| {
        let value = |column: usize| plane[row * s.width + column];
        (1.0 - right) * value(before[1]) + right * value(behind[1])
    };
    (1.0 - down) * line(before[0]) + down * line(behind[0])
}

/// Places along a side of a pixel of y, as shares of it from its middle.
fn taps(side: Pair) -> Vec<f64> {
    let count = (side[0].hypot(side[1]) + 0.5).floor().clamp(1.0, MOST_TAPS);
    (0..count as usize).map(|k| (k as f64 + 0.5) / count - 0.5).collect()
}

/// `plane` (H, W) of shape `s` through a window, in the size of `out`.
fn look(plane: &[f64], s: MapShape, w: &Window, out: MapShape) -> Vec<f64> {
    let (rows, columns) = (taps(w.down), taps(w.across));
    let mut y = Vec::new();
    for i in 0..out.height {
        for j in 0..out.width {
            let mut sum = 0.0;
            for row in &rows {
                for column in &columns {
                    let at = |k: usize| {
                        w.first[k] + (i as f64 + row) * w.down[k] + (j as f64 + column) * w.across[k]
                    };
                    sum += between(plane, s, each(|k| at(k).clamp(w.start[k], w.last[k])));
                }
            }
            y.push(sum / (rows.len() * columns.len()) as f64);
        }
    }
    y
}

/// The windows (N, 10), and y (N, C, out H, out W) from x (N, C, H, W).
fn random_view(x: &[f64], s: MapShape, out: MapShape, view: View, seed: u32) -> (Vec<f64>, Vec<f64>) {
    let (mut windows, mut y) = (Vec::new(), Vec::new());
    for (image, values) in x.chunks_exact(s.len()).enumerate() {
        let w = window(image as u32, s, out, view, seed);
        windows.extend([w.first, w.down, w.across, w.start, w.last].concat());
        values.chunks_exact(s.height * s.width).for_each(|plane| y.extend(look(plane, s, &w, out)));
    }
    (windows, y)
}

pub struct RandomView;

struct Given {
    x: Vec<f64>,
    rows: usize,
    from: MapShape,
    to: MapShape,
    view: View,
    seed: u32,
}

fn given(case: &Case) -> Result<Given> {
    let [rows, c, h, w] = case.dims("x")?;
    let to = MapShape::new(c, case.size("out_height")?, case.size("out_width")?);
    let crop = Some(case.real("crop")?).filter(|&crop| crop > 0.0);
    let (flip, rotation) = (case.real("flip")?, case.real("rotation")?);
    let view = View { crop, flip, rotation, shear: case.real("shear")?, zoom: case.real("zoom")? };
    // Sizes are below 2³².
    let seed = case.size("seed")? as u32;
    Ok(Given { x: case.reals("x")?, rows, from: MapShape::new(c, h, w), to, view, seed })
}

impl Given {
    fn dims(&self) -> [usize; 4] {
        [self.rows, self.to.channels, self.to.height, self.to.width]
    }
}

impl Op for RandomView {
    fn name(&self) -> &'static str {
        "random_view"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["out_height", "out_width", "crop", "flip", "rotation", "shear", "zoom", "seed"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let g = given(rig.case)?;
        let step = rig.step(Step { seed: g.seed, ..Step::default() })?;
        let x = rig.input("x")?;
        let (windows, y) = (rig.output("windows", &[g.rows, NUMBERS])?, rig.output("y", &g.dims())?);
        // In two parts, as domains may ask for views of their own: what is drawn for a row hangs on the row alone.
        let mut parts = [0..g.rows / 2, g.rows / 2..g.rows].into_iter().filter(|rows| !rows.is_empty());
        parts.try_for_each(|rows| host::random_view(&mut rig.rec, &step, &x, (&windows, &y), rows, &g.view))
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let g = given(case)?;
        let (windows, y) = random_view(&g.x, g.from, g.to, g.view, g.seed);
        Ok(reals([("windows", &[g.rows, NUMBERS], windows), ("y", &g.dims(), y)]))
    }

    /// In units of 2⁻²⁴. The middle alone is shown exactly. Else a window's side takes a root (an inverse root of 2 units in
    /// the last place and a division of 2.5), a power of 2 (4 units) and five products; cosine and sine take four divisions and
    /// eight more operations; what goes with them is as large as the image, by a zoom that may make it larger. A unit in the
    /// last place is at most two roundings: 60 in all. A place of y takes 20 more. A move of one pixel changes what is seen by
    /// at most twice the largest value along each axis, and 12 roundings make the value itself.
    fn bounds(&self, case: &Case, _twin: &Arrays) -> Result<Bounds> {
        let g = given(case)?;
        let largest = g.x.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        let values = product(&g.dims());
        if g.view == View::default() {
            return Ok([("windows", Bound::exact(g.rows * NUMBERS)), ("y", Bound::exact(values))].into());
        }
        let size = (g.from.height + g.from.width) as f64 / (1.0 - f64::from(g.view.zoom));
        let windows = vec![60.0 * size; g.rows * NUMBERS];
        let y = vec![(80.0 * size * 4.0 + 12.0) * largest; values];
        Ok([("windows", Bound::guaranteed(&windows)), ("y", Bound::guaranteed(&y))].into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, dims: &[usize; 4], out: [usize; 2], [crop, flip, rotation, shear, zoom]: [f64; 5]| {
        Case::new("random_view", name, SEED)
            .attribute("out_height", out[0])
            .attribute("out_width", out[1])
            .attribute("crop", crop)
            .attribute("flip", flip)
            .attribute("rotation", rotation)
            .attribute("shear", shear)
            .attribute("zoom", zoom)
            .attribute("seed", 0xdead_beef_u32)
            .normal("x", dims, 1.0)
    };
    vec![
        case("as it is", &[3, 2, 5, 4], [5, 4], [0.0; 5]),
        case("the middle", &[5, 3, 9, 8], [4, 7], [0.0; 5]),
        case("a pixel of one", &[2, 1, 1, 1], [1, 1], [0.5, 0.5, 20.0, 5.0, 0.1]),
        case("mirrored", &[17, 2, 4, 7], [4, 7], [0.0, 0.5, 0.0, 0.0, 0.0]),
        case("cropped", &[65, 3, 19, 19], [16, 16], [0.08, 0.0, 0.0, 0.0, 0.0]),
        case("cropped where tries fail", &[40, 1, 8, 40], [5, 5], [1.0, 0.0, 0.0, 0.0, 0.0]),
        case("made smaller", &[9, 3, 50, 37], [7, 9], [0.5, 0.0, 0.0, 0.0, 0.0]),
        case("turned and zoomed", &[33, 1, 28, 28], [28, 28], [0.0, 0.0, 15.0, 0.0, 0.3]),
        case("slanted", &[33, 1, 16, 16], [16, 16], [0.0, 0.0, 0.0, 30.0, 0.0]),
        case("all of it", &[17, 3, 40, 33], [24, 28], [0.25, 0.5, 30.0, 20.0, 0.2]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: MapShape = MapShape { channels: 1, height: 4, width: 6 };

    fn ramp(s: MapShape) -> Vec<f64> {
        (0..s.len()).map(|i| i as f64).collect()
    }

    #[test]
    fn nothing_asked_for_shows_the_middle() {
        let out = MapShape::new(1, 2, 3);
        let (_, y) = random_view(&ramp(SHAPE), SHAPE, out, View::default(), 7);
        assert_eq!(y, [7.0, 8.0, 9.0, 13.0, 14.0, 15.0]);
    }

    #[test]
    fn a_sure_flip_turns_rows_round() {
        let (_, y) = random_view(&ramp(SHAPE), SHAPE, SHAPE, View { flip: 1.0, ..View::default() }, 7);
        let expected: Vec<f64> =
            ramp(SHAPE).chunks(6).flat_map(|row| row.iter().rev().copied().collect::<Vec<_>>()).collect();
        assert_eq!(y, expected);
    }

    /// Of a whole image in half its size, pixels are the means of four.
    #[test]
    fn what_is_made_smaller_is_averaged() {
        let w = Window {
            first: [0.5, 0.5],
            down: [2.0, 0.0],
            across: [0.0, 2.0],
            start: [0.0; 2],
            last: [3.0, 5.0],
        };
        let y = look(&ramp(SHAPE), SHAPE, &w, MapShape::new(1, 2, 3));
        assert_eq!(y, [3.5, 5.5, 7.5, 15.5, 17.5, 19.5]);
    }

    /// A quarter turn takes the first row, left to right, to the last column, top to bottom, or the other way round.
    #[test]
    fn a_quarter_turn_by_hand() {
        let s = MapShape::new(1, 3, 3);
        let view = View { rotation: 90.0, ..View::default() };
        let w = window(0, s, s, view, 7);
        let angle = w.across[0].atan2(w.across[1]);
        let seen = |at: Pair| {
            [
                w.first[0] + at[0] * w.down[0] + at[1] * w.across[0],
                w.first[1] + at[0] * w.down[1] + at[1] * w.across[1],
            ]
        };
        let middle = seen([1.0, 1.0]);
        assert!((middle[0] - 1.0).abs() < 1e-12 && (middle[1] - 1.0).abs() < 1e-12, "{middle:?}");
        let right = seen([1.0, 2.0]);
        assert!((right[0] - 1.0 - angle.sin()).abs() < 1e-12 && (right[1] - 1.0 - angle.cos()).abs() < 1e-12);
        assert!(angle.abs() <= std::f64::consts::FRAC_PI_2);
    }

    #[test]
    fn windows_are_of_the_sizes_and_proportions_asked_for_and_lie_anywhere() {
        let s = MapShape::new(1, 100, 100);
        let parts: Vec<(Pair, Pair)> =
            (0..4000).map(|image| part(image, [100.0; 2], [50.0; 2], Some(0.25), 3)).collect();
        let mean = |of: &dyn Fn(&(Pair, Pair)) -> f64| parts.iter().map(of).sum::<f64>() / 4000.0;
        for (start, shown) in &parts {
            let (area, ratio) = (shown[0] * shown[1] / s.len() as f64, shown[1] / shown[0]);
            assert!((0.2499..=1.0).contains(&area) && (0.7499..=1.3334).contains(&ratio), "{area} {ratio}");
            assert!((0..2).all(|k| start[k] >= 0.0 && start[k] + shown[k] <= 100.0001));
        }
        // Windows that do not fit in are drawn again, so large ones are rarer.
        let area = mean(&|(_, shown)| shown[0] * shown[1] / 1e4);
        assert!((0.55..0.625).contains(&area), "{area}");
        for k in 0..2 {
            let middle = mean(&|(start, shown)| start[k] + shown[k] / 2.0);
            assert!((middle - 50.0).abs() < 1.0, "{middle}");
        }
    }
}
