//! A tile of coloured noise with as much contrast at every scale, as natural surfaces have.

use crate::rng::Rng;
use rand::RngExt;

/// How much of the noise is colour rather than light.
const CHROMA: f32 = 0.3;

/// The tile; it repeats without a seam.
pub(super) struct Texture(Vec<[f32; 3]>);

impl Texture {
    /// H and W of the tile, a power of two.
    pub(super) const SIDE: usize = 128;

    /// Sums noise of equal strength on lattices whose cells halve from a half of the tile to two pixels.
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let mut tile = Self(vec![[0.0; 3]; Self::SIDE * Self::SIDE]);
        let mut cell = Self::SIDE / 2;
        while cell > 1 {
            tile.add_octave(cell, rng);
            cell /= 2;
        }
        tile
    }

    fn add_octave(&mut self, cell: usize, rng: &mut Rng) {
        let cells = Self::SIDE / cell;
        let lattice: Vec<[f32; 3]> = (0..cells * cells).map(|_| knot(rng)).collect();
        for (index, value) in self.0.iter_mut().enumerate() {
            let [row, column] = [index / Self::SIDE, index % Self::SIDE];
            let knots = |row: usize| {
                let at = |column: usize| lattice[(row % cells) * cells + column % cells];
                let weight = (column % cell) as f32 / cell as f32;
                mix(at(column / cell), at(column / cell + 1), weight)
            };
            let weight = (row % cell) as f32 / cell as f32;
            let noise = mix(knots(row / cell), knots(row / cell + 1), weight);
            *value = [0, 1, 2].map(|channel| value[channel] + noise[channel]);
        }
    }

    /// The noise at a place on the endlessly repeated tile.
    pub(super) fn at(&self, [x, y]: [f32; 2]) -> [f32; 3] {
        let wrap = |place: f32| (place.floor() as i32).rem_euclid(Self::SIDE as i32) as usize;
        self.0[wrap(y) * Self::SIDE + wrap(x)]
    }
}

/// Noise at a lattice point: light that the channels share, and a little colour.
fn knot(rng: &mut Rng) -> [f32; 3] {
    let light: f32 = rng.random_range(-1.0..1.0);
    [(); 3].map(|()| light + CHROMA * rng.random_range(-1.0..1.0))
}

/// From `a` to `b` without a crease at either end.
fn mix(a: [f32; 3], b: [f32; 3], weight: f32) -> [f32; 3] {
    let weight = weight * weight * (3.0 - 2.0 * weight);
    [0, 1, 2].map(|channel| a[channel] + (b[channel] - a[channel]) * weight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::stream;

    #[test]
    fn the_tile_repeats_without_a_seam() {
        let texture = Texture::draw(&mut stream(0, "texture"));
        let side = Texture::SIDE as f32;
        assert_eq!(texture.at([-1.0, 5.0]), texture.at([side - 1.0, 5.0 + side]));
        // The step over the seam is no larger than steps elsewhere are.
        let step = |x: f32, y: f32| (texture.at([x, y])[0] - texture.at([x + 1.0, y])[0]).abs();
        let largest = |x: f32| (0..Texture::SIDE).map(|y| step(x, y as f32)).fold(0.0, f32::max);
        let inside = (0..Texture::SIDE - 1).map(|x| largest(x as f32)).fold(0.0, f32::max);
        assert!(largest(side - 1.0) <= 1.2 * inside);
    }
}
