//! Random views of images, as torchvision's `RandomAffine` (whole translations, edges repeated), `RandomInvert` and
//! `ColorJitter` and TorchIO's `RandomBiasField` (here of both signs) give them, with a counter-based generator.
//!
//! `y[n,c,i,j] = ±contrast · (1 + s · f(i, j)) · x[n, c, clamp(i + di), clamp(j + dj)] + brightness`
//!
//! Proof of augment: random views of images; y from x.

use crate::contract::{Arrays, Bound, Bounds, Case, Op, Rig, SEED, reals};
use crate::error::Result;
use crate::ops::Step;
use crate::ops::augment::{self as host, Augmentation};
use crate::ops::dropout::proof::{pcg, uniform};
use crate::shape::MapShape;

/// Tells these draws from the masks of dropout.
const SALT: u32 = 0x8000_0000;
/// Numbers set aside for an image, and for a channel of it.
const DRAWS: u32 = 1024;
const OF_CHANNEL: u32 = 4;
/// Where those begin that decide on colours.
const OF_COLOURS: u32 = 16;
/// Cells on a side of the first octave's grid, and octaves.
const CELLS: usize = 3;
const OCTAVES: usize = 4;
/// How high an octave is beside the one before, and the share of a channel's own number in a node.
const PERSISTENCE: f64 = 0.6;
const OWN: f64 = 0.5;
/// Numbers set aside for an octave.
const OF_OCTAVE: u32 = 1024;

/// What is drawn for a channel of an image: the factor and the summand.
fn tone(image: u32, channel: u32, settings: Augmentation, seed: u32) -> (f64, f64) {
    let own = image * DRAWS + OF_CHANNEL * (1 + channel);
    let around = |most: f32, index: u32| f64::from(most) * (2.0 * uniform(own + index, seed ^ SALT) - 1.0);
    let sign = if uniform(own, seed ^ SALT) < settings.invert.into() { -1.0 } else { 1.0 };
    (sign * (1.0 + around(settings.contrast, 1)), around(settings.brightness, 2))
}

/// What is drawn for an image: how far down and to the right its pixels are taken from.
fn offset(image: u32, settings: Augmentation, seed: u32) -> (isize, isize) {
    let numbers = f64::from(2 * settings.shift + 1);
    let draw = |index: u32| {
        (uniform(image * DRAWS + index, seed ^ SALT) * numbers) as isize - settings.shift as isize
    };
    (draw(0), draw(1))
}

/// The nodes of an octave of a channel's field, row by row: each in [−1.5, 1.5).
fn nodes(image: u32, channel: u32, octave: usize, seed: u32) -> Vec<f64> {
    let drawn = |index: u32| pcg((image * DRAWS + index) ^ pcg(seed ^ SALT));
    let fields = [drawn(3), drawn(OF_CHANNEL * (1 + channel) + 3)];
    let even = |field: u32, index: u32| 2.0 * f64::from(pcg(field ^ index) >> 8) / f64::from(1 << 24) - 1.0;
    let side = (CELLS << octave) + 1;
    let first = octave as u32 * OF_OCTAVE;
    (first..first + (side * side) as u32)
        .map(|index| even(fields[0], index) + OWN * even(fields[1], index))
        .collect()
}

/// What is bilinear between the `nodes` of a grid of so many cells on a side, in every pixel; its corners are the image's.
fn bilinear(nodes: &[f64], cells: usize, s: MapShape) -> Vec<f64> {
    let place = |index: usize, size: usize| {
        let along = (index * cells) as f64 / (size.max(2) - 1) as f64;
        let node = (along as usize).min(cells - 1);
        (node, along - node as f64)
    };
    let mut values = Vec::new();
    for i in 0..s.height {
        let (row, down) = place(i, s.height);
        for j in 0..s.width {
            let (column, right) = place(j, s.width);
            let across = |row: usize| {
                let [a, b] = [0, 1].map(|next| nodes[row * (cells + 1) + column + next]);
                (1.0 - right) * a + right * b
            };
            values.push((1.0 - down) * across(row) + down * across(row + 1));
        }
    }
    values
}

/// The field f of a channel, in every pixel.
fn field(image: u32, channel: u32, seed: u32, s: MapShape) -> Vec<f64> {
    let mut sum = vec![0.0; s.height * s.width];
    for octave in 0..OCTAVES {
        let height = PERSISTENCE.powi(octave as i32);
        let values = bilinear(&nodes(image, channel, octave, seed), CELLS << octave, s);
        sum.iter_mut().zip(values).for_each(|(sum, value)| *sum += height * value);
    }
    sum
}

