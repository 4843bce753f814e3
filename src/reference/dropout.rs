//! Inverted dropout with a counter-based generator: `torch.nn.functional.dropout` in its distribution; the
//! mask is a function of element and seed alone, so backward needs no stored mask.
//!
//! `y[i] = x[i] / (1 − rate)` where `uniform(i, seed) ≥ rate`, 0 elsewhere.

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
pub(super) fn uniform(i: u32, seed: u32) -> f64 {
    f64::from(pcg(i ^ pcg(seed)) >> 8) / f64::from(1 << 24)
}

/// The PCG hash: one step of a 32-bit linear congruential generator and the RXS-M-XS output permutation
/// (O'Neill 2014, section 6.3.4; as a hash, Jarzynski and Olano 2020).
fn pcg(v: u32) -> u32 {
    let state = v.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    let word = ((state >> ((state >> 28) + 4)) ^ state).wrapping_mul(277_803_737);
    (word >> 22) ^ word
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_gradient, normal};
    use super::*;

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
