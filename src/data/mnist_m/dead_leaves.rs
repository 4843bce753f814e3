//! Drawn backgrounds for those without photos: the dead leaves model, whose occlusions, scale invariance
//! and spectrum are those of natural images (Lee, Mumford, Huang: Occlusion models for natural images, 2001).
//!
//! Only +, −, ×, ÷ and √ are used, which round the same everywhere: so are the bytes.

use super::texture::Texture;
use crate::data::Part;
use crate::data::Progress;
use crate::data::task::Task;
use crate::rng::{self, Rng};
use image::{Rgb, RgbImage};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rayon::prelude::*;

/// H and W of a scene.
const SIDE: usize = 160;
/// Scenes are drawn this much larger and averaged, which softens the edges.
const OVERSAMPLING: usize = 2;
const CANVAS: usize = SIDE * OVERSAMPLING;
/// Between these radii their density falls with the third power: no scale is special. The unit is that of
/// the canvas for a scene seen from afar; the nearest is seen `CLOSEST` times larger.
const RADII: [f32; 2] = [3.0, 160.0];
const CLOSEST: f32 = 6.0;
/// Leaves fall until this many pixels are left, which show the ground.
const GAPS: usize = CANVAS * CANVAS / 500;
/// A bound on the work, far above what covering takes.
const MOST_LEAVES: usize = 30_000;
/// How many of the colours below a scene has.
const COLOURS: usize = 4;

/// Sky, cloud, water, foliage, grass, soil, sand, stone, bark, skin, brick, blossom, shade, snow.
const NATURE: [[f32; 3]; 18] = [
    [130.0, 168.0, 215.0],
    [72.0, 118.0, 176.0],
    [214.0, 219.0, 224.0],
    [46.0, 84.0, 106.0],
    [78.0, 104.0, 44.0],
    [36.0, 50.0, 26.0],
    [128.0, 142.0, 66.0],
    [168.0, 152.0, 92.0],
    [106.0, 78.0, 52.0],
    [202.0, 177.0, 136.0],
    [126.0, 121.0, 113.0],
    [61.0, 58.0, 55.0],
    [86.0, 62.0, 45.0],
    [196.0, 142.0, 112.0],
    [152.0, 70.0, 50.0],
    [216.0, 172.0, 58.0],
    [20.0, 20.0, 24.0],
    [236.0, 236.0, 239.0],
];

/// The scenes of `part`; each has a stream of random numbers to itself, so no two parts share one.
pub(super) fn scenes(part: Part, seed: u64, progress: &dyn Progress) -> Vec<RgbImage> {
    let count: u32 = match part {
        Part::Train => 200,
        Part::Test => 100,
    };
    let what = format!("backgrounds, {part} part");
    let task = Task::start(progress, &what, Some(count.into()));
    let draw = |index| {
        let mut rng = rng::stream(seed, &format!("mnist-m/{part}/scene/{index}"));
        let scene = Scene::draw(&mut rng);
        task.advance(1);
        scene
    };
    (0..count).into_par_iter().map(draw).collect()
}

/// A canvas that leaves are laid under one another on, the nearest first.
struct Scene {
    pixels: Vec<Option<[f32; 3]>>,
    empty: usize,
    texture: Texture,
    palette: [[f32; 3]; COLOURS],
}

impl Scene {
    fn draw(rng: &mut Rng) -> RgbImage {
        let zoom = rng.random_range(1.0..CLOSEST);
        let mut scene = Self {
            pixels: vec![None; CANVAS * CANVAS],
            empty: CANVAS * CANVAS,
            texture: Texture::draw(rng),
            palette: palette(rng),
        };
        for _ in 0..MOST_LEAVES {
            if scene.empty <= GAPS {
                break;
            }
            let leaf = Leaf::draw(&scene.palette, zoom * inverse_cube(rng.random()), rng);
            scene.lay(&leaf);
        }
        // The ground: a leaf in the middle that reaches beyond the corners however it is turned.
        let mut ground = Leaf::draw(&scene.palette, 8.0 * CANVAS as f32, rng);
        ground.centre = [CANVAS as f32 / 2.0; 2];
        scene.lay(&ground);
        scene.develop(rng)
    }

    /// Lays `leaf` under all that is there already.
    fn lay(&mut self, leaf: &Leaf) {
        let reach = |axis: usize| {
            let [low, high] = [-1.0, 1.0].map(|sign| leaf.centre[axis] + sign * leaf.radius);
            low.max(0.0) as usize..(high.max(0.0) as usize + 1).min(CANVAS)
        };
        for y in reach(1) {
            for x in reach(0) {
                let pixel = &mut self.pixels[y * CANVAS + x];
                if pixel.is_none() {
                    *pixel = leaf.colour_at([x as f32, y as f32], &self.texture);
                    self.empty -= usize::from(pixel.is_some());
                }
            }
        }
    }

    /// Averages the canvas down under a light that falls off to one side.
    fn develop(&self, rng: &mut Rng) -> RgbImage {
        let [across, down] = direction(rng).map(|part| 0.3 * part);
        RgbImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
            let centred = |at: u32| at as f32 / SIDE as f32 - 0.5;
            let light = 1.0 + across * centred(x) + down * centred(y);
            let mut sum = [0.0; 3];
            for index in 0..OVERSAMPLING * OVERSAMPLING {
                let row = y as usize * OVERSAMPLING + index / OVERSAMPLING;
                let column = x as usize * OVERSAMPLING + index % OVERSAMPLING;
                let pixel = self.pixels[row * CANVAS + column].unwrap_or_default();
                sum = [0, 1, 2].map(|channel| sum[channel] + pixel[channel]);
            }
            let scale = light / (OVERSAMPLING * OVERSAMPLING) as f32;
            Rgb(sum.map(|value| (value * scale).round().clamp(0.0, 255.0) as u8))
        })
    }
}

