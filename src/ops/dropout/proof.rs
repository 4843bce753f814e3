//! Inverted dropout with a counter-based generator: `torch.nn.functional.dropout` in its distribution; the
//! mask is a function of element and seed alone, so backward needs no stored mask.
//!
//! `y[i] = x[i] / (1 − rate)` where `uniform(i, seed) ≥ rate`, 0 elsewhere.
//!
//! Proof of dropout: y and dx from x and dy under one mask.

use crate::contract::{Arrays, Bound, Bounds, Case, Gradient, OF_INPUT, Op, Rig, SEED, real_output, reals};
use crate::error::Result;
use crate::ops::{Step, dropout as host};

/// x of any shape → y of the same; with dy for x it is its own backward.
///
/// `rate`, from 0 to below 1, is the share dropped, exactly as the device holds it: `f64::from` of an f32.
pub fn apply(x: &[f64], rate: f64, seed: u32) -> Vec<f64> {
    let mut y = Vec::new();
    for (i, x) in x.iter().enumerate() {
        let kept = uniform(i as u32, seed) >= rate;
        y.push(if kept { x / (1.0 - rate) } else { 0.0 });
    }
    y
}

/// The random number in [0, 1) of element `i` of the layer seeded with `seed`: the upper 24 bits of a hash.
pub(crate) fn uniform(i: u32, seed: u32) -> f64 {
    f64::from(pcg(i ^ pcg(seed)) >> 8) / f64::from(1 << 24)
}

/// The PCG hash: one step of a 32-bit linear congruential generator and the RXS-M-XS output permutation
/// (O'Neill 2014, section 6.3.4; as a hash, Jarzynski and Olano 2020).
pub(crate) fn pcg(v: u32) -> u32 {
    let state = v.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let word = ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737);
    (word >> 22) ^ word
}

pub struct Dropout;

struct Settings {
    rate: f32,
    seed: u32,
    salt: u32,
}

fn settings(case: &Case) -> Result<Settings> {
    let dims = &case.array("x")?.dims;
    case.expect_reals("x", dims)?;
    case.expect_reals("dy", dims)?;
    // Sizes are below 2³².
    Ok(Settings {
        rate: case.real("rate")?,
        seed: case.size("seed")? as u32,
        salt: case.size("salt")? as u32,
    })
}

impl Op for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["rate", "seed", "salt"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let Settings { rate, seed, salt } = settings(rig.case)?;
        let step = rig.step(Step { seed, ..Default::default() })?;
        for (from, to) in [("x", "y"), ("dy", "dx")] {
            let from = rig.input(from)?;
            let to = rig.output(to, from.dims())?;
            host::apply(&mut rig.rec, &step, &from, &to, rate, salt)?;
        }
        Ok(())
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let Settings { rate, seed, salt } = settings(case)?;
        let dims = &case.array("x")?.dims;
        let apply = |tensor| Ok(apply(&case.reals(tensor)?, f64::from(rate), seed ^ salt));
        Ok(reals([("y", dims, apply("x")?), ("dx", dims, apply("dy")?)]))
    }

    /// 1 − rate and the division, which WGSL allows 2.5 units in the last place; what is dropped is exactly 0.
    fn bounds(&self, _: &Case, twin: &Arrays) -> Result<Bounds> {
        let bound = |name| Ok((name, Bound::rounding(&real_output(twin, name)?, 4)));
        ["y", "dx"].into_iter().map(bound).collect()
    }

    fn gradients(&self) -> &'static [Gradient] {
        OF_INPUT
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, dims: &[usize], rate: f64, seed: u32, salt: u32| {
        Case::new("dropout", name, SEED)
            .attribute("rate", rate)
            .attribute("seed", seed)
            .attribute("salt", salt)
            .normal("x", dims, 1.0)
            .normal("dy", dims, 1.0)
    };
    vec![
        case("ragged", &[17, 65], 0.25, 7, 3),
        case("nothing dropped", &[15, 3], 0.0, 1, 0),
        case("nearly everything dropped", &[1000], 0.99, u32::MAX, 12_345),
        case("half of many", &[3, 5, 65, 64], 0.5, 0, 0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::testing::{assert_gradient, normal};

    #[test]
    fn the_hash_has_its_known_values() {
        let hashes = [0, 1, 2, 3].map(pcg);
        assert_eq!(hashes, [129_708_002, 2_831_084_092, 2_055_130_248, 2_131_687_100]);
    }

    #[test]
    fn tiny_values_by_hand() {
        // With seed 7 the uniform numbers are 0.503, 0.654, 0.858, 0.216, 0.437, 0.332, 0.487 and 0.840.
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        assert_eq!(apply(&x, 0.5, 7), [2.0, 4.0, 6.0, 0.0, 0.0, 0.0, 0.0, 16.0]);
        assert_eq!(apply(&x, 0.75, 7), [0.0, 0.0, 12.0, 0.0, 0.0, 0.0, 0.0, 32.0]);
        assert_eq!(apply(&x, 0.0, 7), x);
    }

    #[test]
    fn the_share_kept_is_one_minus_the_rate() {
        let ones = vec![1.0; 100_000];
        for rate in [0.1, 0.25, 0.5, 0.9] {
            for seed in [0, 1, 0xdead_beef] {
                // Keeping the sum is keeping the expectation; five standard deviations are allowed.
                let mean = apply(&ones, rate, seed).iter().sum::<f64>() / 100_000.0;
                let deviation = (rate / (1.0 - rate) / 100_000.0).sqrt();
                assert!((mean - 1.0).abs() <= 5.0 * deviation, "{rate} {seed}");
            }
        }
    }

    #[test]
    fn masks_of_different_seeds_are_independent() {
        let ones = vec![1.0; 100_000];
        let (a, b) = (apply(&ones, 0.5, 1), apply(&ones, 0.5, 2));
        let both = a.iter().zip(&b).filter(|(a, b)| *a * *b > 0.0).count();
        assert!(both.abs_diff(25_000) <= 700, "{both} kept by both");
    }

    #[test]
    fn gradients_agree_with_central_differences() {
        let (x, dy) = (normal(65, "x"), normal(65, "dy"));
        let dx = apply(&dy, 0.25, 3);
        assert_gradient(|x| apply(x, 0.25, 3), &x, &dy, &dx);
    }
}
