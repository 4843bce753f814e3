//! One picture: a digit in the middle, perhaps others beside it, and all that is random about them.

use super::CLASSES;
use super::colours::{Colour, Colours};
use super::fonts::{Font, extent};
use crate::data::making::SIDE;
use crate::rng::Rng;
use image::{RgbImage, imageops};
use rand::RngExt;
use resvg::tiny_skia::{
    Color, FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Paint, Path as Outline, PathBuilder,
    Pixmap, Point, Rect, Shader, SpreadMode, Stroke, Transform,
};

/// The label lies within the middle of so many pixels, which is what is left of a picture of 32×32 cropped
/// to MNIST's 28×28.
const FRAME: f32 = 28.0;
/// How high a digit is, in pixels, where its picture has the room.
const HEIGHTS: [f32; 2] = [14.0, 24.0];
/// How far the label lies from the picture's centre at most, in pixels; with others beside it, in shares of
/// the way to the nearest, so that it stays the most central.
const MOST_SHIFT: f32 = 4.0;
const MOST_SHARE: f32 = 0.3;
/// The least distance of digits' centres, in heights: two narrow ones do not crowd.
const LEAST_PITCH: f32 = 0.7;
/// The standard deviation of the blur in pixels; below the first there is none.
const BLURS: [f32; 2] = [0.3, 1.1];

/// Digits in their final form, the label's centre at the origin, before they are sized and placed.
struct Text {
    /// All of them.
    outline: Outline,
    /// What the label covers, its lines included.
    label: Rect,
    /// The distance from the label's centre to the nearest other; infinite where there is none.
    nearest: f32,
}

/// What the digits are drawn with; widths in heights of a digit.
struct Pen {
    /// Of the line along the outline that makes the digits bolder.
    weight: f32,
    /// Of the line under that one which shows as a rim.
    rim: f32,
}

/// Draws `label` in the manner that `rng` decides, (H, W, 3); `None` for outlines beyond all drawing.
pub(super) fn draw(label: usize, font: &Font, rng: &mut Rng) -> Option<Vec<u8>> {
    let colours = Colours::draw(rng);
    let weight = rng.random_range(0.0..0.12);
    let rim = colours.rim.map_or(0.0, |_| weight + rng.random_range(0.1..0.25));
    let pen = Pen { weight, rim };
    let text = Text::draw(label, font, &pen, rng)?;
    let place = text.place(rng);
    let mut canvas = Pixmap::new(SIDE as u32, SIDE as u32)?;
    fill_ground(&mut canvas, &colours, rng)?;
    if let Some(colour) = colours.rim {
        canvas.stroke_path(&text.outline, &paint(colour), &line(pen.rim), place, None);
    }
    let ink = paint(colours.ink);
    canvas.fill_path(&text.outline, &ink, FillRule::Winding, place, None);
    canvas.stroke_path(&text.outline, &ink, &line(pen.weight), place, None);
    blurred(&canvas, rng)
}

impl Text {
    /// The label alone, or with a digit on one side, or with one on either, each as often.
    fn draw(label: usize, font: &Font, pen: &Pen, rng: &mut Rng) -> Option<Self> {
        let sides: &[f32] = match rng.random_range(0..6) {
            0 | 1 => &[],
            2 => &[-1.0],
            3 => &[1.0],
            _ => &[-1.0, 1.0],
        };
        let digit = &font.digits[label];
        let mut outline = PathBuilder::new();
        outline.push_path(digit);
        let gap = pen.weight + rng.random_range(0.08..0.25);
        let mut nearest = f32::INFINITY;
        for side in sides {
            let other = &font.digits[rng.random_range(0..CLASSES)];
            let widths = extent(digit)?.width() + extent(other)?.width();
            let pitch = (widths / 2.0 + gap).max(LEAST_PITCH);
            outline.push_path(&other.clone().transform(Transform::from_translate(side * pitch, 0.0))?);
            nearest = nearest.min(pitch);
        }
        let stretch = rng.random_range(0.7..1.25);
        let form = Transform::from_scale(stretch, 1.0)
            .post_concat(Transform::from_skew(rng.random_range(-0.3..0.3), 0.0))
            .post_rotate(rng.random_range(-25.0..25.0));
        let beside = pen.weight.max(pen.rim) / 2.0;
        Some(Self {
            outline: outline.finish()?.transform(form)?,
            label: extent(&digit.clone().transform(form)?)?.outset(beside, beside)?,
            nearest: nearest * stretch,
        })
    }