/// x (N, C, H, W), moved as it is drawn for each image.
fn moved(x: &[f64], s: MapShape, settings: Augmentation, seed: u32) -> Vec<f64> {
    let inside =
        |index: usize, by: isize, len: usize| (index as isize + by).clamp(0, len as isize - 1) as usize;
    let mut y = Vec::new();
    for (plane, values) in x.chunks(s.height * s.width).enumerate() {
        let (down, right) = offset((plane / s.channels) as u32, settings, seed);
        for i in 0..s.height {
            let line = &values[inside(i, down, s.height) * s.width..][..s.width];
            y.extend((0..s.width).map(|j| line[inside(j, right, s.width)]));
        }
    }
    y
}

/// What a colour is multiplied by, and how far towards the hue a quarter of the circle away.
fn colours(image: u32, settings: Augmentation, seed: u32) -> [f64; 2] {
    let even = |index: u32| 2.0 * uniform(image * DRAWS + OF_COLOURS + index, seed ^ SALT) - 1.0;
    let saturation = 1.0 + f64::from(settings.saturation) * even(0);
    let angle = 2.0 * ((std::f64::consts::PI * f64::from(settings.hue)).tan() * even(1)).atan();
    [saturation * angle.cos(), saturation * angle.sin()]
}

/// A colour turned around the axis of greys (Rodrigues' rotation) and away from it.
fn turned(colour: [f64; 3], [along, across]: [f64; 2]) -> [f64; 3] {
    let grey = colour.iter().sum::<f64>() / 3.0;
    [0, 1, 2].map(|c| {
        let [own, next, behind] = [0, 1, 2].map(|step| colour[(c + step) % 3]);
        grey + along * (own - grey) + across * (behind - next) / 3.0_f64.sqrt()
    })
}

/// x (N, 3, H, W) with other colours.
fn coloured(x: &[f64], s: MapShape, settings: Augmentation, seed: u32) -> Vec<f64> {
    let (mut y, pixels) = (x.to_vec(), s.height * s.width);
    for (image, values) in y.chunks_exact_mut(3 * pixels).enumerate() {
        let change = colours(image as u32, settings, seed);
        for pixel in 0..pixels {
            let at = [0, 1, 2].map(|c| c * pixels + pixel);
            let colour = turned(at.map(|at| values[at]), change);
            at.iter().zip(colour).for_each(|(&at, value)| values[at] = value);
        }
    }
    y
}

/// x (N, C, H, W) → y of the same shape.
pub fn views(x: &[f64], s: MapShape, settings: Augmentation, seed: u32) -> Vec<f64> {
    let mut y = moved(x, s, settings, seed);
    if s.channels == 3 && settings.changes_colours() {
        y = coloured(&y, s, settings, seed);
    }
    for (plane, values) in y.chunks_mut(s.height * s.width).enumerate() {
        let (image, channel) = ((plane / s.channels) as u32, (plane % s.channels) as u32);
        let (factor, summand) = tone(image, channel, settings, seed);
        let shading = f64::from(settings.shading) * uniform(image * DRAWS + 2, seed ^ SALT);
        for (value, f) in values.iter_mut().zip(field(image, channel, seed, s)) {
            *value = factor * (1.0 + shading * f) * *value + summand;
        }
    }
    y
}

pub struct Augment;

fn settings(case: &Case) -> Result<(Augmentation, u32)> {
    case.dims::<4>("x")?;
    // Sizes are below 2³².
    let (shift, seed) = (case.size("shift")? as u32, case.size("seed")? as u32);
    let (invert, contrast) = (case.real("invert")?, case.real("contrast")?);
    let (brightness, shading) = (case.real("brightness")?, case.real("shading")?);
    let (saturation, hue) = (case.real("saturation")?, case.real("hue")?);
    let augmentation = Augmentation {
        shift,
        invert,
        contrast,
        brightness,
        saturation,
        hue,
        shading,
        ..Augmentation::default()
    };
    Ok((augmentation, seed))
}

