//! Images moved a given way in a direction of their own: Miyato, Maeda, Koyama, Ishii, "Virtual Adversarial Training", TPAMI
//! 2018, algorithm 1; directions are drawn with a counter-based generator.
//!
//! `y[n] = x[n] + length · d[n] / ‖d[n]‖`, and `y[n] = x[n]` where `d[n]` is 0.
//!
//! Proof of perturb: images moved along `direction`, and at random.

use crate::contract::{Array, Arrays, Bound, Bounds, Case, Op, Rig, SEED, product, reals};
use crate::error::Result;
use crate::ops::Step;
use crate::ops::dropout::proof::pcg;
use crate::ops::perturb::{self as host, Images};

/// Tells these draws from the masks of dropout and from those of views.
const SALT: u32 = 0x4000_0000;

/// x (T, …), direction (T, …), rows of `values` values → y (T, …).
pub fn along(x: &[f64], direction: &[f64], values: usize, length: f64) -> Vec<f64> {
    let mut y = Vec::new();
    for (x, d) in x.chunks_exact(values).zip(direction.chunks_exact(values)) {
        let norm = d.iter().map(|d| d * d).sum::<f64>().sqrt();
        let scale = if norm > 0.0 { length / norm } else { 0.0 };
        y.extend(x.iter().zip(d).map(|(x, d)| x + scale * d));
    }
    y
}

/// What is drawn for `count` values from number `first` of x on, each from −510 to 510: bytes of a hash added up.
pub fn drawn(first: usize, count: usize, seed: u32) -> Vec<f64> {
    let of_place = |place: usize| {
        let bytes = pcg(place as u32 ^ pcg(seed ^ SALT)).to_le_bytes();
        bytes.into_iter().map(f64::from).sum::<f64>() - 510.0
    };
    (first..first + count).map(of_place).collect()
}

pub struct Perturb;

struct Shape {
    /// Of what is moved.
    dims: Vec<usize>,
    values: usize,
    first_row: usize,
    length: f64,
    seed: u32,
}

fn shape(case: &Case) -> Result<Shape> {
    let dims = case.array("direction")?.dims.clone();
    let (first_row, mut all) = (case.size("first_row")?, dims.clone());
    all[0] += first_row;
    case.expect_reals("x", &all)?;
    case.expect_reals("direction", &dims)?;
    let (values, length) = (product(&dims[1..]), f64::from(case.real("length")?));
    // Sizes are below 2³².
    Ok(Shape { dims, values, first_row, length, seed: case.size("seed")? as u32 })
}

/// The images that are moved, and by what at random.
fn operands(case: &Case, s: &Shape) -> Result<[Vec<f64>; 2]> {
    let first = s.first_row * s.values;
    Ok([case.reals("x")?[first..].to_vec(), drawn(first, product(&s.dims), s.seed)])
}

impl Op for Perturb {
    fn name(&self) -> &'static str {
        "perturb"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["first_row", "length", "seed"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "direction"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let s = shape(rig.case)?;
        let step = rig.step(Step { seed: s.seed, ..Step::default() })?;
        let (x, direction) = (rig.input("x")?, rig.input("direction")?);
        let (images, length) = (Images { x: &x, first_row: s.first_row }, rig.case.real("length")?);
        let (along, at_random) = (rig.output("along", &s.dims)?, rig.output("at_random", &s.dims)?);
        host::along(&mut rig.rec, images, &direction, &along, length)?;
        host::at_random(&mut rig.rec, &step, images, &at_random, length)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let [x, random] = operands(case, &s)?;
        let moved = |direction: &[f64]| along(&x, direction, s.values, s.length);
        let (along, at_random) = (moved(&case.reals("direction")?), moved(&random));
        Ok(reals([("along", &s.dims, along), ("at_random", &s.dims, at_random)]))
    }