    /// From heights to pixels: the label as a whole comes to lie in the frame.
    fn place(&self, rng: &mut Rng) -> Transform {
        let Self { label, nearest, .. } = self;
        let largest = label.width().max(label.height());
        let size = rng.random_range(HEIGHTS[0]..HEIGHTS[1]).min(FRAME / largest);
        let mut along = |from: f32, to: f32| {
            let room = (FRAME - size * (to - from)) / 2.0;
            let most = room.min(MOST_SHIFT).min(MOST_SHARE * size * nearest);
            SIDE as f32 / 2.0 + most * rng.random_range(-1.0..1.0) - size * (from + to) / 2.0
        };
        let x = along(label.left(), label.right());
        let y = along(label.top(), label.bottom());
        Transform::from_row(size, 0.0, 0.0, size, x, y)
    }
}

/// One colour, or a gradient between two points on either side of the centre: a soft one, or almost an edge.
fn fill_ground(canvas: &mut Pixmap, colours: &Colours, rng: &mut Rng) -> Option<()> {
    let side = SIDE as f32;
    let [x, y] = [(); 2].map(|()| rng.random_range(0.0..side));
    let [from, to] = colours.ground.map(opaque);
    let stops = vec![GradientStop::new(0.0, from), GradientStop::new(1.0, to)];
    let ends = [Point::from_xy(x, y), Point::from_xy(side - x, side - y)];
    let gradient = LinearGradient::new(ends[0], ends[1], stops, SpreadMode::Pad, Transform::identity());
    // There is none between two points that are the same.
    let shader = gradient.unwrap_or(Shader::SolidColor(from));
    let all = Rect::from_xywh(0.0, 0.0, side, side)?;
    canvas.fill_rect(all, &Paint { shader, ..Paint::default() }, Transform::identity(), None);
    Some(())
}

fn opaque([red, green, blue]: Colour) -> Color {
    Color::from_rgba8(red, green, blue, 255)
}

fn paint(colour: Colour) -> Paint<'static> {
    Paint { shader: Shader::SolidColor(opaque(colour)), ..Paint::default() }
}

/// A line with nothing pointed about it.
fn line(width: f32) -> Stroke {
    Stroke { width, line_cap: LineCap::Round, line_join: LineJoin::Round, ..Stroke::default() }
}

/// The canvas more or less out of focus, (H, W, 3).
fn blurred(canvas: &Pixmap, rng: &mut Rng) -> Option<Vec<u8>> {
    let side = SIDE as u32;
    let pixels = canvas.data().as_chunks::<4>().0;
    let colours = pixels.iter().flat_map(|&[red, green, blue, _]| [red, green, blue]).collect();
    let image = RgbImage::from_raw(side, side, colours)?;
    let deviation = rng.random_range(0.0..BLURS[1]);
    let sharp = deviation < BLURS[0];
    Some(if sharp { image.into_raw() } else { imageops::blur(&image, deviation).into_raw() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::syn_digits::fonts;
    use crate::rng::stream;

    /// Texts of all digits in all fonts with what was drawn for each.
    fn texts() -> impl Iterator<Item = (usize, Text, Transform)> {
        let fonts = fonts::load(None).unwrap();
        let mut rng = stream(0, "texts");
        (0..2000).map(move |index| {
            let pen = Pen { weight: 0.1, rim: rng.random_range(0.0..0.3) };
            let text = Text::draw(index % 10, &fonts[index % fonts.len()], &pen, &mut rng).unwrap();
            let place = text.place(&mut rng);
            (index, text, place)
        })
    }

    #[test]
    fn the_label_lies_in_the_frame_as_a_whole() {
        let mut touching = 0;
        for (index, text, place) in texts() {
            let label = text.label.transform(place).unwrap();
            let sides = [label.left(), label.top(), 32.0 - label.right(), 32.0 - label.bottom()];
            let least = sides.into_iter().fold(f32::INFINITY, f32::min);
            assert!(least > 2.0 - 1e-3, "text {index}: {label:?}");
            touching += usize::from(least < 3.0);
            assert!(label.height() > 9.0, "text {index}: {label:?}");
        }
        assert!(touching > 100, "{touching} of 2000 near the frame's edge");
    }

    #[test]
    fn no_other_digit_is_as_central_as_the_label() {
        let mut alone = 0;
        for (index, text, place) in texts() {
            let mut centre = Point::from_xy(
                (text.label.left() + text.label.right()) / 2.0,
                (text.label.top() + text.label.bottom()) / 2.0,
            );
            place.map_point(&mut centre);
            let off = centre.distance(Point::from_xy(16.0, 16.0));
            let others = text.nearest * place.get_scale().0 - off;
            assert!(off < 0.75 * others, "text {index}: {off} px off, the next {others}");
            alone += usize::from(text.nearest.is_infinite());
        }
        assert!((500..800).contains(&alone), "{alone} of 2000 alone");
    }
}
