//! Random views of images, as torchvision's `RandomAffine` (whole translations, edges repeated), `RandomInvert` and
//! `ColorJitter` give them, with a counter-based generator.
//!
//! `y[n,c,i,j] = ±contrast · x[n, c, clamp(i + di), clamp(j + dj)] + brightness`
//!
//! Proof of augment: random views of images; y from x.

use crate::contract::{Arrays, Bound, Bounds, Case, Op, Rig, SEED, real_output, reals};
use crate::error::Result;
use crate::ops::Step;
use crate::ops::augment::{self as host, Augmentation};
use crate::ops::dropout::proof::uniform;
use crate::shape::MapShape;

/// What views are drawn from; see [`crate::ops::augment::Augmentation`].
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Most pixels to either side.
    pub shift: u32,
    /// The probability of a channel's inversion.
    pub invert: f64,
    /// Most that the factor 1 is changed by.
    pub contrast: f64,
    /// Most that is added.
    pub brightness: f64,
}

/// Tells these draws from the masks of dropout.
const SALT: u32 = 0x8000_0000;
/// Numbers set aside for an image, and for a channel of it.
const DRAWS: u32 = 1024;
const OF_CHANNEL: u32 = 4;

/// What is drawn for a channel of an image: the factor and the summand.
fn tone(image: u32, channel: u32, settings: Settings, seed: u32) -> (f64, f64) {
    let own = image * DRAWS + OF_CHANNEL * (1 + channel);
    let around = |most: f64, index: u32| most * (2.0 * uniform(own + index, seed ^ SALT) - 1.0);
    let sign = if uniform(own, seed ^ SALT) < settings.invert { -1.0 } else { 1.0 };
    (sign * (1.0 + around(settings.contrast, 1)), around(settings.brightness, 2))
}

/// What is drawn for an image: how far down and to the right its pixels are taken from.
fn offset(image: u32, settings: Settings, seed: u32) -> (isize, isize) {
    let numbers = f64::from(2 * settings.shift + 1);
    let draw = |index: u32| {
        (uniform(image * DRAWS + index, seed ^ SALT) * numbers) as isize - settings.shift as isize
    };
    (draw(0), draw(1))
}

/// x (N, C, H, W) → y of the same shape.
pub fn views(x: &[f64], s: MapShape, settings: Settings, seed: u32) -> Vec<f64> {
    let inside =
        |index: usize, by: isize, len: usize| (index as isize + by).clamp(0, len as isize - 1) as usize;
    let mut y = Vec::new();
    for (plane, values) in x.chunks(s.height * s.width).enumerate() {
        let (image, channel) = ((plane / s.channels) as u32, (plane % s.channels) as u32);
        let (factor, summand) = tone(image, channel, settings, seed);
        let (down, right) = offset(image, settings, seed);
        for i in 0..s.height {
            let line = &values[inside(i, down, s.height) * s.width..][..s.width];
            y.extend((0..s.width).map(|j| factor * line[inside(j, right, s.width)] + summand));
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
    Ok((Augmentation { shift, invert, contrast, brightness: case.real("brightness")? }, seed))
}

impl Op for Augment {
    fn name(&self) -> &'static str {
        "augment"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["shift", "invert", "contrast", "brightness", "seed"]
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
        let (Augmentation { shift, invert, contrast, brightness }, seed) = settings(case)?;
        let dims @ [_, c, h, w] = case.dims("x")?;
        let (invert, contrast, brightness) = (invert.into(), contrast.into(), brightness.into());
        let settings = Settings { shift, invert, contrast, brightness };
        let y = views(&case.reals("x")?, MapShape::new(c, h, w), settings, seed);
        Ok(reals([("y", &dims, y)]))
    }

    /// Three roundings make the factor and the summand each, two more y.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let (Augmentation { brightness, .. }, _) = settings(case)?;
        let y = real_output(twin, "y")?;
        let magnitudes: Vec<f64> = y.iter().map(|y| y.abs() + 2.0 * f64::from(brightness)).collect();
        Ok([("y", Bound::rounding(&magnitudes, 8))].into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, dims: &[usize; 4], shift: usize, [invert, contrast, brightness]: [f64; 3]| {
        Case::new("augment", name, SEED)
            .attribute("shift", shift)
            .attribute("invert", invert)
            .attribute("contrast", contrast)
            .attribute("brightness", brightness)
            .attribute("seed", 0xdead_beef_u32)
            .normal("x", dims, 1.0)
    };
    vec![
        case("nothing", &[3, 2, 5, 4], 0, [0.0, 0.0, 0.0]),
        case("moved", &[17, 3, 7, 5], 2, [0.0, 0.0, 0.0]),
        case("moved out of sight", &[15, 1, 3, 2], 9, [0.0, 0.0, 0.0]),
        case("inverted", &[17, 5, 4, 3], 0, [0.5, 0.0, 0.0]),
        case("all of it", &[65, 3, 9, 11], 3, [0.5, 0.75, 0.25]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: MapShape = MapShape { channels: 2, height: 2, width: 3 };
    const NOTHING: Settings = Settings { shift: 0, invert: 0.0, contrast: 0.0, brightness: 0.0 };

    fn images(count: usize) -> Vec<f64> {
        (0..count * SHAPE.len()).map(|i| (i % 12) as f64 - 5.0).collect()
    }

    #[test]
    fn nothing_asked_for_changes_nothing_and_a_sure_inversion_turns_all_signs() {
        let x = images(3);
        assert_eq!(views(&x, SHAPE, NOTHING, 7), x);
        let rotated: Vec<f64> = x.iter().map(|x| -x).collect();
        assert_eq!(views(&x, SHAPE, Settings { invert: 1.0, ..NOTHING }, 7), rotated);
    }

    #[test]
    fn moved_images_repeat_their_edges() {
        let settings = Settings { shift: 1, ..NOTHING };
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
        let settings = Settings { shift: 2, invert: 0.25, contrast: 0.5, brightness: 0.1 };
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
}