/// An ellipse with a colour, a texture and a light of its own.
struct Leaf {
    centre: [f32; 2],
    /// The longer half-axis, along `along`.
    radius: f32,
    along: [f32; 2],
    /// The longer half-axis over the shorter.
    aspect: f32,
    colour: [f32; 3],
    /// Where in the texture it is cut out, how finely, how stretched, and how strong that is.
    cut: [f32; 2],
    grain: [f32; 2],
    contrast: f32,
    /// How the light changes from side to side, and towards the rim.
    slope: [f32; 2],
    rim: f32,
}

impl Leaf {
    fn draw(palette: &[[f32; 3]], radius: f32, rng: &mut Rng) -> Self {
        let mut position = || rng.random_range(-0.3..1.3) * CANVAS as f32;
        let centre = [position(), position()];
        let grain = rng.random_range(0.25..1.0);
        let stretch: f32 = rng.random_range(0.0..1.0);
        let colour = jitter(pick(palette, rng), rng.random_range(0.7..1.3), 0.05, rng);
        // Squared, as most of what one sees is smooth.
        let contrast: f32 = rng.random_range(0.1..0.6);
        Self {
            centre,
            radius,
            along: direction(rng),
            aspect: rng.random_range(1.0..3.0),
            colour,
            cut: [(); 2].map(|()| rng.random_range(0.0..Texture::SIDE as f32)),
            grain: [grain, grain * (1.0 + 4.0 * stretch * stretch * stretch)],
            contrast: contrast * contrast,
            slope: direction(rng).map(|part| part * rng.random_range(0.0..0.35)),
            rim: rng.random_range(-0.2..0.1f32).max(-0.1),
        }
    }

    /// The colour that the leaf gives to a pixel, unless it lies outside.
    fn colour_at(&self, [x, y]: [f32; 2], texture: &Texture) -> Option<[f32; 3]> {
        let [dx, dy] = [x - self.centre[0], y - self.centre[1]];
        let [cos, sin] = self.along;
        let turned = [dx * cos + dy * sin, dy * cos - dx * sin];
        let [u, v] = [turned[0] / self.radius, turned[1] * self.aspect / self.radius];
        let distance = u * u + v * v;
        if distance > 1.0 {
            return None;
        }
        let light = 1.0 + self.slope[0] * u + self.slope[1] * v + self.rim * distance;
        let at = [0, 1].map(|axis| self.cut[axis] + turned[axis] * self.grain[axis]);
        let texture = texture.at(at);
        Some([0, 1, 2].map(|channel| {
            let value = self.colour[channel] * (light + self.contrast * texture[channel]);
            value.clamp(0.0, 255.0)
        }))
    }
}

/// A radius with density ∝ r⁻³ between the bounds, from a uniform number: the inverse of its distribution.
fn inverse_cube(uniform: f32) -> f32 {
    let [most, least] = RADII.map(|radius| 1.0 / (radius * radius));
    1.0 / (least + uniform * (most - least)).sqrt()
}

/// A unit vector, by rejection from the square: needs no sine.
fn direction(rng: &mut Rng) -> [f32; 2] {
    loop {
        let [x, y] = [(); 2].map(|()| rng.random_range(-1.0..1.0f32));
        let length = (x * x + y * y).sqrt();
        if length > 0.1 && length <= 1.0 {
            return [x / length, y / length];
        }
    }
}

/// A few colours that go together, drawn towards one of them by haze or distance.
fn palette(rng: &mut Rng) -> [[f32; 3]; COLOURS] {
    let exposure = rng.random_range(0.6..1.25);
    let clarity = rng.random_range(0.25..1.0);
    let mut draw = || jitter(pick(&NATURE, rng), exposure, 0.1, rng);
    let main = draw();
    [(); COLOURS].map(|()| {
        let other = draw();
        [0, 1, 2].map(|channel| main[channel] + clarity * (other[channel] - main[channel]))
    })
}

fn pick(colours: &[[f32; 3]], rng: &mut Rng) -> [f32; 3] {
    colours.choose(rng).copied().unwrap_or_default()
}

/// `colour` made brighter or darker by `light`, and each channel by up to `spread` more.
fn jitter(colour: [f32; 3], light: f32, spread: f32, rng: &mut Rng) -> [f32; 3] {
    colour.map(|value| value * light * (1.0 + rng.random_range(-spread..spread)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radii_stay_in_bounds_and_follow_the_inverse_cube() {
        assert!((inverse_cube(0.0) - RADII[1]).abs() < 0.1);
        assert!((inverse_cube(1.0) - RADII[0]).abs() < 1e-4);
        // The chance of more than twice the least radius is about a quarter.
        let rng = &mut rng::stream(0, "radii");
        let beyond = (0..4000).filter(|_| inverse_cube(rng.random()) > 2.0 * RADII[0]).count();
        assert!(beyond.abs_diff(1000) < 165, "{beyond}");
    }

    #[test]
    fn a_scene_repeats_is_covered_and_has_edges_and_colours() {
        let scene = Scene::draw(&mut rng::stream(5, "scene"));
        assert_eq!(scene, Scene::draw(&mut rng::stream(5, "scene")));
        assert_ne!(scene, Scene::draw(&mut rng::stream(6, "scene")));
        let grey = scene.pixels().filter(|Rgb([r, g, b])| r == g && g == b).count();
        assert!(grey < SIDE * SIDE / 4, "{grey} grey pixels");
        let distinct: std::collections::HashSet<_> = scene.pixels().collect();
        assert!(distinct.len() > 1000, "{} colours", distinct.len());
    }
}
