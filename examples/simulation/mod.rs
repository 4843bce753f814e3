//! A renderer with no end of labelled pictures, and one whose pictures stand for reality.

pub mod renderer;
pub mod testing;
pub mod training;
pub mod window;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg as Rng;

/// What the objects are called.
pub const CLASSES: [&str; 10] =
    ["ball", "cube", "ring", "cylinder", "cone", "octahedron", "plate", "cross", "frame", "angle"];

/// What a renderer's pictures look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Bright objects of one colour before an even, dark ground.
    Simulation,
    /// Striped objects before waves of colour, through a lens, out of focus, with noise and a tint.
    Reality,
}

/// What is in a cell, as objects.wgsl reads it.
pub type Cell = [[f32; 4]; 9];

/// Objects, one after the other, without end.
pub struct Objects {
    look: Look,
    rng: Rng,
}

impl Objects {
    /// Those that follow from a seed.
    pub fn new(look: Look, seed: u64) -> Self {
        let salt = if look == Look::Simulation { 0 } else { 0x5eed };
        Self { look, rng: Rng::seed_from_u64(seed ^ salt) }
    }

    /// The next one, and its class.
    pub fn next(&mut self) -> (Cell, u16) {
        let rng = &mut self.rng;
        let kind = rng.random_range(0..CLASSES.len() as u16);
        let turn = rng.random_range(0.0..std::f32::consts::TAU);
        let [across, down, ahead] = rotation(turn, rng.random_range(0.2..0.9), rng.random_range(-0.4..0.4));
        let mut draw = |low: f32, high: f32| rng.random_range(low..high);
        let (x, y, size) = (draw(-0.15, 0.15), draw(-0.15, 0.15), draw(0.8, 1.1));
        let behind = |[a, b, c]: [f32; 3], value: f32| [a, b, c, value];
        let placed = [behind(across, x), behind(down, y), behind(ahead, size)];
        let light = [draw(-0.8, 0.8), draw(-0.2, 1.0), draw(0.4, 1.0)];
        let kind = f32::from(kind);
        let rest = match self.look {
            Look::Simulation => [
                [draw(0.6, 1.0), draw(0.6, 1.0), draw(0.6, 1.0), 0.0],
                behind(light, 0.35),
                [draw(0.0, 0.12), draw(0.0, 0.12), draw(0.0, 0.12), 0.0],
                [0.0; 4],
                [1.0, 1.0, 1.0, 0.0],
                [kind, 0.0, 0.0, 0.0],
            ],
            Look::Reality => [
                [draw(0.8, 1.0), draw(0.8, 1.0), draw(0.8, 1.0), draw(0.0, 0.06)],
                behind(light, draw(0.35, 0.6)),
                [draw(0.2, 0.6), draw(0.2, 0.6), draw(0.2, 0.6), draw(0.1, 0.5)],
                [draw(-6.0, 6.0), draw(-6.0, 6.0), draw(-6.0, 6.0), draw(-6.0, 6.0)],
                [draw(0.75, 1.05), draw(0.75, 1.05), draw(0.75, 1.05), draw(-0.04, 0.06)],
                [kind, draw(0.0, 6.3), draw(0.0, 0.08), draw(0.0, 0.06)],
            ],
        };
        let cell = [&placed[..], &rest].concat().try_into().expect("nine rows");
        (cell, kind as u16)
    }
}

/// The rows of a rotation: about the upright axis, then towards the eye, then in the picture.
fn rotation(turn: f32, tilt: f32, roll: f32) -> [[f32; 3]; 3] {
    let ([s, c], [u, v], [q, r]) =
        ([turn.sin(), turn.cos()], [tilt.sin(), tilt.cos()], [roll.sin(), roll.cos()]);
    let product = |a: [[f32; 3]; 3], b: [[f32; 3]; 3]| {
        [0, 1, 2].map(|i| [0, 1, 2].map(|j| (0..3).map(|k| a[i][k] * b[k][j]).sum()))
    };
    let about_upright = [[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]];
    let towards_eye = [[1.0, 0.0, 0.0], [0.0, v, -u], [0.0, u, v]];
    let in_picture = [[r, -q, 0.0], [q, r, 0.0], [0.0, 0.0, 1.0]];
    product(about_upright, product(towards_eye, in_picture))
}
