//! What the map and the gradients of a block add up when they are taken in Winograd's domain, F(4×4, 5×5): each term with
//! the factors of the maps into the domain and out of it, which are large for some places of a tile and small for others.

use crate::ops::conv2d::twin::Conv2dShape;

/// Points, pixels of a tile of x, of the map and taps, along one side.
const POINTS: usize = 8;
const OUT: usize = 4;
const TAPS: usize = 5;

type Square<const SIDE: usize> = [[f64; SIDE]; SIDE];

/// Absolute values of Bᵀ, which takes pixels of x to points; see shaders/register/winograd_transform.wgsl.
const INPUT: [[f64; POINTS]; POINTS] = [
    [1.0, 0.0, 5.25, 0.0, 5.25, 0.0, 1.0, 0.0],
    [0.0, 1.0, 1.0, 4.25, 4.25, 1.0, 1.0, 0.0],
    [0.0, 1.0, 1.0, 4.25, 4.25, 1.0, 1.0, 0.0],
    [0.0, 0.5, 0.25, 2.5, 1.25, 2.0, 1.0, 0.0],
    [0.0, 0.5, 0.25, 2.5, 1.25, 2.0, 1.0, 0.0],
    [0.0, 2.0, 4.0, 2.5, 5.0, 0.5, 1.0, 0.0],
    [0.0, 2.0, 4.0, 2.5, 5.0, 0.5, 1.0, 0.0],
    [0.0, 1.0, 0.0, 5.25, 0.0, 5.25, 0.0, 1.0],
];

/// Of A, which takes gradients of the map to points: powers of 0, 1, 2 and ½, and infinity.
const GRADIENT: [[f64; OUT]; POINTS] = [
    [1.0, 0.0, 0.0, 0.0],
    [1.0, 1.0, 1.0, 1.0],
    [1.0, 1.0, 1.0, 1.0],
    [1.0, 2.0, 4.0, 8.0],
    [1.0, 2.0, 4.0, 8.0],
    [1.0, 0.5, 0.25, 0.125],
    [1.0, 0.5, 0.25, 0.125],
    [0.0, 0.0, 0.0, 1.0],
];

/// Of G, which takes taps to points; see shaders/register/winograd_weight.wgsl.
const WEIGHT: [[f64; TAPS]; POINTS] = [
    [1.0, 0.0, 0.0, 0.0, 0.0],
    [2.0 / 9.0; TAPS],
    [2.0 / 9.0; TAPS],
    [1.0 / 90.0, 2.0 / 90.0, 4.0 / 90.0, 8.0 / 90.0, 16.0 / 90.0],
    [1.0 / 90.0, 2.0 / 90.0, 4.0 / 90.0, 8.0 / 90.0, 16.0 / 90.0],
    [32.0 / 45.0, 16.0 / 45.0, 8.0 / 45.0, 4.0 / 45.0, 2.0 / 45.0],
    [32.0 / 45.0, 16.0 / 45.0, 8.0 / 45.0, 4.0 / 45.0, 2.0 / 45.0],
    [0.0, 0.0, 0.0, 0.0, 1.0],
];

/// M t Mᵀ.
fn into_points<const SIDE: usize>(map: &[[f64; SIDE]; POINTS], tile: &Square<SIDE>) -> Square<POINTS> {
    let value = |p: usize, q: usize| -> f64 {
        let line = |i: usize| -> f64 { (0..SIDE).map(|j| tile[i][j] * map[q][j]).sum() };
        (0..SIDE).map(|i| map[p][i] * line(i)).sum()
    };
    std::array::from_fn(|p| std::array::from_fn(|q| value(p, q)))
}

/// Mᵀ u M.
fn from_points<const SIDE: usize>(map: &[[f64; SIDE]; POINTS], points: &Square<POINTS>) -> Square<SIDE> {
    let value = |i: usize, j: usize| -> f64 {
        let line = |p: usize| -> f64 { (0..POINTS).map(|q| points[p][q] * map[q][j]).sum() };
        (0..POINTS).map(|p| map[p][i] * line(p)).sum()
    };
    std::array::from_fn(|i| std::array::from_fn(|j| value(i, j)))
}

fn add_product(sum: &mut Square<POINTS>, a: &Square<POINTS>, b: &Square<POINTS>) {
    for ((sum, a), b) in sum.iter_mut().flatten().zip(a.iter().flatten()).zip(b.iter().flatten()) {
        *sum += a * b;
    }
}

/// A plane with zeros around it.
struct Plane<'a> {
    values: &'a [f64],
    height: usize,
    width: usize,
    /// Rows and columns of zeros above and on the left.
    padding: (usize, usize),
}

impl Plane<'_> {
    /// Absolute values of the tile that begins at `row` and `column` of the padded plane.
    fn tile<const SIDE: usize>(&self, row: usize, column: usize) -> Square<SIDE> {
        std::array::from_fn(|i| {
            std::array::from_fn(|j| self.index(row + i, column + j).map_or(0.0, |at| self.values[at].abs()))
        })
    }

    fn index(&self, row: usize, column: usize) -> Option<usize> {
        let (row, column) = (row.checked_sub(self.padding.0)?, column.checked_sub(self.padding.1)?);
        (row < self.height && column < self.width).then_some(row * self.width + column)
    }
}

/// Of channel c of image n, with its padding.
fn plane_of_x(x: &[f64], s: Conv2dShape, n: usize, c: usize) -> Plane<'_> {
    let image = s.h * s.w;
    let values = &x[(n * s.c + c) * image..][..image];
    Plane { values, height: s.h, width: s.w, padding: (s.ph, s.pw) }
}

