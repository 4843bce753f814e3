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

/// x (N, C, H, W) → y of the same shape.
pub fn views(x: &[f64], s: MapShape, settings: Augmentation, seed: u32) -> Vec<f64> {
    let mut y = moved(x, s, settings, seed);
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
    let augmentation =
        Augmentation { shift, invert, contrast, brightness, shading, ..Augmentation::default() };
    Ok((augmentation, seed))
}

impl Op for Augment {
    fn name(&self) -> &'static str {
        "augment"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["shift", "invert", "contrast", "brightness", "shading", "seed"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let (augmentation, seed) = settings(rig.case)?;
        let step = rig.step(Step { seed, ..Default::default() })?;
        let x = rig.input("x")?;
        let y = rig.output("y", x.dims())?;
        host::views(&mut rig.rec, &step, &x, &y, &augmentation)
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
    /// below 2.2. Two roundings more for 1 + s·f, and three that make y.
    fn bounds(&self, case: &Case, _twin: &Arrays) -> Result<Bounds> {
        let (settings, seed) = settings(case)?;
        let [_, c, h, w] = case.dims("x")?;
        let unshaded = Augmentation { shading: 0.0, brightness: 0.0, ..settings };
        let (shade, brightness) = (f64::from(1.0 + 6.6 * settings.shading), f64::from(settings.brightness));
        let toned = views(&case.reals("x")?, MapShape::new(c, h, w), unshaded, seed);
        let magnitudes: Vec<f64> = toned.iter().map(|y| shade * y.abs() + 3.0 * brightness).collect();
        let roundings = if settings.shading > 0.0 { 36 } else { 8 };
        Ok([("y", Bound::rounding(&magnitudes, roundings))].into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, dims: &[usize; 4], shift: usize, [invert, contrast, brightness, shading]: [f64; 4]| {
        Case::new("augment", name, SEED)
            .attribute("shift", shift)
            .attribute("invert", invert)
            .attribute("contrast", contrast)
            .attribute("brightness", brightness)
            .attribute("shading", shading)
            .attribute("seed", 0xdead_beef_u32)
            .normal("x", dims, 1.0)
    };
    vec![
        case("nothing", &[3, 2, 5, 4], 0, [0.0; 4]),
        case("moved", &[17, 3, 7, 5], 2, [0.0; 4]),
        case("moved out of sight", &[15, 1, 3, 2], 9, [0.0; 4]),
        case("inverted", &[17, 5, 4, 3], 0, [0.5, 0.0, 0.0, 0.0]),
        case("shaded", &[5, 2, 8, 13], 0, [0.0, 0.0, 0.0, 1.5]),
        case("shaded lines and columns", &[7, 3, 1, 2], 0, [0.0, 0.0, 0.0, 1.0]),
        case("all of it", &[65, 3, 9, 11], 3, [0.5, 0.75, 0.25, 2.0]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: MapShape = MapShape { channels: 2, height: 2, width: 3 };

    fn images(count: usize) -> Vec<f64> {
        (0..count * SHAPE.len()).map(|i| (i % 12) as f64 - 5.0).collect()
    }

    #[test]
    fn nothing_asked_for_changes_nothing_and_a_sure_inversion_turns_all_signs() {
        let x = images(3);
        assert_eq!(views(&x, SHAPE, Augmentation::default(), 7), x);
        let rotated: Vec<f64> = x.iter().map(|x| -x).collect();
        assert_eq!(views(&x, SHAPE, Augmentation { invert: 1.0, ..Augmentation::default() }, 7), rotated);
    }

    #[test]
    fn moved_images_repeat_their_edges() {
        let settings = Augmentation { shift: 1, ..Augmentation::default() };
        // With seed 0 the draws of image 0 are 0.74 and 0.02, by the hash: one row down, one column to the left.
        let (down, right) = offset(0, settings, 0);
        let x: Vec<f64> = (0..6).map(f64::from).chain((10..16).map(f64::from)).collect();
        let y = views(&x, SHAPE, settings, 0);
        for i in 0..2_isize {
            for j in 0..3_isize {
                let from = (i + down).clamp(0, 1) * 3 + (j + right).clamp(0, 2);
                assert_eq!(y[(i * 3 + j) as usize], x[from as usize]);
                assert_eq!(y[(6 + i * 3 + j) as usize], x[6 + from as usize]);
            }
        }
    }

    #[test]
    fn draws_are_spread_evenly_over_what_was_asked_for() {
        let settings = Augmentation {
            shift: 2,
            invert: 0.25,
            contrast: 0.5,
            brightness: 0.1,
            ..Augmentation::default()
        };
        let count = 20_000;
        let tones: Vec<(f64, f64)> = (0..count).map(|image| tone(image, 1, settings, 3)).collect();
        let inverted = tones.iter().filter(|(factor, _)| *factor < 0.0).count();
        assert!(inverted.abs_diff(5_000) < 300, "{inverted} inverted");
        let mean = tones.iter().map(|(factor, _)| factor.abs()).sum::<f64>() / f64::from(count);
        assert!((mean - 1.0).abs() < 0.01, "mean factor {mean}");
        assert!(
            tones.iter().all(|(factor, summand)| (0.5..=1.5).contains(&factor.abs()) && summand.abs() <= 0.1)
        );
        let mut moves = [0; 5];
        (0..count).for_each(|image| moves[(offset(image, settings, 3).0 + 2) as usize] += 1);
        assert!(moves.iter().all(|&moves: &u32| moves.abs_diff(4_000) < 300), "{moves:?}");
    }

    #[test]
    fn an_octave_passes_through_its_nodes_and_is_even_between_them() {
        let drawn = nodes(5, 1, 1, 9);
        let (side, cells) = (2 * CELLS + 1, 2 * CELLS);
        let (fine, shape) = (2 * cells + 1, MapShape::new(1, 2 * cells + 1, 2 * cells + 1));
        let f = bilinear(&drawn, cells, shape);
        for row in 0..side {
            for column in 0..side {
                assert_eq!(f[2 * row * fine + 2 * column], drawn[row * side + column]);
            }
        }
        assert_eq!(f[1], (drawn[0] + drawn[1]) / 2.0);
        assert_eq!(f[fine], (drawn[0] + drawn[side]) / 2.0);
    }

    /// A node's two numbers are spread evenly over [−1, 1): a mean square of 1/3 for the image's and a quarter of that for the
    /// channel's; two channels of an image share the former.
    #[test]
    fn channels_are_alike_and_images_are_not() {
        let product = |a: (u32, u32), b: (u32, u32)| {
            let of = |image: u32, (other, channel): (u32, u32)| nodes(2 * image + other, channel, 2, 9);
            let pairs: Vec<f64> = (0..200)
                .flat_map(|image| of(image, a).into_iter().zip(of(image, b)))
                .map(|(a, b)| a * b)
                .collect();
            pairs.iter().sum::<f64>() / pairs.len() as f64
        };
        let expected = [
            (product((0, 0), (0, 0)), 5.0 / 12.0),
            (product((0, 0), (0, 1)), 1.0 / 3.0),
            (product((0, 0), (1, 0)), 0.0),
        ];
        for (found, expected) in expected {
            assert!((found - expected).abs() < 0.01, "{found} in place of {expected}");
        }
    }

    /// The first octave has its nodes three pixels apart in a line of ten, and is the highest.
    #[test]
    fn octaves_are_finer_and_lower_one_by_one() {
        let shape = MapShape::new(1, 1, 25);
        let sum = field(3, 0, 7, shape);
        let octave = |k: usize| bilinear(&nodes(3, 0, k, 7), CELLS << k, shape);
        for (pixel, sum) in sum.iter().enumerate() {
            let expected: f64 =
                [1.0, 0.6, 0.36, 0.216].iter().enumerate().map(|(k, height)| height * octave(k)[pixel]).sum();
            assert!((sum - expected).abs() < 1e-12, "{sum} in place of {expected}");
        }
        assert_eq!(octave(3).len(), 25);
        assert_eq!(octave(3)[24], nodes(3, 0, 3, 7)[24]);
    }
}