    /// In units of 2⁻²⁴. A square is rounded once, after a division, which WGSL lets be off by 2.5 units in the last place; a
    /// lane adds up each 64th of them, and six additions make one sum of all lanes. Half of that is the root's, itself a
    /// division by an inverse root, which may be off by 2 units. Two more divisions, the products and the sum make y; a unit
    /// in the last place is at most two roundings.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let s = shape(case)?;
        let [x, random] = operands(case, &s)?;
        let of_norm = (11.0 + s.values.div_ceil(64) as f64 + 6.0) / 2.0 + 9.0;
        let none = vec![0.0; x.len()];
        let bound = |direction: &[f64]| {
            let moves = along(&none, direction, s.values, s.length);
            let of_move = |(x, by): (&f64, f64)| by.abs() * (of_norm + 12.0) + x.abs() + by.abs();
            Bound::guaranteed(&x.iter().zip(moves).map(of_move).collect::<Vec<_>>())
        };
        Ok([("along", bound(&case.reals("direction")?)), ("at_random", bound(&random))].into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, dims: &[usize; 4], first_row: usize, length: f64, scale: f32| {
        let [n, c, h, w] = *dims;
        Case::new("perturb", name, SEED)
            .attribute("first_row", first_row)
            .attribute("length", length)
            .attribute("seed", 0xdead_beef_u32)
            .normal("x", &[first_row + n, c, h, w], 1.0)
            .normal("direction", dims, scale)
    };
    let nowhere = |case: Case| -> Case {
        let direction = case.reals("direction").expect("a direction");
        let second = |(i, d): (usize, &f64)| if (i / 6) % 3 == 1 { 0.0 } else { *d as f32 };
        let values = direction.iter().enumerate().map(second).collect();
        case.input("direction", Array::f32(&[7, 1, 2, 3], values))
    };
    vec![
        case("single values", &[3, 1, 1, 1], 2, 3.5, 1.0),
        case("ragged", &[5, 3, 5, 7], 3, 3.5, 1.0),
        case("as many values as lanes", &[4, 1, 8, 8], 0, 1.0, 1.0),
        case("digits", &[9, 3, 28, 28], 9, 3.5, 1e-4),
        case("squares below all numbers", &[3, 2, 5, 5], 1, 3.5, 1e-30),
        case("squares above all numbers", &[3, 2, 5, 5], 1, 3.5, 1e30),
        case("not at all", &[3, 2, 5, 5], 1, 0.0, 1.0),
        nowhere(case("some nowhere", &[7, 1, 2, 3], 0, 3.5, 1.0)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_values_by_hand() {
        let y = along(&[1.0, 1.0, 2.0, 2.0], &[3.0, -4.0, 0.0, 0.0], 2, 10.0);
        assert_eq!(y, [7.0, -7.0, 2.0, 2.0]);
    }

    #[test]
    fn drawn_directions_lean_nowhere_and_no_two_are_alike() {
        let (values, rows) = (60, 500);
        let all = drawn(0, values * rows, 3);
        let units = along(&vec![0.0; all.len()], &all, values, 1.0);
        let mut mean = vec![0.0; values];
        for unit in units.chunks_exact(values) {
            mean.iter_mut().zip(unit).for_each(|(mean, d)| *mean += d / rows as f64);
        }
        // The mean of n random unit vectors is about 1/√n long.
        let length = mean.iter().map(|m| m * m).sum::<f64>().sqrt();
        assert!(length < 2.0 / (rows as f64).sqrt(), "{length}");
        // Of 60 values with the same spread, the largest share of a single one would show a generator that repeats.
        let spread: Vec<f64> =
            (0..values).map(|i| units.iter().skip(i).step_by(values).map(|d| d * d).sum::<f64>()).collect();
        let even = rows as f64 / values as f64;
        assert!(spread.iter().all(|s| (s / even - 1.0).abs() < 0.4), "{spread:?}");
        assert_ne!(drawn(0, 60, 3), drawn(0, 60, 4));
        assert_eq!(drawn(60, 60, 3), all[60..120]);
    }
}