/// Of each kernel of a weight (O, C, 5, 5).
fn kernel_points(weight: &[f64]) -> Vec<Square<POINTS>> {
    let points = |values| {
        let kernel = Plane { values, height: TAPS, width: TAPS, padding: (0, 0) };
        into_points(&WEIGHT, &kernel.tile::<TAPS>(0, 0))
    };
    weight.chunks(TAPS * TAPS).map(points).collect()
}

/// The tiles of a batch: which image, and the first row and column of the map.
fn tiles(s: Conv2dShape) -> impl Iterator<Item = (usize, usize, usize)> {
    let (down, across) = (s.out_h().div_ceil(OUT), s.out_w().div_ceil(OUT));
    let of_image = move |n| (0..down * across).map(move |t| (n, t / across * OUT, t % across * OUT));
    (0..s.n).flat_map(of_image)
}

fn places<const SIDE: usize>() -> impl Iterator<Item = (usize, usize)> {
    (0..SIDE).flat_map(|i| (0..SIDE).map(move |j| (i, j)))
}

/// The sums of the absolute values of what the map (N, O, OH, OW) adds up, without bias, for x (N, C, H, W) and weight
/// (O, C, 5, 5).
pub(super) fn map_magnitudes(x: &[f64], weight: &[f64], s: Conv2dShape) -> Vec<f64> {
    let kernels = kernel_points(weight);
    let mut map = vec![0.0; s.n * s.o * s.out_h() * s.out_w()];
    for (n, row, column) in tiles(s) {
        let points = |c| into_points(&INPUT, &plane_of_x(x, s, n, c).tile::<POINTS>(row, column));
        let points: Vec<Square<POINTS>> = (0..s.c).map(points).collect();
        for o in 0..s.o {
            let mut sums = [[0.0; POINTS]; POINTS];
            (0..s.c).for_each(|c| add_product(&mut sums, &points[c], &kernels[o * s.c + c]));
            let values = from_points(&GRADIENT, &sums);
            let inside = |&(i, j): &(usize, usize)| row + i < s.out_h() && column + j < s.out_w();
            for (i, j) in places::<OUT>().filter(inside) {
                map[((n * s.o + o) * s.out_h() + row + i) * s.out_w() + column + j] = values[i][j];
            }
        }
    }
    map
}

/// The same of dx and dweight, with the gradient behind the convolution (N, O, OH, OW).
pub(super) fn magnitudes(x: &[f64], weight: &[f64], dy: &[f64], s: Conv2dShape) -> [Vec<f64>; 2] {
    let map = s.out_h() * s.out_w();
    let kernels = kernel_points(weight);
    let mut sums = vec![[[0.0; POINTS]; POINTS]; s.o * s.c];
    let mut dx = vec![0.0; x.len()];
    for (n, row, column) in tiles(s) {
        let d = |o: usize| {
            let values = &dy[(n * s.o + o) * map..][..map];
            let plane = Plane { values, height: s.out_h(), width: s.out_w(), padding: (0, 0) };
            into_points(&GRADIENT, &plane.tile::<OUT>(row, column))
        };
        let d: Vec<Square<POINTS>> = (0..s.o).map(d).collect();
        for c in 0..s.c {
            let plane = plane_of_x(x, s, n, c);
            let points = into_points(&INPUT, &plane.tile::<POINTS>(row, column));
            let mut back = [[0.0; POINTS]; POINTS];
            for (o, d) in d.iter().enumerate() {
                add_product(&mut sums[o * s.c + c], d, &points);
                add_product(&mut back, d, &kernels[o * s.c + c]);
            }
            let back = from_points(&INPUT, &back);
            for (i, j) in places::<POINTS>() {
                if let Some(at) = plane.index(row + i, column + j) {
                    dx[(n * s.c + c) * s.h * s.w + at] += back[i][j];
                }
            }
        }
    }
    let dweight = sums.iter().flat_map(|sums| from_points(&WEIGHT, sums).into_iter().flatten()).collect();
    [dx, dweight]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::conv2d::twin as conv2d;

    /// Without their signs the maps give at least what the direct sums add up, and not a thousand times as much.
    #[test]
    fn terms_are_those_of_the_direct_sums_and_more() {
        let s = Conv2dShape::plain([2, 3, 9, 7], [2, TAPS, TAPS], [1, 2]);
        let noise = |i: usize| f64::from((i as u32).wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24);
        let x: Vec<f64> = (0..s.n * s.c * s.h * s.w).map(noise).collect();
        let weight: Vec<f64> = (0..s.o * s.c * TAPS * TAPS).map(noise).collect();
        let dy: Vec<f64> = (0..s.n * s.o * s.out_h() * s.out_w()).map(noise).collect();
        let y = conv2d::forward(&x, &weight, &[0.0; 2], s);
        let direct = [y, conv2d::backward_input(&dy, &weight, s), conv2d::backward_weight(&x, &dy, s)];
        let [dx, dweight] = magnitudes(&x, &weight, &dy, s);
        for (terms, direct) in [map_magnitudes(&x, &weight, s), dx, dweight].iter().zip(&direct) {
            assert_eq!(terms.len(), direct.len());
            for (terms, direct) in terms.iter().zip(direct) {
                assert!(*terms >= *direct && *terms <= 1000.0 * direct, "{terms} of {direct}");
            }
        }
    }
}