impl Op for Augment {
    fn name(&self) -> &'static str {
        "augment"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["shift", "invert", "contrast", "brightness", "saturation", "hue", "shading", "seed"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let (augmentation, seed) = settings(rig.case)?;
        let step = rig.step(Step { seed, ..Default::default() })?;
        let x = rig.input("x")?;
        let y = rig.output("y", x.dims())?;
        // In two parts, as domains may ask for views of their own: what is drawn for a row hangs on the row alone.
        let half = x.rows() / 2;
        for rows in [0..half, half..x.rows()].into_iter().filter(|rows| !rows.is_empty()) {
            host::views(&mut rig.rec, &step, (&x, &y), rows, &augmentation)?;
        }
        Ok(())
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let (settings, seed) = settings(case)?;
        let dims @ [_, c, h, w] = case.dims("x")?;
        let y = views(&case.reals("x")?, MapShape::new(c, h, w), settings, seed);
        Ok(reals([("y", &dims, y)]))
    }

    /// Three roundings make the contrast and the summand each. An octave takes 28: a node two, a share one, each of its three
    /// interpolations three, on terms up to twice as large, and one each for the height, the product and the sum. What is
    /// added up may cancel, so the bound goes with the largest that it can be: a node is below 1.5, and the heights' sum
    /// below 2.2. Two roundings more for 1 + s·f, and three that make y. A colour is of the size of all three channels, twice at
    /// most; 9 roundings make what it is changed by, and 12 the change.
    fn bounds(&self, case: &Case, _twin: &Arrays) -> Result<Bounds> {
        let (settings, seed) = settings(case)?;
        let [_, c, h, w] = case.dims("x")?;
        let (shape, mut x) = (MapShape::new(c, h, w), case.reals("x")?);
        if settings.changes_colours() {
            x = sizes_of_colours(&x, shape, settings.saturation.into());
        }
        let unshaded = Augmentation { shading: 0.0, brightness: 0.0, saturation: 0.0, hue: 0.0, ..settings };
        let (shade, brightness) = (f64::from(1.0 + 6.6 * settings.shading), f64::from(settings.brightness));
        let toned = views(&x, shape, unshaded, seed);
        let magnitudes: Vec<f64> = toned.iter().map(|y| shade * y.abs() + 3.0 * brightness).collect();
        let of_colours = if settings.changes_colours() { 21 } else { 0 };
        let roundings = of_colours + if settings.shading > 0.0 { 36 } else { 8 };
        Ok([("y", Bound::rounding(&magnitudes, roundings))].into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

/// The largest that each value of x (N, 3, H, W) may become with other colours.
fn sizes_of_colours(x: &[f64], s: MapShape, saturation: f64) -> Vec<f64> {
    let mut sizes = Vec::new();
    for image in x.chunks_exact(s.len()) {
        let pixels = s.height * s.width;
        let all = |pixel: usize| (0..3).map(|channel| image[channel * pixels + pixel].abs()).sum::<f64>();
        let plane: Vec<f64> = (0..pixels).map(|pixel| 2.0 * (1.0 + saturation) * all(pixel)).collect();
        sizes.extend(plane.repeat(3));
    }
    sizes
}

fn cases() -> Vec<Case> {
    let case = |name,
                dims: &[usize; 4],
                shift: usize,
                [invert, contrast, brightness, saturation, hue, shading]: [f64; 6]| {
        Case::new("augment", name, SEED)
            .attribute("shift", shift)
            .attribute("invert", invert)
            .attribute("contrast", contrast)
            .attribute("brightness", brightness)
            .attribute("saturation", saturation)
            .attribute("hue", hue)
            .attribute("shading", shading)
            .attribute("seed", 0xdead_beef_u32)
            .normal("x", dims, 1.0)
    };
    vec![
        case("nothing", &[3, 2, 5, 4], 0, [0.0; 6]),
        case("moved", &[17, 3, 7, 5], 2, [0.0; 6]),
        case("moved out of sight", &[15, 1, 3, 2], 9, [0.0; 6]),
        case("inverted", &[17, 5, 4, 3], 0, [0.5, 0.0, 0.0, 0.0, 0.0, 0.0]),
        case("shaded", &[5, 2, 8, 13], 0, [0.0, 0.0, 0.0, 0.0, 0.0, 1.5]),
        case("shaded lines and columns", &[7, 3, 1, 2], 0, [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]),
        case("other colours", &[17, 3, 4, 5], 0, [0.0, 0.0, 0.0, 0.75, 0.25, 0.0]),
        case("all of it", &[65, 3, 9, 11], 3, [0.5, 0.75, 0.25, 0.5, 0.1, 2.0]),
    ]
}

#[cfg(test)]
mod tests;
